"""What a figure claims: numbers that it shows, each with what an engine, or plain arithmetic, gives for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.check.letters import Letters, along, bound_by, letters_of, name_of, value_of
from cnnviz.check.shown import Shown, parts
from cnnviz.operation import KERNEL, Operation
from cnnviz.operation import Shown as Result
from cnnviz.storyboard import MoveMark, Step, Storyboard
from cnnviz.words import Assigned, Defined, Equation, Expression, Extent, Filled, Number, Phrase, Shape, Text, walk
from cnnviz.words.arithmetic import leaves

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
    allowed: float | Values = 0.0
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


def likeliest(found: Iterable[Sequence[Claim]]) -> Sequence[Claim]:
    """Of several things that may be claimed that of which the least is wrong; none of none."""
    return min(found, key=lambda claims: sum(claim.wrong.sum() for claim in claims), default=())


def claims(board: Storyboard, operation: Operation, results: Mapping[str, Values]) -> Iterator[Claim]:
    """Every claim of a figure, whose operation an engine has computed as `results`."""
    shown = Shown(board)
    known = _Known(shown, operation, results)
    for panel, inputs in operation.inputs.items():
        yield Claim(f"{panel} at the start", shown.now[panel].copy(), inputs.drawn)
    for where, thing in shown.play():
        said = list(parts(thing))
        known.bound = bound_by(said)
        for part in said:
            yield from known.claims_of(where, part)
        if isinstance(thing, Step):
            yield from known.growth(where)
            yield from _places(where, thing)
    yield from known.results()


class _Known:
    """What numbers are held against: an engine's results, what panels show meanwhile, and the figure's parameters."""

    def __init__(self, shown: Shown, operation: Operation, results: Mapping[str, Values]) -> None:
        self.shown, self.operation = shown, operation
        # Engines compute some activations in single precision alone.
        self.precision = 1e-6 if operation.double else 1e-5
        self.scale = _scale(operation)
        self.computed = {name: operand.values for name, operand in operation.operands.items()} | dict(results)
        self.engine = defaultdict(list, {name: [np.asarray(each)] for name, each in self.computed.items()})
        self.ways = defaultdict[str, list[Values]](list)
        self.letters = letters_of(shown.board, operation)
        self.bound: Letters = {}
        shapes: dict[str, tuple[int, ...]] = {}
        for each in operation.shown:
            if each.as_row:
                self.ways[each.panel].append(results[each.name])
            else:
                right = self._as_drawn(each)
                self.engine[each.panel].append(right)
                shapes.setdefault(each.panel, right.shape)
        # A panel may have the name of an array that has another shape.
        self.shapes = {name: np.shape(values) for name, values in {**shown.now, **self.computed}.items()}
        self.shapes |= shapes | {panel: inputs.shape for panel, inputs in operation.inputs.items()}

    def _as_drawn(self, each: Result) -> Values:
        """A result in the shape in which a panel has it: its samples one after the other, a vector as a column."""
        right, drawn = each.of(self.computed[each.name]), self.shown.now.get(each.panel)
        return right.reshape(drawn.shape) if drawn is not None and drawn.size == right.size else right

    # Results

    def results(self) -> Iterator[Claim]:
        """What stands there at the end is what the engine gives."""
        for panel, ways in self.ways.items():
            yield from (self._way(panel, row) for row in range(len(ways)))
        for each in self.operation.shown:
            # A table says sizes in words, which are claims of their own.
            if each.as_row or (each.size and each.panel not in self.shown.now):
                continue
            right, found = self._as_drawn(each), self.shown.found(each.panel)
            if each.size:
                yield Claim(f"the size of {each.panel}", np.array(found.shape), np.array(right.shape), 0, True)
                # Where only the size matters cells are numbered.
                yield Claim(each.panel, found, np.arange(1.0, found.size + 1).reshape(found.shape))
            else:
                near = self.precision * max(self.scale, np.abs(right).max(initial=0.0))
                yield Claim(each.panel, found, right, near, True)

    def _way(self, panel: str, row: int) -> Claim:
        """A way down so far, the curve in that row; of a loss perhaps the logarithm is drawn.

        It may leave the engine's little by little, as rounding errors grow with every update.
        """
        name = [name for name in self.shown.curves if name.startswith(f"{panel}/")][row]
        found, right = self.shown.curves[name], self.ways[panel][row]
        made = right[: len(found)]
        if right.ndim == 1:
            found = min((found[:, 1], 10 ** found[:, 1]), key=lambda each: float(np.abs(each - made).max(initial=0)))
        allowed = np.full(right.shape, 1e-6 * max(1.0, float(np.abs(right).max())))
        apart, far = (np.abs(each).reshape(len(made), -1).max(axis=1) for each in (found - made, made))
        # A jump enlarges what it starts with.
        grown = np.clip(far[1:] / np.maximum(far[:-1], 1e-300), 1, 1e4) * np.maximum.accumulate(apart)[:-1]
        allowed[1 : len(made)] += 1e3 * grown.reshape(-1, *[1] * (right.ndim - 1))
        return Claim(name, found, right, allowed, True)

    # Words

    def claims_of(self, where: str, part: Any) -> Iterator[Claim]:
        """What a part of the figure's words claims, its own parts left aside."""
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
                yield from likeliest(found)
            case Filled():
                yield from self._filled(where, part)
            case Assigned():
                yield from self._named(where, name_of(part.symbol), part.value)
            case Text():
                yield from self._gaps(where, part)

    def _referred(self, name: str, index: tuple[Any, ...], shown: float) -> Iterator[tuple[Any, float]]:
        """What a number with a reference may be, and how far it may be off."""
        now = self.shown.now.get(name)
        match index:
            case ("shape", axis, *more):
                yield self.shapes[name][axis] + sum(more), 0
            case ("role", role):
                # Where none has the role it is told of each that had.
                if count := (self.shown.cells[name].roles == role).sum():
                    yield count, 0
            case (str(what),):
                found = self.letters.get(name) or self.engine[name]
                right = float(_OF[what](np.asarray(found[0] if now is None else now)))
                yield right, self.precision * abs(right)
            case (row, *place) if name in self.ways:
                way = self._way(name, row)
                yield way.right[tuple(place)], np.asarray(way.allowed)[tuple(place)]
            case _ if name in self.letters and now is None and name not in self.engine:
                yield along(self.letters[name][0], *index), 0
            case _:
                if now is not None and np.isfinite(now[index]):
                    yield now[index], 1e-12 * abs(now[index])
                for values in map(np.atleast_1d, self.engine[name]):
                    # Axes for samples and channels are no axes of a panel.
                    value = values[(0,) * (values.ndim - len(index)) + index]
                    yield value, self.precision * max(self.scale, np.abs(values).max())

    def _named(self, where: str, name: str, value: Number | Shape | Extent) -> Iterator[Claim]:
        """A value with the name of a panel has its shape, one with a letter's or parameter's what that stands for."""
        shown = value.value if isinstance(value, Number) else value.sizes
        if isinstance(value, Shape) and value.ref and name in self.shapes:
            right: Any = [self.shapes[name][-len(value.sizes) :]]
        else:
            fitting = (each for each in self.letters.get(name, ()) if np.shape(each) in ((), np.shape(shown)))
            right = [np.broadcast_to(each, np.shape(shown)) for each in fitting]
        yield from _nearest(f"{name} in {where}", shown, ((each, 1e-12) for each in right))

    def _gaps(self, where: str, text: Text) -> Iterator[Claim]:
        """What fills a gap with a letter's name is what that stands for."""
        for name, value in text.values.items():
            if isinstance(value, Extent | Shape):
                yield from self._named(where, name, value)
            # A letter of several meanings says how many there are.
            elif isinstance(value, int) and name != "n" and f"{{{name}}}" in text.template:
                yield from _nearest(f"{name} in {where}", value, ((n, 0) for n in np.ravel(self.letters.get(name, ()))))

    def _equal(self, where: str, sides: Sequence[Expression], axis: int) -> Iterator[Claim]:
        """All sides come to the same with unrounded numbers, along an axis."""
        letters = {**self.bound, **self.letters}
        values = [(side, value) for side in sides if (value := value_of(side, letters, axis)) is not None]
        for side, value in values[:-1]:
            right = np.asarray(values[-1][1], np.float64)
            scale = max(
                [float(np.abs(right).max()), *(abs(each.value) for each in leaves(side) if isinstance(each, Number))]
            )
            # e to more than 709 is no float64, and the quotient of two such powers no number.
            if scale <= 709 or not np.isnan(value).all():
                yield Claim(f"the arithmetic of {where}", np.asarray(value, float), right, 1e-9 * (scale + scale**2))

    def _filled(self, where: str, formula: Filled) -> Iterator[Claim]:
        for axis, result in enumerate(formula.results):
            yield Claim(where, np.array(result.value), np.array(formula.value(axis)), 1e-9)
            for name, number in formula.environment(axis).items():
                choices = ((along(each, axis), 0) for each in self.letters.get(name, ())[:1])
                yield from _nearest(f"{name} in {where}", number.value, choices)

    def growth(self, where: str) -> Iterator[Claim]:
        """What is noted in a cell as it changes is what is added to it."""
        for (panel, place), before in self.shown.before.items():
            now, note = float(self.shown.now[panel][place]), self.shown.cells[panel].notes.get(place)
            match list(leaves(note)) if isinstance(note, Phrase) else ():
                case [Number(ref=None, value=added)]:
                    was = before if np.isfinite(before) else self.letters.get("bias", (0.0,))[0]
                    near = 1e-9 * (abs(now) + abs(was))
                    yield Claim(f"{panel} in {where}", np.array(now - was), np.array(added), near)


def _places(where: str, step: Step) -> Iterator[Claim]:
    """A place that a caption names is that of a number beside it, or of an outline."""
    marks = [(m.row, m.column) for m in step.changes if isinstance(m, MoveMark) and m.rows == m.columns == 1]
    for part in walk(step.caption):
        if isinstance(part, Text) and {"row", "column"} <= part.values.keys():
            here = (part.values["row"] - 1, part.values["column"] - 1)
            choices = ((place, 0) for place in _cells(part) or [*marks, *_cells(step.caption)[-1:]])
            yield from _nearest(f"the place in {where}", here, choices)


def _nearest(where: str, shown: Any, choices: Iterable[tuple[Any, Any]]) -> Iterator[Claim]:
    """A number, or a place, is one of several, each with how far off it may be; of none there is nothing to claim."""
    yield from likeliest(
        [Claim(where, np.asarray(shown, np.float64), np.asarray(right, np.float64), near)] for right, near in choices
    )


def _cells(words: Any) -> list[tuple[Any, ...]]:
    """The places of cells whose numbers are written somewhere."""
    refs = (part.ref for part in walk(words) if isinstance(part, Number) and part.ref)
    return [ref[-2:] for ref in refs if len(ref) > 2 and not isinstance(ref[-2], str)]


def _scale(operation: Operation) -> float:
    """How large the numbers are that are added up: an engine may be off by its precision of that."""
    operands = operation.operands.values()
    largest = max((np.abs(each.values).max(initial=0.0) for each in operands), default=0.0)
    return float(largest * max([1.0, *(np.abs(each.values).sum() for each in operands if each.kind == KERNEL)]))
