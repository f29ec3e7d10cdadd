"""Name every theme with one line, or show them all in a picture."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from cnnviz.commands._common import UserPath, describe_output
from cnnviz.pipeline import themes


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
    summaries = themes()
    width = max(map(len, summaries))
    colors = _colors()
    for name, line in summaries.items():
        patches = "".join(click.style("  ", bg=color) for color in colors.get(name, ()))
        click.echo(f"{name:<{width}}  {patches}{'  ' if patches else ''}{line}")


def _colors() -> dict[str, Sequence[tuple[int, int, int]]]:
    """Each theme's colours, if they can be shown here."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return {}
    from cnnviz.specimen import swatches

    return dict(swatches())
