"""Offer figures to assistants that speak the Model Context Protocol."""

from __future__ import annotations

from pathlib import Path

import click

from cnnviz.commands._common import OUTPUT_FOLDER, UserPath
from cnnviz.installation import load_extra


@click.command()
@click.argument("folder", default=str(OUTPUT_FOLDER), metavar="[FOLDER]", type=UserPath(file_okay=False))
def command(folder: str) -> None:
    """Offer figures to assistants that speak the Model Context Protocol, over standard input and output.

    For example: cnnviz mcp figures/

    Their numbers are checked before they are written, and they are written into FOLDER alone.
    """
    load_extra("cnnviz.assistant", "the package mcp", "mcp", "mcp").make_server(Path(folder)).run("stdio")
