"""Upsampling: one map made larger by nearest and bilinear sampling, or by pixel shuffle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from cnnviz.data import Data, load_map
from cnnviz.ops import sample_points
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.scenes._pixel_shuffle import tell_shuffle
from cnnviz.story import Cells, Graph, Place, Story, input_map, input_size, kinds, times
from cnnviz.storyboard import Mark, MoveMark, Step
from cnnviz.words import Expression, Math, Number, Shape, Text, Words, equation, joined, total

_MODES = ("nearest", "bilinear", "align-corners")
_HOW: dict[str, tuple[str, bool | None, str]] = {
    "nearest": ("nearest", None, r"\lfloor t\cdot i/o\rfloor"),
    "bilinear": ("bilinear", False, r"(t+\frac{1}{2})\cdot i/o-\frac{1}{2}"),
    "align-corners": ("bilinear", True, r"t\cdot (i-1)/(o-1)"),
}


@dataclass(frozen=True, kw_only=True)
class Upsample(Scene):
    """Upsampling as decoders and generators use it: what each new cell is made of.

    Nearest and bilinear sampling, the latter with the outer corners of the corner cells in place or (align_corners)
    their centres, as torch.nn.functional.interpolate; and pixel shuffle, Shi et al. (2016), "Real-time single image
    and video super-resolution using an efficient sub-pixel convolutional neural network", §3.2.
    """

    examples: ClassVar = (
        "cnnviz upsample",
        "cnnviz upsample bilinear --i 3 --scale 2",
        "cnnviz upsample pixel-shuffle --scale 2",
    )

    kind: str = kinds("compare", ("compare", *_MODES, "pixel-shuffle", "pixel-unshuffle"), "How the map gets larger.")
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
        """One step for each new cell, one way after the other."""
        if self.kind.startswith("pixel"):
            return tell_shuffle(self)
        x, graph = self.map.values, Graph()
        given, out = graph.map("x", x), (x.shape[0] * self.scale, x.shape[1] * self.scale)
        modes = _MODES if self.kind == "compare" else (self.kind,)
        story = Story(self, Text("Upsampling"), graph)
        sizes = {"i": Shape(x.shape, "input"), "o": Shape(out)}
        points = {
            "nearest": "Each new cell copies the nearest one: {i} → {o}",
            "bilinear": "Each new cell is a weighted mean of up to four: {i} → {o}",
        }
        more = "Nearest copies, bilinear mixes up to four cells; the two bilinear grids differ: {i} → {o}"
        story.point = Text(more if len(modes) > 1 else points[_HOW[self.kind][0]], **sizes)
        story.set("scale", "s", Number(self.scale), size=False)
        marks = (Mark(name="window", role="window"),)
        X = story.cells("input", "Input {size}", given, data=self.map, axes=2, notes=True, marks=marks, enlarge=True)
        panels = []
        for name in modes:
            mode, aligned, _ = _HOW[name]
            y = graph.compute(
                "interpolate", given, result=name.replace("-", "_"), size=out, mode=mode, align_corners=aligned
            )
            corners = Text("align_corners={value}", value=str(aligned)) if mode == "bilinear" else None
            panels.append(story.cells(name, f"{mode} {{size}}", y, axes=2, pending=True, below=corners))

        def steps() -> Iterator[Step]:
            for name, Y in zip(modes, panels, strict=True):
                axes = [
                    sample_points(i, o, _HOW[name][0], bool(_HOW[name][1])) for i, o in zip(x.shape, out, strict=True)
                ]
                hidden = [other.hide("current") for other in panels if other is not Y]
                for at in np.ndindex(*out):
                    yield self._sample(story, X, Y, at, axes, hidden)

        formulas: list[Words] = [Math(f"x={_HOW[name][2]}") for name in modes]
        alt = Text("a {i} map becomes {o} by {names}", **sizes, names=joined(modes))
        count = len(modes) * int(np.prod(out))
        return story.play(steps, count, (X, "→", *panels), alt=alt, formula=joined(formulas, "      "))

    def _sample(self, story: Story, X: Cells, Y: Cells, at: Place, axes: list[Any], hidden: list[Any]) -> Step:
        """Where a new cell's sample lies on the input, and what it is made of."""
        found = [
            (int(first[n]), int(second[n]), float(share[n])) for (first, second, share), n in zip(axes, at, strict=True)
        ]
        sides = [((first, 1 - share), (second, share)) for first, second, share in found]
        (above, left), terms, cells, weights = (first + share for first, _, share in found), [], [], []
        for row, down in sides[0]:
            across = [(column, share) for column, share in sides[1] if share and down]
            cells += [(row, column) for column, _ in across]
            weights += [Number(down * share, 2) for _, share in across]
            inner = total([self._weighed(share, X[row, column]) for column, share in across])
            terms += [self._weighed(down, inner)] if across else []
        y = equation(Y.symbol("y", at), total(terms), Y[at], letters=90)
        place = {"down": Number(above + 1, 2), "across": Number(left + 1, 2)}
        caption = Text("At ({down}, {across}): {y}", **place, y=y) if len(cells) > 1 else y
        box = MoveMark(panel="input", mark="window", row=above, column=left, rows=1, columns=1)
        return story.step(caption, X.cover(cells, times(weights) if len(cells) > 1 else ()), box, Y.write(at), hidden)

    @staticmethod
    def _weighed(share: float, part: Expression) -> Expression:
        return part if share == 1 else Number(share, 2) * part
