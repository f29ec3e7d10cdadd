"""Convolution: a kernel slides over the padded input, each output cell is a dot product."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from cnnviz.parameters import Size, param
from cnnviz.story import (
    Graph,
    MapAndKernel,
    Story,
    Windows,
    bias,
    convolved_size,
    dilation,
    filled,
    filling,
    lost_of,
    padding,
    stride,
    times,
)
from cnnviz.storyboard import Step
from cnnviz.words import Extent, Number, Shape, Text, dot, equation, lines


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
        used = w[::-1, ::-1] if self.flip else w
        windows = Windows.sliding(x.shape, w.shape, self.s, self.p, self.d)
        graph = Graph()
        pixels, kernel = graph.map("x", x), graph.kernel("w", w)
        applied = graph.compute("flip", kernel, result="flipped") if self.flip else kernel
        added = graph.given("b", [self.bias]) if self.bias else None
        y = graph.compute("conv2d", pixels, applied, added, stride=self.s, padding=self.p, dilation=self.d)

        story = Story(self, Text("Convolution"), graph)
        story.fits(windows, "this convolution")
        story.set("kernel", "k", w.shape)
        story.set("stride", "s", self.s)
        story.set("padding", "p", self.p)
        if self.d != (1, 1):
            story.set("dilation", "d", self.d)
        if self.bias:
            story.set("bias", "b", Number(self.bias, None, ("bias",)), size=False)
        X = story.cells("input", "Input {size}", pixels, windows=windows, data=self.map, notes=True)
        turned = Text("rotated by 180° when applied") if self.flip else None
        W = story.cells(
            "kernel", "Kernel {size}", kernel, role="kernel", below=lines(self.kernel_name, turned), enlarge=True
        )
        Y = story.cells("output", "Output {size}", y, pending=True, lost=lost_of(x, used))

        places = list(Windows.sliding(w.shape, w.shape, (1, 1)).cells((0, 0)))
        weights = W.read(places[::-1] if self.flip else places)
        notes, b = times(weights), Number(self.bias, None, ("bias",))

        def steps() -> Iterator[Step]:
            for at in windows.places():
                arithmetic = dot(X.read(windows.cells(at)), weights, b, Y[at])
                caption = equation(Y.symbol("y", at), arithmetic, Y[at])
                yield story.step(caption, X.window(windows, at, notes), Y.write(at))

        slides = Text(
            "a convolution: a {k} kernel slides over a {i} input with stride {s}, padding {p}{dilation}; {steps} the "
            "{o} output, each cell the sum of products under the kernel{bias}",
            k=Shape(w.shape),
            i=Shape(x.shape),
            s=Extent(self.s),
            p=Extent(self.p),
            dilation="" if self.d == (1, 1) else Text(", dilation {d}", d=Extent(self.d)),
            steps=filling(windows.count),
            o=Shape(windows.out),
            bias=Text(", plus a bias") if self.bias else "",
        )
        dilated = {"d": self.d} if self.d != (1, 1) else {}
        return story.play(
            steps,
            windows.count,
            (X, "∗", W, "=", Y),
            alt=slides,
            formula=filled(
                convolved_size(dilated=bool(dilated)),
                windows.out,
                "output",
                i=x.shape,
                p=self.p,
                k=w.shape,
                s=self.s,
                **dilated,
            ),
            convention=Text("true convolution: kernel rotated")
            if self.flip
            else Text("cross-correlation: kernel not flipped"),
        )
