"""What every reader gives, and what it may take."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

MOST_TEXT = 256 * 1024
"""Bytes of a text in a file: titles and inputs are bounded, so are commands."""

KEYS = ("Title", "Description", "Caption", "Comment", "Software")


class Broken(Exception):  # noqa: N818
    """A file that cannot be what it claims to be; the text goes on after the file's name."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a file says: its format, texts by PNG's keywords (Comment is the command), size, frames, time."""

    format: str
    texts: Mapping[str, str] = field(default_factory=dict)
    size: tuple[int, int] = (0, 0)
    frames: int = 0
    milliseconds: int = 0


def opened(path: Path) -> BinaryIO:
    """A file to read; raises Broken for a pipe or a device, of which no end might ever be seen."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise Broken("is no regular file")
    return path.open("rb")


def exactly(file: BinaryIO, count: int) -> bytes:
    """So many bytes; raises Broken where the file ends before."""
    data = file.read(count)
    if len(data) < count:
        raise Broken("is cut short: it ends in the middle")
    return data


def text_of(data: bytes) -> str:
    """A text as our writers encode it."""
    return data.decode("utf-8", "surrogateescape")
