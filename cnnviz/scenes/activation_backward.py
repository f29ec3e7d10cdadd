"""Back-propagation through an activation: times its slope, which saturates or dies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.functions.activations import ACTIVATIONS, F, X
from cnnviz.notation import digits_for
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.scenes._backward import BY_X, BY_Y, column, load_row, sends
from cnnviz.scenes._curves import Point, answered, question
from cnnviz.story import Graph, Story
from cnnviz.storyboard import Step
from cnnviz.words import Math, Symbol, Text, Words, equation

_KINDS = tuple(name.replace("_", "-") for name in ACTIVATIONS if name != "identity")
_POINTS = {
    "sigmoid": "Far from 0 the sigmoid is flat: next to nothing of the gradient passes",
    "relu": "Below 0 the slope is 0: a dead ReLU gets no gradient, so it stays dead",
    "tanh": "Far from 0 tanh is flat: next to nothing of the gradient passes",
}
_SLOPE, _FLAT = Symbol("f'(x)"), 0.05


@dataclass(frozen=True, kw_only=True)
class ActivationBackward(Scene):
    """Back-propagation through an activation: ∂L/∂x = f′(x) · ∂L/∂y, element by element.

    Why a saturated sigmoid kills gradients: LeCun et al. (1998), "Efficient BackProp", §4.4; why ReLU does not, and
    dies: Glorot, Bordes and Bengio (2011), "Deep Sparse Rectifier Neural Networks".
    """

    examples: ClassVar = (
        "cnnviz activation-backward sigmoid",
        "cnnviz activation-backward relu",
        'cnnviz activation-backward tanh --input "-2 0 3" --grad-output "1 -1 2"',
    )

    kind: str = param("sigmoid", help="Which activation function.", choices=_KINDS, positional=True, always_named=True)
    input: ArrayLike = param("-6 -2 0 1 5", help='Inputs x, in rising order: a literal such as "-6 0 5".', group="Data")
    grad_output: ArrayLike | None = param(
        None, help="Gradients of the outputs, one for each.", group="Data", shown_default="all 1"
    )

    def story(self) -> Story:
        """The way forward, the gradient arrives, one step for each element, and a last look."""
        x, entry, graph = load_row(self, "input"), ACTIVATIONS[self.kind.replace("-", "_")], Graph()
        if len(x) < 2 or (np.diff(x) <= 0).any():
            raise UsageError("--input must hold two numbers or more in rising order: use -6 0 5")
        g = load_row(self, "grad_output", len(x))
        point = Point(self, entry, x, 2)
        y = point.computed(graph, graph.input("x", x), "y")
        graph.show(y, "plot", printed=False)
        found = graph.backward(y, graph.input("grad_y", g))
        name = Text("{name}, backward", name=entry.title)
        story = Story(self, name, graph, point=Text(_POINTS.get(self.kind, "The gradient is multiplied by the slope")))
        story.settings += point.settings
        digits = digits_for(np.concatenate([y.values, point.slopes]), most=self.max_decimals(3))
        X_ = column(story, "input", Math("x"), x, "forward")
        Y = column(story, "output", Math("f(x)"), y, digits=digits)
        G = column(story, "gradient", Math(BY_Y), g)
        S = column(story, "slopes", Math("f'(x)"), point.slopes, digits=digits)
        B = column(story, "by-input", Math(BY_X), found["grad_x"], digits=digits)

        def verdict(slope: float) -> Words:
            if slope == 0:
                return Text("dead: nothing passes")
            return Text("saturated: almost nothing passes") if abs(slope) < _FLAT else Text("passes")

        def steps() -> Iterator[Step]:
            words = Text("Forward: {f} of each input, which is remembered", f=F)
            yield story.step(words, Y.fill("forward", X_), answered("plot"), beats=2)
            yield sends(story, G)
            for n, at in enumerate(np.ndindex(len(x), 1)):
                product = equation(B.symbol(BY_X, at[:1]), S[at] * G[at], B[at])
                caption = Text("{equation}: {verdict}", equation=product, verdict=verdict(float(point.slopes[n])))
                marks = X_.mark("current", at), G.mark("current", at), S.mark("window", at)
                slope = S.write(at, "", "kernel")
                # The gradient moves on, where anything passes.
                passed = B.write(at, source=G) if point.slopes[n] else B.write(at, role="zero")
                yield story.step(caption, point.moved("plot", n), marks, slope, passed)

        plot = point.plot("plot", (F, _SLOPE), x_text=X, span=0.45)
        # Curve and table ask for the same.
        plot = replace(plot, dots=(*plot.dots[:-1], question(x[:1])))
        vanished = int((np.abs(point.slopes) < _FLAT).sum())
        return story.play(
            steps,
            len(x) + 2,
            (plot, X_, Y, G, "·", S, "=", B),
            alt=Text(
                "back-propagation through {name}: the gradient of each of {n} outputs is multiplied by the slope at "
                "its input, which a point on the curve shows",
                name=entry.title,
                n=len(x),
            ),
            formula=Math(rf"{BY_X}=f'(x)\cdot {BY_Y}"),
            answer=Text("Little or nothing came through at {n} of {count} places", n=vanished, count=len(x)),
            step_roles=("forward", "input", "kernel", "output", "zero"),
            convention=Text("at a kink the slope is 0, as in PyTorch"),
        )
