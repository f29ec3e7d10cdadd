"""Curves of functions held against an engine: their heights and slopes, and what is drawn and said of these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from cnnviz.check.claims import Claim, Values
from cnnviz.check.gradients import alone
from cnnviz.check.letters import name_of, value_of
from cnnviz.check.shown import Shown, parts
from cnnviz.functions.compute import FUNCTIONS
from cnnviz.operation import Call, Operation
from cnnviz.storyboard import Curve, Dot, MoveDot, Plot, SetCurve, Storyboard
from cnnviz.words import ByCases, Cases, Defined, Equation, Expression, Number, Symbol

_F, _SLOPE, _X, _EITHER = (0,), (1,), (2,), (0, 1)
"""What is told: the function at a place, its derivative, the place itself, or one of the first two."""

_PARTS = {"function": _F, "point": _F, "derivative": _SLOPE, "slope": _SLOPE}
"""Curves and dots of a plot of one function."""

_LETTERS = {"negative_slope": "alpha", "label": "y", "margin": "m"}
"""Arguments whose letters have another name."""

_WHATEVER = Symbol("?")
"""What is right."""

_STEP = 2.0**-11

Told = tuple[str, tuple[int, ...], Any, Any]
"""Where something is told, what, of which places, and that: values, or a tree that gives them."""


def curve_claims(board: Storyboard, operation: Operation, framework: str) -> Iterator[Claim]:
    """What is drawn and said of each function of one variable."""
    plots = {panel.name: panel for panel in board.panels() if isinstance(panel, Plot)}
    for each in operation.shown:
        call = next((call for call in operation.calls if call.result == each.name), None)
        if call and len(call.shape) == 1 and call.function not in FUNCTIONS:
            plot = plots.get(each.panel)
            told = [(where, kind, np.atleast_1d(x), said) for where, kind, x, said in _told(board, each.panel, plot)]
            yield from _compared(told, plot, operation, call, framework)


def _compared(told: list[Told], plot: Plot | None, operation: Operation, call: Call, framework: str) -> Iterator[Claim]:
    ends = np.cumsum([len(x) for _, _, x, _ in told])
    right, near = _computed(operation, call, np.concatenate([x for _, _, x, _ in told]), framework)
    options = {_LETTERS.get(name, name): value for name, value in call.options.items()}
    for (where, kind, x, said), end in zip(told, ends, strict=True):
        here = slice(end - len(x), end)
        found = []
        for n in kind:
            known = {**options, "f(x)": right[0][here], _WHATEVER.name: right[n][here]}
            known |= {name_of(plot.x_text): x} if plot else {}
            shown = value_of(said, known) if isinstance(said, Expression) else said
            if shown is not None:
                shown = np.broadcast_to(np.asarray(shown, np.float64), x.shape)
                found.append(Claim(where, shown, right[n][here], near[n][here]))
        if found:
            yield min(found, key=lambda claim: int(claim.wrong.sum()))


def _computed(
    operation: Operation, call: Call, x: Values, framework: str
) -> tuple[tuple[Values, ...], tuple[Values, ...]]:
    """A function, its derivative and some places themselves, and how far each may be off: more near kinks."""
    step = _STEP * np.exp2(np.floor(np.log2(np.maximum(1, np.abs(x)))))
    places = np.concatenate([x + n * step for n in range(-2, 3)])
    f = alone(operation, call, {call.operands[0]: places}, framework).reshape(5, -1)
    slope, wide = ((f[2 + n] - f[2 - n]) / (2 * n * step) for n in (1, 2))
    # At a kink a curve turns as much on the way of one step as of two.
    bend, further = ((f[2 + n] + f[2 - n] - 2 * f[2]) / (n * step) for n in (1, 2))
    noise = 1e-6 * (np.abs(f).max(axis=0) + np.abs(x)) / step + 1e-3 * np.abs(slope)
    unsure = 2 * (np.abs(slope - wide) + np.abs(2 * bend - further))
    return (f[2], slope, x), (1e-5 * np.abs(f[2]).max() + 1e-6 * np.abs(slope * x), noise + unsure, 1e-12 * np.abs(x))


def _told(board: Storyboard, name: str, plot: Plot | None) -> Iterator[Told]:
    """All that is told of a function, in a plot of its own or elsewhere under its own name."""
    names: dict[Any, tuple[int, ...]] = {}
    if plot:
        names = {plot.x_text: _X} | {c.text: _PARTS[c.name] for c in plot.curves if c.text and c.name in _PARTS}
    start = next((dot.x for dot in plot.dots if dot.name == "point"), None) if plot else None
    samples = next((c.x[np.isfinite(c.x)] for c in plot.curves if c.name == "function"), None) if plot else None
    shown = Shown(board)

    def kind(panel: str, part: str) -> tuple[int, ...] | None:
        return _PARTS.get(part) if panel == name else _F if part == name else None

    for where, thing in shown.play():
        at = shown.dots.get(f"{name}/point", [[start]])[-1][0]
        panel = thing.name if isinstance(thing, Plot) else ""
        for part in parts(thing):
            match part:
                case Curve(x=x, y=y) if what := kind(panel, part.name):
                    yield f"curve {part.name} in {where}", what, x[np.isfinite(x)], y[np.isfinite(x)]
                case Dot() if what := kind(panel, part.name):
                    yield f"dot {part.name} in {where}", what, part.x, part.y
                case MoveDot() if what := kind(part.panel, part.dot):
                    yield f"dot {part.dot} in {where}", what, part.x, part.y
                case SetCurve(panel=panel, curve="guide", x=x, y=y) if panel == name:
                    yield f"the guide in {where}", _F, x[-1], y[-1]
                case SetCurve(panel=panel, curve="tangent", x=x, y=y) if panel == name:
                    yield f"the tangent in {where}", _F, x.mean(), y.mean()
                    yield f"the tangent in {where}", _SLOPE, x.mean(), np.diff(y) / np.diff(x)
                case ByCases(body=body) if samples is not None:
                    yield f"the definition in {where}", _EITHER, samples, body
                case Cases(cases=cases) if samples is not None:
                    for case in cases:
                        yield f"a case in {where}", _EITHER, samples, Cases((case, (_WHATEVER, ())))
                case Equation(left=Defined(left=left, sides=(side, *_))) if left in names:
                    yield f"the definition in {where}", names[left], at, side
                case Equation(left=left, sides=(Number(value=value),)) if left in names:
                    yield f"a number in {where}", names[left], at, value
