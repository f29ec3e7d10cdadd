"""Write one page, index.html, with all figures of a folder that `render` filled."""

from __future__ import annotations

from pathlib import Path

import click

from cnnviz.commands._common import OUTPUT_FOLDER, UserPath


@click.command()
@click.argument("folder", default=str(OUTPUT_FOLDER), metavar="[FOLDER]", type=UserPath())
@click.option("--title", default="Figures", show_default=True, help="Title of the page.")
def command(folder: str, title: str) -> None:
    """Write one page, index.html, with all figures of a folder that `render` filled.

    For example: cnnviz gallery output/
    """
    from cnnviz.gallery import write_gallery

    click.echo(write_gallery(Path(folder), title))
