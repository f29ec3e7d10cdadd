"""Claims about single calls of an operation: gradients and curves, by finite differences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from cnnviz.check.claims import Claim, Values, best_match
from cnnviz.check.letters import Letters, value_of
from cnnviz.check.shown import Shown, parts
from cnnviz.functions.compute import FUNCTIONS, evaluate, gradients
from cnnviz.operation import Call, Operand, Operation
from cnnviz.programs import run
from cnnviz.storyboard import Curve, Dot, MoveDot, SetCurve, Storyboard
from cnnviz.words import ByCases, Cases, Equation, Expression, Interval, Number, Symbol

_STENCIL = {-2: 1 / 12, -1: -2 / 3, 1: 2 / 3, 2: -1 / 12}
"""The central difference of fourth order: offsets in steps, and their weights."""

_STEP_SIZE = 2.0**-7
_KINKS: Mapping[str, tuple[float, ...]] = {
    "relu6": (6,),
    "hardtanh": (1,),
    "hardswish": (3,),
    "elu": (),
    "max_pool2d": (),
}
"""Functions, by parts of their names, with no derivative at 0 or for equal values, and their other kinks."""


def after_training(operation: Operation, framework: str) -> dict[str, Values]:
    """cnnviz's own gradients and updated weights, and the engine's results with those weights."""
    assert operation.training is not None
    made = evaluate(operation)
    found = {name: np.asarray(made[name]) for name in made if name.startswith(("grad_", "after_"))}
    if operation.training.rate:
        learned = {
            name: Operand(values=found.get(f"after_{name}", operand.values))
            for name, operand in operation.operands.items()
        }
        forward = run(replace(operation, operands=learned, training=None, shown=()), framework)
        found |= {f"after_{name}": values for name, values in forward.items()}
    return found


def gradient_claims(operation: Operation, values: Mapping[str, Values], framework: str) -> Iterator[Claim]:
    """Claims that for each call the directional derivative of the loss by the gradients equals the engine's."""
    training = operation.training
    assert training is not None
    everything = {name: operand.values for name, operand in operation.operands.items()} | dict(values)
    arriving = everything[training.grad] if training.grad else np.ones(())
    for call in operation.calls:
        slope = arriving if call.result == training.loss else everything.get(f"grad_{call.result}")
        if slope is None:
            continue
        operands = {name: everything[name] for name in call.operands}
        directions = {name: _direction(call, each) for name, each in operands.items()}
        results = {
            n: run_call(
                operation,
                call,
                {name: each + n * _STEP_SIZE * directions[name] for name, each in operands.items()},
                framework,
            )
            for n in _STENCIL
        }
        products = slope * sum(weight * results[n] for n, weight in _STENCIL.items()) / _STEP_SIZE
        # If a value is used several times its gradient is a sum; this is the part of one call.
        parts = gradients(call.function, slope, *operands.values(), **call.options)
        ours = sum(float((part * direction).sum()) for part, direction in zip(parts, directions.values(), strict=True))
        scale = float(np.abs(products).sum()) + float(np.abs(slope * results[1]).sum())
        # A loss near 0 is lost in single precision.
        largest = max(float(np.abs(each).max(initial=0)) for each in operands.values())
        rounding = float(np.finfo(np.float32).eps) * largest * float(np.abs(slope).sum())
        yield Claim(f"the gradients of {call.result}", np.array(ours), products.sum(), 1e-4 * scale + rounding)


def _direction(call: Call, values: Values) -> Values:
    """A random direction; for a function with kinks, away from 0, so that none is crossed."""
    for name, kinks in _KINKS.items():
        if name in call.function:
            return np.where(np.isclose(np.abs(values)[..., None], kinks, rtol=4 * _STEP_SIZE).any(axis=-1), 0, values)
    random = np.random.default_rng(math.prod(values.shape)).normal(size=values.shape)
    # Scaled to how quickly the function bends; for normalization by the smallest standard deviation.
    if call.function == "batch_norm" and values.shape == call.shape:
        return random * float(values.std(axis=(0, *range(2, values.ndim))).min())
    return random * min(float(np.abs(values).max(initial=0)) or 1.0, 4.0)


def run_call(operation: Operation, call: Call, values: Mapping[str, Values], framework: str) -> Values:
    """The engine's result of one call of an operation, with other values."""
    given = {name: Operand(values=each) for name, each in values.items()}
    one = replace(call, shape=values[call.operands[0]].shape)
    return run(Operation(operands=given, calls=(one,), shown=(), double=operation.double), framework)[call.result]


# Curves

_PARTS = {"function", "point", "derivative", "slope"}
"""Names of curves and dots in a plot of one function."""

_LETTERS = {"negative_slope": "alpha", "label": "y", "margin": "m"}
"""Arguments whose letters have different names."""

_CURVE_STEP, _WIDE = 2.0**-11, np.sinh(np.linspace(-8, 8, 1801))

Statement = tuple[str, Values, Any]
"""Where a statement is made, the points that it is about, and the values there: an array, expression or interval."""


def curve_claims(board: Storyboard, operation: Operation, framework: str) -> Iterator[Claim]:
    """Claims that what is drawn or written about functions of one variable is on one of them, or on a derivative."""
    curved = (call for call in operation.calls if len(call.shape) == 1)
    calls = [call for call in curved if call.function not in FUNCTIONS or call.function == "softmax"]
    statements = list(_statements(board, operation, calls)) if calls else []
    if not statements:
        return
    everywhere = np.concatenate([x for _, x, _ in statements])
    sides = [side for call in calls for side in _sides(operation, call, everywhere, framework)]
    ends = np.cumsum([len(x) for _, x, _ in statements])
    for (where, x, values), end in zip(statements, ends, strict=True):
        here = slice(end - len(x), end)
        found = (
            _claim(where, x, values, f[here], expected[here], tolerance[here], known)
            for f, expected, tolerance, known in sides
        )
        yield from best_match([claim] for claim in found if claim)


def _claim(
    where: str, x: Values, values: Any, f: Values, expected: Values, tolerance: Values, known: Letters
) -> Claim | None:
    if isinstance(values, Interval):
        expected, tolerance = np.array([expected.min(), expected.max()]), np.array(0.01)
        ends = (value_of(end, known) for end in (values.low, values.high))
        values = np.array([other if end is None else end for end, other in zip(ends, expected, strict=True)])
    elif isinstance(values, Expression):
        values = value_of(values, {**known, "f(x)": [f], "x": [x], "hat{y}": [x]})
    if values is None:
        return None
    return Claim(where, np.broadcast_to(np.asarray(values, float), expected.shape), expected, tolerance)


def _sides(
    operation: Operation, call: Call, x: Values, framework: str
) -> Iterator[tuple[Values, Values, Values, Letters]]:
    """For each function, and again for its derivative: the function, the expected values, tolerance and letters."""
    step = _CURVE_STEP * np.exp2(np.floor(np.log2(np.maximum(1, np.abs(x)))))
    places = np.concatenate([x - step, x, x + step])
    if call.function == "softmax":
        # As a function of the first of several numbers.
        others = operation.operands[call.operands[0]].values[1:]
        call = replace(call, options={"dim": -1})
        places = np.column_stack([places, np.tile(others, (len(places), 1))])
    known = {_LETTERS.get(name, name): [value] for name, value in call.options.items()}
    made = run_call(operation, call, {call.operands[0]: places}, framework)
    for before, f, after in made.reshape(3, len(x), -1).transpose(2, 0, 1):
        slope = (after - before) / (2 * step)
        # At a kink the derivative may be the one from either side.
        bend = np.abs(after + before - 2 * f) / step
        noise = 1e-6 * (np.abs(f) + np.abs(x)) / step + 1e-3 * np.abs(slope)
        yield f, f, 1e-5 * (1 + np.abs(f)) + 1e-6 * np.abs(slope * x), known
        yield f, slope, noise + bend, known


def _statements(board: Storyboard, operation: Operation, calls: list[Call]) -> Iterator[Statement]:
    """All statements about functions, in their plots or by name elsewhere."""
    names = _PARTS | {each.panel for each in operation.shown}
    names |= {f"{call.result}{n + 1}" for call in calls for n in range(*call.shape)}
    samples, at = np.linspace(-4, 4, 81), np.zeros(1)
    for where, thing in Shown(board).play():
        for part in parts(thing):
            match part:
                case Curve(name=name, x=x, y=y) if name in names:
                    drawn = np.isfinite(x)
                    yield f"curve {name} in {where}", x[drawn], y[drawn]
                    samples = x[drawn] if name == "function" else samples
                case Dot(name=name, x=place, y=height) | MoveDot(dot=name, x=place, y=height) if (
                    name in names and np.isfinite(height)
                ):
                    at = np.array([place])
                    yield f"dot {name} in {where}", at, height
                case SetCurve(curve="guide", x=x, y=y):
                    yield f"the guide in {where}", x[-1:], y[-1]
                case SetCurve(curve="tangent", x=x, y=y):
                    yield f"the tangent in {where}", x.mean(keepdims=True), y.mean()
                    yield f"the tangent in {where}", x.mean(keepdims=True), np.diff(y) / np.diff(x)
                case ByCases(body=body):
                    yield f"the definition in {where}", samples, body
                case Cases(cases=cases):
                    # No two cases hold at once.
                    yield f"a case in {where}", samples, Cases(cases[::-1])
                case Interval():
                    yield f"the range in {where}", _WIDE, part
                case Equation(left=Symbol(), sides=(Number(ref=None, value=value),)):
                    yield f"a number in {where}", at, value
