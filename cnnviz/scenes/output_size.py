"""Output size: how many positions a kernel has on a padded input, counted step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cnnviz.parameters import Size
from cnnviz.scene import Scene
from cnnviz.scenes._counting import PANEL, Count
from cnnviz.story import (
    CURRENT,
    Graph,
    Sliding,
    Story,
    Windows,
    dilation,
    input_size,
    kernel_size,
    padding,
    reading_beats,
    stride,
)
from cnnviz.storyboard import Change, Equation, Mark, Relabel, Row, Step
from cnnviz.words import Defined, Number, Shape, Text, equation, joined

_MOST_NUMBERED, _MOST_PLACES = 14, 99
"""Cells a side, and places, beyond which the places' numbers would not fit their cells."""


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
        slide = Sliding(i=self.i, k=self.k, s=self.s, p=self.p, d=self.d)
        windows, graph = slide.windows, Graph()
        x, w = graph.map("x", np.zeros(self.i)), graph.kernel("w", np.zeros(self.k))
        y = graph.compute("conv2d", x, w, **slide.options)
        graph.show(y, "output", (0, 0), size=True)

        point = Text("One output cell for each position of the kernel")
        story = Story(self, Text("Output size of a convolution"), graph, point=point)
        story.check_limits(windows, "this count", steps=sum(windows.out))
        story.show_sizes(**slide.sizes)
        same = len({*zip(*slide.sizes.values(), strict=True)}) == 1
        counts = [Count(slide, axis, same) for axis in ((1,) if same else (1, 0))]
        beats = reading_beats(sum(windows.out))

        numbered = max(windows.drawn) <= _MOST_NUMBERED and windows.count <= _MOST_PLACES
        start = Text("numbers: the kernel's top-left cell" if numbered else "marked: the kernel's top-left cell")
        reached = all(axis.reached.all() for axis in windows.axes)
        below = joined((start, None if reached else Text("hatched: never reached")))
        options: dict[str, Any] = {"digits": 0, "shade": None, "numbers": numbered}
        cells, free = Windows.sliding(self.i, (1, 1), (1, 1), self.p), (Mark(name="free", role="result"),)
        empty = np.full(self.i, np.nan)
        X = story.cells("input", "Input {size}", empty, windows=cells, fill=np.nan, below=below, marks=free, **options)
        roles = np.full(windows.out, "empty", object)
        roles[0, 0] = "pending"
        Y = story.cells(
            "output", Text("Output"), np.full(windows.out, np.nan), roles=roles, marks=(CURRENT,), **options
        )

        def steps() -> Iterator[Step]:
            yield story.step(counts[0].padding(), X.relabel(start), counts[0].line(0), beats=beats)
            for each in counts:
                yield from each.animate(story, X, Y, beats)
            numbers: list[Change] = []
            for n, at in enumerate(windows.positions(), 1):
                numbers.append(X.set(windows.outline(at)[0], role="output", value=float(n)))
                numbers.append(Y.set(at, role="output", value=float(n)))
            product = equation(None, Number(windows.out[0]) * windows.out[1], windows.count)
            caption = Text("One output cell for each position of the kernel: {product}", product=product)
            label = Relabel(panel="output", label=Text("Output {size}", size=Shape(windows.out, "output")))
            rest = *X.uncover(), *Y.uncover()
            yield story.step(caption, numbers, rest, X.relabel(below), label, Count.done(3), beats=beats)

        head = () if same else (Row(name="head", text=Text(counts[0].name.capitalize())),)
        asked = (Row(name=f"line {n}", text=text, role="muted") for n, text in enumerate(counts[0].lines(known=False)))
        widest = tuple(line for each in counts for line in each.lines())
        formula = slide.formula()
        return story.play(
            steps,
            2 + sum(each.steps for each in counts),
            (X, "→", Y, Equation(name=PANEL, lines=(*head, *asked), widest=widest)),
            alt=Text(
                "how the output size of a convolution is counted: {slides}; the positions that fit make a {o} output",
                slides=slide.describe(story.settings_text("input", "kernel")),
                o=Shape(windows.out),
            ),
            step_roles=("kernel", "kernel_on_padding", "output", "unreached", "padding_unreached", "active"),
            # With numbers it would answer before anything is counted.
            formula=Defined(formula.left, (formula.general,)),
        )
