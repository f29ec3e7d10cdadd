"""What is expected of a step's marks and cells, and that of the figures in which no window slides over a map."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from cnnviz.check.claims.normalization import MOVES
from cnnviz.check.subject import Subject

Cells = set[tuple[int, ...]]
Rect = tuple[int, ...]

HIDDEN: Rect = ()


@dataclass
class Expected:
    """Marks by panel and name, as row, column, rows and columns; cells by panel and what their roles say."""

    marks: dict[tuple[str, str], Rect] = field(default_factory=dict)
    cells: dict[tuple[str, str], Cells] = field(default_factory=dict)


def one(row: int, column: int) -> Rect:
    """The outline of a cell."""
    return row, column, 1, 1


def fully_connected(figure: Subject) -> Iterator[Expected]:
    """The weight and the input that are multiplied, or the bias that is added."""
    outputs, inputs = figure.operand("weights").shape
    for j, i in itertools.product(range(outputs), range(inputs + 1)):
        last = i == inputs
        yield Expected({
            ("weights", "current"): HIDDEN if last else one(j, i), ("input", "current"): HIDDEN if last else one(i, 0),
            ("bias", "current"): one(j, 0) if last else HIDDEN, ("output", "current"): one(j, 0),
        })  # fmt: skip


def activation(figure: Subject) -> Iterator[Expected]:
    """Of softmax, the largest probability; of several that are equal none is expected."""
    for step in range(len(figure.steps)):
        if "probabilities" not in figure.panels:
            yield Expected()
            continue
        now = np.array([write.value for write in figure.writes("probabilities") if write.step == step])
        best = int(now.argmax())
        alone = np.sort(now)[-2] < now[best]
        yield Expected({("probabilities", "largest"): one(best, 0), ("logits", "moving"): one(0, 0)} if alone else {})


def output_size(figure: Subject) -> Iterator[Expected]:
    """The kernel at the place that a step counts, and what is left beside it."""
    i, k, s, p, d = (figure.size(name) for name in "ikspd")
    span = [gap * (size - 1) + 1 for gap, size in zip(d, k, strict=True)]
    padded = [side + 2 * q for side, q in zip(i, p, strict=True)]
    out = [(side - width) // step + 1 for side, width, step in zip(padded, span, s, strict=True)]
    reached = [
        {place * s[axis] + cell * d[axis] for place in range(out[axis]) for cell in range(k[axis])} for axis in (0, 1)
    ]
    every = np.ndindex(padded[0], padded[1])
    missed: Cells = {(row, column) for row, column in every if row not in reached[0] or column not in reached[1]}
    counted: Cells = set()
    same = len({*zip(i, k, s, p, d, strict=True)}) == 1
    yield Expected()
    for axis in (1,) if same else (1, 0):
        more = len(reached[axis]) < padded[axis] or out[axis] == 1
        for place in range(out[axis]):
            corner = (place * s[0], 0) if axis == 0 else (0, place * s[1])
            end = corner[axis] + span[axis]
            left = padded[axis] - end
            free = ((end, 0, left, 1) if axis == 0 else (0, end, 1, left)) if left else HIDDEN
            at = one(place, 0) if axis == 0 else one(0, place)
            marks = {("input", "window"): (*corner, *span), ("input", "free"): free, ("output", "current"): at}
            down, across = (range(at, at + gap * size, gap) for at, gap, size in zip(corner, d, k, strict=True))
            under: Cells = set(itertools.product(down, across))
            counted.add(corner)
            under -= counted
            yield Expected(marks, {("input", "under"): under})
        yield from (Expected(marks, {("input", "under"): under}) for _ in range(more))
        yield Expected({**marks, ("input", "free"): HIDDEN}, {("input", "under"): under})
    gone = {("input", "window"): HIDDEN, ("output", "current"): HIDDEN}
    starts: Cells = {(row * s[0], column * s[1]) for row, column in np.ndindex(*out)}
    yield Expected(gone, {("input", "under"): set(), ("input", "hatched"): missed - starts})


def batch_norm(figure: Subject) -> Iterator[Expected]:
    """The channel whose mean or variance is taken, and the first value of the one that is filled in."""
    samples, channels = figure.operand("input").shape
    grids = ["input", "normalised", "scaled", *(["activated"] if "activated" in figure.panels else [])]
    yield Expected()
    for _, c in itertools.product(("mean", "variance"), range(channels)):
        yield Expected({("input", "column"): (0, c, samples, 1)})
    # To mean 0 and variance 1, by γ and β, through the activation.
    for place, moves in enumerate((2, 2, 1)[: len(grids) - 1]):
        gone = itertools.product(grids, ("column", "value"))
        hidden = Expected(dict.fromkeys(gone, HIDDEN))
        yield from (hidden for _ in range(moves * MOVES))
        for c in range(channels):
            yield Expected({(grid, "value"): one(0, c) for grid in grids[place : place + 2]})


OTHERS: dict[str, Callable[[Subject], Iterator[Expected]]] = {
    "fully-connected": fully_connected, "activation": activation, "output-size": output_size, "batch-norm": batch_norm,
}  # fmt: skip
