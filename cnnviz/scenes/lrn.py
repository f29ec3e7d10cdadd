"""Local response normalization: each value is divided by the strength of its neighbours."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_KERNEL, MAX_VALUE
from cnnviz.notation import digits_for
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.story import (
    Axis,
    Cells,
    Graph,
    Maps,
    Story,
    Windows,
    check_squares,
    check_steps,
    filling,
    load_maps,
    short_digits,
    side_by_side,
)
from cnnviz.storyboard import Mark, Step, Values
from cnnviz.words import Math, Number, Shape, Text, Words, equation, exact, joined, total

_DEFAULTS: dict[str, tuple[int, Size]] = {"inter": (4, (2, 2)), "intra": (1, (4, 4))}
_TITLES = {"inter": Text("LRN across channels"), "intra": Text("LRN within a channel")}
_POINTS = {
    "inter": Text("A value is damped where nearby channels are strong at the same pixel"),
    "intra": Text("A value is damped where the pixels around it are strong"),
}
_LONGEST_ROW = 24
"""Cells up to which all channels stand side by side."""

_SUM_LETTERS = 46


@dataclass(frozen=True, kw_only=True)
class Lrn(Scene):
    """Local response normalization: b = a / (k + α·Σ a²)^β, the sum over a value's neighbourhood.

    Between channels the neighbourhood is the same pixel in nearby channels (Krizhevsky, Sutskever and Hinton 2012,
    "ImageNet classification with deep convolutional neural networks", §3.3, with n = 5, k = 2, α = 0.0001, β = 0.75);
    within a channel it is an n×n window (Caffe's WITHIN_CHANNEL).
    """

    examples: ClassVar = (
        "cnnviz lrn inter --n 3 --channels 4",
        "cnnviz lrn intra --n 3 --i 5 --channels 1 --k 2",
        "cnnviz lrn inter --n 5 --k 2 --alpha 1e-4 --beta 0.75 --channels 6",
    )

    kind: str = param(
        "inter",
        help="Neighbours in nearby channels, or within one.",
        choices=("inter", "intra"),
        positional=True,
        always_named=True,
    )
    n: int = param(
        3, alias="neighbours", help="Neighbourhood: n channels, or n×n pixels.", lo=1, hi=MAX_KERNEL, always_named=True
    )
    k: float = param(1.0, help="Constant k of the denominator.", lo=0, hi=1e6)
    alpha: float = param(0.1, help="Constant α, the weight of the neighbours.", lo=0, hi=1e6)
    beta: float = param(0.75, help="Exponent β.", lo=0, hi=4)
    alpha_over_n: bool = param(False, help="Divide α by the number of neighbours, as torch and Caffe do.")
    i: Size | None = param(
        None, alias="input-size", help="Size of a channel.", lo=1, hi=64, shown_default="2, for intra 4"
    )
    channels: int | None = param(None, help="Number of channels.", lo=1, hi=64, shown_default="4, for intra 1")
    input: ArrayLike = param(
        "random",
        group="Data",
        help="Input: a file or a literal with the channels one below the other, random (0 to 9), arange, ones, zeros.",
    )

    @cached_property
    def maps(self) -> Maps:
        """The input."""
        return load_maps(self.input, self.channels, self.i, seed=self.seed, default=_DEFAULTS[self.kind])

    def prepare(self) -> None:
        """The maps are loaded, and their sizes become `channels` and `i`."""
        channels, *size = self.maps.values.shape
        self.fill_in(channels=channels, i=tuple(size))
        check_squares(self.maps.values)
        if self.k == 0 and self.alpha == 0:
            raise UsageError("k 0 and alpha 0 leave nothing to divide by: use --k above 0, such as 1")
        check_steps(self._windows.count, "this normalization", self._windows.covered)
        if self.k == 0 and not self._sums.all():
            raise UsageError("k 0 leaves nothing to divide by where all neighbours are 0: use --k above 0, such as 1")

    @cached_property
    def _windows(self) -> Windows:
        """The neighbourhood of every value: along the channels, or along rows and columns."""
        spread = (0,) if self.kind == "inter" else (1, 2)
        sizes = enumerate(self.maps.values.shape)
        return Windows(tuple(Axis.around(size, self.n) if axis in spread else Axis.each(size) for axis, size in sizes))

    @cached_property
    def _sums(self) -> Values:
        """Σ a² of every cell."""
        x, windows = self.maps.values, self._windows
        return np.reshape([sum(x[cell] ** 2 for cell in windows.cells(at)) for at in windows.places()], x.shape)

    def story(self) -> Story:
        """One step for each value: pixel by pixel through the channels, or channel by channel."""
        graph, inter, shape = Graph(), self.kind == "inter", self.maps.values.shape
        a = graph.map("x", self.maps.values)
        constants: dict[str, Any] = {"size": self.n, "alpha": self.alpha, "beta": self.beta, "k": self.k}
        function = "local_response_norm" if inter else "local_response_norm_within"
        b = graph.compute(function, a, **constants, alpha_over_n=self.alpha_over_n)
        if (most := float(np.abs(b.values).max())) > MAX_VALUE:
            raise UsageError(f"the output reaches {most:.2g}, too large to write: use a larger --k or a smaller --beta")

        story = Story(self, _TITLES[self.kind], graph, point=_POINTS[self.kind])
        for symbol, name in (("n", "n"), ("k", "k"), (r"\alpha", "alpha"), (r"\beta", "beta")):
            story.set("", symbol, self._constant(name), size=False)
        down = 1 if shape[0] * shape[2] <= _LONGEST_ROW else math.ceil(math.sqrt(shape[0] / 2))
        across = math.ceil(shape[0] / down)
        windows = [Mark(name=f"window {c}", role="window", channel=c) for c in range(shape[0])]
        marks = (*windows, Mark(name="centre", role="result", channel=0))
        X = story.cells("input", "Input $a$, {size}", a, data=self.maps, marks=marks, axes=3, columns=across)
        digits = short_digits(b.values, self.digits)
        Y = story.cells("output", "Output $b$, {size}", b, pending=True, digits=digits, axes=3, columns=across)

        def steps() -> Iterator[Step]:
            for at in sorted(self._windows.places(), key=lambda at: (at[1:], at[0]) if inter else at):
                near = self._windows.cells(at)
                first, size = self._windows.outline(at)
                reached = range(first[0], first[0] + size[0])
                yield story.step(
                    self._caption(X, Y, at),
                    X.cover(near, special=dict.fromkeys(near, "neighbour") | {at: "selected"}),
                    (X.mark(f"window {c}", (c, *first[1:]), size[1:]) for c in reached),
                    (X.hide(f"window {c}") for c in range(shape[0]) if c not in reached),
                    X.mark("centre", at),
                    Y.write(at),
                )

        beside = side_by_side(across * shape[2], math.ceil(shape[0] / across) * shape[1])
        # PyTorch has no neighbourhood within a channel.
        as_in = "{alpha} as in PyTorch and Caffe" if inter else "{alpha} as in Caffe"
        return story.play(
            steps,
            self._windows.count,
            *([(X, "→", Y)] if beside else [(X,), (Y,)]),
            alt=Text(
                "{kind}: each value of a {size} input is divided by a power of the sum of squares around it; {steps} "
                "the output",
                kind=_TITLES[self.kind],
                size=Shape(shape),
                steps=filling(b.values.size),
            ),
            step_roles=("neighbour", "selected", "output"),
            formula=self._formula(),
            convention=Text(as_in, alpha=Math(self._divided)) if self.alpha_over_n else "",
        )

    def _constant(self, name: str) -> Number:
        return Number(getattr(self, name), None, (name,))

    def _caption(self, X: Cells, Y: Cells, at: tuple[int, ...]) -> Words:
        """The value over its neighbours' squares, over their sum, and over what that comes to."""
        # Cells beyond an edge count as neighbours, as in torch and Caffe.
        shares = self.n ** (1 if self.kind == "inter" else 2) if self.alpha_over_n else 1
        k, alpha, beta = map(self._constant, ("k", "alpha", "beta"))
        weight, squares = alpha / Number(shares) if self.alpha_over_n else alpha, float(self._sums[at])
        cells = total([X[cell] ** 2 for cell in self._windows.cells(at)])
        rounded = Number(squares, digits_for(squares, most=self.most(4)))
        sides = [X[at] / (k + weight * each) ** beta for each in (cells, rounded)]
        below = float(self.k + self.alpha / shares * squares) ** self.beta
        if below < MAX_VALUE:
            usual = self.most(2 if below < 100 else 0)
            decimals = usual if below >= 0.1 or round(below, usual) else 2 - math.floor(math.log10(below))
            sides.append(X[at] / Number(below, decimals))
        # Where so little is divided by that it is written as 0, that says nothing.
        kept = [side for side in sides if np.isfinite(float(exact(side)))]
        return equation(Y.symbol("b", at), *kept, Y[at], letters=_SUM_LETTERS)

    @property
    def _divided(self) -> str:
        """α over what it may be divided by, in mathtext."""
        return r"\alpha/n" if self.kind == "inter" else r"\alpha/n^2"

    def _formula(self) -> Words:
        alpha = rf"({self._divided})" if self.alpha_over_n else r"\alpha"
        if self.kind == "intra":
            formula = Math(rf"b=a\,/\,(k+{alpha}\,\Sigma\,a^2)^\beta")
            size = Shape((self.n, self.n))
            return Text("{formula}   sum over {size} pixels of the same channel", formula=formula, size=size)
        before, after = self.n // 2, (self.n - 1) // 2
        near = Math(rf"j=\max(1,\,i-{before})\,\ldots\,\min({self.channels},\,i+{after})")
        return joined((Math(rf"b_i=a_i\,/\,(k+{alpha}\,\Sigma_j\,a_j^2)^\beta"), near), "   ")
