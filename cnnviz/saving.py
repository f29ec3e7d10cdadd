"""The files of one figure: written together, and each made to fit where its size is limited."""

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

LEAST_WIDTH = 480
"""Pixels below which nothing could be read any more."""

_GRAIN, _WORD = 16, 32


class ExportRequest(Record, kw_only=True):
    """A file to write: its path, the module of its format, its job by width, the width asked for, a limit in bytes."""

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
    """What `save_files` would write, for another one to do so; raises UsageError, CnnvizError."""
    file = io.BytesIO()
    return _save(request, file), file.getvalue()


def save_folder(request: ExportRequest, folder: Path) -> Written:
    """Write a folder of numbered frames; raises UsageError, CnnvizError."""
    from cnnviz.export.zip import check_place, write_folder

    check_place(folder)
    clear_stale(folder.parent)
    with whole_folder(folder) as place:
        return _fitted(request, lambda job: write_folder(job, place))


def _save(request: ExportRequest, file: BinaryIO) -> Written:
    def attempt(job: Job) -> tuple[Written, int]:
        file.seek(0)
        file.truncate()
        written = request.module.write(job, file)
        return written, file.seek(0, 2)

    return _fitted(request, attempt)


def _fitted(request: ExportRequest, attempt: Callable[[Job], tuple[Written, int]]) -> Written:
    """Write as asked for, then narrower until it fits; raises CnnvizError where nothing that can be read does."""
    width, limit = request.width, request.limit
    while True:
        written, size = attempt(request.job(width))
        if limit is None or size <= limit:
            return written if width == request.width else replace(written, fitted=f"{width} px")
        if width <= LEAST_WIDTH or not getattr(request.module, "HAS_PIXELS", False):
            break
        # A file's bytes grow with its area.
        likely = math.floor(width * math.sqrt(limit / size) / _GRAIN) * _GRAIN
        width = max(LEAST_WIDTH, min(likely, width - _GRAIN))
    # The limit is a word of the command that the file holds.
    least = f"{math.ceil((size + _WORD) / 102.4) / 10:.1f}KiB"
    narrow = f"with {width} px " if width < request.width else ""
    raise CnnvizError(
        f"{request.path.name} does not fit: {narrow}it takes {least}; use --max-size {least} or more, or another format"
    )
