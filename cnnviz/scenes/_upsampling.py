"""Ways to make a map larger: what each new cell is made of, and how this is said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnviz.notation import exact_digits
from cnnviz.parameters import Size
from cnnviz.story import Cells, Graph, Story, Tensor, filled, times, transposed_conv_size
from cnnviz.storyboard import Step, Values
from cnnviz.words import Math, Number, Shape, Text, Words, total

MODES = ("nearest", "bilinear", "align-corners")
LEARNED = "transposed-conv"

_DIGITS = 4


@dataclass(frozen=True, eq=False)
class Way:
    """A function of torch.nn.functional that makes a map larger.

    `label` and `below` name it under its panel, `short` beside others.
    """

    short: str
    label: str
    function: str
    options: dict[str, Any]
    formula: Words
    below: Words | None = None
    kernel: Values | None = None

    def compute(self, graph: Graph, x: Tensor, result: str = "y") -> Tensor:
        """The larger map."""
        kernel = () if self.kernel is None else (graph.kernel("w", self.kernel),)
        return graph.compute(self.function, x, *kernel, result=result, **self.options)

    def shares(self, size: Size) -> Values:
        """The weight that every cell of a map of a size has in each new one, (cells, rows, columns)."""
        cells, graph = size[0] * size[1], Graph()
        alone = graph.map("x", np.eye(cells).reshape(cells, 1, *size))
        return self.compute(graph, alone).values[:, 0]


def ways_of(scale: int, size: Size, out: Size) -> dict[str, Way]:
    """Those of torch.nn.functional.interpolate, and a transposed convolution with the kernel that learning begins with.

    That is bilinear, of 2s − s mod 2 cells a side; its padding makes the map `scale` times as large.
    """
    # Places count from 1, as in captions.
    nearest = Math(r"x=\lfloor (t-1)\cdot i/o\rfloor+1")
    edges = Math(r"x=(t-\frac{1}{2})\cdot i/o+\frac{1}{2}")
    corners = Math(r"x=(t-1)\cdot (i-1)/(o-1)+1")
    how: dict[str, dict[str, Any]] = {
        "nearest": {"size": out, "mode": "nearest", "align_corners": None},
        "bilinear": {"size": out, "mode": "bilinear", "align_corners": False},
        "align-corners": {"size": out, "mode": "bilinear", "align_corners": True},
    }
    k, p = 2 * scale - scale % 2, scale // 2
    hat = 1 - np.abs(np.arange(k) - (k - 1) / 2) / scale
    options = {"stride": (scale, scale), "padding": (p, p), "output_padding": (0, 0), "dilation": (1, 1)}
    learned = filled(transposed_conv_size(), out, LEARNED, i=size, s=(scale, scale), k=(k, k), p=(p, p))
    below = Text("kernel {k}", k=Shape((k, k)))
    return {
        "nearest": Way("nearest", "nearest", "interpolate", how["nearest"], nearest),
        "bilinear": Way("bilinear", "bilinear", "interpolate", how["bilinear"], edges, Text("edges aligned")),
        "align-corners": Way(
            "aligned", "bilinear", "interpolate", how["align-corners"], corners, Text("corners aligned")
        ),
        LEARNED: Way("transposed", "transposed", "conv_transpose2d", options, learned, below, np.outer(hat, hat)),
    }


def sampled(story: Story, way: Way, X: Cells, Y: Cells, W: Cells | None) -> Iterator[Step]:
    """For each new cell: where its sample lies on the input, or which weights reach it, and what it is made of."""
    shares = way.shares((X.values.shape[0], X.values.shape[1]))
    for at in np.ndindex(Y.values.shape):
        share = shares[:, *at].reshape(X.values.shape)
        cells = [(row, column) for row, column in np.argwhere(share).tolist()]
        weights = [Number(share[cell], exact_digits(float(share[cell]), _DIGITS)) for cell in cells]
        parts = [
            X[cell] if weight.value == 1 else weight * X[cell] for weight, cell in zip(weights, cells, strict=True)
        ]
        caption: Words = Y.equals(at, total(parts), letters=90)
        size = [last - first + 1 for first, last in zip(cells[0], cells[-1], strict=True)]
        changes = [*X.cover(cells, times(weights) if weights[0].value != 1 else ()), X.mark("window", cells[0], size)]
        if W:
            s, p = way.options["stride"][0], way.options["padding"][0]
            taps = [(at[0] + p - row * s, at[1] + p - column * s) for row, column in cells]
            changes += W.cover(taps, (), dict.fromkeys(taps, "kernel"))
        else:
            above, left = (float(np.tensordot(axis, share)) for axis in np.indices(share.shape))
            changes.append(X.mark("current", (above, left)))
            if len(cells) > 1:
                caption = Text(
                    "At ({down}, {across}): {y}", down=Number(above + 1, 2), across=Number(left + 1, 2), y=caption
                )
        yield story.step(caption, changes, Y.write(at))
