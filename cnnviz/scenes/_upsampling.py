"""Ways to make a map larger: what each new cell is made of, and how this is said."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from cnnviz.notation import digits_for, exact_digits
from cnnviz.ops import sample_points
from cnnviz.parameters import Size
from cnnviz.story import Cells, Graph, Place, Story, Tensor, filled, times, transposed_conv_size
from cnnviz.storyboard import Step
from cnnviz.words import Expression, Math, Number, Shape, Text, Words, dot, equation, total

MODES = ("nearest", "bilinear", "align-corners")
LEARNED = "transposed-conv"

_HOW: dict[str, tuple[str, bool | None, str]] = {
    "nearest": ("nearest", None, r"\lfloor (t-1)\cdot i/o\rfloor+1"),
    "bilinear": ("bilinear", False, r"(t-\frac{1}{2})\cdot i/o+\frac{1}{2}"),
    "align-corners": ("bilinear", True, r"(t-1)\cdot (i-1)/(o-1)+1"),
}


class Sampled:
    """One of the modes of torch.nn.functional.interpolate, for a map of a `size` that becomes `out`."""

    def __init__(self, name: str, size: Size, out: Size) -> None:
        self.name, self._out = name, out
        self.label, self._aligned, where = _HOW[name]
        self.short = "aligned" if self._aligned else self.label
        self.below = None if self._aligned is None else Text("corners aligned" if self._aligned else "edges aligned")
        # Places count from 1, as in captions.
        self.formula: Words = Math(f"x={where}")
        self._points = [sample_points(i, o, self.label, bool(self._aligned)) for i, o in zip(size, out, strict=True)]

    def compute(self, graph: Graph, x: Tensor) -> Tensor:
        """The larger map."""
        how = {"size": self._out, "mode": self.label, "align_corners": self._aligned}
        return graph.compute("interpolate", x, result=self.name.replace("-", "_"), **how)

    def step(self, story: Story, X: Cells, Y: Cells, at: Place, *changes: Any) -> Step:
        """Where a new cell's sample lies on the input, and what it is made of."""
        sides, shares, terms = self._sides(at), self.shares(at), []
        for row, down in sides[0]:
            across = [(column, share) for column, share in sides[1] if share and down]
            inner = total([_weighed(share, X[row, column]) for column, share in across])
            terms += [_weighed(down, inner)] if across else []
        y = equation(Y.symbol("y", at), total(terms), Y[at], letters=90)
        cells, weights = list(shares), [Number(share, 2) for share in shares.values()]
        above, left = (side[0][0] + side[1][1] for side in sides)
        place = {"down": Number(above + 1, 2), "across": Number(left + 1, 2)}
        caption = Text("At ({down}, {across}): {y}", **place, y=y) if len(cells) > 1 else y
        notes = times(weights) if len(cells) > 1 else ()
        corner, size = cells[0], [last - first + 1 for first, last in zip(cells[0], cells[-1], strict=True)]
        marks = X.mark("window", corner, size), X.mark("current", (above, left))
        return story.step(caption, X.cover(cells, notes), marks, Y.write(at), *changes)

    def shares(self, at: Place) -> dict[Place, float]:
        """The cells of which a new one is a mean, each with its weight."""
        found = dict[Place, float]()
        for (row, down), (column, across) in product(*self._sides(at)):
            if down and across:
                found[row, column] = found.get((row, column), 0) + down * across
        return found

    def _sides(self, at: Place) -> list[tuple[tuple[int, float], tuple[int, float]]]:
        """The two rows and the two columns around a sample, each with its share."""
        found = (map(float, (axis[n] for axis in points)) for points, n in zip(self._points, at, strict=True))
        return [((int(first), 1 - share), (int(second), share)) for first, second, share in found]


class Learned:
    """A transposed convolution with the bilinear kernel of Long et al. (2015), which is where learning begins.

    Its kernel has 2s − s mod 2 cells a side, its padding makes the map `scale` times as large. A `panel` of the kernel
    shows the weights in use.
    """

    name, label, short = LEARNED, "transposed", "transposed"
    panel: Cells | None = None

    def __init__(self, scale: int, size: Size, out: Size) -> None:
        k, self._p = 2 * scale - scale % 2, scale // 2
        hat = 1 - np.abs(np.arange(k) - (k - 1) / 2) / scale
        self._scale, self._size, self.kernel = scale, size, np.outer(hat, hat)
        self._digits = digits_for(self.kernel, most=4)
        self.below = Text("kernel {k}", k=Shape(self.kernel.shape))
        sizes = {"i": size, "s": (scale, scale), "k": self.kernel.shape, "p": (self._p, self._p)}
        self.formula = filled(transposed_conv_size(), out, self.name, **sizes)

    def compute(self, graph: Graph, x: Tensor) -> Tensor:
        """The larger map."""
        s, p = (self._scale, self._scale), (self._p, self._p)
        how = {"stride": s, "padding": p, "output_padding": (0, 0), "dilation": (1, 1)}
        return graph.compute("conv_transpose2d", x, graph.kernel("w", self.kernel), result="transposed", **how)

    def step(self, story: Story, X: Cells, Y: Cells, at: Place, *changes: Any) -> Step:
        """The cells of the input whose stamps reach a new cell, and the weight of each."""
        reached = dict[Place, Place]()
        for cell in np.ndindex(*self._size):
            tap = tuple(o + self._p - x * self._scale for o, x in zip(at, cell, strict=True))
            if min(tap) >= 0 and max(tap) < len(self.kernel):
                reached[cell] = tap
        cells, taps = list(reached), list(reached.values())
        size = [last - first + 1 for first, last in zip(cells[0], cells[-1], strict=True)]
        values = [float(self.kernel[tap]) for tap in taps]
        weights = [Number(value, exact_digits(value, self._digits)) for value in values]
        y = equation(Y.symbol("y", at), dot(X.read(cells), weights, None, Y[at]), Y[at], letters=90)
        used = self.panel.cover(taps, (), dict.fromkeys(taps, "kernel")) if self.panel else ()
        window = X.cover(cells, times(weights)), X.mark("window", cells[0], size)
        return story.step(y, *window, used, Y.write(at), *changes)


def _weighed(share: float, part: Expression) -> Expression:
    return part if share == 1 else Number(share, 2) * part
