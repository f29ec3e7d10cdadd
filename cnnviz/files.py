"""Files and folders appear whole or not at all: written beside their place, then renamed.

A process that is killed leaves its temporaries behind. Their names hold its number, so the next run can remove them.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from cnnviz.errors import CnnvizError

TEMPORARY_PREFIX = ".cnnviz-"

_TEMPORARY = re.compile(r"\.cnnviz-(\d{1,9})-[0-9a-f]{8}(\..*)?", re.DOTALL)


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
    targets = [Path(os.path.realpath(path)) if path.is_symlink() else path for path in paths]
    temporaries = [_temporary(target.parent, target.suffix) for target in targets]
    path = paths[0]
    try:
        with ExitStack() as stack, ExitStack() as undo:
            for target in targets:
                stack.enter_context(_folder(target.parent))
            files = []
            for temporary in temporaries:
                stack.callback(temporary.unlink, missing_ok=True)
                files.append(stack.enter_context(open(temporary, "xb")))
            yield files
            for path, file in zip(paths, files, strict=True):  # noqa: B007 (an error names it)
                file.close()
            for path, target, temporary in zip(paths, targets, temporaries, strict=True):  # noqa: B007
                if target.exists():
                    shutil.copymode(target, temporary)
                else:
                    undo.callback(target.unlink, missing_ok=True)
                os.replace(temporary, target)
            undo.pop_all()
    except OSError as error:
        raise CnnvizError(f"cannot write {path}: {reason(error)}") from None


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Make a folder that takes the name `path`, and another one's place, if the block succeeds; raises CnnvizError."""
    with temporary_folder(path.parent) as temporary:
        new, replaced = temporary / "new", temporary / "replaced"
        try:
            new.mkdir()
            yield new
            if path.exists():
                os.replace(path, replaced)
            os.replace(new, path)
        except OSError as error:
            raise CnnvizError(f"cannot write {path}: {reason(error)}") from None
        finally:
            if replaced.exists() and not path.exists():
                os.replace(replaced, path)


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """A new folder in `parent`, which is made if need be; removed in the end. Raises CnnvizError."""
    with _folder(parent):
        temporary = _temporary(parent)
        try:
            make_folder(temporary)
            yield temporary
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """Make a folder, and remove what was made of it if the block fails and leaves it empty."""
    missing = [place for place in (folder, *folder.parents) if not os.path.exists(place)]
    try:
        make_folder(folder)
        yield
    except BaseException:
        for place in missing:
            with suppress(OSError):
                place.rmdir()
        raise


def make_folder(folder: Path) -> None:
    """Make a folder that need not be new; raises CnnvizError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CnnvizError(f"cannot write to folder {folder}: {reason(error)}") from None


def clear_stale(folder: Path) -> None:
    """Remove what processes that are no more left half-written in a folder."""
    # Windows cannot be asked whether a process lives without disturbing it.
    if os.name == "nt":
        return
    for path in folder.glob(f"{TEMPORARY_PREFIX}*"):
        found = _TEMPORARY.fullmatch(path.name)
        if found and not _is_running(int(found[1])):
            with suppress(OSError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _temporary(folder: Path, suffix: str = "") -> Path:
    return folder / f"{TEMPORARY_PREFIX}{os.getpid()}-{secrets.token_hex(4)}{suffix}"


def reason(error: OSError) -> str:
    """What the system says, without the number."""
    return (error.strerror or str(error)).lower()
