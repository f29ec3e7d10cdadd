"""Files and folders appear whole or not at all: written beside their place, then renamed.

A process that is killed leaves its temporaries behind. Their names hold its number, so the next run can remove them.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from cnnviz.errors import CnnvizError

TEMPORARY_PREFIX = ".cnnviz-"

_TEMPORARY = re.compile(r"\.cnnviz-(\d+)-[a-z0-9_]{8}(\..*)?", re.DOTALL)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the name `path` if the block succeeds and leaves no trace if not; raises CnnvizError."""
    with whole_files([path]) as (file,):
        yield file


@contextmanager
def whole_files(paths: Sequence[Path]) -> Iterator[Sequence[BinaryIO]]:
    """Open files that take their names together once the block has succeeded; raises CnnvizError.

    A symbolic link stays one, and a file that is there keeps its mode.
    """
    created: list[Path] = []
    path = paths[0]
    try:
        with ExitStack() as stack:
            targets = [_target(path) for path in paths]
            for folder in dict.fromkeys(target.parent for target in targets):
                stack.enter_context(_folder(folder))
            files = [stack.enter_context(_temporary_file(target)) for target in targets]
            yield files
            for path, file in zip(paths, files, strict=True):  # noqa: B007 (an error names it)
                file.close()
            for path, target, file in zip(paths, targets, files, strict=True):  # noqa: B007
                is_new = not os.path.lexists(target)
                os.chmod(file.name, 0o666 & ~_umask() if is_new else stat.S_IMODE(os.stat(target).st_mode))
                os.replace(file.name, target)
                created += [target] if is_new else []
    except OSError as error:
        _unlink(created)
        raise CnnvizError(f"cannot write {path}: {reason(error)}") from None
    except BaseException:
        _unlink(created)
        raise


def _target(path: Path) -> Path:
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _unlink(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


@contextmanager
def _temporary_file(target: Path) -> Iterator[BinaryIO]:
    try:
        descriptor, name = tempfile.mkstemp(prefix=_prefix(), suffix=target.suffix, dir=target.parent)
    except OSError as error:
        raise CnnvizError(f"cannot write to folder {target.parent}: {reason(error)}") from None
    try:
        with open(name, "wb", opener=lambda *_: descriptor) as file:
            yield file
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Make a folder that takes the name `path`, and another one's place, if the block succeeds; raises CnnvizError."""
    with temporary_folder(path.parent) as temporary:
        replaced = temporary.with_name(temporary.name + ".replaced")
        try:
            yield temporary
            os.chmod(temporary, 0o777 & ~_umask())
            if os.path.lexists(path):
                os.replace(path, replaced)
            os.replace(temporary, path)
        except OSError as error:
            raise CnnvizError(f"cannot write {path}: {reason(error)}") from None
        finally:
            if os.path.lexists(replaced) and not os.path.lexists(path):
                os.rename(replaced, path)
            shutil.rmtree(replaced, ignore_errors=True)


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """A new folder in `parent`, which is made if need be; removed in the end. Raises CnnvizError."""
    with _folder(parent):
        try:
            name = tempfile.mkdtemp(prefix=_prefix(), dir=parent)
        except OSError as error:
            raise CnnvizError(f"cannot write to folder {parent}: {reason(error)}") from None
        try:
            yield Path(name)
        finally:
            shutil.rmtree(name, ignore_errors=True)


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """Make a folder, and remove what was made of it if the block fails and leaves it empty."""
    missing = [place for place in (folder, *folder.parents) if not os.path.exists(place)]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CnnvizError(f"cannot write to folder {folder}: {reason(error)}") from None
        yield
    except BaseException:
        for place in missing:
            with suppress(OSError):
                place.rmdir()
        raise


def clear_stale(folder: Path) -> None:
    """Remove what processes that are no more left half-written in a folder."""
    # Windows cannot be asked whether a process lives without disturbing it.
    if os.name == "nt":
        return
    with suppress(OSError):
        for name in os.listdir(folder):
            found, path = _TEMPORARY.fullmatch(name), folder / name
            if not found or path.is_symlink() or _is_running(int(found[1])):
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.is_file():
                path.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _prefix() -> str:
    return f"{TEMPORARY_PREFIX}{os.getpid()}-"


def reason(error: OSError) -> str:
    """What the system says, without the number."""
    return (error.strerror or str(error)).lower()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
