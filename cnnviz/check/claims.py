"""What a figure claims: numbers that it shows, each with what an engine, or plain arithmetic, gives for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.check.letters import along, choices_of, letters_of, value_of
from cnnviz.check.shown import Shown, phrases
from cnnviz.functions.compute import FUNCTIONS
from cnnviz.operation import KERNEL, Operation
from cnnviz.operation import Shown as Result
from cnnviz.storyboard import Cell, MoveMark, Step, Storyboard
from cnnviz.words import (
    Assigned,
    Defined,
    Equation,
    Expression,
    Extent,
    Filled,
    Number,
    PerAxis,
    Shape,
    Text,
    evaluate,
    walk,
)
from cnnviz.words.arithmetic import leaves
from cnnviz.words.texts import children

Values = npt.NDArray[Any]

_OF: Mapping[str, Callable[[Values], Any]] = {
    "size": np.size,
    "product": np.prod,
    "min": np.min,
    "max": np.max,
    "mean_abs": lambda values: np.abs(values).mean(),
}
"""What a number may be of a whole panel, result or parameter."""


@dataclass(frozen=True, eq=False)
class Claim:
    """Numbers of a figure at `where`, what they should be, and how far they may be off.

    `result` tells that they are what the figure is about, not a number beside it.
    """

    where: str
    shown: Values
    right: Values
    allowed: float | Values
    result: bool = False

    @cached_property
    def apart(self) -> Values:
        """How far each number is from what it should be; all of them are where there should be others in number."""
        if self.shown.shape != self.right.shape:
            return np.full(max(1, self.shown.size), np.inf)
        both = np.isnan(self.shown) & np.isnan(self.right)
        # A number that was never filled in is infinitely far.
        return np.nan_to_num(np.where(both, 0, np.abs(self.shown - self.right)), nan=np.inf)

    @property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """Which numbers are too far."""
        return self.apart > (self.allowed if self.shown.shape == self.right.shape else 0)


def claims(board: Storyboard, operation: Operation | None, results: Mapping[str, Values]) -> Iterator[Claim]:
    """Every claim of a figure, whose operation an engine has computed as `results`."""
    shown = Shown(board)
    known = _Known(shown, operation, results)
    if operation is not None:
        for panel, inputs in operation.inputs.items():
            yield Claim(f"{panel} at the start", shown.start[panel], inputs.drawn, 0)
    for where, thing in shown.play():
        for phrase in phrases(thing):
            yield from known.claims_of(where, phrase)
        if isinstance(thing, Step):
            yield from known.growth(where, thing)
            yield from _places(where, thing)
    if operation is not None:
        yield from known.results()


class _Known:
    """What numbers are held against: an engine's results, what panels show meanwhile, and the figure's parameters."""

    def __init__(self, shown: Shown, operation: Operation | None, results: Mapping[str, Values]) -> None:
        self.shown, self.operation = shown, operation
        # Activations are computed in single precision by engines that have them in no other.
        calls = operation.calls if operation else ()
        single = 1e-6 if any(call.function not in FUNCTIONS for call in calls) else 1e-9
        self.precision = single if operation is None or operation.double else 1e-5
        self.scale = _scale(operation) if operation else 0.0
        given = operation.operands if operation else {}
        self.computed = {name: operand.values for name, operand in given.items()} | dict(results)
        self.engine: dict[str, list[Values]] = {name: [np.asarray(each)] for name, each in self.computed.items()}
        self.ways: dict[str, list[Values]] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.letters, self.choices = letters_of(shown.board), choices_of(operation)
        self._before = {name: values.copy() for name, values in shown.now.items()}
        for each in operation.shown if operation else ():
            if each.among:
                self.ways.setdefault(each.panel, []).append(results[each.name])
                continue
            right = self._as_drawn(each)
            self.engine.setdefault(each.panel, []).append(right)
            self.shapes.setdefault(each.panel, right.shape)
        # A panel may have the name of an array that has another shape.
        self.shapes = {name: np.shape(values) for name, values in self.computed.items()} | self.shapes
        if operation is not None:
            self.shapes |= {panel: inputs.shape for panel, inputs in operation.inputs.items()}

    def _as_drawn(self, each: Result) -> Values:
        """A result in the shape in which a panel has it: its samples one after the other, a vector as a column."""
        right, drawn = each.of(self.computed[each.name]), self.shown.now.get(each.panel)
        return right.reshape(drawn.shape) if drawn is not None and drawn.size == right.size else right

    # Results

    def results(self) -> Iterator[Claim]:
        """What stands there at the end is what the engine gives."""
        assert self.operation is not None
        for panel, ways in self.ways.items():
            yield from (self._way(panel, row) for row in range(len(ways)))
        told = {name: list(values) for name, values in self.shown.told.items()}
        for each in self.operation.shown:
            if each.among:
                continue
            if each.size and each.panel not in self.shown.now:
                # A table says sizes in words, which are claims of their own.
                continue
            right = self._as_drawn(each)
            found = told[each.panel].pop(0) if each.panel in told else self._found(each.panel)
            if each.size:
                yield Claim(f"the size of {each.panel}", np.array(found.shape), np.array(right.shape), 0, True)
                if found.shape == right.shape:
                    # Where only the size matters cells are numbered.
                    yield Claim(each.panel, found, np.arange(1.0, right.size + 1).reshape(right.shape), 0)
                continue
            most = float(np.abs(right).max(initial=0.0))
            yield Claim(each.panel, found, right, self.precision * max(self.scale, most), True)

    def _found(self, name: str) -> Values:
        """What a panel or a node shows, or the heights of a plot's point, or of a dot of that name."""
        for drawn in (self.shown.now, self.shown.nodes):
            if name in drawn:
                return drawn[name]
        dots = self.shown.dots.items()
        return next(dot for place, dot in dots if place == f"{name}/point" or place.endswith(f"/{name}"))[:, 1]

    def _way(self, panel: str, row: int) -> Claim:
        """A way down so far, the curve in that row; of a loss perhaps the logarithm is drawn.

        It may leave the engine's little by little, as rounding errors grow with every update.
        """
        name = [name for name in self.shown.curves if name.startswith(f"{panel}/")][row]
        found, right = self.shown.curves[name], self.ways[panel][row]
        made = right[: len(found)]
        if right.ndim == 1:
            heights = found[:, 1], 10 ** found[:, 1]
            found = min(heights, key=lambda each: float(np.abs(each - made).max(initial=0)))
        allowed = np.full(right.shape, 1e-6 * max(1.0, float(np.abs(right).max())))
        if found.shape == made.shape:
            apart = np.maximum.accumulate(np.abs(found - made).reshape(len(made), -1).max(axis=1))
            far = np.abs(made).reshape(len(made), -1).max(axis=1)
            # A jump enlarges what it starts with.
            grown = np.clip(far[1:] / np.maximum(far[:-1], 1e-300), 1, 1e4)
            allowed[1 : len(made)] += (1e3 * grown * apart[:-1]).reshape(-1, *[1] * (right.ndim - 1))
        return Claim(name, found, right, allowed, True)

    # Words

    def claims_of(self, where: str, phrase: Any, axis: int | None = None) -> Iterator[Claim]:
        """What a phrase and its parts claim; `axis` is that of which it speaks."""
        match phrase:
            case Number() if phrase.ref:
                yield from self._reference(where, phrase)
            case Equation(left=left, sides=sides) | Defined(left=left, sides=sides, sign="="):
                yield from self._sides(where, (left, *sides) if isinstance(left, Expression) else sides, axis)
            case Filled():
                yield from self._filled(where, phrase)
            case Shape() | Extent() if phrase.ref:
                yield from self._size(where, phrase)
            case Assigned():
                yield from self._named(where, phrase.symbol.name.removeprefix("\\"), phrase.value)
            case Text():
                yield from self._gaps(where, phrase)
        if isinstance(phrase, PerAxis):
            yield from self.claims_of(where, phrase.rows, 0)
            yield from self.claims_of(where, phrase.columns, 1)
        else:
            for part in children(phrase):
                yield from self.claims_of(where, part, axis)

    def _reference(self, where: str, number: Number) -> Iterator[Claim]:
        name, *index = number.ref or ()
        place = " ".join([name, ", ".join(str(at + 1) if isinstance(at, int) else str(at) for at in index)]).strip()
        where, allowed = f"{place} in {where}", 0.0
        right: Any
        if not index:
            yield from self._named(where, name, number)
            return
        if (first := index[0]) == "shape":
            right = self._shape(name)[index[1]] + sum(index[2:])
        elif first == "role":
            right = (self.shown.roles(name) == index[1]).sum()
        elif first == "differ":
            other = self._inside(index[1])
            # An engine of single precision does not tell apart what the panel's values do.
            sides = (self.engine[name][-1], self.precision), (self.shown.now[name], 1e-12)
            counts = [
                (~np.isclose(back, other, rtol=1e-9, atol=near * np.abs(other).max())).sum() for back, near in sides
            ]
            right = min(counts, key=lambda count: abs(count - number.value))
        elif isinstance(first, str):
            known = [self.shown.now[name]] if name in self.shown.now else self.engine.get(name, [])
            right = _OF[first](known[0] if known else np.array(self.letters[name]))
            allowed = self.precision * abs(float(right))
        elif name in self.ways:
            way = self._way(name, index[0])
            right = way.right[tuple(index[1:])]
            allowed = float(np.broadcast_to(way.allowed, way.right.shape)[tuple(index[1:])])
        elif name in self.engine or name in self.shown.now:
            values = self._values(name, tuple(index))
            right, allowed = min(values, key=lambda each: abs(each[0] - number.value) - each[1])
        else:
            right = along(self.letters[name], *index)
        yield Claim(where, np.array(number.value), np.asarray(right, np.float64), allowed)

    def _values(self, name: str, index: tuple[Any, ...]) -> Iterator[tuple[float, float]]:
        """What a panel's cell holds now, or an engine gives for it, and how far a number may be off."""
        now = self.shown.now.get(name)
        if now is not None and np.isfinite(now[index]):
            yield float(now[index]), 1e-12 * abs(now[index])
        for values in self.engine.get(name, ()):
            # Axes for samples and channels are no axes of a panel.
            found = np.atleast_1d(values)
            value, most = found[(0,) * (found.ndim - len(index)) + index], float(np.abs(values).max())
            yield float(value), self.precision * max(self.scale, most)

    def _inside(self, panel: str) -> Values:
        """What a panel shows, without its padding."""
        drawn, shape = self.shown.now[panel], self._shape(panel)
        starts = [(n - own) // 2 for n, own in zip(drawn.shape, shape, strict=True)]
        return drawn[tuple(slice(start, start + own) for start, own in zip(starts, shape, strict=True))]

    def _shape(self, panel: str) -> tuple[int, ...]:
        return self.shapes[panel] if panel in self.shapes else self.shown.now[panel].shape

    def _size(self, where: str, size: Shape | Extent) -> Iterator[Claim]:
        if isinstance(size, Shape) and (size.ref in self.shapes or size.ref in self.shown.now):
            right = np.array(self._shape(str(size.ref)))
            yield Claim(f"the size of {size.ref} in {where}", np.array(size.sizes), right, 0)
        else:
            yield from self._named(where, str(size.ref), size)

    def _named(self, where: str, name: str, value: Any) -> Iterator[Claim]:
        """A value with a letter or a parameter's name is what that stands for."""
        where, right = f"{name} in {where}", self.letters.get(name)
        if isinstance(value, Number):
            choices = [right] if isinstance(right, int | float) else self.choices.get(name, [])
            yield from _nearest(where, value.value, choices, 1e-12)
        elif right is not None and np.shape(right) in ((), np.shape(value.sizes)):
            sizes = np.array(value.sizes)
            yield Claim(where, sizes, np.broadcast_to(right, sizes.shape), 0)

    def _gaps(self, where: str, text: Text) -> Iterator[Claim]:
        """What fills a gap with a letter's name is what that stands for, a count one of the numbers beside it."""
        beside = [n.value for each in text.values.values() if isinstance(each, Equation) for n in _numbers(each)]
        counts = beside if all(number == int(number) for number in beside) and not self.ways else []
        for name, value in text.values.items():
            if isinstance(value, Extent | Shape):
                yield from self._named(where, name, value)
            elif isinstance(value, int) and len(name) == 1 and f"{{{name}}}" in text.template:
                choices = counts if name == "n" else np.atleast_1d(self.letters.get(name, ()))
                yield from _nearest(f"{name} in {where}", value, choices)

    def _sides(self, where: str, sides: tuple[Expression, ...], axis: int | None) -> Iterator[Claim]:
        """All sides come to the same with unrounded numbers, along the axis of which they speak."""
        if axis is None:
            each = [list(self._sides(where, sides, axis)) for axis in (0, 1)]
            yield from min(each, key=lambda found: sum(bool(claim.wrong.any()) for claim in found))
            return
        values = [(side, value) for side in sides if (value := value_of(side, self.letters, axis)) is not None]
        for side, value in values[:-1]:
            right = np.asarray(values[-1][1], np.float64)
            scale = max([float(np.abs(right).max()), *(abs(n.value) for n in _numbers(side))])
            allowed = 1e-9 * (scale + scale**2)
            # e to more than 709 is no float64, and the quotient of two such powers no number.
            if scale > 709 and np.isnan(value).all():
                continue
            yield Claim(f"the arithmetic of {where}", np.asarray(value, np.float64), right, allowed)

    def _filled(self, where: str, formula: Filled) -> Iterator[Claim]:
        for axis, result in enumerate(formula.results):
            values = {name: number.value for name, number in formula.environment(axis).items()}
            right = np.asarray(evaluate(formula.general, values), np.float64)
            yield Claim(where, np.array(result.value), right, 1e-9)
            for name, value in values.items():
                if name in self.letters:
                    yield Claim(f"{name} in {where}", np.array(value), np.array(along(self.letters[name], axis)), 0)

    def growth(self, where: str, step: Step) -> Iterator[Claim]:
        """What is noted in a cell as it changes is what is added to it."""
        start = self.letters.get("bias", 0.0)
        for panel in {change.panel for change in step.changes if isinstance(change, Cell) and change.value is not None}:
            now, before = self.shown.now[panel], self._before[panel]
            for place, note in self.shown.notes(panel).items():
                match [] if isinstance(note, str) else list(leaves(note)):
                    case [Number(ref=None, value=added)]:
                        was = before[place] if np.isfinite(before[place]) else start
                        allowed = 1e-9 * (abs(now[place]) + abs(was))
                        yield Claim(f"{panel} in {where}", np.array(now[place] - was), np.array(added), allowed)
            self._before[panel] = now.copy()


def _places(where: str, step: Step) -> Iterator[Claim]:
    """A place that a caption names is that of a number beside it, or of an outline."""
    moves = [change for change in step.changes if isinstance(change, MoveMark)]
    marks = [(move.row, move.column) for move in moves if move.rows == move.columns == 1]
    for part in walk(step.caption):
        if isinstance(part, Text) and {"row", "column"} <= part.values.keys():
            places = _cells(part) or [*marks, *_cells(step.caption)[-1:]]
            here = (part.values["row"] - 1, part.values["column"] - 1)
            yield from _nearest(f"the place in {where}", here, places)


def _nearest(where: str, shown: Any, choices: Iterable[Any], allowed: float = 0) -> Iterator[Claim]:
    """A number, or a place, is one of several; of none there is nothing to claim."""
    here, known = np.array(shown), [np.array(choice) for choice in choices]
    if known:
        right = min(known, key=lambda each: float(np.abs(each - here).sum()))
        yield Claim(where, here, right, allowed * np.abs(right))


def _cells(words: Any) -> list[tuple[Any, ...]]:
    """The places of cells whose numbers are written somewhere."""
    refs = (part.ref for part in walk(words) if isinstance(part, Number) and part.ref)
    return [ref[-2:] for ref in refs if len(ref) > 2 and not isinstance(ref[-2], str)]


def _numbers(part: Any) -> Iterator[Number]:
    return (number for number in leaves(part) if isinstance(number, Number))


def _scale(operation: Operation) -> float:
    """How large the numbers are that are added up: an engine may be off by its precision of that."""
    operands = operation.operands.values()
    largest = max((float(np.abs(each.values).max(initial=0.0)) for each in operands), default=1.0)
    return largest * max([1.0, *(float(np.abs(each.values).sum()) for each in operands if each.kind == KERNEL)])
