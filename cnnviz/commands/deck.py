"""Write a deck, a figure a slide, from figure sets: .pptx, .html, .md or .tex."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from cnnviz.commands._common import OUTPUT_FOLDER, UserPath
from cnnviz.decks import DeckOptions
from cnnviz.parameters import parameters_of
from cnnviz.talk import LOOKS, write_talk

PARAMETERS = (*parameters_of(DeckOptions), *LOOKS)


@click.command()
@click.argument("sets", nargs=-1, required=True, metavar="SETS...", type=UserPath())
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=UserPath(),
    help=f"File to write, .pptx, .html, .md or .tex.  [default: in {OUTPUT_FOLDER}/, named after the set, .pptx]",
)
@click.option(
    "--figures",
    multiple=True,
    metavar="NAME",
    help="Take these figures of the sets only; * matches any characters, "
    "and names may be listed with commas.  [default: all]",
)
@click.option("--jobs", metavar="N", help="Processes at work.  [default: one a core]")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def command(
    sets: Sequence[str], output: str | None, figures: Sequence[str], jobs: str | None, quiet: bool, **given: Any
) -> None:
    """Write a deck, a figure a slide, from figure sets: .pptx, .html, .md or .tex.

    Captions and sections are the sets'; notes explain each figure and give its command. GIFs play by themselves in a
    .pptx, where they are 1440 px wide unless a width is given; .md and .tex have a folder of figures beside them.

    For example: cnnviz deck animations/article.toml -o deck.pptx
    """
    path = Path(output) if output is not None else OUTPUT_FOLDER / f"{Path(sets[0]).resolve().stem}.pptx"
    written = write_talk(
        sets,
        path,
        figures=[name for text in figures for name in text.split(",") if name],
        jobs=jobs,
        quiet=quiet,
        **{name: value for name, value in given.items() if value is not None},
    )
    if not quiet:
        size = written.path.stat().st_size
        beside = f", figures in {written.beside}" if written.beside else ""
        counts = f"{_counted(written.slides, 'slide')}, {_counted(written.figures, 'figure')}"
        click.echo(f"{written.path}: {counts}, {_bytes(size)}{beside}")


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'s' if count != 1 else ''}"


def _bytes(count: int) -> str:
    return f"{count / 1024:.0f} KiB" if count < 1024**2 else f"{count / 1024**2:.1f} MiB"
