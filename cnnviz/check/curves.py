"""Curves of functions held against an engine: their heights and slopes, and what is drawn and said of these."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from cnnviz.check.claims import Claim, Values, likeliest
from cnnviz.check.gradients import alone
from cnnviz.check.letters import Letters, value_of
from cnnviz.check.shown import Shown, parts
from cnnviz.functions.compute import FUNCTIONS
from cnnviz.operation import Call, Operation
from cnnviz.storyboard import Curve, Dot, MoveDot, SetCurve, Storyboard
from cnnviz.words import ByCases, Cases, Equation, Expression, Interval, Number, Symbol

_PARTS = {"function", "point", "derivative", "slope"}
"""Curves and dots of a plot of one function."""

_LETTERS = {"negative_slope": "alpha", "label": "y", "margin": "m"}
"""Arguments whose letters have another name."""

_STEP, _WIDE = 2.0**-11, np.linspace(-90, 90, 1801)

Told = tuple[str, Values, Any]
"""Where something is told, of which places, and that: values, a tree that gives them, or where they lie."""


def curve_claims(board: Storyboard, operation: Operation, framework: str) -> Iterator[Claim]:
    """What is drawn and said of functions of one variable lies on one of them, or on a derivative."""
    calls = [call for call in operation.calls if len(call.shape) == 1]
    calls = [call for call in calls if call.function not in FUNCTIONS or call.function == "softmax"]
    told = list(_told(board, operation, calls)) if calls else []
    if not told:
        return
    everywhere = np.concatenate([x for _, x, _ in told])
    sides = [side for call in calls for side in _sides(operation, call, everywhere, framework)]
    ends = np.cumsum([len(x) for _, x, _ in told])
    for (where, x, said), end in zip(told, ends, strict=True):
        here = slice(end - len(x), end)
        found = (_claim(where, x, said, f[here], right[here], near[here], known) for f, right, near, known in sides)
        yield from likeliest([claim] for claim in found if claim)


def _claim(where: str, x: Values, said: Any, f: Values, right: Values, near: Values, known: Letters) -> Claim | None:
    if isinstance(said, Interval):
        right, near = np.array([right.min(), right.max()]), np.full(2, 0.01)
        ends = (value_of(end, known) for end in (said.low, said.high))
        said = np.array([other if end is None else end for end, other in zip(ends, right, strict=True)])
    elif isinstance(said, Expression):
        said = value_of(said, {**known, "f(x)": [f], "x": [x], "hat{y}": [x]})
    return None if said is None else Claim(where, np.broadcast_to(np.asarray(said, float), right.shape), right, near)


def _sides(
    operation: Operation, call: Call, x: Values, framework: str
) -> Iterator[tuple[Values, Values, Values, Letters]]:
    """Of each function its values, twice where these and once where its derivative may be told, how far off the latter
    may be, more near kinks, and what letters are.
    """
    step = _STEP * np.exp2(np.floor(np.log2(np.maximum(1, np.abs(x)))))
    places = np.concatenate([x + n * step for n in range(-2, 3)])
    if call.function == "softmax":
        # Of the first of several numbers.
        others = operation.operands[call.operands[0]].values[1:]
        call = replace(call, options={"dim": -1})
        places = np.column_stack([places, np.tile(others, (len(places), 1))])
    known = {_LETTERS.get(name, name): [value] for name, value in call.options.items()}
    for f in alone(operation, call, {call.operands[0]: places}, framework).reshape(5, len(x), -1).transpose(2, 0, 1):
        slope, wide = ((f[2 + n] - f[2 - n]) / (2 * n * step) for n in (1, 2))
        # At a kink a curve turns as much on the way of one step as of two.
        bend, further = ((f[2 + n] + f[2 - n] - 2 * f[2]) / (n * step) for n in (1, 2))
        noise = 1e-6 * (np.abs(f).max(axis=0) + np.abs(x)) / step + 1e-3 * np.abs(slope)
        unsure = 2 * (np.abs(slope - wide) + np.abs(2 * bend - further))
        yield f[2], f[2], 1e-5 * np.abs(f[2]).max() + 1e-6 * np.abs(slope * x), known
        yield f[2], slope, noise + unsure, known


def _told(board: Storyboard, operation: Operation, calls: list[Call]) -> Iterator[Told]:
    """All that is told of functions, in plots of their own or elsewhere under their names."""
    names = _PARTS | {each.panel for each in operation.shown}
    names |= {f"{call.result}{n + 1}" for call in calls for n in range(*call.shape)}
    samples, at = np.linspace(-4, 4, 81), np.zeros(1)
    # A softplus that is less sharp comes near 0 farther away.
    wide = _WIDE / min(1.0, *(call.options.get("beta", 1.0) for call in calls))
    for where, thing in Shown(board).play():
        for part in parts(thing):
            match part:
                case Curve(name=name, x=x, y=y) if name in names:
                    yield f"curve {name} in {where}", x[np.isfinite(x)], y[np.isfinite(x)]
                    samples = x[np.isfinite(x)] if name == "function" else samples
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
                    yield f"the range in {where}", wide, part
                case Equation(left=Symbol(), sides=(Number(ref=None, value=value),)):
                    yield f"a number in {where}", at, value
