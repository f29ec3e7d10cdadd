"""Name every theme with one line."""

from __future__ import annotations

import click

from cnnviz.pipeline import themes


@click.command()
def command() -> None:
    """Name every theme with one line.

    For example: cnnviz conv --theme dark
    """
    summaries = themes()
    width = max(map(len, summaries))
    for name, line in summaries.items():
        click.echo(f"{name:<{width}}  {line}")
