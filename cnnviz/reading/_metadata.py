"""What every reader returns."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from dataclasses import field
from html import unescape
from pathlib import Path
from typing import BinaryIO

from cnnviz.record import Record

KEYS = ("Title", "Description", "Caption", "Comment", "Software")


class CorruptFileError(Exception):
    """Not the file that it claims to be; the message continues after the file's name."""


class FileMetadata(Record, kw_only=True):
    """A file's format, its texts by PNG's keywords (Comment is the command), size, number of frames and duration."""

    format: str
    texts: Mapping[str, str] = field(default_factory=dict)
    size: tuple[int, int] = (0, 0)
    frames: int = 0
    milliseconds: int = 0


def open_regular(path: Path) -> BinaryIO:
    """Open for reading; raises CorruptFileError for a pipe or a device, which might never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise CorruptFileError("is no regular file")
    return path.open("rb")


def marked(text: str, patterns: Mapping[str, str]) -> dict[str, str]:
    """The texts of a page of markup by the first match of each pattern: found, not parsed, so nothing in it works."""
    found = {key: re.search(pattern, text) for key, pattern in patterns.items()}
    return {key: unescape(match[1]) for key, match in found.items() if match}
