"""Files appear whole or not at all: written beside their place, then renamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from cnnviz.errors import CnnvizError

TEMPORARY_PREFIX = ".cnnviz-"


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the name `path` if the block succeeds and leaves no trace if not; raises CnnvizError."""
    folder = path.parent
    with _kept_on_success(folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, suffix=path.suffix, dir=folder)
        except OSError as error:
            raise CnnvizError(f"cannot write to folder {folder}: {reason(error)}") from None
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
            # mkstemp keeps others out; a figure is to be read like any file that its owner writes.
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, path)
        except OSError as error:
            raise CnnvizError(f"cannot write {path}: {reason(error)}") from None
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def _kept_on_success(folder: Path) -> Iterator[None]:
    """Remove the folders, `folder` and above, that the block has made and then left empty by failing."""
    missing = [place for place in (folder, *folder.parents) if not os.path.exists(place)]
    try:
        yield
    except BaseException:
        for place in missing:
            with suppress(OSError):
                place.rmdir()
        raise


def reason(error: OSError) -> str:
    """What the system says, without the number."""
    return (error.strerror or str(error)).lower()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
