"""Files that somebody names: read whole, within bounds; whatever is wrong with one is a line."""

from __future__ import annotations

import stat
from pathlib import Path

from cnnviz.errors import UsageError


def is_web(path: str | Path) -> bool:
    """Is a path a web address?"""
    return "://" in str(path)


def read_input(path: str | Path, subject: str, most: int, hint: str = "check the path") -> bytes:
    """The content of a file of at most so many bytes; `subject` leads every message. Raises UsageError."""
    try:
        file = Path(path).expanduser()
        status = file.stat()
        regular, size = stat.S_ISREG(status.st_mode), status.st_size
        # A pipe would block forever.
        content = file.read_bytes() if regular and size <= most else b""
    except FileNotFoundError:
        if is_web(path):
            raise UsageError(f"{subject} is a web address: download it first") from None
        raise UsageError(f"{subject} does not exist: {hint}") from None
    # Of a path that no file can have, Python says ValueError or RuntimeError.
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageError(f"{subject} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not regular:
        raise UsageError(f"{subject} is no regular file: give one")
    if size > most:
        raise UsageError(f"{subject} has {size} bytes: use at most {most}")
    return content
