"""Upsampling: one map made larger by sampling, by a transposed convolution, or by pixel shuffle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from cnnviz.data import Data, load_map
from cnnviz.notation import digits_for
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.scenes._upsampling import LEARNED, MODES, sampled, tell_shuffle, ways_of
from cnnviz.story import WINDOW, Cells, Graph, Story, choice, input_map, input_size
from cnnviz.storyboard import Mark, Step
from cnnviz.words import Number, Shape, Strong, Text, joined

_POINTS = {
    "compare": "Nearest copies, bilinear mixes; a transposed convolution learns its weights: {i} → {o}",
    "nearest": "Each new cell copies the nearest one: {i} → {o}",
    "bilinear": "Each new cell is a weighted mean of up to four: {i} → {o}",
    "align-corners": "Each new cell is a weighted mean of up to four: {i} → {o}",
    LEARNED: "Each new cell is a weighted sum; the kernel begins as bilinear and is learned: {i} → {o}",
}
_ANSWERS = {
    "compare": "Nearest makes steps, bilinear ramps; a transposed convolution can learn either",
    "nearest": "Each number of the input is copied, and none is new",
    "bilinear": "All are means of neighbours: none is larger or smaller than those of the input",
    "align-corners": "The corners keep their numbers; between them all are means of neighbours",
    LEARNED: "One kernel made all of them, and training can change it",
}


@dataclass(frozen=True, kw_only=True)
class Upsample(Scene):
    """Upsampling as decoders and generators use it: what each new cell is made of.

    Nearest and bilinear sampling, the latter with the outer corners of the corner cells in place or (align_corners)
    their centres, as torch.nn.functional.interpolate; a transposed convolution, whose kernel begins as a bilinear one
    and is learned, Long et al. (2015), "Fully convolutional networks for semantic segmentation", §3.3; and pixel
    shuffle, Shi et al. (2016), "Real-time single image and video super-resolution using an efficient sub-pixel
    convolutional neural network", §3.2.
    """

    examples: ClassVar = (
        "cnnviz upsample",
        "cnnviz upsample bilinear --i 3 --scale 2",
        "cnnviz upsample pixel-shuffle --scale 2",
    )

    kind: str = choice(
        "compare", ("compare", *MODES, LEARNED, "pixel-shuffle", "pixel-unshuffle"), "How the map gets larger."
    )
    i: Size | None = input_size(hi=16, shown_default="2, or the data's own")
    scale: int = param(2, help="How many times as large.", lo=1, hi=4, always_named=True)
    input: ArrayLike = input_map("random")

    @cached_property
    def map(self) -> Data:
        """The input of interpolation."""
        return load_map(self.input, self.i, seed=self.seed, default_size=(2, 2))

    def prepare(self) -> None:
        """The input's size becomes `i`."""
        self.fill_in(i=self.i or (2, 2) if self.kind.startswith("pixel") else self.map.values.shape)

    def story(self) -> Story:
        """One step for each new cell, in every way that is shown."""
        if self.kind.startswith("pixel"):
            return tell_shuffle(self)
        x, graph = self.map.values, Graph()
        i, out = (x.shape[0], x.shape[1]), (x.shape[0] * self.scale, x.shape[1] * self.scale)
        every, compared = ways_of(self.scale, i, out), self.kind == "compare"
        ways = every if compared else {self.kind: every[self.kind]}
        sizes = {"i": Shape(i, "input"), "o": Shape(out)}
        story = Story(self, Text("Upsampling"), graph, point=Text(_POINTS[self.kind], **sizes))
        story.show_setting("scale", "s", Number(self.scale), size=False)
        given, sample = graph.map("x", x), Mark(name="current", role="result", corners=True)
        marks = () if compared else (WINDOW, sample)
        X = story.cells("input", "Input {size}", given, data=self.map, axes=2, notes=True, marks=marks, enlarge=True)
        # Beside others cells have room for one decimal.
        most, panels = self.max_decimals(1 if compared else 2), list[Cells]()
        for name, way in ways.items():
            y = way.compute(graph, given, name.replace("-", "_"))
            options: dict[str, Any] = {"pending": True, "digits": digits_for(y.values, most=most)}
            label, below = (way.short, None) if compared else (way.label, way.below)
            panels.append(story.cells(name, f"{label} {{size}}", y, axes=2, below=below, **options))
        W, stage = None, ([X], panels) if compared else ([X, "→", *panels],)
        kernel = None if compared else ways[self.kind].kernel
        if kernel is not None:
            unused = np.full(kernel.shape, "neighbour")
            W = story.cells("kernel", "Kernel {size}", kernel, role="kernel", roles=unused, enlarge=True)
            stage = ([X, "∗", W, "=", *panels],)

        def steps() -> Iterator[Step]:
            if not compared:
                yield from sampled(story, ways[self.kind], X, panels[0], W)
                return
            for at in np.ndindex(*out):
                each = (
                    Text("{way} {value}", way=Text(way.short), value=Strong(Y[at]))
                    for way, Y in zip(ways.values(), panels, strict=True)
                )
                # Each way reads other cells, so none is lit; what nearest copies is seen on its way.
                near, (copied, *mixed) = (at[0] // self.scale, at[1] // self.scale), panels
                written = copied.write(at, source=X, origin=near), *(Y.write(at) for Y in mixed)
                yield story.step(joined(each, "     "), *written)

        formulas = [way.formula for name, way in ways.items() if name == self.kind or name != LEARNED]
        formula, answer = joined(formulas, "      "), Text(_ANSWERS[self.kind])
        alt = Text("a {i} map upsampled to {o} by {names}", **sizes, names=joined(ways))
        return story.play(steps, int(np.prod(out)), *stage, alt=alt, formula=formula, answer=answer)
