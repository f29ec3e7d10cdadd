"""Unpooling: pooled values go back to where the maxima stood, or spread over their windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from cnnviz.data import Data, load_map
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.scenes._pooling import input_panel, kept, output_panel
from cnnviz.scenes._unpooling import Maps, place_of
from cnnviz.story import (
    CROWDED_SIDE,
    INPUT_HELP,
    Graph,
    Story,
    Tensor,
    Windows,
    convolved_size,
    filled,
    input_size,
    kernel_size,
    lost_of,
    reading_beats,
    shade_for,
    stride,
)
from cnnviz.storyboard import Mark, Sign, Step
from cnnviz.words import Extent, Shape, Text, Words, equation


@dataclass(frozen=True, kw_only=True)
class Unpool(Scene):
    """Unpooling: a pooled map becomes as large as the input was, though not the input again.

    Max unpooling puts each value back where its maximum stood, zeros elsewhere: Zeiler and Fergus (2014),
    "Visualizing and Understanding Convolutional Networks", §2.1. Average unpooling gives every cell of a window the
    window's value, the mean of these where windows overlap.
    """

    examples: ClassVar = (
        "cnnviz unpool max --i 4 --k 2",
        "cnnviz unpool avg --i 4 --k 2",
        "cnnviz unpool max --i 5 --k 3 --s 2",
    )

    kind: str = param(
        "max",
        choices=("max", "avg"),
        positional=True,
        always_named=True,
        help="What the pooling before kept of a window: its maximum or its average.",
    )
    i: Size | None = input_size(shown_default="4, or the data's own")
    k: Size = kernel_size(2, help="Window size.")
    s: Size | None = stride(None, shown_default="the window's size")
    input: ArrayLike = param("random", group="Data", help=INPUT_HELP)

    def prepare(self) -> None:
        """The input is loaded, and its size and the stride become `i` and `s`."""
        self.fill_in(i=self.map.values.shape, s=self.s or self.k)

    @cached_property
    def map(self) -> Data:
        """The input."""
        return load_map(self.input, self.i, seed=self.seed, default_size=(4, 4))

    def story(self) -> Story:
        """One step for each pooled cell on the way down, one on the way back, and a last look."""
        x, step = self.map.values, self.s or self.k
        windows, graph = Windows.sliding(x.shape, self.k, step), Graph()
        title = "Max unpooling" if self.kind == "max" else "Average unpooling"
        pooled, unpooled = self._computed(graph, {"kernel_size": self.k, "stride": step})
        story = Story(self, Text(title), graph)
        story.fits(windows, "this unpooling", steps=2 * windows.count + 1)
        story.set("window", "k", self.k)
        story.set("stride", "s", step)
        X = input_panel(story, self.map, windows, self.kind)
        P = output_panel(story, X, "pooled", "Pooled {size}", pooled)
        spread, always = np.append(P.values, 0), max(x.shape) >= CROWDED_SIDE
        how = {
            "digits": story.decimals(np.append(P.values, unpooled.values), lost=lost_of(x)),
            "shade": P.panel.shade if story.is_picture else shade_for(spread, picture=False, always=always),
            "marks": (Mark(name="window", role="window"), Mark(name="winner", role="result")),
        }
        maps = Maps(self.kind, windows, X, P, output_panel(story, X, "output", "Unpooled {size}", unpooled, **how))
        sizes = {"i": x.shape, "k": self.k, "s": step}
        formula = Text("pooled {value}", value=filled(convolved_size(padded=False), windows.out, "pooled", **sizes))
        ties = Text("ties: the first maximum counts" if self.kind == "max" else "every cell gets the full value")
        return story.play(
            lambda: self._steps(story, maps),
            2 * windows.count + 1,
            (X, Sign(name="pool", text="→"), P, Sign(name="unpool", text="→"), maps.Y),
            alt=self._what(title.lower(), windows),
            step_roles=("kernel", "output", "zero", "input", *(("winner",) if self.kind == "max" else ())),
            formula=formula,
            convention=ties,
        )

    def _computed(self, graph: Graph, size: dict[str, Size]) -> tuple[Tensor, Tensor]:
        """The pooling and the unpooling."""
        x, options = graph.map("x", self.map.values), {**size, "padding": (0, 0)}
        if self.kind == "max":
            more: dict[str, Any] = {"dilation": (1, 1), "ceil_mode": False, "return_indices": True}
        else:
            more = {"ceil_mode": False, "count_include_pad": True}
        names = ("y", "indices") if self.kind == "max" else ("y",)
        pooled = graph.results(f"{self.kind}_pool2d", x, names=names, **options, **more)
        back: dict[str, Any] = {**size, "output_size": self.map.values.shape}
        return pooled[0], graph.compute(f"{self.kind}_unpool2d", *pooled, result="unpooled", **back)

    def _steps(self, story: Story, maps: Maps) -> Iterator[Step]:
        windows, X, P, Y = maps.windows, maps.X, maps.pooled, maps.Y
        for at in windows.places():
            best = maps.best(at)
            said: Words = equation(P.symbol("y", at), kept(self.kind, X, P, windows, at), P[at], letters=70)
            changes = [*X.window(windows, at, (), best), *P.write(at)]
            if best is not None:
                said = Text("{equation}, found at {place}", equation=said, place=place_of(best))
                # A maximum that was found stays marked.
                changes.append(X.set(best, role="winner"))
            yield story.step(said, changes)
        leaving = [*X.cover(()), X.hide("window")]
        for at, (said, changes) in zip(windows.places(), maps.back(), strict=True):
            yield story.step(said, leaving, changes, P.mark("current", at), Y.mark("window", *windows.outline(at)))
            leaving = []
        zeros, hidden = maps.rest(), [P.hide("current"), Y.hide("window")]
        if self.kind == "max":
            hidden += [X.hide("winner"), Y.hide("winner")]
        yield story.step(maps.summary(len(zeros)), zeros, hidden, beats=reading_beats(2 * windows.count + 1))

    def _what(self, name: str, windows: Windows) -> Words:
        returns = "each pooled value then returns to where its maximum was, with zeros elsewhere"
        spreads = "each pooled value then spreads over all cells of its window"
        return Text(
            "{name}: a {k} window with stride {s} pools a {i} input to {o}; {back}, on a {i} map",
            name=Text(name),
            k=Shape(self.k),
            s=Extent(self.s or self.k),
            i=Shape(self.map.values.shape),
            o=Shape(windows.out, "pooled"),
            back=Text(returns if self.kind == "max" else spreads),
        )
