"""Vanishing gradients: their size by depth, without and with shortcuts or normalization."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from cnnviz.parameters import param
from cnnviz.scene import Scene
from cnnviz.scenes._curves import answered, question
from cnnviz.scenes._vanishing import gradient_name, gradient_sizes
from cnnviz.story import Story
from cnnviz.storyboard import Curve, Plot, SetCurve, Step
from cnnviz.words import Math, Number, Scientific, Text, Words, counted, joined

_MANNERS = {"sigmoid": ("curve", "solid"), "tanh": ("derivative", "dashed"), "relu": ("tangent", "dotted")}
_TITLES = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "ReLU"}
_NAMES = {"plain": "plain", "residual": "with residual connections", "norm": "with batch normalization"}
_POINTS = {
    "residual": "A shortcut around every layer keeps the gradient alive down to the first",
    "norm": "Normalization before every activation keeps the gradient alive",
}


@dataclass(frozen=True, kw_only=True)
class Vanishing(Scene):
    """The mean size of the gradient by depth in networks of fully connected layers, for three activations.

    Weights are He et al.'s (2015) random ones, the same in all networks. Hochreiter (1991) and Bengio et al. (1994),
    "Learning long-term dependencies with gradient descent is difficult"; residual connections: He et al. (2016);
    normalization: Ioffe and Szegedy (2015).
    """

    examples: ClassVar = ("cnnviz vanishing", "cnnviz vanishing --remedy norm --depth 16")

    depth: int = param(10, help="Layers.", lo=2, hi=24)
    remedy: str = param("residual", choices=tuple(_POINTS), help="What stands beside the plain network")

    def story(self) -> Story:
        """A question, one step for each layer, from the last to the first, and a comparison."""
        names = {kind: Text(_NAMES[kind]) for kind in ("plain", self.remedy)}
        graph, sizes = gradient_sizes(self.seed, self.depth, tuple(names), tuple(_MANNERS))
        story = Story(self, Text("Vanishing gradients"), graph, point=Text(_POINTS[self.remedy]))
        story.show_setting("layers", "n", Number(self.depth, 0, ("depth",)), size=False)
        logs = {key: np.log10(np.maximum(values, 1e-300)) for key, values in sizes.items()}
        values = np.concatenate([*logs.values(), np.zeros(1)])
        ends = float(values.min()) - 0.5, float(values.max()) + 0.5
        plots = tuple(self._plot(kind, label, ends) for kind, label in names.items())

        def number(kind: str, name: str, n: int) -> Number:
            ref = (gradient_name(kind, name, n, self.depth), "mean_abs")
            value = float(sizes[kind, name][n - 1])
            # Two figures after the zeros, plain where that is short.
            places = max(2, 1 - math.floor(math.log10(value))) if value else 2
            return Number(value, places, ref) if places <= 4 and value < 1000 else Scientific(value, 1, ref)

        def caption(kind: str, back: int) -> Words:
            found = ((title, number(kind, name, self.depth - back)) for name, title in _TITLES.items())
            sizes = joined(Text(f"{title} {{value}}", value=value) for title, value in found)
            one, many = "{n} layer back, {kind}: {sizes}", "{n} layers back, {kind}: {sizes}"
            return counted(back, one, many, kind=names[kind], sizes=sizes)

        def reached(back: int) -> Iterator[SetCurve]:
            # As many points at all times: so a curve glides on.
            at = np.minimum(np.arange(self.depth), back)
            for (kind, name), values in logs.items():
                yield SetCurve(panel=f"plot-{kind}", curve=name, x=at.astype(float), y=values[::-1][at])

        def steps() -> Iterator[Step]:
            last = self.depth - 1
            one = "All begin with one gradient: how much is left {n} layer back?"
            many = "All begin with one gradient: how much is left {n} layers back?"
            yield story.step(counted(last, one, many), reached(0), beats=2)
            for back in range(1, self.depth):
                gone = answered(*(plot.name for plot in plots)) if back == last else []
                yield story.step(caption("plain", back), reached(back), gone)
            yield story.step(caption(self.remedy, last), beats=3)

        first = "Sigmoid in the first layer: {plain} plain, {other} {beside}"
        plain, other = (number(kind, "sigmoid", 1) for kind in names)
        return story.play(
            steps,
            self.depth + 1,
            plots,
            alt=Text(
                "the mean size of the gradient in networks of {n} layers, plain and {beside}, for sigmoid, tanh and "
                "ReLU, on a logarithmic scale: it goes back from the last layer to the first",
                n=Number(self.depth),
                beside=names[self.remedy],
            ),
            answer=Text(first, plain=plain, other=other, beside=names[self.remedy]),
            formula=Math(r"\partial L/\partial h_{n-1}=W_n^T\left(f'(z_n)\circ\partial L/\partial h_n\right)"),
            step_roles=(),
            convention=Text("the same random weights everywhere"),
        )

    def _plot(self, kind: str, label: Words, y_range: tuple[float, float]) -> Plot:
        """The axes, where nothing is yet but a question."""
        none = np.empty(0)
        curves = (
            Curve(name=name, role=role, style=style, x=none, y=none, text=_TITLES[name])
            for name, (role, style) in _MANNERS.items()
        )
        return Plot(
            name=f"plot-{kind}",
            label=label,
            x_range=(0, self.depth - 1),
            y_range=y_range,
            x_text=Text("layers back from the last"),
            y_text=Math(r"\log_{10}|\partial L/\partial h|"),
            curves=tuple(curves),
            # Halfway up no curve runs into it.
            dots=(replace(question(np.array([self.depth - 1])), y=sum(y_range) / 2),),
            span=0.5,
        )
