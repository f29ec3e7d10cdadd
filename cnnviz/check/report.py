"""The outcome of a check: how many numbers are equal, how far apart they are at most, and which is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from cnnviz.batch import Entry, read_sets, run_all
from cnnviz.check.beside import beside, reworded
from cnnviz.check.claims import BESIDE, CLAIMS, Claim, NotCheckedError
from cnnviz.check.engine import RefusalError, load_engine
from cnnviz.check.subject import Subject
from cnnviz.discovery import find_scenes, load_scene
from cnnviz.errors import CnnvizError, UsageError
from cnnviz.notation import size_text
from cnnviz.parameters import changed, parameters_of
from cnnviz.pipeline import Figure, make
from cnnviz.storyboard import Storyboard

_ALLOWED = {"float32": 1e-5, "float64": 1e-9}
"""How much of what was added up an engine may differ by: its precision, and room for many additions."""

_MOST = 1e300
"""The largest difference of numbers; sizes that differ are worse."""

_WORTH_PROCESSES = 50
"""Figures for which it is worth starting processes, each of which has the engine to import."""

_KINDS = ("kind", "view")
"""Parameters that choose what a figure shows of several things."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of a figure's check; `reason` says why there was none, `unmade` that there is no figure.

    `count` are the results that the figure is about, `others` the numbers beside: on their way, in words, on curves.
    `difference` says how many of a kind differ and which one most.
    """

    name: str
    equal: int = 0
    count: int = 0
    what: str = "outputs"
    most: float = 0.0
    allowed: float = 0.0
    precision: str = ""
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
        allowed = f", {self.precision} allows {self.allowed:.2g}" if self.allowed else ""
        line = f"{self.name}: {self.equal} of {self.count} {self.what} equal (max |Δ| {self.most:.2g}{allowed})"
        line += f", {self.other_equal} of {self.others} other numbers" if self.others else ""
        return f"{line}; {self.difference}" if self.failed else line


def check_figure(figure: Figure, against: str = "onnxruntime", name: str = "") -> Report:
    """Hold a figure against an engine, its words in the language and symbols that it has.

    Raises UsageError for a figure that cannot be, CnnvizError where the engine is not installed.
    """
    name = name or figure_name(figure)
    load_engine(against)
    try:
        board = _told(figure.scene.storyboard())
        shown = figure.storyboard() if {"lang", "notation"} & changed(figure.appearance).keys() else None
    except UsageError:
        raise
    except Exception as error:
        return _unmade(name, error)
    return check_board(board, against, name, shown)


def _told(board: Storyboard) -> Storyboard:
    """A storyboard with its steps made."""
    steps = tuple(board.steps())
    return replace(board, steps=lambda: iter(steps))


def _unmade(name: str, error: Exception) -> Report:
    """A figure that its scene cannot make: what it said of a mistake, or the error that it ended in."""
    said = str(error) if isinstance(error, CnnvizError) else f"{type(error).__name__}: {error}"
    return Report(name=name, reason=f"it cannot be made: {' '.join(said.split())[:300]}", unmade=True)


def figure_name(figure: Figure) -> str:
    """What a report calls a figure: `conv i5 k3 s1 p0`."""
    return figure.file_name("").removesuffix(".").replace("_", " ")


def check_board(board: Storyboard, against: str, name: str, shown: Storyboard | None = None) -> Report:
    """Hold what a storyboard shows against an engine, and what it is `shown` as, in other words, against that."""
    engine, claims = load_engine(against), CLAIMS.get(board.scene)
    if claims is None:
        return Report(name=name, reason="there is no check for this scene")
    made: list[Claim] = []
    try:
        subject = Subject(board)
        # A figure whose claims an engine takes up only in part must not pass for a whole one.
        for claim in chain(claims(subject, engine), beside(subject), reworded(subject, shown)):
            made.append(claim)
    except NotCheckedError as error:
        return Report(name=name, reason=str(error))
    except (RefusalError, RuntimeError) as error:
        return Report(name=name, reason=f"{against} refuses: {' '.join(str(error).split())[:200]}")
    except Exception as error:
        # Steps, cells or words that are not where sizes have them: no report may call that equal.
        report = _report(name, against, made) if made else Report(name=name)
        said = f"steps or words are not as {against} has them: {' '.join(str(error).split())[:200]}"
        return replace(report, difference=report.difference or said)
    return _report(name, against, made)


def _report(name: str, against: str, claims: Sequence[Claim]) -> Report:
    equal, counts, worst, widest = [0, 0], [0, 0], 0.0, (-1.0, "")
    gaps: list[tuple[int, float, str]] = []
    for claim in claims:
        beside = int(claim.what == BESIDE)
        counts[beside] += claim.shown.size
        if claim.shown.shape != claim.theirs.shape:
            gaps.append((beside, -np.inf, _other_size(claim, against)))
            continue
        apart = np.abs(claim.shown - claim.theirs.astype(np.float64))
        allowed = np.broadcast_to(_allowed(claim), apart.shape)
        # Turned round, so that a number that was never filled in counts as another.
        others = ~(apart <= allowed)
        equal[beside] += int((~others).sum())
        apart = np.nan_to_num(apart, nan=np.inf)
        if others.any():
            at = np.where(others, apart, -1).argmax()
            gaps.append((beside, -min(float(apart.flat[at]), _MOST), _other_value(claim, int(at), against)))
        if apart.size and not beside:
            worst = max(worst, float(apart.max()))
            widest = max(widest, (float(allowed.max()), str(claim.theirs.dtype)))
    return Report(
        name=name, equal=equal[0], count=counts[0], what=claims[0].what, most=worst, allowed=widest[0],
        precision=widest[1], other_equal=equal[1], others=counts[1], difference=_largest(gaps, counts, equal),
    )  # fmt: skip


def _largest(gaps: Sequence[tuple[int, float, str]], counts: Sequence[int], equal: Sequence[int]) -> str:
    """Which number is another: the one farthest off, rather a result than one beside; and of how many."""
    if not gaps:
        return ""
    beside, gap, text = min(gaps, key=lambda gap: gap[:2])
    several = counts[beside] - equal[beside]
    return f"{several} differ, most where {text}" if several > 1 and gap >= -_MOST else text


def _other_value(claim: Claim, at: int, against: str) -> str:
    place = tuple(map(int, np.unravel_index(at, claim.shown.shape)))
    values = f"{claim.shown[place]:.9g}, {claim.by or against} gives {float(claim.theirs[place]):.9g}"
    return f"{claim.where} {_place(place)} shows {values}"


def _other_size(claim: Claim, against: str) -> str:
    if claim.allowed is not None:
        return f"{claim.where} has {claim.shown.size} numbers, {claim.by or against} gives {claim.theirs.size}"
    sizes = f"{size_text(*claim.shown.shape)}, {claim.by or against} gives {size_text(*claim.theirs.shape)}"
    return f"{claim.where} is {sizes}"


def _allowed(claim: Claim) -> Any:
    if claim.allowed is not None:
        return claim.allowed
    if claim.exact:
        return 0.0
    # What is smaller than the least normal number an engine may take for 0.
    least = float(np.finfo(claim.theirs.dtype).tiny)
    return np.maximum(_ALLOWED[str(claim.theirs.dtype)] * claim.scale, least)


def _place(place: tuple[int, ...]) -> str:
    names = {1: ("place",), 2: ("row", "column"), 3: ("channel", "row", "column")}[len(place)]
    return ", ".join(f"{name} {at + 1}" for name, at in zip(names, place, strict=True))


def check_scenes(names: Iterable[str], against: str) -> Iterator[Report]:
    """Check the figures of scenes, one of each kind, with their defaults; all scenes where none is named."""
    load_engine(against)
    for name in list(names) or find_scenes():
        kinds = [parameter for parameter in parameters_of(load_scene(name)) if parameter.name in _KINDS]
        for given in [{p.name: choice} for p in kinds for choice in p.spec.choices] or [{}]:
            yield _check_entry(against, (0, Entry(source="", name="", scene=name, file="", parameters=given)))[1]


def check_sets(sets: Sequence[Path], against: str, jobs: int = 1) -> Iterator[Report]:
    """Check every figure of figure sets, in their order; one that cannot be made has failed.

    `jobs` processes share many figures.
    """
    load_engine(against)
    entries = list(enumerate(read_sets(sets)))
    check = partial(_check_entry, against)
    spread = jobs > 1 and len(entries) >= _WORTH_PROCESSES
    waiting, told = dict[int, Report](), 0
    for place, report in run_all(check, entries, jobs) if spread else map(check, entries):
        waiting[place] = report
        while told in waiting:
            yield waiting.pop(told)
            told += 1


def _check_entry(against: str, item: tuple[int, Entry]) -> tuple[int, Report]:
    place, entry = item
    try:
        return place, check_figure(make(entry.scene, **entry.resolved()), against, entry.name)
    except CnnvizError as error:
        return place, _unmade(entry.name or entry.scene, error)
