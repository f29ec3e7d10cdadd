"""Where a deck is made: in a folder beside its place, from which it moves there whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cnnviz.errors import CnnvizError
from cnnviz.files import reason, temporary_folder


@dataclass
class Staging:
    """`file` is the deck to be written, `drawn` the folder of its figures; `beside` holds what stays beside it.

    `published` is the folder beside the finished deck, None where it needs none.
    """

    file: Path
    drawn: Path
    beside: Path
    published: Path | None = field(default=None)


@contextmanager
def whole_deck(path: Path) -> Iterator[Staging]:
    """Make a deck that appears at `path` if the block succeeds and leaves no trace if not; raises CnnvizError."""
    if os.path.isdir(path):
        raise CnnvizError(f"cannot write {path}: it is a folder, give a file such as {path / 'deck.pptx'}")
    with temporary_folder(path.parent) as folder:
        try:
            # Not deck_files: Quarto clears a folder of that name when it renders deck.md. And no sign that Markdown or
            # TeX would take for something else.
            name = re.sub(r"[^A-Za-z0-9._-]", "-", path.stem) + "_figures"
            staging = Staging(folder / path.name, folder / "drawn", folder / name)
            staging.drawn.mkdir()
            yield staging
            _publish(staging, path)
        except OSError as error:
            raise CnnvizError(f"cannot write {path}: {reason(error)}") from None


def _publish(staging: Staging, path: Path) -> None:
    """The figures first: a deck is not to stand there without them."""
    new: Path | None = None
    if staging.beside.is_dir():
        staging.published = path.parent / staging.beside.name
        if os.path.exists(staging.published):
            # What else lies there is not ours to remove.
            for file in sorted(staging.beside.iterdir()):
                os.replace(file, staging.published / file.name)
        else:
            new = staging.published
            os.rename(staging.beside, new)
    try:
        os.replace(staging.file, path)
    except BaseException:
        if new is not None:
            shutil.rmtree(new, ignore_errors=True)
        raise
