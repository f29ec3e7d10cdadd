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
from cnnviz.notation import as_given, digits_for, number
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
from cnnviz.storyboard import Mark, Sign, Step, Values
from cnnviz.words import Math, Number, Shape, Text, Words, equation, exact, joined, total

_DEFAULTS: dict[str, tuple[int, Size]] = {"inter": (4, (3, 3)), "intra": (2, (4, 4))}
_KINDS = {"inter": "inter-channel", "intra": "intra-channel"}
_LONGEST_ROW = 24
"""Cells up to which all channels stand side by side."""

_SUM_LETTERS, _CONSTANT_LETTERS = 50, 15
"""Letters of a sum of squares beside constants that have so many together."""


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
        None, alias="input-size", help="Size of a channel.", lo=1, hi=64, shown_default="3, for intra 4"
    )
    channels: int | None = param(None, help="Number of channels.", lo=1, hi=64, shown_default="4, for intra 2")
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
        graph, inter = Graph(), self.kind == "inter"
        function = "local_response_norm" if inter else "local_response_norm_within"
        options: dict[str, Any] = {"size": self.n, "alpha": self.alpha, "beta": self.beta, "k": self.k}
        a = graph.map("x", self.maps.values)
        b = graph.compute(function, a, **options, alpha_over_n=self.alpha_over_n)
        if (most := float(np.abs(b.values).max())) > MAX_VALUE:
            raise UsageError(f"the output reaches {most:.2g}, too large to write: use a larger --k or a smaller --beta")

        story = Story(self, Text("Local response normalization"), graph)
        story.settings.append(("", Text(_KINDS[self.kind])))
        for symbol, name in (("n", "n"), ("k", "k"), (r"\alpha", "alpha"), (r"\beta", "beta")):
            story.set("", symbol, self._constant(name), size=False)
        channels, rows, columns = self.maps.values.shape
        down = 1 if channels * columns <= _LONGEST_ROW else math.ceil(math.sqrt(channels / 2))
        across = math.ceil(channels / down)
        marks = [Mark(name=f"window {c}", role="window", channel=c) for c in range(channels)]
        marks.append(Mark(name="centre", role="result", channel=0))
        fields: dict[str, Any] = {"axes": 3, "columns": across}
        X = story.cells("input", "Input $a$, {size}", a, data=self.maps, marks=marks, **fields)
        digits = short_digits(b.values, self.digits)
        Y = story.cells("output", "Output $b$, {size}", b, pending=True, digits=digits, **fields)

        def steps() -> Iterator[Step]:
            for at in sorted(self._windows.places(), key=lambda at: (at[1:], at[0]) if inter else at):
                near = self._windows.cells(at)
                first, size = self._windows.outline(at)
                reached = range(first[0], first[0] + size[0])
                yield story.step(
                    self._caption(X, Y, at),
                    X.cover(near, special=dict.fromkeys(near, "neighbour") | {at: "selected"}),
                    (X.mark(f"window {c}", (c, *first[1:]), size[1:]) for c in reached),
                    (X.hide(f"window {c}") for c in range(channels) if c not in reached),
                    X.mark("centre", at),
                    Y.write(at),
                )

        beside = side_by_side(across * columns, math.ceil(channels / across) * rows)
        return story.play(
            steps,
            self._windows.count,
            *([(X, Sign(name="to", text="→"), Y)] if beside else [(X,), (Y,)]),
            alt=self._alt(),
            step_roles=("neighbour", "selected", "output"),
            formula=self._formula(),
            convention=self._convention(),
        )

    def _constant(self, name: str) -> Number:
        return Number(getattr(self, name), None, (name,))

    def _caption(self, X: Cells, Y: Cells, at: tuple[int, ...]) -> Words:
        """The value over its neighbours' squares, over their sum, and over what that comes to."""
        k, alpha, beta = map(self._constant, ("k", "alpha", "beta"))
        weight = alpha / Number(self._shares) if self.alpha_over_n else alpha
        squares = float(self._sums[at])
        sides = [
            X[at] / (k + weight * total([X[cell] ** 2 for cell in self._windows.cells(at)])) ** beta,
            X[at] / (k + weight * Number(squares, digits_for(squares, most=self.most(4)))) ** beta,
        ]
        below = float(self.k + self.alpha / self._shares * squares) ** self.beta
        if below < MAX_VALUE:
            sides.append(X[at] / Number(below, self._decimals(below)))
        # Where so little is divided by that it is written as 0, that says nothing.
        kept = [side for side in sides if np.isfinite(float(exact(side)))]
        constants = [self.k, self.alpha, self.beta, *([self._shares] if self.alpha_over_n else [])]
        crowd = max(0, len("".join(map(as_given, constants))) - _CONSTANT_LETTERS)
        letters = _SUM_LETTERS - 4 * len(number(X[at].value, X.decimals)) - 2 * crowd
        return equation(Y.symbol("b", at), *kept, Y[at], letters=max(1, letters))

    @property
    def _shares(self) -> int:
        """What α is divided by: cells beyond an edge count, as in torch and Caffe."""
        if not self.alpha_over_n:
            return 1
        return self.n if self.kind == "inter" else self.n**2

    def _decimals(self, below: float) -> int:
        """Decimals of what is divided by, which is never written as 0."""
        usual = (2 if below < 100 else 0) if self.digits is None else self.digits
        return usual if below >= 0.1 or round(below, usual) else 2 - math.floor(math.log10(below))

    @property
    def _divided(self) -> str:
        """α over what it may be divided by, in mathtext."""
        return r"\alpha/n" if self.kind == "inter" else r"\alpha/n^2"

    def _formula(self) -> Words:
        alpha = rf"({self._divided})" if self.alpha_over_n else r"\alpha"
        if self.kind == "intra":
            return Text(
                "{formula}   sum over {size} pixels of the same channel",
                formula=Math(rf"b=a\,/\,(k+{alpha}\,\Sigma\,a^2)^\beta"),
                size=Shape((self.n, self.n)),
            )
        before, after = self.n // 2, (self.n - 1) // 2
        return joined(
            (
                Math(rf"b_i=a_i\,/\,(k+{alpha}\,\Sigma_j\,a_j^2)^\beta"),
                Math(rf"j=\max(1,\,i-{before})\,\ldots\,\min({self.channels},\,i+{after})"),
            ),
            "   ",
        )

    def _convention(self) -> Words:
        if not self.alpha_over_n:
            return ""
        # PyTorch has no neighbourhood within a channel.
        as_in = "{alpha} as in PyTorch and Caffe" if self.kind == "inter" else "{alpha} as in Caffe"
        return Text(as_in, alpha=Math(self._divided))

    def _alt(self) -> Words:
        inter = self.kind == "inter"
        return Text(
            "{kind} local response normalization: each value of a {size} input is divided by (k + {weight}·Σa²)^β, "
            "where the sum runs over up to {neighbours} cells: {where}; n = {n}, k = {k}, α = {alpha}, β = {beta}; "
            "{steps} the output",
            kind=Text(_KINDS[self.kind]),
            size=Shape(self.maps.values.shape),
            weight="α" if not self.alpha_over_n else "(α/n)" if inter else "(α/n²)",
            neighbours=Shape((self.n,) if inter else (self.n, self.n)),
            where=Text("the same pixel in nearby channels" if inter else "nearby pixels of the same channel"),
            n=self.n,
            k=Number(self.k, None),
            alpha=Number(self.alpha, None),
            beta=Number(self.beta, None),
            steps=filling(self.maps.values.size),
        )
