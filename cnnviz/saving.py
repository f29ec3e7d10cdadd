"""The files of one figure: written together, and each made to fit where its size is limited."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

from cnnviz.errors import CnnvizError, UsageError
from cnnviz.export import Job, Written, module_for
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
    """What is to be written: its job by what makes it smaller, its width, and how many bytes a file may have."""

    jobs: Callable[[Quality], Job]
    width: int
    heeded: Sequence[str] = ()
    limit: int | None = None


def save_files(orders: Sequence[ExportRequest], paths: Sequence[Path]) -> list[Written]:
    """Write a file in the format of each path's extension, all of them or none; raises UsageError, CnnvizError."""
    modules = _modules(orders, paths)
    for parent in {path.parent for path in paths}:
        clear_stale(parent)
    with whole_files(paths) as files:
        return [_save(*each) for each in zip(orders, modules, files, paths, strict=True)]


def contents(orders: Sequence[ExportRequest], paths: Sequence[Path]) -> list[tuple[Written, bytes]]:
    """What `save_files` would write, for another one to do so; raises UsageError, CnnvizError."""
    found = []
    for order, module, path in zip(orders, _modules(orders, paths), paths, strict=True):
        with io.BytesIO() as file:
            written = _save(order, module, file, path)
            found.append((written, file.getvalue()))
    return found


def _modules(orders: Sequence[ExportRequest], paths: Sequence[Path]) -> list[ModuleType]:
    """The formats of paths; raises UsageError for what none of them heeds."""
    modules = [module_for(path) for path in paths]
    for name in orders[0].heeded:
        heeding = [name in getattr(module, "SUPPORTED_OPTIONS", ()) for module in modules]
        # A figure as .gif and .png may say which step the latter shows.
        if not all(heeding) and not (name in _OF_STILLS and any(heeding)):
            module_for(paths[heeding.index(False)], [name])
    return modules


def save_folder(order: ExportRequest, folder: Path, hint: str) -> Written:
    """Write a folder of numbered frames; `hint` says what else would work. Raises UsageError, CnnvizError."""
    from cnnviz.export._frames import SUPPORTED_OPTIONS, QUALITY_KNOBS, check_place, write_folder

    for name in order.heeded:
        if name not in SUPPORTED_OPTIONS:
            raise UsageError(f"--{name} is not for a folder of frames: {hint}")
    check_place(folder, hint)
    clear_stale(folder.parent)
    with whole_folder(folder) as place:
        return _fitted(order, lambda job: write_folder(job, place), QUALITY_KNOBS, f"{folder}/")


def _save(order: ExportRequest, module: ModuleType, file: BinaryIO, path: Path) -> Written:
    def attempt(job: Job) -> tuple[Written, int]:
        file.seek(0)
        file.truncate()
        written = module.write(job, file)
        return written, file.seek(0, 2)

    return _fitted(order, attempt, getattr(module, "QUALITY_KNOBS", ()), path.name)


def _fitted(
    order: ExportRequest, attempt: Callable[[Job], tuple[Written, int]], shrinks: Iterable[str], name: str
) -> Written:
    """Write as usual, then smaller in the order of `_ladder` until it fits; raises CnnvizError where nothing does."""
    fit = _Fit(order, attempt)
    if fit.reached(Quality()):
        return fit.written
    for quality in _ladder(order, shrinks):
        if fit.reached(quality):
            return fit.written
    widths = _widths(order.width) if "width" in shrinks else []
    if widths and fit.reached(replace(fit.last, width=widths[-1])):
        return fit.widest(widths)
    # The limit is a word of the command that the file holds.
    least = f"{math.ceil((fit.least + _WORD) / 102.4) / 10:.1f}KiB"
    said = fit.told()
    why = f"with {said} it has {least}" if said else f"it has {least} and nothing that could be left out"
    raise CnnvizError(f"{name} does not fit --max-size: {why}; use --max-size {least} or more, or another format")


class _Fit:
    """Attempts at one file, until one of them fits."""

    def __init__(self, order: ExportRequest, attempt: Callable[[Job], tuple[Written, int]]) -> None:
        self._order, self._attempt = order, attempt
        self.last, self.least = Quality(), 0
        self.written = Written(size=(0, 0), steps=0, milliseconds=0)

    def reached(self, quality: Quality) -> bool:
        """Write the file; is it small enough?"""
        written, size = self._attempt(self._order.jobs(quality))
        self.least = min(size, self.least or size)
        self.last = quality
        self.written = replace(written, fitted=self.told())
        return self._order.limit is None or size <= self._order.limit

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

    def told(self) -> str:
        """What has been made smaller."""
        last = self.last
        parts = ["stronger compression"] if last.effort else []
        parts += [f"{_colors(self._order, last)} colours"] if last.colors else []
        return ", ".join(parts + ([f"{last.width} px"] if last.width else []))


def _ladder(order: ExportRequest, shrinks: Iterable[str]) -> Iterable[Quality]:
    """What is tried before a smaller width: compression, then colours, as long as there are fewer of them."""
    quality = Quality()
    for effort in _EFFORTS if "effort" in shrinks else ():
        yield (quality := replace(quality, effort=effort))
    for colors in _COLORS if "colors" in shrinks else ():
        fewer = replace(quality, colors=colors)
        if _colors(order, fewer) < _colors(order, quality):
            yield (quality := fewer)


def _colors(order: ExportRequest, quality: Quality) -> int:
    return len(order.jobs(quality).film(0).palette.colors)


def _widths(width: int) -> list[int]:
    """Smaller widths in even steps, down to the least that can be read."""
    step = max(_GRAIN, round(width / _WIDTHS / _GRAIN) * _GRAIN)
    found = list(range(width - step, LEAST_WIDTH, -step))
    return [*found, LEAST_WIDTH] if width > LEAST_WIDTH else []
