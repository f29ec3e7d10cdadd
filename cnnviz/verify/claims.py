"""What a figure claims: numbers that it shows, each with what an engine, or plain arithmetic, gives for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.operation import KERNEL, Operation
from cnnviz.storyboard import Storyboard
from cnnviz.verify.shown import Shown
from cnnviz.words import Assigned, Equation, Expression, Extent, Filled, Number, Shape, evaluate, walk
from cnnviz.words.arithmetic import has_symbols

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
    arrays: dict[str, Values] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    precision = 1e-9 if operation is None or operation.double else 1e-5
    if operation is not None:
        scale = _scale(operation)
        for each in operation.shown:
            right = results[each.name][each.index]
            arrays.setdefault(each.panel, right)
            if each.size:
                yield Claim(f"the size of {each.panel}", _shape(shown, each.panel), np.array(right.shape), 0, True)
            else:
                most = float(np.abs(right).max(initial=0.0))
                yield Claim(each.panel, _values(shown, each.panel, right), right, precision * max(scale, most), True)
        for panel, inputs in operation.inputs.items():
            arrays.setdefault(panel, inputs.drawn)
            shapes[panel] = inputs.shape
            yield Claim(f"{panel} at the start", shown.start[panel], inputs.drawn, 0)
    arrays |= {name: values for name, values in results.items() if name not in arrays}
    # What no engine computes is at least what the panel itself shows.
    arrays |= {name: values for name, values in shown.start.items() if name not in arrays}
    shapes = {name: values.shape for name, values in arrays.items()} | shapes
    for where, phrase in shown.words:
        for part in walk(phrase):
            yield from _claims_of(where, part, Known(arrays, shapes, board.parameters, precision))


@dataclass(frozen=True, eq=False)
class Known:
    """What numbers may be held against: arrays by panel or by name, their shapes, and the figure's parameters."""

    arrays: Mapping[str, Values]
    shapes: Mapping[str, tuple[int, ...]]
    parameters: Mapping[str, Any]
    precision: float

    def __getitem__(self, ref: tuple[Any, ...]) -> Any:
        name, *index = ref
        if name not in self.arrays:
            found = self.parameters[name]
            return _at(found, index[0]) if index else found
        if index and index[0] == "shape":
            return self.shapes[name][index[1]]
        return self.arrays[name][tuple(index)]


def _claims_of(where: str, part: Any, known: Known) -> Iterator[Claim]:
    arrays, parameters = known.arrays, known.parameters
    match part:
        case Number() if part.ref:
            right = known[part.ref]
            scale = max(1e-30, float(np.abs(arrays[part.ref[0]]).max())) if part.ref[0] in arrays else abs(part.value)
            yield Claim(f"{_name(part.ref)} in {where}", np.array(part.value), np.asarray(right), known.precision * scale)
        case Equation():
            yield from _sides(where, part)
        case Filled():
            for axis, result in enumerate(part.results):
                values = {name: number.value for name, number in part.environment(axis).items()}
                right = np.asarray(evaluate(part.general, values), np.float64)
                yield Claim(where, np.array(result.value), right, 1e-9)
                for name, value in values.items():
                    if name in parameters and parameters[name] is not None:
                        yield Claim(f"{name} in {where}", np.array(value), np.array(_at(parameters[name], axis)), 0)
        case Shape() if part.ref in arrays:
            yield Claim(f"the size of {part.ref} in {where}", np.array(part.sizes), np.array(known.shapes[part.ref]), 0)
        case Assigned() if isinstance(part.value, Extent) and parameters.get(part.symbol.name) is not None:
            right = np.array(parameters[part.symbol.name], np.float64)
            yield Claim(f"{part.symbol.name} in {where}", np.array(part.value.sizes), right, 0)


def _sides(where: str, equation: Equation) -> Iterator[Claim]:
    """Every side comes to the result with unrounded numbers; its sign says whether it does as they are written."""
    result = equation.result
    if has_symbols(result):
        return
    right = np.asarray(evaluate(result), np.float64)
    for side in equation.sides[:-1]:
        if not has_symbols(side):
            scale = max([abs(float(right)), *(abs(number.value) for number in _numbers(side))])
            yield Claim(f"the arithmetic of {where}", np.asarray(evaluate(side), np.float64), right, 1e-9 * scale**2 + 1e-9 * scale)


def _numbers(side: Expression) -> Iterator[Number]:
    return (part for part in walk(side) if isinstance(part, Number))


def _at(value: Any, axis: int) -> Any:
    return value[axis] if isinstance(value, list | tuple) else value


def _name(ref: tuple[Any, ...]) -> str:
    name, *index = ref
    return f"{name} {', '.join(str(at + 1) if isinstance(at, int) else at for at in index)}".strip()


def _shape(shown: Shown, panel: str) -> Values:
    return np.array(shown.end[panel].shape)


def _values(shown: Shown, panel: str, right: Values) -> Values:
    """What stands at a place at the end; of points on a curve their heights, where the engine gives no more."""
    found = shown.end[panel] if panel in shown.end else shown.start[panel]
    return found[..., -1] if found.ndim > right.ndim else found


def _scale(operation: Operation) -> float:
    """How large the numbers are that are added up: an engine may be off by its precision of that."""
    sizes = {name: np.abs(operand.values) for name, operand in operation.operands.items()}
    largest = max((float(each.max(initial=0.0)) for each in sizes.values()), default=1.0)
    summed = [float(sizes[name].sum()) for name, operand in operation.operands.items() if operand.kind == KERNEL]
    return max(largest, *(largest * each for each in summed)) if summed else largest
