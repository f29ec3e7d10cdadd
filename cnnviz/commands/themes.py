"""Name every theme with one line, or show them all in a picture."""

from __future__ import annotations

from pathlib import Path

import click

from cnnviz.commands._common import UserPath, describe_output


@click.command()
@click.option("-o", "--output", metavar="FILE", type=UserPath(), help="A .png that shows them all.  [default: none]")
def command(output: str | None) -> None:
    """Name every theme with one line, or show them all in a picture.

    For example: cnnviz themes -o themes.png
    """
    if output is not None:
        from cnnviz.specimen import save_specimen

        click.echo(describe_output(Path(output), save_specimen(Path(output)), "theme"))
        return
    from cnnviz.render.theme import theme_summaries

    summaries = theme_summaries()
    width = max(map(len, summaries))
    for name, line in summaries.items():
        click.echo(f"{name:<{width}}  {line}")
