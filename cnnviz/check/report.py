"""The outcome of a check: how many numbers are equal, how far apart they are at most, and which is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnviz.batch import read_sets
from cnnviz.check.claims import CLAIMS, Claim, NotCheckedError
from cnnviz.check.engine import RefusalError, load_engine
from cnnviz.check.subject import Subject
from cnnviz.discovery import find_scenes
from cnnviz.errors import CnnvizError
from cnnviz.notation import size_text
from cnnviz.pipeline import Figure, make

_ALLOWED = {"float32": 1e-5, "float64": 1e-9}
"""How much of what was added up an engine may differ by: its precision, and room for many additions."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of a figure's check; `reason` says why there was none, `difference` which number is another."""

    name: str
    equal: int = 0
    count: int = 0
    what: str = "outputs"
    most: float = 0.0
    allowed: float = 0.0
    precision: str = ""
    difference: str = ""
    reason: str = ""

    @property
    def failed(self) -> bool:
        """Whether a number differs."""
        return bool(self.difference)

    def __str__(self) -> str:
        if self.reason:
            return f"{self.name}: not checked: {self.reason}"
        allowed = f", {self.precision} allows {self.allowed:.2g}" if self.allowed else ""
        line = f"{self.name}: {self.equal} of {self.count} {self.what} equal (max |Δ| {self.most:.2g}{allowed})"
        return f"{line}; {self.difference}" if self.failed else line


def check_figure(figure: Figure, against: str = "onnxruntime", name: str = "") -> Report:
    """Hold a figure against an engine; raises CnnvizError where that is not installed."""
    engine, board = load_engine(against), figure.scene.storyboard()
    name = name or figure.file_name("").removesuffix(".").replace("_", " ")
    claims = CLAIMS.get(board.scene)
    if claims is None:
        return Report(name=name, reason="there is no check for this scene")
    try:
        # A figure whose claims an engine takes up only in part must not pass for a whole one.
        made = list(claims(Subject(board), engine))
    except NotCheckedError as error:
        return Report(name=name, reason=str(error))
    except (RefusalError, RuntimeError) as error:
        return Report(name=name, reason=f"{against} refuses: {' '.join(str(error).split())[:200]}")
    return _report(name, against, made)


def _report(name: str, against: str, claims: Sequence[Claim]) -> Report:
    equal, difference, worst, closest = 0, "", 0.0, (-1.0, 0.0, "")
    for claim in claims:
        if claim.shown.shape != claim.theirs.shape:
            sizes = f"{size_text(*claim.shown.shape)}, {against} gives {size_text(*claim.theirs.shape)}"
            difference = difference or f"{claim.where} is {sizes}"
            continue
        apart = np.abs(claim.shown - claim.theirs.astype(np.float64))
        precision = str(claim.theirs.dtype)
        allowed = np.broadcast_to(0.0 if claim.exact else _ALLOWED[precision] * claim.scale, apart.shape)
        # Turned round, so that a number that was never filled in counts as another.
        others = ~(apart <= allowed)
        equal += int((~others).sum())
        if others.any() and not difference:
            place = tuple(map(int, np.argwhere(others)[0]))
            values = f"{claim.shown[place]:.9g}, {against} gives {float(claim.theirs[place]):.9g}"
            difference = f"{claim.where} {_place(place)} shows {values}"
        worst = max(worst, float(np.nan_to_num(apart, nan=np.inf).max()))
        if float(allowed.max()) > closest[0]:
            closest = float(allowed.max()), 0.0, precision
    return Report(
        name=name, equal=equal, count=sum(claim.shown.size for claim in claims), what=claims[0].what, most=worst,
        allowed=closest[0], precision=closest[2], difference=difference,
    )  # fmt: skip


def _place(place: tuple[int, ...]) -> str:
    names = {1: ("place",), 2: ("row", "column"), 3: ("channel", "row", "column")}[len(place)]
    return ", ".join(f"{name} {at + 1}" for name, at in zip(names, place, strict=True))


def check_scenes(names: Iterable[str], against: str) -> Iterator[Report]:
    """Check the figures of scenes with their defaults, all of them where none is named."""
    load_engine(against)
    for name in list(names) or find_scenes():
        yield check_figure(make(name), against)


def check_sets(sets: Sequence[Path], against: str) -> Iterator[Report]:
    """Check every figure of figure sets; one that cannot be made is left to those who make it."""
    load_engine(against)
    for entry in read_sets(sets):
        try:
            figure = make(entry.scene, **entry.parameters)
        except CnnvizError:
            continue
        yield check_figure(figure, against, entry.name)
