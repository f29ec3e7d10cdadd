"""Offer figures to assistants that speak the Model Context Protocol."""

from __future__ import annotations

from pathlib import Path

import click

from cnnviz.commands._common import OUTPUT_FOLDER, UserPath
from cnnviz.errors import CnnvizError


@click.command()
@click.argument("folder", default=str(OUTPUT_FOLDER), metavar="[FOLDER]", type=UserPath())
def command(folder: str) -> None:
    """Offer figures to assistants that speak the Model Context Protocol, over standard input and output.

    For example: cnnviz mcp figures/

    Their numbers are checked before they are written, and they are written into FOLDER alone.
    """
    if Path(folder).is_file():
        raise click.UsageError(f"{folder} is a file: give a folder, such as figures/")
    try:
        from cnnviz.assistant import make_server
    except ImportError as error:
        raise CnnvizError(f"mcp needs {error.name or 'mcp 2'}: install it with pip install 'cnnviz[mcp]'") from None

    make_server(Path(folder)).run("stdio")
