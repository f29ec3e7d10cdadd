"""Convolution: a kernel slides over the padded input, each output cell is a dot product."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnnviz.parameters import Size, param
from cnnviz.story import Graph, MapAndKernel, Sliding, Story, bias, dilation, lost_of, padding, stride, times
from cnnviz.storyboard import Step
from cnnviz.words import Shape, Text, dot, equation, lines


@dataclass(frozen=True, kw_only=True)
class Conv(MapAndKernel):
    """Convolution as networks compute it: the cross-correlation of the padded input with a kernel.

    Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning", relationship 6 and, with
    dilation, 15.
    """

    examples: ClassVar = (
        "cnnviz conv --k 3 --s 2 --p 1",
        "cnnviz conv --input photo.png --i 32 --kernel sobel-x -o edges.gif",
        'cnnviz conv --input "1 2 3; 4 5 6; 7 8 9" --kernel "1 0; 0 1"',
    )

    s: Size = stride()
    p: Size = padding()
    d: Size = dilation()
    flip: bool = param(False, help="Rotate the kernel by 180°: the true convolution of signal processing.")
    bias: float = bias()

    def story(self) -> Story:
        """One step for each output cell."""
        x, w = self.map.values, self.weights.values
        slide = Sliding(i=x.shape, k=w.shape, s=self.s, p=self.p, d=self.d)
        windows, graph = slide.windows, Graph()
        pixels, kernel = graph.map("x", x), graph.kernel("w", w)
        applied = graph.compute("flip", kernel, result="flipped") if self.flip else kernel
        added = graph.given("b", [self.bias]) if self.bias else None
        y = graph.compute("conv2d", pixels, applied, added, **slide.options)

        story = Story(self, Text("Convolution"), graph)
        story.fits(windows, "this convolution")
        story.sizes(k=w.shape, s=self.s, p=self.p, d=self.d)
        b = story.bias(self.bias)
        X = story.cells("input", "Input {size}", pixels, windows=windows, data=self.map, notes=True)
        turned = Text("rotated by 180° when applied") if self.flip else None
        below = lines(self.kernel_name, turned)
        W = story.cells("kernel", "Kernel {size}", kernel, role="kernel", below=below, enlarge=True)
        Y = story.cells("output", "Output {size}", y, pending=True, lost=lost_of(x, w))
        weights = W.read(list(np.ndindex(w.shape)))[:: -1 if self.flip else 1]

        def steps() -> Iterator[Step]:
            for at in windows.places():
                arithmetic = dot(X.read(windows.cells(at)), weights, b, Y[at])
                caption = equation(Y.symbol("y", at), arithmetic, Y[at])
                yield story.step(caption, X.window(windows, at, times(weights)), Y.write(at))

        correlation, convolution = "cross-correlation: kernel not flipped", "true convolution: kernel rotated"
        return story.play(
            steps,
            windows.count,
            (X, "∗", W, "=", Y),
            alt=Text(
                "a convolution: {slides}; each cell of the {o} output is the sum of products under the kernel",
                slides=slide.told(story.told("kernel")),
                o=Shape(windows.out),
            ),
            formula=slide.formula(),
            convention=Text(convolution if self.flip else correlation),
        )
