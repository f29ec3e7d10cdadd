"""Read a file's metadata: the command that made it, its texts, size and duration.

Files may be hostile: they are read within limits, and what they hold is never run.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from cnnviz.errors import CnnvizError, UsageError
from cnnviz.reading import _documents, _videos
from cnnviz.reading._metadata import CorruptFileError, FileMetadata, open_regular
from cnnviz.reading._pictures import picture

MAX_BYTES = 2**28
"""No file of cnnviz is larger."""

_Reader = Callable[[BinaryIO], FileMetadata]
_BEGINNINGS: tuple[tuple[bytes, int, _Reader], ...] = (
    (b"GIF8", 0, picture),
    (b"\x89PNG\r\n\x1a\n", 0, picture),
    (b"WEBP", 8, picture),
    (b"ftyp", 4, _videos.mp4),
    (b"\x1a\x45\xdf\xa3", 0, _videos.webm),
    (b"PK\x03\x04", 0, _documents.zipped),
    (b"%PDF-", 0, _documents.pdf),
    (b"<!DOCTYPE html", 0, _documents.html),
    (b"<svg", 0, _documents.svg),
    (b"{", 0, _documents.storyboard),
)


def read(path: Path) -> FileMetadata:
    """Metadata of a file or a folder of frames; raises UsageError if it is missing, CnnvizError if it holds none."""
    try:
        if path.is_dir():
            metadata = _documents.folder(path)
        else:
            with open_regular(path) as file:
                metadata = _read(file)
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist: give a file that cnnviz made") from None
    except OSError as error:
        raise CnnvizError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from None
    except CorruptFileError as error:
        raise CnnvizError(f"{path} {error}") from None
    except (ValueError, LookupError, AttributeError, TypeError):
        raise CnnvizError(f"{path} is broken: its metadata cannot be read") from None
    if "Comment" not in metadata.texts:
        raise CnnvizError(f"{path} does not say what made it: another program made it, or removed its comment")
    return metadata


def _read(file: BinaryIO) -> FileMetadata:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if not size:
        raise CorruptFileError("is empty")
    if size > MAX_BYTES:
        raise CorruptFileError(f"has {size / 2**20:.0f} MiB: cnnviz makes no such file")
    head = file.read(64)
    file.seek(0)
    for beginning, place, reader in _BEGINNINGS:
        if head.startswith(beginning, place):
            return reader(file)
    raise CorruptFileError("is no figure of cnnviz: give a file that it made, such as fig.gif")
