"""The files of one figure: written together, and each made to fit where its size is limited."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

from cnnviz.errors import CnnvizError
from cnnviz.export import Job, Written, check_options, module_for
from cnnviz.files import clear_stale, whole_files, whole_folder

LEAST_WIDTH = 480
"""Pixels below which nothing could be read any more."""

# With less than 32, themes would lose colours that mean something.
_EFFORTS, _COLORS = (1, 2), (48, 32)
_OF_STILLS = ("frame", "sheet")
_WIDTHS, _GRAIN, _WORD = 12, 16, 32


@dataclass(frozen=True)
class Quality:
    """What makes a file smaller: a video's stronger compression, fewer colours, a smaller width; None: as usual."""

    effort: int = 0
    colors: int | None = None
    width: int | None = None


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """What to write: its job by quality, its usual width, options that not all formats support, a limit in bytes."""

    jobs: Callable[[Quality], Job]
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
    from cnnviz.export.zip import QUALITY_KNOBS, SUPPORTED_OPTIONS, check_place, write_folder

    check_options("frames", SUPPORTED_OPTIONS, request.options, folder.name)
    check_place(folder)
    clear_stale(folder.parent)
    with whole_folder(folder) as place:
        return _fitted(request, lambda job: write_folder(job, place), QUALITY_KNOBS, f"{folder}/")


def _save(request: ExportRequest, module: ModuleType, file: BinaryIO, path: Path) -> Written:
    def attempt(job: Job) -> tuple[Written, int]:
        file.seek(0)
        file.truncate()
        written = module.write(job, file)
        return written, file.seek(0, 2)

    return _fitted(request, attempt, getattr(module, "QUALITY_KNOBS", ()), path.name)


def _fitted(
    request: ExportRequest, attempt: Callable[[Job], tuple[Written, int]], knobs: Iterable[str], name: str
) -> Written:
    """Write as usual, then smaller in the order of `_ladder` until it fits; raises CnnvizError where nothing does."""
    fit = _Fit(request, attempt)
    if fit.reached(Quality()):
        return fit.written
    for quality in _ladder(request, knobs):
        if fit.reached(quality):
            return fit.written
    widths = _widths(request.width) if "width" in knobs else []
    if widths and fit.reached(replace(fit.last, width=widths[-1])):
        return fit.widest(widths)
    # The limit is a word of the command that the file holds.
    least = f"{math.ceil((fit.least + _WORD) / 102.4) / 10:.1f}KiB"
    said = fit.describe()
    why = f"with {said} it takes {least}" if said else f"it takes {least} and nothing can be left out"
    raise CnnvizError(f"{name} does not fit --max-size: {why}; use --max-size {least} or more, or another format")


class _Fit:
    """Attempts at one file, until one of them fits."""

    def __init__(self, request: ExportRequest, attempt: Callable[[Job], tuple[Written, int]]) -> None:
        self._request, self._attempt = request, attempt
        self.last, self.least = Quality(), 0
        self.written = Written(size=(0, 0), steps=0, milliseconds=0)

    def reached(self, quality: Quality) -> bool:
        """Write the file; is it small enough?"""
        written, size = self._attempt(self._request.jobs(quality))
        self.least = min(size, self.least or size)
        self.last = quality
        self.written = replace(written, fitted=self.describe())
        return self._request.limit is None or size <= self._request.limit

    def widest(self, widths: Sequence[int]) -> Written:
        """Go back to the largest of `widths` that fits, by halves; the last of them does."""
        low, high = 0, len(widths) - 1
        while low < high:
            middle = (low + high) // 2
            if self.reached(replace(self.last, width=widths[middle])):
                high = middle
            else:
                low = middle + 1
        if self.last.width != widths[high]:
            self.reached(replace(self.last, width=widths[high]))
        return self.written

    def describe(self) -> str:
        """What has been made smaller."""
        last = self.last
        parts = ["stronger compression"] if last.effort else []
        parts += [f"{_colors(self._request, last)} colours"] if last.colors else []
        return ", ".join(parts + ([f"{last.width} px"] if last.width else []))


def _ladder(request: ExportRequest, knobs: Iterable[str]) -> Iterable[Quality]:
    """What is tried before a smaller width: compression, then colours, as long as there are fewer of them."""
    quality = Quality()
    for effort in _EFFORTS if "effort" in knobs else ():
        yield (quality := replace(quality, effort=effort))
    for colors in _COLORS if "colors" in knobs else ():
        fewer = replace(quality, colors=colors)
        if _colors(request, fewer) < _colors(request, quality):
            yield (quality := fewer)


def _colors(request: ExportRequest, quality: Quality) -> int:
    return len(request.jobs(quality).film(0).palette.colors)


def _widths(width: int) -> list[int]:
    """Smaller widths in even steps, down to the least that can be read."""
    step = max(_GRAIN, round(width / _WIDTHS / _GRAIN) * _GRAIN)
    found = list(range(width - step, LEAST_WIDTH, -step))
    return [*found, LEAST_WIDTH] if width > LEAST_WIDTH else []
