"""Show what made a file: its command, words, size and time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from cnnviz.commands._common import UserPath, print_facts
from cnnviz.commands._stored import command_words


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=UserPath())
def command(files: Sequence[str]) -> None:
    """Show what made a file: its command, words, size and time.

    For example: cnnviz info fig.gif
    """
    for place, name in enumerate(files):
        if place:
            click.echo()
        _print(Path(name))


def _print(path: Path) -> None:
    from cnnviz.reading import read

    metadata = read(path)
    command_words(metadata, path)
    text, (width, height) = metadata.texts.get, metadata.size
    print_facts(
        {
            "file": f"{path}, {metadata.format}",
            "made by": text("Software"),
            "command": text("Comment"),
            "title": text("Title"),
            "alt": text("Description"),
            "caption": text("Caption"),
            "size": f"{width}×{height} {'pt' if metadata.format == 'pdf' else 'px'}" if width else "",
            "frames": str(metadata.frames or ""),
            "lasts": f"{metadata.milliseconds / 1000:g} s" if metadata.milliseconds else "",
        }
    )
