"""What a figure claims: numbers that it shows, each with what an engine, or plain arithmetic, gives for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.operation import KERNEL, Operation
from cnnviz.storyboard import Cell, Step, Storyboard
from cnnviz.verify.shown import Shown, phrases
from cnnviz.words import Assigned, Equation, Expression, Extent, Filled, Number, PerAxis, Shape, Text, evaluate
from cnnviz.words.arithmetic import children, leaves

Values = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Claim:
    """Numbers of a figure at `where`, what they should be, and how far they may be off.

    `result` tells that they are what the figure is about, not a number beside it.
    """

    where: str
    shown: Values
    right: Values
    allowed: float
    result: bool = False


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
    if operation is not None:
        yield from known.results()


class _Known:
    """What numbers are held against: an engine's results, what panels show meanwhile, and the figure's parameters."""

    def __init__(self, shown: Shown, operation: Operation | None, results: Mapping[str, Values]) -> None:
        self.shown, self.operation, self.parameters = shown, operation, shown.board.parameters
        self.precision = 1e-9 if operation is None or operation.double else 1e-5
        self.engine: dict[str, Values] = dict(results)
        self.shapes: dict[str, tuple[int, ...]] = {}
        self._before = {name: values.copy() for name, values in shown.now.items()}
        if operation is not None:
            for each in operation.shown:
                self.engine[each.panel] = right = self._as_drawn(each.panel, results[each.name][each.index])
                self.shapes[each.panel] = right.shape
            self.shapes |= {panel: inputs.shape for panel, inputs in operation.inputs.items()}

    def _as_drawn(self, panel: str, right: Values) -> Values:
        """A result in the shape in which a panel has it: its samples one after the other, a vector as a column."""
        drawn = self.shown.now.get(panel)
        return right.reshape(drawn.shape) if drawn is not None and drawn.size == right.size else right

    def results(self) -> Iterator[Claim]:
        """What stands there at the end is what the engine gives."""
        assert self.operation is not None
        scale = _scale(self.operation)
        for each in self.operation.shown:
            right, found = self.engine[each.panel], self._place(each.panel)
            if each.size:
                yield Claim(f"the size of {each.panel}", np.array(found.shape), np.array(right.shape), 0, True)
                if found.shape == right.shape:
                    # Where only the size matters cells are numbered.
                    yield Claim(each.panel, found, np.arange(1.0, right.size + 1).reshape(right.shape), 0)
                continue
            found = found[..., -1] if found.ndim > right.ndim else found
            most = float(np.abs(right).max(initial=0.0))
            yield Claim(each.panel, found, right, self.precision * max(scale, most), True)

    def _place(self, name: str) -> Values:
        """What a panel shows, or a plot's point, or a dot or curve of a name."""
        now = self.shown.now
        for place in (name, f"{name}/point", *(place for place in now if place.endswith(f"/{name}"))):
            if place in now:
                return now[place]
        raise LookupError(f"nothing shows {name}")

    # Words

    def claims_of(self, where: str, phrase: Any, axis: int = 0) -> Iterator[Claim]:
        """What a phrase and its parts claim; `axis` is that of which it speaks."""
        match phrase:
            case Number() if phrase.ref:
                yield self._reference(where, phrase)
            case Equation():
                yield from self._sides(where, phrase, axis)
            case Filled():
                yield from self._filled(where, phrase)
            case Shape() if phrase.ref:
                yield Claim(
                    f"the size of {phrase.ref} in {where}", np.array(phrase.sizes), np.array(self._shape(phrase.ref)), 0
                )
            case Assigned():
                yield from self._named(where, phrase.symbol.name.removeprefix("\\"), phrase.value)
            case Text():
                for name, value in phrase.values.items():
                    if isinstance(value, Extent | Shape):
                        yield from self._named(where, name, value)
        if isinstance(phrase, PerAxis):
            yield from self.claims_of(where, phrase.rows, 0)
            yield from self.claims_of(where, phrase.columns, 1)
        else:
            for part in _parts(phrase):
                yield from self.claims_of(where, part, axis)

    def _reference(self, where: str, number: Number) -> Claim:
        assert number.ref is not None
        name, *index = number.ref
        place = " ".join([name, ", ".join(str(at + 1) if isinstance(at, int) else str(at) for at in index)]).strip()
        where, allowed = f"{place} in {where}", 0.0
        if index and index[0] == "shape":
            right: Any = self._shape(name)[index[1]]
        elif name in self.shown.now and np.isfinite(self.shown.now[name][tuple(index)]):
            right = self.shown.now[name][tuple(index)]
            allowed = 1e-12 * abs(right)
        elif name in self.engine:
            right = self.engine[name][tuple(index)]
            allowed = self.precision * float(np.abs(self.engine[name]).max())
        else:
            right = _at(self.parameters[name], *index)
        return Claim(where, np.array(number.value), np.asarray(right, np.float64), allowed)

    def _shape(self, panel: str) -> tuple[int, ...]:
        return self.shapes[panel] if panel in self.shapes else self.shown.now[panel].shape

    def _named(self, where: str, name: str, value: Any) -> Iterator[Claim]:
        """A value with a parameter's name is the parameter's."""
        right = self.parameters.get(name)
        if right is not None and not isinstance(right, str | bool) and not (isinstance(value, Number) and value.ref):
            sizes = (value.value,) if isinstance(value, Number) else value.sizes
            right = np.atleast_1d(np.array(right, np.float64))
            if right.size == len(sizes):
                yield Claim(f"{name} in {where}", np.array(sizes), right, 0)

    def _sides(self, where: str, equation: Equation, axis: int) -> Iterator[Claim]:
        """Every side comes to the result with unrounded numbers; letters are the parameters that they name."""
        letters = {name: _at(value, axis) for name, value in self.parameters.items() if not isinstance(value, str)}
        values = [_value(side, letters) for side in equation.sides]
        if values[-1] is None:
            return
        for side, value in zip(equation.sides[:-1], values[:-1], strict=True):
            if value is not None:
                scale = max([abs(float(values[-1])), *(abs(n.value) for n in leaves(side) if isinstance(n, Number))])
                yield Claim(
                    f"the arithmetic of {where}", np.asarray(value), np.asarray(values[-1]), 1e-9 * (scale + scale**2)
                )

    def _filled(self, where: str, formula: Filled) -> Iterator[Claim]:
        for axis, result in enumerate(formula.results):
            values = {name: number.value for name, number in formula.environment(axis).items()}
            right = np.asarray(evaluate(formula.general, values), np.float64)
            yield Claim(where, np.array(result.value), right, 1e-9)
            for name, value in values.items():
                if self.parameters.get(name) is not None:
                    yield Claim(f"{name} in {where}", np.array(value), np.array(_at(self.parameters[name], axis)), 0)

    def growth(self, where: str, step: Step) -> Iterator[Claim]:
        """What is noted in a cell as it changes is what is added to it."""
        for panel in {change.panel for change in step.changes if isinstance(change, Cell) and change.value is not None}:
            now, before = self.shown.now[panel], self._before[panel]
            for place, note in self.shown.notes(panel).items():
                numbers = list(leaves(note)) if not isinstance(note, str) else []
                if len(numbers) == 1 and np.isfinite(before[place]) and not numbers[0].ref:
                    grown = np.array(now[place] - before[place])
                    allowed = 1e-9 * (abs(now[place]) + abs(before[place]))
                    yield Claim(f"{panel} in {where}", grown, np.array(numbers[0].value), allowed)
            self._before[panel] = now.copy()


def _parts(phrase: Any) -> Iterator[Any]:
    if isinstance(phrase, Text):
        for value in phrase.values.values():
            yield from phrases(value)
    else:
        yield from children(phrase)


def _value(side: Expression, letters: Mapping[str, Any]) -> Any:
    """What a side comes to; None where a letter of it is no parameter."""
    try:
        return evaluate(side, letters)
    except (KeyError, TypeError):
        return None


def _at(value: Any, axis: Any = 0) -> Any:
    return value[axis] if isinstance(value, list | tuple) else value


def _scale(operation: Operation) -> float:
    """How large the numbers are that are added up: an engine may be off by its precision of that."""
    sizes = {name: np.abs(operand.values) for name, operand in operation.operands.items()}
    largest = max((float(each.max(initial=0.0)) for each in sizes.values()), default=1.0)
    summed = [float(sizes[name].sum()) for name, operand in operation.operands.items() if operand.kind == KERNEL]
    return max(largest, *(largest * each for each in summed)) if summed else largest
