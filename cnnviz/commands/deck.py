"""Write a deck, a figure a slide, from figure sets: .pptx, .html, .md or .tex."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from cnnviz.commands._common import OUTPUT_FOLDER, UserPath, jobs_option
from cnnviz.commands._options import option
from cnnviz.decks import DeckOptions
from cnnviz.parameters import parameters_of
from cnnviz.talk import LOOKS, write_talk


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
@jobs_option
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def command(
    sets: Sequence[str], output: str | None, figures: Sequence[str], jobs: int | None, quiet: bool, **given: Any
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
        kib = written.path.stat().st_size / 1024
        beside = f", figures in {written.beside}" if written.beside else ""
        click.echo(f"{written.path}: slides {written.slides}, figures {written.figures}, {kib:.0f} KiB{beside}")


command.params += map(option, (*parameters_of(DeckOptions), *LOOKS))
