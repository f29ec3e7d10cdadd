"""Flattening: maps become one row of numbers, channel by channel and row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from cnnviz.data import Data
from cnnviz.limits import MAX_CHANNELS
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.story import WINDOW, Graph, Story, input_maps, input_size, load_maps, raise_if, steps_fill
from cnnviz.storyboard import Step
from cnnviz.words import Math, Number, Shape, Symbol, Text, equation, joined

_MOST = 48
_ROLES = ("input", "kernel", "bias", "lit", "overlap", "padding")
"""Colours of the channels, one after the other."""


@dataclass(frozen=True, kw_only=True)
class Flatten(Scene):
    """What stands between maps and a fully connected layer: torch.nn.Flatten, in the order of memory."""

    examples: ClassVar = ("cnnviz flatten", "cnnviz flatten --channels 4 --i 2")

    channels: int | None = param(
        None, help="Maps.", lo=1, hi=MAX_CHANNELS, shown_default="3, or the data's own", always_named=True
    )
    i: Size | None = input_size(shown_default="2×3, or the data's own")
    input: ArrayLike = input_maps("maps")

    @cached_property
    def maps(self) -> Data:
        """The maps; raises UsageError where they have more cells than a row has room for."""
        found = load_maps(self.input, self.channels, self.i, seed=self.seed, default=(3, (2, 3)))
        long = f"a row of {found.values.size} numbers does not fit the stage: use fewer --channels or a smaller --i"
        raise_if({f"{long}, {_MOST} cells at most": found.values.size > _MOST})
        return found

    def prepare(self) -> None:
        """The sizes of the maps become parameters."""
        channels, *i = self.maps.values.shape
        self.fill_in(channels=channels, i=tuple(i))

    def story(self) -> Story:
        """One step for each number, which goes from its map to its place in the row."""
        x, graph = self.maps.values, Graph()
        channels, rows, columns = x.shape
        pixels = graph.map("x", x)
        y = graph.compute("flatten", pixels)
        point = Text(
            "{c} maps of {i} become one row of {n} numbers, which a fully connected layer takes",
            c=channels,
            i=Shape((rows, columns)),
            n=Number(x.size),
        )
        story = Story(self, Text("Flatten"), graph, point=point)
        story.show_sizes(C=channels)
        colors = np.resize(_ROLES, channels).repeat(rows * columns)
        X = story.cells("input", "", pixels, data=self.maps, axes=3, roles=colors.reshape(x.shape), marks=(WINDOW,))
        Y = story.cells("output", "Row of {size}", y, axes=2, size=Shape((x.size,)), pending=True)

        def steps() -> Iterator[Step]:
            for n, at in enumerate(np.ndindex(x.shape)):
                caption = equation(Symbol("y", (n + 1,)), X.symbol("x", at), Y[0, n])
                yield story.step(caption, X.mark("window", at), Y.write((0, n), role=str(colors[n])))

        template = "Channel after channel, {n} numbers each: {all}"
        each = equation(None, Number(channels) * (rows * columns), x.size)
        counted = equation(None, Number(channels) * rows * columns, x.size)
        return story.play(
            steps,
            x.size,
            (X,),
            (Y,),
            answer=Text(template, n=rows * columns, all=each),
            alt=Text("flattening: {steps} a row, channel by channel and row by row", steps=steps_fill(x.size)),
            formula=joined((Math(r"n=(c-1)\,HW+(h-1)\,W+w"), Text("{c} numbers", c=counted)), "      "),
            step_roles=_ROLES,
        )
