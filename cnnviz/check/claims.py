"""The claims of a figure: numbers that it shows, each with the expected one from an engine or from arithmetic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.check.letters import Letters, along_axis, bindings, letters_of, name_of, value_of
from cnnviz.check.shown import Shown, parts
from cnnviz.operation import KERNEL, Operation
from cnnviz.operation import Shown as Result
from cnnviz.storyboard import MoveMark, Step, Storyboard
from cnnviz.words import Assigned, Defined, Equation, Expression, Extent, Filled, Number, Phrase, Shape, Text, walk
from cnnviz.words.arithmetic import leaves

Values = npt.NDArray[Any]

_STATISTICS: Mapping[str, Callable[[Values], Any]] = {
    "size": np.size,
    "product": np.prod,
    "min": np.min,
    "max": np.max,
    "mean_abs": lambda values: np.abs(values).mean(),
}
"""Statistics of a whole panel, result or parameter that a number may be."""


@dataclass(frozen=True, eq=False)
class Claim:
    """Numbers of a figure at `where`, the expected ones, and the tolerance.

    `result` marks results of the operation, as opposed to numbers in captions, labels and formulas.
    """

    where: str
    shown: Values
    expected: Values
    tolerance: float | Values = 0.0
    result: bool = False

    @cached_property
    def error(self) -> Values:
        """The absolute error of each number; infinite if the shapes differ."""
        if self.shown.shape != self.expected.shape:
            return np.full(max(1, self.shown.size), np.inf)
        both = np.isnan(self.shown) & np.isnan(self.expected)
        # The error of a number that was never filled in is infinite.
        return np.nan_to_num(np.where(both, 0, np.abs(self.shown - self.expected)), nan=np.inf)

    @property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """Which numbers are wrong."""
        return self.error > (self.tolerance if self.shown.shape == self.expected.shape else 0)


def best_match(found: Iterable[Sequence[Claim]]) -> Sequence[Claim]:
    """Of several alternative lists of claims the one with the fewest wrong numbers."""
    return min(found, key=lambda claims: sum(claim.wrong.sum() for claim in claims), default=())


def claims(board: Storyboard, operation: Operation, results: Mapping[str, Values]) -> Iterator[Claim]:
    """Every claim of a figure; `results` are what an engine has computed."""
    shown = Shown(board)
    known = _Known(shown, operation, results)
    for panel, inputs in operation.inputs.items():
        yield Claim(f"{panel} at the start", shown.now[panel].copy(), inputs.drawn)
    for where, thing in shown.play():
        words = list(parts(thing))
        known.bound = bindings(words)
        for part in words:
            yield from known.claims_of(where, part)
        if isinstance(thing, Step):
            yield from known.increments(where)
            yield from _places(where, thing)
    yield from known.results()


class _Known:
    """What numbers are compared with: an engine's results, the current panels, and the parameters."""

    def __init__(self, shown: Shown, operation: Operation, results: Mapping[str, Values]) -> None:
        self.shown, self.operation = shown, operation
        # Engines compute some activations only in single precision.
        self.precision = 1e-6 if operation.double else 1e-5
        self.scale = _scale(operation)
        self.computed = {name: operand.values for name, operand in operation.operands.items()} | dict(results)
        self.engine = defaultdict(list, {name: [np.asarray(each)] for name, each in self.computed.items()})
        self.paths = defaultdict[str, list[Values]](list)
        self.letters = letters_of(shown.board, operation)
        self.bound: Letters = {}
        shapes: dict[str, tuple[int, ...]] = {}
        for each in operation.shown:
            if each.as_row:
                self.paths[each.panel].append(results[each.name])
            else:
                expected = self._as_drawn(each)
                self.engine[each.panel].append(expected)
                shapes.setdefault(each.panel, expected.shape)
        # A panel may have the same name as an array of another shape.
        self.shapes = {name: np.shape(values) for name, values in {**shown.now, **self.computed}.items()}
        self.shapes |= shapes | {panel: inputs.shape for panel, inputs in operation.inputs.items()}

    def _as_drawn(self, each: Result) -> Values:
        """A result in the shape of its panel: samples on one axis, a vector as a column."""
        expected, drawn = each.of(self.computed[each.name]), self.shown.now.get(each.panel)
        return expected.reshape(drawn.shape) if drawn is not None and drawn.size == expected.size else expected

    # Results

    def results(self) -> Iterator[Claim]:
        """The final values of the panels are the engine's results."""
        for panel, paths in self.paths.items():
            yield from (self._path(panel, row) for row in range(len(paths)))
        for each in self.operation.shown:
            # Sizes in a table are words, which are checked separately.
            if each.as_row or (each.size and each.panel not in self.shown.now):
                continue
            expected, found = self._as_drawn(each), self.shown.take(each.panel)
            if each.size:
                yield Claim(f"the size of {each.panel}", np.array(found.shape), np.array(expected.shape), 0, True)
                # If only the size matters, cells are numbered.
                yield Claim(each.panel, found, np.arange(1.0, found.size + 1).reshape(found.shape))
            else:
                tolerance = self.precision * max(self.scale, np.abs(expected).max(initial=0.0))
                yield Claim(each.panel, found, expected, tolerance, True)

    def _path(self, panel: str, row: int) -> Claim:
        """The path of an optimizer, the curve in that row; a loss may be drawn as its logarithm.

        The tolerance grows with every update, as rounding errors do.
        """
        name = [name for name in self.shown.curves if name.startswith(f"{panel}/")][row]
        found, expected = self.shown.curves[name], self.paths[panel][row]
        made = expected[: len(found)]
        if expected.ndim == 1:
            found = min((found[:, 1], 10 ** found[:, 1]), key=lambda each: float(np.abs(each - made).max(initial=0)))
        tolerance = np.full(expected.shape, 1e-6 * max(1.0, float(np.abs(expected).max())))
        error, size = (np.abs(each).reshape(len(made), -1).max(axis=1) for each in (found - made, made))
        # A large step magnifies earlier errors.
        grown = np.clip(size[1:] / np.maximum(size[:-1], 1e-300), 1, 1e4) * np.maximum.accumulate(error)[:-1]
        tolerance[1 : len(made)] += 1e3 * grown.reshape(-1, *[1] * (expected.ndim - 1))
        return Claim(name, found, expected, tolerance, True)

    # Words

    def claims_of(self, where: str, part: Any) -> Iterator[Claim]:
        """The claims of a part of the figure's words, without those of its parts."""
        match part:
            case Number(ref=(name,)) | Shape(ref=str(name)) | Extent(ref=str(name)):
                yield from self._named(where, name, part)
            case Number(ref=(name, *index), value=value):
                place = ", ".join(str(at + 1) if isinstance(at, int) else str(at) for at in index)
                choices = self._referred(name, tuple(index), value)
                yield from _nearest(f"{name} {place} in {where}", value, choices)
            case Equation(left=left, sides=sides) | Defined(left=left, sides=sides, sign="="):
                defined = left.sides if isinstance(left, Defined) else [left] if isinstance(left, Expression) else ()
                found = (list(self._equal(where, (*defined, *sides), axis)) for axis in (0, 1))
                yield from best_match(found)
            case Filled():
                yield from self._filled(where, part)
            case Assigned():
                yield from self._named(where, name_of(part.symbol), part.value)
            case Text():
                yield from self._gaps(where, part)

    def _referred(self, name: str, index: tuple[Any, ...], shown: float) -> Iterator[tuple[Any, float]]:
        """The values that a number with a reference may have, each with a tolerance."""
        now = self.shown.now.get(name)
        match index:
            case ("shape", axis, *more):
                yield self.shapes[name][axis] + sum(more), 0
            case ("role", role):
                # If no cell has the role, the number counts all that had it.
                if count := (self.shown.cells[name].roles == role).sum():
                    yield count, 0
            case (str(what),):
                found = self.letters.get(name) or self.engine[name]
                expected = float(_STATISTICS[what](np.asarray(found[0] if now is None else now)))
                yield expected, self.precision * abs(expected)
            case (row, *place) if name in self.paths:
                path = self._path(name, row)
                yield path.expected[tuple(place)], np.asarray(path.tolerance)[tuple(place)]
            case _ if name in self.letters and now is None and name not in self.engine:
                yield along_axis(self.letters[name][0], *index), 0
            case _:
                if now is not None and np.isfinite(now[index]):
                    yield now[index], 1e-12 * abs(now[index])
                for values in map(np.atleast_1d, self.engine[name]):
                    # A panel has no axes for samples and channels.
                    value = values[(0,) * (values.ndim - len(index)) + index]
                    yield value, self.precision * max(self.scale, np.abs(values).max())

    def _named(self, where: str, name: str, value: Number | Shape | Extent) -> Iterator[Claim]:
        """A value named after a panel is its shape; one named after a letter or parameter is its value."""
        shown = value.value if isinstance(value, Number) else value.sizes
        if isinstance(value, Shape) and value.ref and name in self.shapes:
            expected: Any = [self.shapes[name][-len(value.sizes) :]]
        else:
            fitting = (each for each in self.letters.get(name, ()) if np.shape(each) in ((), np.shape(shown)))
            expected = [np.broadcast_to(each, np.shape(shown)) for each in fitting]
        yield from _nearest(f"{name} in {where}", shown, ((each, 1e-12) for each in expected))

    def _gaps(self, where: str, text: Text) -> Iterator[Claim]:
        """A value in a template whose name is a letter is the value of that letter."""
        for name, value in text.values.items():
            if isinstance(value, Extent | Shape):
                yield from self._named(where, name, value)
            # A letter may stand for several values.
            elif isinstance(value, int) and name != "n" and f"{{{name}}}" in text.template:
                yield from _nearest(f"{name} in {where}", value, ((n, 0) for n in np.ravel(self.letters.get(name, ()))))

    def _equal(self, where: str, sides: Sequence[Expression], axis: int) -> Iterator[Claim]:
        """All sides of an equation are equal, along an axis, with unrounded numbers."""
        letters = {**self.bound, **self.letters}
        values = [(side, value) for side in sides if (value := value_of(side, letters, axis)) is not None]
        for side, value in values[:-1]:
            expected = np.asarray(values[-1][1], np.float64)
            scale = max(
                [float(np.abs(expected).max()), *(abs(each.value) for each in leaves(side) if isinstance(each, Number))]
            )
            # exp(709) is the largest power of e in float64, and the quotient of two infinite ones is NaN.
            if scale <= 709 or not np.isnan(value).all():
                yield Claim(f"the arithmetic of {where}", np.asarray(value, float), expected, 1e-9 * (scale + scale**2))

    def _filled(self, where: str, formula: Filled) -> Iterator[Claim]:
        for axis, result in enumerate(formula.results):
            yield Claim(where, np.array(result.value), np.array(formula.value(axis)), 1e-9)
            for name, number in formula.environment(axis).items():
                choices = ((along_axis(each, axis), 0) for each in self.letters.get(name, ())[:1])
                yield from _nearest(f"{name} in {where}", number.value, choices)

    def increments(self, where: str) -> Iterator[Claim]:
        """The note in a cell that changes is what is added to it."""
        for (panel, place), before in self.shown.before.items():
            now, note = float(self.shown.now[panel][place]), self.shown.cells[panel].notes.get(place)
            match list(leaves(note)) if isinstance(note, Phrase) else ():
                case [Number(ref=None, value=added)]:
                    was = before if np.isfinite(before) else self.letters.get("bias", (0.0,))[0]
                    tolerance = 1e-9 * (abs(now) + abs(was))
                    yield Claim(f"{panel} in {where}", np.array(now - was), np.array(added), tolerance)


def _places(where: str, step: Step) -> Iterator[Claim]:
    """A row and column in a caption are those of a number next to it, or of an outline."""
    marks = [(m.row, m.column) for m in step.changes if isinstance(m, MoveMark) and m.rows == m.columns == 1]
    for part in walk(step.caption):
        if isinstance(part, Text) and {"row", "column"} <= part.values.keys():
            here = (part.values["row"] - 1, part.values["column"] - 1)
            choices = ((place, 0) for place in _cells(part) or [*marks, *_cells(step.caption)[-1:]])
            yield from _nearest(f"the place in {where}", here, choices)


def _nearest(where: str, shown: Any, choices: Iterable[tuple[Any, Any]]) -> Iterator[Claim]:
    """A claim that a number, or a place, is one of several choices, each with a tolerance; none if there are none."""
    yield from best_match(
        [Claim(where, np.asarray(shown, np.float64), np.asarray(expected, np.float64), tolerance)]
        for expected, tolerance in choices
    )


def _cells(words: Any) -> list[tuple[Any, ...]]:
    """The cells whose numbers are in some words."""
    refs = (part.ref for part in walk(words) if isinstance(part, Number) and part.ref)
    return [ref[-2:] for ref in refs if len(ref) > 2 and not isinstance(ref[-2], str)]


def _scale(operation: Operation) -> float:
    """A bound on the sums, by which an engine's relative precision is multiplied."""
    operands = operation.operands.values()
    largest = max((np.abs(each.values).max(initial=0.0) for each in operands), default=0.0)
    return float(largest * max([1.0, *(np.abs(each.values).sum() for each in operands if each.kind == KERNEL)]))
