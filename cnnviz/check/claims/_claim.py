"""What a claim is: numbers that a figure shows, and the engine's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cnnviz.check.engine import Array
from cnnviz.check.subject import Subject, Values, Write
from cnnviz.check.words import equations, evaluate, numbers
from cnnviz.storyboard import MoveDot, Relabel

MOST_EXACT = 2.0**24
"""Whole numbers up to here are whole in float32 too."""

BESIDE = ""
"""What is claimed beside a figure's main numbers."""


class NotCheckedError(Exception):
    """Why there is nothing for an engine to compute."""


@dataclass(frozen=True, eq=False)
class Claim:
    """Numbers that a figure shows, and the engine's; `scale` is the size of what was added up, `exact` tells of whole
    numbers, where nothing may differ; `allowed` says for numbers in words how far their rounding goes; `by` is what
    gives the numbers where that is no engine."""

    where: str
    shown: Values
    theirs: Array
    scale: Array | float = 0.0
    exact: bool = False
    what: str = "outputs"
    allowed: Values | None = None
    by: str = ""


def whole(*arrays: Values) -> bool:
    """Whether all values are whole numbers."""
    return all(np.array_equal(array, np.round(array)) for array in arrays)


def linear(
    panel: str, figure: Subject, x: Values, w: Values, bias: Values, apply: Callable[[Array, Array, Array], Array]
) -> Claim:
    """A map that sums of products make; the same of absolute values tells how large these sums were on their way."""
    scale = apply(abs(x)[None, None], abs(w)[None, None], abs(bias))[0, 0]
    theirs = apply(x[None, None], w[None, None], bias)[0, 0]
    exact = whole(x, w, bias) and float(scale.max()) < MOST_EXACT
    return Claim(panel, figure.result(panel), theirs, scale, exact=exact)


def written(figure: Subject, claim: Claim, at: Callable[[Write], tuple[int, ...]] | None = None) -> Claim:
    """The same of every number that a step puts there, not of the last alone; `at` says where the engine has it."""
    writes = [write for write in figure.writes(claim.where) if not np.isnan(write.value)]
    places = tuple(np.array([at(write) if at else write.place for write in writes], int).reshape(len(writes), -1).T)
    if not writes:
        return Claim(claim.where, np.empty(0), np.empty(0, claim.theirs.dtype), what=BESIDE)
    scale = np.broadcast_to(claim.scale, claim.theirs.shape)[places]
    shown = np.array([write.value for write in writes])
    return Claim(f"{claim.where}, on its way,", shown, claim.theirs[places], scale, claim.exact, BESIDE)


def told(where: str, text: str, expected: Sequence[float], lost: float = 0.0) -> Claim:
    """The numbers of a text, which may leave some out at an ellipsis, against all that belong there.

    `lost` is what an engine's precision leaves open.
    """
    found = numbers(text)
    if None in found:
        at = found.index(None)
        first, last = found[:at], found[at + 1 :]
        if len(first) + len(last) <= len(expected):
            expected = [*expected[: len(first)], *(expected[-len(last) :] if last else [])]
        found = [*first, *last]
    shown = np.array([number.value for number in found if number])
    theirs = np.array(expected, np.float64)
    half = np.array([number.half for number in found if number])
    # A number with one more digit may lie just beyond where floats round it.
    allowed = half * (1 + 1e-6) + 1e-7 * np.abs(theirs if theirs.shape == shown.shape else shown) + lost
    return Claim(where, shown, theirs, what=BESIDE, allowed=allowed)


def captions(figure: Subject, expected: Mapping[int, Sequence[float]], lost: float = 0.0) -> Iterator[Claim]:
    """The numbers of captions, by the steps counted from 0."""
    for step, values in expected.items():
        yield told(f"the caption of step {step + 1}", figure.captions[step], values, lost)


def noted(figure: Subject, panel: str, expected: Callable[[int, tuple[int, ...]], float]) -> Claim:
    """The numbers of notes in cells, of which `expected` has one for a step and place."""
    notes = figure.notes(panel)
    found = [numbers(text.replace("+−", "−"))[0] for _, _, text in notes]
    shown = np.array([number.value if number else np.nan for number in found])
    half = np.array([number.half if number else 0.0 for number in found])
    theirs = np.array([expected(step, place) for step, place, _ in notes], np.float64)
    # A product of two that were rounded to float32, itself rounded.
    return Claim(f"notes of {panel}", shown, theirs, what=BESIDE, allowed=half * (1 + 1e-6) + 2e-7 * abs(theirs))


def reckoned(figure: Subject, texts: Iterable[tuple[str, str]] | None = None, **symbols: float) -> Iterator[Claim]:
    """The arithmetic that texts write out, each side of a sign against the other."""
    for where, text in texts if texts is not None else figure.texts():
        for found in equations(text, symbols, rounded=figure.parameters.get("digits") == 0):
            sides = np.array([found.right.value]), np.array([found.left.value])
            yield Claim(f"arithmetic in {where}", *sides, what=BESIDE, allowed=np.array([found.allowed]))


def _bare(side: str) -> str:
    return re.sub(r"\\[a-z]+", " ", side)


def _put_in(letters: str, put: str, axes: Sequence[Mapping[str, float]]) -> Iterator[Claim]:
    """Numbers in the places of the letters."""
    found = re.findall(r"[0-9]+|[a-zA-Z]", _bare(letters))
    if len(re.findall("[0-9]+", _bare(put))) > 1 and axes[0] == axes[1]:
        expected = [axes[0][word] if word.isalpha() else float(word) for word in found]
        yield told("the numbers of the formula", re.sub(r"[-−]", " ", _bare(put)), [abs(value) for value in expected])


def sizes(figure: Subject, shapes: Mapping[str, Sequence[int]]) -> Iterator[Claim]:
    """The size in the label of each panel, and the padding that may follow it."""
    for name, shape in shapes.items():
        label = figure.board.panel(name).label.partition("\n")[0]
        yield told(f"the label of {name}", label, [*shape, *(once(figure.size("p")) if ", " in label else [])])
        for step, change in figure.changes(Relabel, name):
            line = change.label.partition("\n")[0]
            if numbers(line):
                expected = [*shape, *(once(figure.size("p")) if ", " in line else [])]
                yield told(f"the label of {name} in step {step + 1}", line, expected)


def once(size: tuple[int, int]) -> Sequence[int]:
    return size[:1] if size[0] == size[1] else size


def formula(figure: Subject, axes: Sequence[Mapping[str, float]]) -> Iterator[Claim]:
    """The formula: the numbers in place of its letters, and what each side comes to; `axes` tells the letters."""
    text = figure.board.formula
    steps = [part for part in re.findall(r"\$([^$]*)\$", text) if r"\to" in part]
    for part, axis in zip(steps, axes, strict=False):
        yield told("the formula", part.replace(r"\to", " "), [axis["i"], axis["o"], axis["i"]])
    # A last window that would start beyond the input is taken off the numbers, not off the letters.
    off = "start beyond" in text
    for words, part in re.findall(r"([^$]*)\$([^$]*)\$", text.replace("p'", "P").replace("s'", "S")):
        own = axes[:1] if "row" in words else axes[1:] if "column" in words else axes
        sides = part.split("=")
        for before, after in pairwise(sides):
            if re.search("[iksp]", _bare(before)) and not re.search("[a-zA-Z]", _bare(after)) and len(sides) > 2:
                yield from _put_in(before, after.removesuffix("-1") if off else after, axes)
        if off:
            sides = [side for side in sides if not re.search("[iksp]", _bare(side))]
        lettered = any(re.search("[a-zA-Z]", side.replace("lfloor", "")) for side in sides)
        for axis in own if lettered else own[:1]:
            found = [sum_.value for sum_ in (evaluate(side, axis) for side in sides) if sum_]
            if len(found) > 1:
                yield Claim(
                    "the formula", np.array(found[1:]), np.full(len(found) - 1, found[0]), exact=True, what=BESIDE
                )


def started(figure: Subject, panel: str) -> Iterator[Claim]:
    """Dots that move stand at the start where their first step has them."""
    moved: dict[str, tuple[float, float]] = {}
    for _, move in figure.changes(MoveDot, panel):
        moved.setdefault(move.dot, (move.x, move.y))
    for dot in figure.plot(panel).dots:
        if dot.name in moved:
            yield Claim(f"dot {dot.name} at the start", np.array([dot.x, dot.y]), np.array(moved[dot.name]), exact=True,
                        what=BESIDE)  # fmt: skip


def ascending(where: str, x: Values) -> Claim:
    """The points of a curve follow one another."""
    known = x[~np.isnan(x)]
    return Claim(f"places of {where}", known, np.sort(known), exact=True, what=BESIDE)
