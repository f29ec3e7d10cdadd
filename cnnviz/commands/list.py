"""Name every figure with one line."""

from __future__ import annotations

import click

from cnnviz.discovery import find_scenes, summary


@click.command()
def command() -> None:
    """Name every figure with one line."""
    files = find_scenes()
    width = max(map(len, files))
    for name, file in files.items():
        click.echo(f"{name:<{width}}  {summary(file)}")
