"""Deformable convolution: each weight samples the input off the grid, where an offset moves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cnnviz.ops import conv2d
from cnnviz.parameters import ArrayLike, Size
from cnnviz.scenes._deformable import Samples, given_each
from cnnviz.story import (
    Graph,
    MapAndKernel,
    Sliding,
    Story,
    Windows,
    check_steps,
    dilation,
    input_map,
    kernel_size,
    padding,
    steps_fill,
    stride,
)
from cnnviz.storyboard import Mark, Step
from cnnviz.words import Math, Number, Product, Shape, Text, total


@dataclass(frozen=True, kw_only=True)
class DeformableConv(MapAndKernel):
    """A convolution whose weights read between the cells of the input, each moved by an offset of its own.

    Dai et al. (2017), "Deformable convolutional networks", equations 2 to 4; with a mask Zhu et al. (2019),
    "Deformable ConvNets v2", equation 1; torchvision.ops.deform_conv2d. A network learns the offsets with a convolution
    of its own; here they are given.
    """

    examples: ClassVar = (
        "cnnviz deformable-conv",
        "cnnviz deformable-conv --offset random --mask '1 1 1; 1 .5 1; 0 0 0'",
    )

    k: Size | None = kernel_size(hi=5)
    s: Size = stride()
    p: Size = padding()
    d: Size = dilation()
    input: ArrayLike = input_map("diagonal")
    offset: ArrayLike = input_map(
        "turned", help="Offsets, y and x of each weight: turned, zeros, random, numbers, or an array for each place."
    )
    mask: ArrayLike = input_map(None, help="What samples are multiplied by: numbers, or an array for each place.")

    def story(self) -> Story:
        """The samples of the first output one by one, then a step for each output, and what offsets of 0 would give."""
        x, w = self.map.values, self.weights.values
        slide = Sliding(i=x.shape, k=w.shape, s=self.s, p=self.p, d=self.d)
        windows, taps = slide.windows, list(np.ndindex(w.shape))
        # Before millions of samples are taken.
        check_steps(windows.count + len(taps) + 2, "this convolution")
        at = Samples(self, x, windows)
        given = None if self.mask is None else given_each(self, "mask", w.shape, windows.out)
        graph = Graph()
        pixels, offset = graph.map("x", x), graph.input("offset", at.offset[None])
        mask = None if given is None else graph.input("mask", given[None])
        y = graph.compute("deform_conv2d", pixels, offset, graph.kernel("w", w), mask, **slide.options)

        count = windows.count + len(taps) + 2
        story = Story(self, Text("Deformable convolution"), graph)
        story.point = Text("Each weight reads where its offset moves it: between cells, a mean of four")
        story.check_limits(windows, "this convolution", steps=count)
        story.show_sizes(k=w.shape, s=self.s, p=self.p, d=self.d)
        marks = [Mark(name=f"sample {n + 1}", role="window") for n in range(len(taps))]
        marks.append(Mark(name="now", role="result"))
        # Offsets may take a sample to any cell.
        reach = Windows.sliding(x.shape, windows.drawn, (1, 1), self.p)
        X = story.cells("input", "Input {size}", pixels, windows=reach, data=self.map, notes=True, marks=marks)
        options: dict[str, Any] = {"digits": story.decimals(at.values), "shade": story.shade(at.values, plain=True)}
        S = story.cells("samples", "Samples {size}", np.zeros(w.shape), pending=True, **options)
        W = story.cells("kernel", "Kernel {size}", w, role="kernel")
        M = None
        if given is not None:
            # The mask of each output.
            masks = given.transpose(1, 2, 0).reshape(*windows.out, *w.shape)
            M = story.cells("shares", "Mask {size}", masks[0, 0], role="bias")
        Y = story.cells("output", "Output {size}", y, axes=2, pending=True)
        flat = Number(float(conv2d(x[None], w[None, None], **slide.options).max()), Y.decimals)
        most = Number(float(Y.values.max()), Y.decimals, ("output", "max"))
        answer = Text("Without offsets the largest output is {flat}, with them {most}", flat=flat, most=most)

        def steps() -> Iterator[Step]:
            first, *others = windows.positions()
            caption = Text("Each weight would read a cell of the grid: where does its offset move it?")
            asked = S.ask(), S.relabel(), X.move_window(windows, first)
            yield story.step(caption, *asked, at.rings(X, first, moved=False), beats=2)
            S.values = at.values[first]
            for n in range(len(taps)):
                yield at.read(story, X, S, first, n)
            for place in (first, *others):
                S.values = at.values[place]
                changes = [S.set(tap, role="output", value=float(S.values[tap])) for tap in taps]
                if M:
                    M.values = masks[place]
                    changes += [M.set(tap, value=float(M.values[tap])) for tap in taps]
                parts = [Product((S.rounded(tap), *([M.rounded(tap)] if M else []), W[tap])) for tap in taps if w[tap]]
                shown = (
                    X.move_window(windows, place),
                    at.rings(X, place),
                    X.hide("now"),
                    S.hide("current"),
                    Y.write(place),
                )
                yield story.step(Y.equals(place, total(parts or [Y[place]])), changes, *shown)
            # These were the samples of one output.
            emptied = [S.set(tap, role="pending", value=np.nan) for tap in taps]
            yield story.answer(answer, emptied)

        weight = r"w_n\,m_n" if M else "w_n"
        formula = Math(rf"y(p)=\Sigma\,{weight}\,x(p+p_n+\Delta p_n)")
        template = "a deformable convolution: {slides}, offsets move what each weight samples; {steps} the {o} output"
        slides = slide.describe(story.settings_text("kernel"))
        alt = Text(template, slides=slides, steps=steps_fill(windows.count), o=Shape(windows.out))
        stage = [(X, "→", S, "·", M), ("∗", W, "=", Y)] if M else [(X, "→", S, "∗", W, "=", Y)]
        convention = Text("beyond the input all is 0")
        return story.play(steps, count, *stage, alt=alt, formula=formula, convention=convention)
