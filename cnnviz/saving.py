"""The files of one figure: written together, and refused where one is larger than it may be."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

from cnnviz.errors import CnnvizError
from cnnviz.export import Job, Written, check_options, module_for
from cnnviz.files import clear_stale, whole_files, whole_folder

_OF_STILLS = ("frame", "sheet")
_WORD = 32


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """What to write: its job, options that not all formats support, a limit in bytes."""

    job: Job
    options: Sequence[str] = ()
    limit: int | None = None


def save_files(requests: Sequence[ExportRequest], paths: Sequence[Path]) -> list[Written]:
    """Write a file in the format of each path's extension, all of them or none; raises UsageError, CnnvizError."""
    modules = _modules(requests, paths)
    for parent in {Path(os.path.realpath(path)).parent for path in paths}:
        clear_stale(parent)
    with whole_files(paths) as files:
        return [_save(*each) for each in zip(requests, modules, files, paths, strict=True)]


def contents(requests: Sequence[ExportRequest], paths: Sequence[Path]) -> list[tuple[Written, bytes]]:
    """What `save_files` would write, for another one to do so; raises UsageError, CnnvizError."""
    found = []
    for request, module, path in zip(requests, _modules(requests, paths), paths, strict=True):
        with io.BytesIO() as file:
            written = _save(request, module, file, path)
            found.append((written, file.getvalue()))
    return found


def _modules(requests: Sequence[ExportRequest], paths: Sequence[Path]) -> list[ModuleType]:
    """The formats of paths; raises UsageError for an option that none of them supports."""
    modules = [module_for(path) for path in paths]
    for name in requests[0].options:
        supporting = [name in getattr(module, "SUPPORTED_OPTIONS", ()) for module in modules]
        # A figure as .gif and .png may say which step the latter shows.
        if not all(supporting) and not (name in _OF_STILLS and any(supporting)):
            module_for(paths[supporting.index(False)], [name])
    return modules


def save_folder(request: ExportRequest, folder: Path) -> Written:
    """Write a folder of numbered frames; raises UsageError, CnnvizError."""
    from cnnviz.export.zip import SUPPORTED_OPTIONS, check_place, write_folder

    check_options("frames", SUPPORTED_OPTIONS, request.options, folder.name)
    check_place(folder)
    clear_stale(folder.parent)
    with whole_folder(folder) as place:
        written, size = write_folder(request.job, place)
        _check_size(size, request, f"{folder}/")
        return written


def _save(request: ExportRequest, module: ModuleType, file: BinaryIO, path: Path) -> Written:
    written: Written = module.write(request.job, file)
    _check_size(file.seek(0, os.SEEK_END), request, path.name)
    return written


def _check_size(size: int, request: ExportRequest, name: str) -> None:
    """Refuse what is larger than it may be; raises CnnvizError."""
    if request.limit is not None and size > request.limit:
        # The limit is a word of the command that the file holds.
        least = f"{math.ceil((size + _WORD) / 102.4) / 10:.1f}KiB"
        raise CnnvizError(
            f"{name} takes {least}, more than --max-size allows: use a smaller --width, --tween 0, another format, or "
            f"--max-size {least} or more"
        )
