"""Checking figures against another engine: the recorded program is run there, and every number is compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from cnnviz.batch import Entry, read_sets, run_all
from cnnviz.check.calls import after_training, curve_claims, gradient_claims
from cnnviz.check.claims import Claim, claims
from cnnviz.discovery import find_scenes, load_scene
from cnnviz.errors import CnnvizError, UsageError
from cnnviz.operation import Operation
from cnnviz.parameters import parameters_of, suggest
from cnnviz.pipeline import Figure, make
from cnnviz.programs import run
from cnnviz.storyboard import Storyboard, Values

ENGINES = {"onnxruntime": "onnx", "torch": "pytorch"}
"""Engines, each with the framework whose programs it runs."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """The outcome of a check; `reason` says why a figure was not checked, `not_made` that it could not be made.

    `count` results of the operation were compared, of which `equal` are equal; `others` are the numbers in captions,
    labels and formulas.
    """

    name: str
    equal: int = 0
    count: int = 0
    max_error: float = 0.0
    other_equal: int = 0
    others: int = 0
    difference: str = ""
    reason: str = ""
    not_made: bool = False

    @property
    def failed(self) -> bool:
        """Whether a number differs, or the figure could not be made."""
        return bool(self.difference) or self.not_made

    def __str__(self) -> str:
        if self.reason:
            return f"{self.name}: not checked: {self.reason}"
        line = f"{self.name}: {self.equal} of {self.count} results equal (max |Δ| {self.max_error:.2g})"
        line += f", {self.other_equal} of {self.others} other numbers" if self.others else ""
        return f"{line}; {self.difference}" if self.failed else line


def check_figure(figure: Figure, against: str = "onnxruntime", name: str = "") -> Report:
    """Check a figure against an engine; raises CnnvizError if that is not installed."""
    name = name or figure.file_name("").removesuffix(".").replace("_", " ")
    if against not in ENGINES:
        raise UsageError(f"--against {against!r} is not an engine: {suggest(against, tuple(ENGINES))}")
    framework = ENGINES[against]
    try:
        operation, board = figure.scene.operation(), figure.scene.storyboard()
        results = run(operation, framework) if operation else {}
        found = list(all_claims(board, operation, results, framework))
    except UsageError as error:
        return Report(name=name, reason=str(error))
    except CnnvizError:
        raise
    except Exception as error:
        message = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        return Report(name=name, difference=f"{against} fails on it: {message}")
    return _report(name, against, found)


def all_claims(
    board: Storyboard, operation: Operation | None, results: Mapping[str, Values], framework: str
) -> Iterator[Claim]:
    """Every claim of a storyboard; gradients by gradient_claims if the engine has none."""
    operation = operation or Operation(operands={}, calls=(), shown=())
    if operation.training is not None and "grad_x" not in results:
        results = {**results, **after_training(operation, framework)}
        yield from gradient_claims(operation, results, framework)
    yield from claims(board, operation, results)
    yield from curve_claims(board, operation, framework)


def _report(name: str, against: str, found: Sequence[Claim]) -> Report:
    results, others = ([claim for claim in found if claim.result is kind] for kind in (True, False))
    (count, wrong_count), (other_count, wrong_others) = (
        (sum(claim.error.size for claim in claims), sum(claim.wrong.sum() for claim in claims))
        for claims in (results, others)
    )
    difference = ""
    if wrong := [claim for claim in found if claim.wrong.any()]:
        difference = _describe(max(wrong, key=lambda claim: (claim.result, claim.error[claim.wrong].max())), against)
        if wrong_count + wrong_others > 1:
            difference = f"{wrong_count + wrong_others} differ, most where {difference}"
    return Report(
        name=name,
        equal=count - wrong_count,
        count=count,
        max_error=max((float(claim.error.max(initial=0)) for claim in results), default=0.0),
        other_equal=other_count - wrong_others,
        others=other_count,
        difference=difference,
    )


def _describe(claim: Claim, against: str) -> str:
    """Where a claim has the largest error, and the expected value."""
    if claim.shown.shape != claim.expected.shape:
        return f"{claim.where} is {claim.shown.shape}, {against} gives {claim.expected.shape}"
    at = np.where(claim.wrong, claim.error, -1).argmax()
    place = ", ".join(str(n + 1) for n in np.unravel_index(at, claim.shown.shape))
    values = f"{claim.shown.flat[at]:.9g}, {against} gives {float(claim.expected.flat[at]):.9g}"
    return f"{claim.where} {f'({place}) ' if place else ''}shows {values}"


def check_scenes(names: Sequence[str], against: str) -> Iterator[Report]:
    """Check a default figure of each kind of these scenes, or of all scenes if none are named."""
    for name in names or find_scenes():
        # These parameters select a kind of figure.
        kinds = [p for p in parameters_of(load_scene(name)) if p.name in ("kind", "view")]
        for given in [{p.name: choice} for p in kinds for choice in p.spec.choices] or [{}]:
            yield check_figure(make(name, **given), against)


def check_sets(sets: Sequence[Path], against: str, jobs: int = 1) -> Iterator[Report]:
    """Check every figure of figure sets in order, with `jobs` processes; one that cannot be made counts as failed."""
    entries = list(enumerate(read_sets(sets)))
    return (report for _, report in sorted(run_all(partial(_check_entry, against), entries, jobs)))


def _check_entry(against: str, item: tuple[int, Entry]) -> tuple[int, Report]:
    place, entry = item
    try:
        figure = make(entry.scene, **entry.resolved())
    except CnnvizError as error:
        return place, Report(name=entry.name, reason=f"it cannot be made: {error}", not_made=True)
    return place, check_figure(figure, against, entry.name)
