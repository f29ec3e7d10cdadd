"""Read a file's metadata: the command that made it, its texts, size and duration.

Files may be hostile: they are read within limits, and what they hold is never run.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from cnnviz.errors import CnnvizError, UsageError
from cnnviz.reading import _documents, _pictures, _videos
from cnnviz.reading._metadata import CorruptFileError, FileMetadata, open_regular

MAX_BYTES = 2**30
"""No file of cnnviz is larger."""

_HEAD = 64
_Reader = Callable[[BinaryIO], FileMetadata]
_BEGINNINGS: tuple[tuple[bytes, int, _Reader], ...] = (
    (b"GIF8", 0, _pictures.gif),
    (b"\x89PNG\r\n\x1a\n", 0, _pictures.png),
    (b"WEBP", 8, _pictures.webp),
    (b"ftyp", 4, _videos.mp4),
    (b"\x1a\x45\xdf\xa3", 0, _videos.webm),
    (b"PK\x03\x04", 0, _documents.zipped),
    (b"%PDF-", 0, _documents.pdf),
    (b"<!doctype html", 0, _documents.html),
    (b"<svg", 0, _documents.svg),
    (b"<?xml", 0, _documents.svg),
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
    except (struct.error, zlib.error, ValueError, LookupError, OverflowError):
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
        raise CorruptFileError(f"has {size / 2**30:.1f} GiB: cnnviz makes no such file")
    head = file.read(_HEAD)
    file.seek(0)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for beginning, place, reader in _BEGINNINGS:
        if head[place:].startswith(beginning) or (not place and text.startswith(beginning)):
            return reader(file)
    raise CorruptFileError("is no figure of cnnviz: give a file that it made, such as fig.gif")
