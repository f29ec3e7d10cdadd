"""Transposed convolution: a turned kernel slides over the input pulled apart and framed with zeros."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, pairwise
from typing import Any, ClassVar

import numpy as np

from cnnviz.limits import MAX_SIDE
from cnnviz.parameters import Size, param
from cnnviz.scenes._scatter import MANY_COLUMNS, scatter
from cnnviz.scenes._stretch import Stretch
from cnnviz.story import (
    CROWDED_SIDE,
    Axis,
    Graph,
    MapAndKernel,
    Story,
    Tensor,
    Windows,
    bias,
    dilation,
    filled,
    input_size,
    lost_of,
    padding,
    reading_beats,
    stride,
    times,
)
from cnnviz.storyboard import Mark, Step
from cnnviz.words import Extent, Filled, Fitting, Number, Shape, Text, Words, dot, equation, joined, size


@dataclass(frozen=True, kw_only=True)
class TransposedConv(MapAndKernel):
    """Transposed convolution: the gradient of a convolution, run forwards, so that a small map becomes a larger one.

    The view `convolution` pulls the input apart, frames it with zeros and slides the turned kernel with stride 1;
    `scatter` lays a multiple of the kernel on the output for every input pixel; `overlap` counts these stamps. All
    give the same numbers. Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning",
    relationships 8 to 14; the uneven overlap: Odena et al. (2016), "Deconvolution and checkerboard artifacts".
    """

    examples: ClassVar = (
        "cnnviz transposed-conv --i 3 --k 3 --s 2 --p 1",
        "cnnviz transposed-conv --view scatter --i 2 --s 2",
        "cnnviz transposed-conv --view overlap --i 4 --s 2 --kernel ones",
    )

    default_size: ClassVar = (3, 3)

    i: Size | None = input_size(shown_default="3, or the data's own")
    s: Size = stride(2, help="Stride of the convolution that is transposed.")
    p: Size = padding(help="Padding of the convolution that is transposed.")
    output_padding: Size = param(0, help="Rows and columns added below and on the right.", lo=0, hi=MAX_SIDE)
    d: Size = dilation()
    view: str = param(
        "convolution",
        choices=("convolution", "scatter", "overlap"),
        help="A convolution over the stretched input, stamps of the kernel that add up, or how often these overlap",
    )
    bias: float = bias()

    def story(self) -> Story:
        """The phases of the input and one step for each output cell, or one step for each input cell."""
        x, w = self.map.values, self.weights.values
        stretched, stamped = self._windows(Axis.stretched), self._windows(Axis.transposed)
        graph = Graph()
        graph.essential = 0
        pixels, kernel = graph.map("x", x), graph.kernel("w", w)
        b = graph.given("b", [self.bias]) if self.bias else None
        y = graph.compute("conv_transpose2d", pixels, kernel, b, **self.sizes)

        crowded = max(*stretched.drawn, *y.values.shape[2:]) >= CROWDED_SIDE
        story = Story(self, Text("Transposed convolution"), graph, crowded=crowded)
        windows = stretched if self.view == "convolution" else stamped
        story.fits(windows, "this transposed convolution", drawn="the stretched input", options="--i, --s or --k")
        story.set("kernel", "k", w.shape)
        story.set("stride", "s", self.s)
        story.set("padding", "p", self.p)
        if any(self.output_padding):
            story.set("output padding", "a", self.output_padding)
        if self.d != (1, 1):
            story.set("dilation", "d", self.d)
        if self.bias:
            story.set("bias", "b", Number(self.bias, None, ("bias",)))
        if self.view == "convolution":
            return self._slide(story, y, stretched)
        return scatter(self, story, pixels, kernel, y, stamped)

    @property
    def sizes(self) -> dict[str, Any]:
        """The options of the operation."""
        return {"stride": self.s, "padding": self.p, "output_padding": self.output_padding, "dilation": self.d}

    def size_formula(self, out: Sequence[int]) -> Filled:
        """The output's size (Dumoulin and Visin 2016, relationship 14 and, with dilation, its like)."""
        i, k, s, p, a, d = map(size, "ikspad")
        given: dict[str, Any] = {"i": self.map.values.shape, "s": self.s, "k": self.weights.values.shape, "p": self.p}
        dilated, extra = any(each > 1 for each in self.d), any(self.output_padding)
        general = (i - 1) * s + (d * (k - 1) + 1 if dilated else k) - 2 * p
        if dilated:
            given["d"] = self.d
        if extra:
            general, given["a"] = general + a, self.output_padding
        return filled(general, out, "output", **given)

    def _windows(self, axis: Callable[..., Axis]) -> Windows:
        sizes = self.map.values.shape, self.weights.values.shape, self.s, self.p, self.output_padding, self.d
        return Windows(tuple(axis(*each) for each in zip(*sizes, strict=True)))

    def _slide(self, story: Story, y: Tensor, windows: Windows) -> Story:
        """The input is stretched in some phases, then the turned kernel slides over it."""
        x, w, out = self.map.values, self.weights.values, windows.out
        stretch = Stretch(x, windows, (w.shape[0], w.shape[1]), self.s, self.p, self.output_padding, self.d)
        first = (phases := stretch.phases())[0]
        X = story.cells(
            "input",
            "Input {size}",
            np.nan_to_num(phases[-1].values),
            first=first.values,
            roles=first.roles,
            data=self.map,
            notes=True,
            size=Shape(x.shape, "input"),
            below=phases[-1].below,
            marks=(Mark(name="map", role="boundary"), Mark(name="window", role="window")),
        )
        story.graph.show_input("input", first.values, x.shape)
        turned = w[::-1, ::-1]
        W = story.cells(
            "kernel",
            "Kernel {size}",
            turned,
            first=w,
            role="kernel",
            below=Text("rotated by 180°"),
            enlarge=windows.drawn[1] + out[1] >= MANY_COLUMNS,
        )
        Y = story.cells("output", "Output {size}", y, pending=True, lost=lost_of(x, w))
        weights, added = W.read(list(np.ndindex(w.shape))), Number(self.bias, None, ("bias",))
        count = len(phases) + 1 + windows.count
        beats = reading_beats(count)

        def steps() -> Iterator[Step]:
            labels = X.relabel(first.below), W.relabel(Text("as it is given"))
            yield story.step(first.caption, labels, beats=beats)
            for before, phase in pairwise(phases):
                boundary = [X.mark("map", *stretch.boundary())] if "padding" in phase.roles else []
                changes = phase.changes(X, before), X.relabel(phase.below), boundary
                yield story.step(phase.caption, *changes, beats=beats)
            said = Text(
                "The kernel turns by 180°; then it slides over every position, with stride {s}",
                s=equation(size("s'"), Number(1)),
            )
            cells = [W.set(place, value=float(value)) for place, value in np.ndenumerate(turned)]
            yield story.step(said, cells, W.relabel(Text("rotated by 180°")), beats=beats)
            for at in windows.places():
                real = [X.role(cell) == "input" for cell in windows.cells(at)]
                pixels, used = X.read(list(compress(windows.cells(at), real))), list(compress(weights, real))
                caption = equation(Y.symbol("y", at), dot(pixels, used, added, Y[at]), Y[at])
                yield story.step(caption, X.window(windows, at, times(weights)), Y.write(at))

        formula: Words = self.size_formula(out)
        if len(set(zip(x.shape, w.shape, self.s, self.p, self.output_padding, self.d, strict=True))) == 1:
            formula = Fitting((joined((formula, *stretch.formulas()), "    "), formula))
        what = Text(
            "a transposed convolution, {sizes}: a {i} input is pulled apart with zeros and framed, then the {k} kernel, "
            "rotated by 180°, slides over it with stride 1 and fills the {o} output, each cell the sum of products under "
            "the kernel{bias}",
            sizes=self.sizes_text(),
            i=Shape(x.shape),
            k=Shape(w.shape),
            o=Shape(out),
            bias=Text(", plus a bias") if self.bias else "",
        )
        roles = (
            "empty",
            "input",
            "zero",
            "padding",
            "unreached",
            "padding_unreached",
            "kernel",
            "kernel_on_padding",
            "output",
        )
        return story.play(
            steps,
            count,
            (X, "∗", W, "=", Y),
            alt=what,
            step_roles=roles,
            formula=formula,
            convention=Text("kernel rotated by 180°: the transpose of the convolution"),
        )

    def sizes_text(self) -> Words:
        """The parameters in words."""
        return joined(
            (
                Text("stride {s}", s=Extent(self.s)),
                Text("padding {p}", p=Extent(self.p)),
                Text("output padding {a}", a=Extent(self.output_padding)) if any(self.output_padding) else None,
                Text("dilation {d}", d=Extent(self.d)) if self.d != (1, 1) else None,
            )
        )
