"""Files and folders appear whole or not at all: written beside their place, then renamed.

A process that is killed leaves what it was writing behind. Each temporary is therefore locked as long as its maker
lives: one whose lock can be had is nobody's, and `clear_stale` removes it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from cnnviz.errors import CnnvizError

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

TEMPORARY_PREFIX = ".cnnviz-"

_TEMPORARY = re.compile(r"\.cnnviz-(?!journal)[a-z0-9_]{8}(\..*)?", re.DOTALL)
_REPLACED = ".replaced"


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
                temporary, file = _beside(path, stack)
                temporaries.append(temporary)
                files.append(file)
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
def uninterrupted() -> Iterator[None]:
    """Answer Ctrl-C after the block; a process that it starts stays deaf to it.

    Masking the signal would not do: the system then gives it to another thread, and Python answers all the same.
    """
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda *how: came.append(how))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            before(*came[0])


@contextmanager
def _taken_back_on_failure(placed: Sequence[Path]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for path in placed:
            path.unlink(missing_ok=True)
        raise


def _beside(path: Path, stack: ExitStack) -> tuple[Path, BinaryIO]:
    """A new file where `path` will be, and its folder if there is none; it stays locked until `stack` is left."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            with uninterrupted():
                lock, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, suffix=path.suffix, dir=path.parent)
                stack.callback(os.close, lock)
                stack.callback(Path(name).unlink, missing_ok=True)
            if _taken(lock, name):
                break
    except OSError as error:
        raise CnnvizError(f"cannot write to folder {path.parent}: {reason(error)}") from None
    # A descriptor of its own: the lock outlives the closing, which tells whether all bytes were taken.
    return Path(name), stack.enter_context(os.fdopen(os.dup(lock), "wb"))


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Make a folder that takes the name `path`, and another one's place, if the block succeeds; raises CnnvizError."""
    with temporary_folder(path.parent) as temporary, ExitStack() as stack:
        try:
            yield temporary
            os.chmod(temporary, 0o777 & ~_umask())
            if os.path.lexists(path):
                old = stack.enter_context(temporary_folder(path.parent, _REPLACED)) / path.name
                os.replace(path, old)
                stack.callback(_put_back, old, path)
            os.replace(temporary, path)
        except OSError as error:
            raise CnnvizError(f"cannot write {path}: {reason(error)}") from None


@contextmanager
def temporary_folder(parent: Path, suffix: str = "") -> Iterator[Path]:
    """A new folder in `parent`, which is made if need be: locked, and removed in the end. Raises CnnvizError."""
    with _kept_on_success(parent), ExitStack() as stack:
        try:
            parent.mkdir(parents=True, exist_ok=True)
            while True:
                with uninterrupted():
                    name = tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, suffix=suffix, dir=parent)
                    stack.callback(shutil.rmtree, name, ignore_errors=True)
                if fcntl is None:
                    break
                with suppress(FileNotFoundError):
                    stack.callback(os.close, lock := os.open(name, os.O_RDONLY))
                    if _taken(lock, name):
                        break
        except OSError as error:
            raise CnnvizError(f"cannot write to folder {parent}: {reason(error)}") from None
        yield Path(name)


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


def clear_stale(folder: Path) -> None:
    """Remove what processes that are no more left half-written in a folder, and nothing that a living one holds.

    A folder whose replacement they could not finish gets its name back. Where the system or the disk has no locks
    nothing is removed.
    """
    if fcntl is None:
        return
    with suppress(OSError):
        for name in filter(_TEMPORARY.fullmatch, os.listdir(folder)):
            with suppress(OSError):
                _clear(folder / name)


def _clear(path: Path) -> None:
    mode = os.lstat(path).st_mode
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        return
    # Some disks lock exclusively only what is open for writing.
    descriptor = os.open(path, (os.O_RDONLY if stat.S_ISDIR(mode) else os.O_RDWR) | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_name_of(path, descriptor):
            return
        if stat.S_ISREG(mode):
            path.unlink()
            return
        if path.suffix == _REPLACED:
            for old in path.iterdir():
                _put_back(old, path.parent / old.name)
        shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(descriptor)


def _taken(descriptor: int, name: str) -> bool:
    """Lock a new temporary until its last descriptor is closed, however that comes about.

    False where `clear_stale` came between its making and this: it is then gone or going.
    """
    return hold(descriptor) and _is_name_of(name, descriptor)


def hold(descriptor: int) -> bool:
    """Lock a file until its last descriptor is closed; false where another process has. Without locks all is held."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A disk without locks.
        return True
    return True


def _is_name_of(path: Path | str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def reason(error: OSError) -> str:
    """What the system says, without the number."""
    return (error.strerror or str(error)).lower()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
