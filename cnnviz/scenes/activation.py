"""Activation functions: a point moves along the curve with its value, tangent and derivative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.functions.activations import ACTIVATIONS, F, X
from cnnviz.limits import MAX_STOPS
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.scenes._activation_sets import all_curves, softmax_story, table
from cnnviz.scenes._curves import Point, places, point_moves, refuse_options
from cnnviz.story import Story, choice
from cnnviz.words import ByCases, Number, Symbol, Text, Words, joined

_KINDS = {{"identity": "linear"}.get(name, name).replace("_", "-"): name for name in ACTIVATIONS}
_SETS = ("softmax", "all", "table")
_ARTICLE = 6
_POINTS = {
    "linear": Text("Without an activation the slope is 1 everywhere: layers add up to a single one"),
    "relu": Text("Positive values pass, negative ones become 0, and so does their gradient"),
    "leaky-relu": Text("A small slope below 0 keeps a gradient there"),
    "elu": Text("Below 0 it bends smoothly and levels off at {bound}", bound="−α"),
    "tanh": Text("Every number is squeezed between −1 and 1; far from 0 the gradient vanishes"),
    "sigmoid": Text("Every number is squeezed between 0 and 1; far from 0 the gradient vanishes"),
    "all": Text("All let large values pass or level off: they differ below 0 and in their slopes"),
    "table": Text("Equation, range and derivative at a glance"),
    "softmax": Text("Raising one logit takes probability from all other classes"),
}
_SLOPE = Symbol("f'(x)")


@dataclass(frozen=True, kw_only=True)
class ActivationFunction(Scene):
    """An activation function f with its derivative f′, or several: `all`, `table`, and the vector function `softmax`.

    Definitions and the slopes at kinks are those of torch.nn.functional; `all` and `table` show the six that the
    article groups as static (no parameter), parametric and bounded. Softmax: Bridle (1990),
    p_i = exp(z_i) / Σ exp(z_j).
    """

    examples: ClassVar = (
        "cnnviz activation elu --alpha 1",
        "cnnviz activation sigmoid --lo -6 --hi 6",
        'cnnviz activation softmax --logits "2 1 0 -1"',
        "cnnviz activation table",
    )

    kind: str = choice("relu", (*_KINDS, *_SETS), "Which activation function, or all of the article's.")
    alpha: float | None = param(
        None, help="Slope or bound below 0.", lo=0.001, hi=100, shown_default="0.1 for leaky-relu, 1 for elu"
    )
    beta: float | None = param(None, help="Sharpness of softplus.", lo=0.001, hi=100, shown_default="1")
    lo: float = param(-4.0, help="Where the point starts.", lo=-1e4, hi=1e4)
    hi: float = param(4.0, help="Where the point ends.", lo=-1e4, hi=1e4)
    frames: int = param(33, help="Places at which the point stops.", lo=2, hi=MAX_STOPS)
    logits: ArrayLike | None = param(
        None,
        help='Inputs of softmax, the first of which moves: a literal such as "2 1 0 -1", or a file.',
        shown_default="1 2 0.5 -1",
        group="Data",
    )

    def prepare(self) -> None:
        """Parameters of other kinds are refused."""
        alpha = ("leaky-relu", "elu", "all", "table")
        refuse_options(self, {"alpha": alpha, "beta": ("softplus",), "logits": ("softmax",)})
        for name in ("lo", "hi") if self.kind == "softmax" else ():
            # e to a larger power is no float64 any more.
            if abs(getattr(self, name)) > 700:
                raise UsageError(f"softmax --{name} {getattr(self, name):g} is too far from 0: use −700 to 700")

    def story(self) -> Story:
        """One step for each place of the point, or for each row of the table."""
        at, digits = places(self.lo, self.hi, self.frames)
        point_text = _POINTS.get(self.kind, "")
        if self.kind == "softmax":
            return softmax_story(self, at, digits, self.logits, point_text)
        chosen = list(ACTIVATIONS.values())[:_ARTICLE] if self.kind in _SETS else [ACTIVATIONS[_KINDS[self.kind]]]
        points = [Point(self, entry, at, digits) for entry in chosen]
        if self.kind in _SETS:
            return (all_curves if self.kind == "all" else table)(self, points, point_text)
        (point,), (entry,) = points, chosen
        return point_moves(
            self,
            point,
            [("x", "{value}", X), ("value", "{value}", F), ("slope", "{value}", _SLOPE)],
            point_text=point_text,
            settings=[("", joined((Text(entry.group), Text("range {range}", range=entry.range))))],
            formula=ByCases(_SLOPE, entry.derivative, stacked=False),
            convention=_convention(point),
            alt=Text(
                "the activation function {name} and its derivative: a point with its tangent moves along the curve "
                "from x = {lo} to {hi}",
                **point.described(),
            ),
        )


def _convention(point: Point) -> Words:
    """The slope at kinks, where the derivative does not exist."""
    x, y = point.derivative
    kinks = x[np.flatnonzero(np.isnan(y)) - 1]
    if len(kinks) != 1:
        return Text("at the kinks, $f'(x)$ as in PyTorch") if len(kinks) else ""
    at = float(np.round(kinks[0], 6)) + 0.0
    slope = Number(float(point.slope(np.array([at]))[0]), None)
    return Text("at the kink, $f'({x})={slope}$ by convention", x=Number(at, None), slope=slope)
