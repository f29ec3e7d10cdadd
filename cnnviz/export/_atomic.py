"""Files and folders appear whole or not at all: written beside their place, then renamed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from cnnviz.errors import CnnvizError

TEMPORARY_PREFIX = ".cnnviz-"


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the name `path` if the block succeeds and leaves no trace if not; raises CnnvizError."""
    with whole_files([path]) as (file,):
        yield file


@contextmanager
def whole_files(paths: Sequence[Path]) -> Iterator[Sequence[BinaryIO]]:
    """Open files that take their names together once the block has succeeded; raises CnnvizError."""
    placed: list[Path] = []
    path = paths[0]
    try:
        with ExitStack() as stack:
            for folder in dict.fromkeys(path.parent for path in paths):
                stack.enter_context(_kept_on_success(folder))
            stack.enter_context(_taken_back_on_failure(placed))
            temporaries, files = [], []
            for path in paths:
                descriptor, temporary = _beside(path)
                stack.callback(temporary.unlink, missing_ok=True)
                temporaries.append(temporary)
                files.append(stack.enter_context(os.fdopen(descriptor, "wb")))
            path = paths[0]
            yield files
            for number, file in enumerate(files):
                path = paths[number]
                file.close()
            for path, temporary in zip(paths, temporaries, strict=True):
                fresh = not os.path.lexists(path)
                # mkstemp keeps others out; a figure is to be read like any file that its owner writes.
                os.chmod(temporary, 0o666 & ~_umask())
                os.replace(temporary, path)
                placed += [path] if fresh else []
    except OSError as error:
        raise CnnvizError(f"cannot write {path}: {reason(error)}") from None


@contextmanager
def _taken_back_on_failure(placed: Sequence[Path]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for path in placed:
            path.unlink(missing_ok=True)
        raise


def _beside(path: Path) -> tuple[int, Path]:
    """A new file where `path` will be, and its folder if there is none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise CnnvizError(f"cannot write to folder {path.parent}: {reason(error)}") from None
    return descriptor, Path(name)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Make a folder that takes the name `path`, and another one's place, if the block succeeds; raises CnnvizError."""
    with _kept_on_success(path.parent), ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=path.parent))
        except OSError as error:
            raise CnnvizError(f"cannot write to folder {path.parent}: {reason(error)}") from None
        stack.callback(shutil.rmtree, temporary, ignore_errors=True)
        try:
            yield temporary
            os.chmod(temporary, 0o777 & ~_umask())
            if os.path.lexists(path):
                old = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=path.parent))
                stack.callback(shutil.rmtree, old, ignore_errors=True)
                os.replace(path, old / "old")
                stack.callback(_put_back, old / "old", path)
            os.replace(temporary, path)
        except OSError as error:
            raise CnnvizError(f"cannot write {path}: {reason(error)}") from None


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


def _put_back(old: Path, path: Path) -> None:
    """Give a folder its name back if no new one took it."""
    if not os.path.lexists(path):
        os.replace(old, path)


def reason(error: OSError) -> str:
    """What the system says, without the number."""
    return (error.strerror or str(error)).lower()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
