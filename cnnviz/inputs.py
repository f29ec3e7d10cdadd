"""Files that somebody names: read whole, within bounds; whatever is wrong with one is a line."""

from __future__ import annotations

import stat
from pathlib import Path

from cnnviz.errors import UsageError


def read_input(path: str | Path, subject: str, most: int, hint: str = "check the path") -> bytes:
    """The content of a file of at most so many bytes; `subject` leads every message. Raises UsageError."""
    try:
        file = Path(path).expanduser()
        status = file.stat()
        if stat.S_ISDIR(status.st_mode):
            raise UsageError(f"{subject} is a folder: give a file in it")
        # Before opening: a pipe would block forever.
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"{subject} is no regular file: save it as one")
        if status.st_size > most:
            raise UsageError(f"{subject} has {status.st_size} bytes: use at most {most}")
        if status.st_size == 0:
            raise UsageError(f"{subject} is an empty file: give one that holds something")
        return file.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{subject} does not exist: {hint}") from error
    except UsageError:
        raise
    # Of a path that no file can have, Python says ValueError or RuntimeError.
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageError(f"{subject} cannot be read: {getattr(error, 'strerror', None) or error}") from error
