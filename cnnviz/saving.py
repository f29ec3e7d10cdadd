"""Saving the files of one figure together, each within its size limit."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

from cnnviz.errors import CnnvizError
from cnnviz.export import Job, Written
from cnnviz.files import clear_stale, whole_files, whole_folder
from cnnviz.record import Record

MIN_WIDTH_TO_FIT = 480
"""Width in pixels below which text would be unreadable."""

_WIDTH_STEP = 16
_COMMAND_BYTES = 32
"""How much longer the command in the file may become when the user raises the limit."""


class ExportRequest(Record, kw_only=True):
    """A file to write: path, format module, a function from width to job, the requested width, and a limit in bytes."""

    path: Path
    module: ModuleType
    job: Callable[[int], Job]
    width: int
    limit: int | None = None


def save_files(requests: Sequence[ExportRequest]) -> list[Written]:
    """Write all files or none; raises UsageError, CnnvizError."""
    paths = [request.path for request in requests]
    for folder in {path.parent for path in paths}:
        clear_stale(folder)
    with whole_files(paths) as files:
        return list(map(_save, requests, files))


def contents(request: ExportRequest) -> tuple[Written, bytes]:
    """What `save_files` would write, as bytes; raises UsageError, CnnvizError."""
    file = io.BytesIO()
    return _save(request, file), file.getvalue()


def save_folder(request: ExportRequest, folder: Path) -> Written:
    """Write a folder of numbered frames; raises UsageError, CnnvizError."""
    from cnnviz.export.zip import check_place, write_folder

    check_place(folder)
    clear_stale(folder.parent)
    with whole_folder(folder) as place:
        return _write_within_limit(request, lambda job: write_folder(job, place))


def _save(request: ExportRequest, file: BinaryIO) -> Written:
    def attempt(job: Job) -> tuple[Written, int]:
        file.seek(0)
        file.truncate()
        written = request.module.write(job, file)
        return written, file.seek(0, 2)

    return _write_within_limit(request, attempt)


def _write_within_limit(request: ExportRequest, attempt: Callable[[Job], tuple[Written, int]]) -> Written:
    """Write at the requested width, then narrower until it fits; raises CnnvizError if even the narrowest does not."""
    width, limit = request.width, request.limit
    while True:
        written, size = attempt(request.job(width))
        if limit is None or size <= limit:
            return written if width == request.width else replace(written, fitted=f"{width} px")
        if width <= MIN_WIDTH_TO_FIT or not getattr(request.module, "HAS_PIXELS", False):
            break
        # The size of a file grows with the area.
        estimate = math.floor(width * math.sqrt(limit / size) / _WIDTH_STEP) * _WIDTH_STEP
        width = max(MIN_WIDTH_TO_FIT, min(estimate, width - _WIDTH_STEP))
    needed = f"{math.ceil((size + _COMMAND_BYTES) / 102.4) / 10:.1f}KiB"
    narrowed = f"with {width} px " if width < request.width else ""
    raise CnnvizError(
        f"{request.path.name} does not fit: {narrowed}it takes {needed}; use --max-size {needed} or more, "
        "or another format"
    )
