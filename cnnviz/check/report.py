"""The outcome of a check: how many numbers are equal, how far apart they are at most, and which is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from cnnviz.batch import Entry, read_sets, run_all
from cnnviz.check.claims import Claim, claims
from cnnviz.check.gradients import after_training, differences
from cnnviz.discovery import find_scenes, load_scene
from cnnviz.errors import CnnvizError, UsageError
from cnnviz.notation import size_text
from cnnviz.operation import Operation
from cnnviz.parameters import parameters_of, suggest
from cnnviz.pipeline import Figure, make
from cnnviz.programs import run
from cnnviz.storyboard import Storyboard, Values

ENGINES = {"onnxruntime": "onnx", "torch": "pytorch"}
"""The engines by name, each with the framework whose programs it runs."""

_WORTH_PROCESSES = 50
"""Figures for which it is worth starting processes, each of which has the engine to import."""

_KINDS = ("kind", "view")
"""Parameters that choose what a figure shows of several things."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of a figure's check; `reason` says why there was none, `unmade` that there is no figure.

    `count` are the results that the figure is about, `others` the numbers beside: in captions, labels and formulas.
    """

    name: str
    equal: int = 0
    count: int = 0
    most: float = 0.0
    other_equal: int = 0
    others: int = 0
    difference: str = ""
    reason: str = ""
    unmade: bool = False

    @property
    def failed(self) -> bool:
        """Whether a number differs, or there is no figure that could be right."""
        return bool(self.difference) or self.unmade

    def __str__(self) -> str:
        if self.reason:
            return f"{self.name}: not checked: {self.reason}"
        line = f"{self.name}: {self.equal} of {self.count} results equal (max |Δ| {self.most:.2g})"
        line += f", {self.other_equal} of {self.others} other numbers" if self.others else ""
        return f"{line}; {self.difference}" if self.failed else line


def check_figure(figure: Figure, against: str = "onnxruntime", name: str = "") -> Report:
    """Hold a figure against an engine; raises CnnvizError where that is not installed."""
    name = name or figure.file_name("").removesuffix(".").replace("_", " ")
    if against not in ENGINES:
        raise UsageError(f"--against {against!r} is no engine: {suggest(against, tuple(ENGINES))}")
    operation, board = figure.scene.operation(), figure.scene.storyboard()
    try:
        results = {} if operation is None else run(operation, ENGINES[against])
    except UsageError as error:
        return Report(name=name, reason=str(error))
    except (CnnvizError, ImportError):
        raise
    try:
        found = list(checked(board, operation, results, ENGINES[against]))
    except Exception as error:
        said = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        return Report(name=name, difference=f"it is not as {against} has it: {said}")
    return _report(name, against, found)


def checked(
    board: Storyboard, operation: Operation | None, results: Mapping[str, Values], framework: str
) -> Iterator[Claim]:
    """Every claim of a storyboard; gradients, where the engine has none, by differences."""
    if operation is not None and operation.training is not None and "grad_x" not in results:
        results = {**results, **after_training(operation, framework)}
        for name, ours, theirs, allowed in differences(operation, results, framework):
            yield Claim(f"the gradients of {name}", np.array(ours), np.array(theirs), allowed)
    yield from claims(board, operation, results)


def _report(name: str, against: str, found: Sequence[Claim]) -> Report:
    equal, count, most = {True: 0, False: 0}, {True: 0, False: 0}, 0.0
    wrong: list[tuple[bool, float, str]] = []
    for claim in found:
        count[claim.result] += claim.shown.size
        if claim.shown.shape != claim.right.shape:
            sizes = f"{size_text(*claim.shown.shape)}, {against} gives {size_text(*claim.right.shape)}"
            wrong.append((claim.result, np.inf, f"{claim.where} is {sizes}"))
            continue
        apart = np.asarray(np.abs(claim.shown - claim.right.astype(np.float64)))
        apart = np.where(np.isnan(claim.shown) & np.isnan(claim.right), 0, apart)
        # Turned round, so that a number that was never filled in counts as another.
        others = ~(apart <= claim.allowed)
        equal[claim.result] += int((~others).sum())
        if claim.result and apart.size:
            most = max(most, float(np.nan_to_num(apart, nan=np.inf).max()))
        if others.any():
            at = int(np.where(others, np.nan_to_num(apart, nan=np.inf), -1).argmax())
            values = f"{claim.shown.flat[at]:.9g}, {against} gives {float(claim.right.flat[at]):.9g}"
            place = ", ".join(str(n + 1) for n in np.unravel_index(at, claim.shown.shape))
            wrong.append(
                (claim.result, float(apart.flat[at]), f"{claim.where} {f'({place}) ' if place else ''}shows {values}")
            )
    difference = ""
    if wrong:
        missed = count[True] + count[False] - equal[True] - equal[False]
        worst = max(wrong, key=lambda each: each[:2])[2]
        difference = f"{missed} differ, most where {worst}" if missed > 1 else worst
    return Report(
        name=name,
        equal=equal[True],
        count=count[True],
        most=most,
        other_equal=equal[False],
        others=count[False],
        difference=difference,
    )


def check_scenes(names: Iterable[str], against: str) -> Iterator[Report]:
    """Check the figures of scenes, one of each kind, with their defaults; all scenes where none is named."""
    for name in list(names) or find_scenes():
        kinds = [parameter for parameter in parameters_of(load_scene(name)) if parameter.name in _KINDS]
        for given in [{p.name: choice} for p in kinds for choice in p.spec.choices] or [{}]:
            yield check_figure(make(name, **given), against)


def check_sets(sets: Sequence[Path], against: str, jobs: int = 1) -> Iterator[Report]:
    """Check every figure of figure sets, in their order; one that cannot be made has failed.

    `jobs` processes share many figures.
    """
    entries = list(enumerate(read_sets(sets)))
    check = partial(_check_entry, against)
    spread = jobs > 1 and len(entries) >= _WORTH_PROCESSES
    waiting, done = dict[int, Report](), 0
    for place, report in run_all(check, entries, jobs) if spread else map(check, entries):
        waiting[place] = report
        while done in waiting:
            yield waiting.pop(done)
            done += 1


def _check_entry(against: str, item: tuple[int, Entry]) -> tuple[int, Report]:
    place, entry = item
    try:
        figure = make(entry.scene, **entry.resolved())
    except CnnvizError as error:
        return place, Report(name=entry.name, reason=f"it cannot be made: {error}", unmade=True)
    return place, check_figure(figure, against, entry.name)
