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
    Cells,
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

        story = Story(self, Text("Output size of a convolution"), graph)
        story.fits(windows, "this count", steps=sum(windows.out))
        story.sizes(**slide.given)
        same = len({*zip(*slide.given.values(), strict=True)}) == 1
        counts = [Count(slide, axis, same) for axis in ((1,) if same else (1, 0))]
        count = 2 + sum(each.steps for each in counts)
        beats = reading_beats(sum(windows.out))

        numbered = max(windows.drawn) <= _MOST_NUMBERED and windows.count <= _MOST_PLACES
        start = Text("numbers: the kernel's top-left cell" if numbered else "marked: the kernel's top-left cell")
        reached = all(axis.reached.all() for axis in windows.axes)
        below = joined((start, None if reached else Text("hatched: never reached")))
        how: dict[str, Any] = {"digits": 0, "shade": None, "numbers": numbered}
        X = story.cells(
            "input",
            "Input {size}",
            np.full(self.i, np.nan),
            windows=Windows.sliding(self.i, (1, 1), (1, 1), self.p),
            fill=np.nan,
            below=below,
            marks=(Mark(name="free", role="result"),),
            **how,
        )
        how |= {"roles": np.full(windows.out, "empty"), "marks": (Mark(name="current", role="result"),)}
        Y = story.cells("output", "Output {size}", np.full(windows.out, np.nan), **how)

        def steps() -> Iterator[Step]:
            labels = X.relabel(" "), Relabel(panel="output", label=Text("Output"))
            yield story.step(counts[0].padding(), labels, counts[0].line(0), beats=beats)
            for each in counts:
                yield from self._along(story, each, X, Y, beats)
            numbers: list[Change] = []
            for n, at in enumerate(windows.places(), 1):
                numbers.append(X.set(windows.outline(at)[0], role="output", value=float(n)))
                numbers.append(Y.set(at, role="output", value=float(n)))
            product = equation(None, Number(windows.out[0]) * windows.out[1], windows.count)
            said = Text("One output cell for each position of the kernel: {product}", product=product)
            hidden = X.hide("window"), Y.hide("current"), X.relabel(below), Y.relabel()
            yield story.step(said, X.cover(()), numbers, hidden, [each.done(3) for each in counts], beats=beats)

        formula = slide.formula()
        general = Row(name="formula", text=Defined(formula.left, (formula.general,)))
        derivation = Equation(
            name=PANEL,
            lines=(general, *(row for each in counts for row in each.rows())),
            widest=tuple(line for each in counts for line in each.lines()),
            size=18.0 if same else 15.0,
        )
        return story.play(
            steps,
            count,
            (X, derivation, Y),
            alt=Text(
                "how the output size of a convolution is counted: {slides}; the positions that fit make a {o} output",
                slides=slide.told(story.told("input", "kernel")),
                o=Shape(windows.out),
            ),
            step_roles=("kernel", "kernel_on_padding", "output", "unreached", "padding_unreached", "active"),
            formula=formula,
        )

    def _along(self, story: Story, count: Count, X: Cells, Y: Cells, beats: float) -> Iterator[Step]:
        """Count the positions along one axis."""
        windows, axis, name = count.slide.windows, count.axis, Text(count.name)

        def stand(move: int) -> Iterator[Change]:
            """The kernel stands along the first row or column; its first cell gets the position's number."""
            at = (move, 0) if axis == 0 else (0, move)
            corner, extent = windows.outline(at)
            number = float(at[0] * windows.out[1] + at[1] + 1)
            yield X.set(corner, role="output", value=number)
            yield from X.cover(windows.cells(at), special={corner: "output"})
            yield X.mark("window", corner, extent)
            beside, left = [0, 0], [1, 1]
            beside[axis] = corner[axis] + extent[axis]
            left[axis] = windows.drawn[axis] - beside[axis]
            yield X.mark("free", tuple(beside), left) if left[axis] > 0 else X.hide("free")
            yield Y.set(at, role="output", value=number)
            yield Y.mark("current", at)

        first = [] if axis else [Count(count.slide, 1, False).done(3), *count.line(0)]
        said = Text("The kernel starts in the corner; {name} left to move: {left}", name=name, left=count.left())
        yield story.step(said, first, stand(0), count.line(1), beats=beats)
        for n in range(1, count.moves + 1):
            move = "Move {n} of {moves}: position {position}; {name} left: {left}"
            said = Text(move, n=n, moves=count.moves, position=n + 1, name=name, left=count.left(n))
            yield story.step(said, stand(n), count.line(2) if n == count.moves else ())
        if count.rests:
            yield story.step(count.rest(), count.line(2), count.hatch(X), beats=beats)
        said = Text("Plus the starting position: {positions}", positions=count.positions())
        yield story.step(said, count.line(3), X.hide("free"), beats=beats)
