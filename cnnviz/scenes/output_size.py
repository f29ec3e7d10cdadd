"""Output size: how many positions a kernel has on a padded input, counted step by step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from cnnviz.parameters import Size
from cnnviz.scene import Scene
from cnnviz.scenes._counting import Count, Counting
from cnnviz.story import (
    Cells,
    Graph,
    Story,
    Windows,
    convolved_size,
    dilation,
    filled,
    input_size,
    kernel_size,
    padding,
    stride,
)
from cnnviz.storyboard import Mark
from cnnviz.words import Defined, Extent, Shape, Text, Words, joined, size

_MOST_NUMBERED, _MOST_PLACES = 14, 99
"""Cells a side, and places, beyond which the places' numbers would not fit their cells."""

_ROWS, _COLUMNS = 0, 1
_AXES = ("rows", "columns")


@dataclass(frozen=True, kw_only=True)
class OutputSize(Scene):
    """The output size of a convolution, o = ⌊(i + 2p − k)/s⌋ + 1, derived on the input itself.

    The kernel takes its first place, the strides that fit beside it are counted, and the first place is added. Where
    rows and columns differ, columns come first. Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep
    learning", relationship 6 and, with dilation, 15.
    """

    examples: ClassVar = (
        "cnnviz output-size --i 5 --k 3 --s 2 --p 1",
        "cnnviz output-size --i 6 --k 3 --s 2",
        "cnnviz output-size --i 5x8 --k 3x2 --s 1x2",
    )

    i: Size = input_size(5)
    k: Size = kernel_size(3)
    s: Size = stride()
    p: Size = padding()
    d: Size = dilation()

    def story(self) -> Story:
        """The padded input, the first place, each stride, what is left over, and the sum: along one axis or both."""
        windows = Windows.sliding(self.i, self.k, self.s, self.p, self.d)
        graph = Graph()
        x, w = graph.map("x", np.zeros(self.i)), graph.kernel("w", np.zeros(self.k))
        y = graph.compute("conv2d", x, w, stride=self.s, padding=self.p, dilation=self.d)
        graph.show(y, "output", (0, 0), size=True)

        story = Story(self, Text("Output size of a convolution"), graph)
        story.fits(windows, "this count", steps=sum(windows.out))
        sizes = {"i": self.i, "k": self.k, "s": self.s, "p": self.p, "d": self.d}
        story.sizes(**sizes)
        X, Y, below = self._panels(story, windows)
        columns, rows = (
            Count(_AXES[axis], **{name: each[axis] for name, each in sizes.items()}, out=windows.out[axis])
            for axis in (_COLUMNS, _ROWS)
        )
        counts = [columns] if replace(rows, name=columns.name) == columns else [columns, rows]
        formula = convolved_size(dilated=self.d != (1, 1))
        counting = Counting(story, X, Y, windows, counts, below)
        return story.play(
            counting.steps,
            counting.count,
            (X, counting.panel(Defined(size("o"), (formula,))), Y),
            alt=self._what(windows.out),
            step_roles=("kernel", "kernel_on_padding", "output", "unreached", "padding_unreached", "active"),
            formula=filled(formula, windows.out, "output", **sizes),
        )

    def _panels(self, story: Story, windows: Windows) -> tuple[Cells, Cells, Words]:
        """The padded input, the output, and what stands under the input in the end."""
        numbered = max(windows.drawn) <= _MOST_NUMBERED and windows.count <= _MOST_PLACES
        start = Text("numbers: the kernel's top-left cell" if numbered else "marked: the kernel's top-left cell")
        reached = all(axis.reached.all() for axis in windows.axes)
        below = joined((start, None if reached else Text("hatched: never reached")))
        every = Windows.sliding(self.i, (1, 1), (1, 1), self.p)
        how: dict[str, Any] = {"digits": 0, "shade": None, "numbers": numbered}
        input: dict[str, Any] = {
            "windows": every,
            "fill": np.nan,
            "below": below,
            "marks": (Mark(name="free", role="result"),),
        }
        output: dict[str, Any] = {
            "roles": np.full(windows.out, "empty"),
            "marks": (Mark(name="current", role="result"),),
        }
        X = story.cells("input", "Input {size}", np.full(self.i, np.nan), **input, **how)
        return X, story.cells("output", "Output {size}", np.full(windows.out, np.nan), **output, **how), below

    def _what(self, out: tuple[int, ...]) -> Words:
        return Text(
            "how the output size of a convolution is derived: on a {i} input with padding {p} a {k} kernel{dilation} "
            "starts in the corner, then moves by stride {s} are counted while they fit; the output is {o}",
            i=Shape(self.i),
            p=Extent(self.p),
            k=Shape(self.k),
            dilation=Text(" with dilation {d}", d=Extent(self.d)) if self.d != (1, 1) else "",
            s=Extent(self.s),
            o=Shape(out),
        )
