"""Make a deck in a temporary folder, from which it moves to its place whole or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cnnviz.errors import CnnvizError
from cnnviz.files import reason, temporary_folder


@dataclass
class Staging:
    """The deck to be written, the folder of its figures' files, and the folder that will stand beside the deck.

    `published` is the latter's final place, None where there is none.
    """

    file: Path
    drawn: Path
    beside: Path
    published: Path | None = None


@contextmanager
def whole_deck(path: Path) -> Iterator[Staging]:
    """Publish a deck at `path` if the block succeeds, and leave no trace if not; raises CnnvizError."""
    if os.path.isdir(path):
        raise CnnvizError(f"cannot write {path}: it is a folder, give a file such as {path / 'deck.pptx'}")
    with temporary_folder(path.parent) as folder:
        try:
            # Not deck_files, which Quarto clears when it renders deck.md; and no character special in Markdown or TeX.
            name = re.sub(r"[^A-Za-z0-9._-]", "-", path.stem) + "_figures"
            staging = Staging(folder / path.name, folder / "drawn", folder / name)
            staging.drawn.mkdir()
            yield staging
            _publish(staging, path)
        except OSError as error:
            raise CnnvizError(f"cannot write {path}: {reason(error)}") from None


def _publish(staging: Staging, path: Path) -> None:
    """The figures first, so that a deck never stands there without them; other files beside it stay."""
    if staging.beside.is_dir():
        staging.published = path.parent / staging.beside.name
        staging.published.mkdir(exist_ok=True)
        for file in sorted(staging.beside.iterdir()):
            os.replace(file, staging.published / file.name)
    os.replace(staging.file, path)
