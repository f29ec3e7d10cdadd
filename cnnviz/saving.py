"""The files of one figure: written together, and each made to fit where its size is limited."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

from cnnviz.errors import CnnvizError
from cnnviz.export import Job, Written, check_options, module_for
from cnnviz.files import clear_stale, whole_files, whole_folder
from cnnviz.record import Record

LEAST_WIDTH = 480
"""Pixels below which nothing could be read any more."""

_OF_STILLS = ("frame", "sheet")
_GRAIN, _WORD = 16, 32


class ExportRequest(Record, kw_only=True):
    """What to write: its job by width, its usual width, options that not all formats support, a limit in bytes."""

    job: Callable[[int], Job]
    width: int
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
        return _fitted(request, lambda job: write_folder(job, place), True, f"{folder}/")


def _save(request: ExportRequest, module: ModuleType, file: BinaryIO, path: Path) -> Written:
    def attempt(job: Job) -> tuple[Written, int]:
        file.seek(0)
        file.truncate()
        written = module.write(job, file)
        return written, file.seek(0, 2)

    return _fitted(request, attempt, getattr(module, "HAS_PIXELS", False), path.name)


def _fitted(
    request: ExportRequest, attempt: Callable[[Job], tuple[Written, int]], has_pixels: bool, name: str
) -> Written:
    """Write as usual, then narrower until it fits; raises CnnvizError where nothing that can be read does."""
    width, limit = request.width, request.limit
    while True:
        written, size = attempt(request.job(width))
        if limit is None or size <= limit:
            return written if width == request.width else replace(written, fitted=f"{width} px")
        if not has_pixels or width <= LEAST_WIDTH:
            break
        # A file's bytes grow with its area.
        likely = math.floor(width * math.sqrt(limit / size) / _GRAIN) * _GRAIN
        width = max(LEAST_WIDTH, min(likely, width - _GRAIN))
    # The limit is a word of the command that the file holds.
    least = f"{math.ceil((size + _WORD) / 102.4) / 10:.1f}KiB"
    narrow = f"with {width} px " if width < request.width else ""
    raise CnnvizError(
        f"{name} does not fit: {narrow}it takes {least}; use --max-size {least} or more, or another format"
    )
