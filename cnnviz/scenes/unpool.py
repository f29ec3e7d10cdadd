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
from cnnviz.scenes._pooling import Place, input_panel, kept, output_panel, winner
from cnnviz.story import (
    CROWDED_SIDE,
    INPUT_HELP,
    Cells,
    Graph,
    Story,
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
from cnnviz.storyboard import Change, Mark, Sign, Step
from cnnviz.words import Extent, Number, Shape, Strong, Text, Words, counted, equation, total


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
        size = {"kernel_size": self.k, "stride": step}
        windows = Windows.sliding(x.shape, self.k, step)
        graph = Graph()
        options: dict[str, Any] = {**size, "padding": (0, 0)}
        if self.kind == "max":
            options |= {"dilation": (1, 1), "ceil_mode": False, "return_indices": True}
            pooled = graph.results("max_pool2d", graph.map("x", x), names=("y", "indices"), **options)
        else:
            options |= {"ceil_mode": False, "count_include_pad": True}
            pooled = graph.results("avg_pool2d", graph.map("x", x), names=("y",), **options)
        unpooled = graph.compute(f"{self.kind}_unpool2d", *pooled, result="unpooled", **size, output_size=x.shape)

        story = Story(self, Text("Max unpooling" if self.kind == "max" else "Average unpooling"), graph)
        story.fits(windows, "this unpooling", steps=2 * windows.count + 1)
        story.set("window", "k", self.k)
        story.set("stride", "s", step)
        X = input_panel(story, self.map, windows, self.kind)
        P = output_panel(story, X, "pooled", "Pooled {size}", pooled[0])
        spread, always = np.append(P.values, 0), max(x.shape) >= CROWDED_SIDE
        Y = output_panel(
            story,
            X,
            "output",
            "Unpooled {size}",
            unpooled,
            digits=story.decimals(np.append(P.values, unpooled.values), lost=lost_of(x)),
            shade=P.panel.shade if story.is_picture else shade_for(spread, picture=False, always=always),
            marks=(Mark(name="window", role="window"), Mark(name="winner", role="result")),
        )
        count, back = 2 * windows.count + 1, self._put_back if self.kind == "max" else self._spread

        def steps() -> Iterator[Step]:
            for at in windows.places():
                best = winner(self.kind, X, windows, at)
                said: Words = equation(P.symbol("y", at), kept(self.kind, X, windows, at), P[at], letters=70)
                changes = [*X.window(windows, at, (), best), *P.write(at)]
                if best is not None:
                    said = Text("{equation}, found at {place}", equation=said, place=_place(best))
                    # A maximum that was found stays marked.
                    changes.append(X.set(best, role="winner"))
                yield story.step(said, changes)
            leaving: list[Change] = [*X.cover(()), X.hide("window")]
            for at, (said, changes) in zip(windows.places(), back(windows, X, P, Y), strict=True):
                marks = P.mark("current", at), Y.mark("window", *windows.outline(at))
                yield story.step(said, leaving, changes, marks)
                leaving = []
            rest = [place for place in np.ndindex(x.shape) if windows.roles()[place] != "input"]
            zeros = [Y.set(place, role="zero", value=0.0) for place in rest]
            hidden = [P.hide("current"), Y.hide("window")]
            if self.kind == "max":
                hidden += [X.hide("winner"), Y.hide("winner")]
            yield story.step(self._summary(windows, X, len(rest)), zeros, hidden, beats=reading_beats(count))

        i, o = x.shape, windows.out
        formula = Text("pooled {value}", value=filled(convolved_size(padded=False), o, "pooled", i=i, k=self.k, s=step))
        returns = Text("each pooled value then returns to the place where its maximum stood, with zeros elsewhere")
        spreads = Text("each pooled value then spreads over all cells of its window")
        return story.play(
            steps,
            count,
            (X, Sign(name="pool", text="→"), P, Sign(name="unpool", text="→"), Y),
            alt=Text(
                "{name}: a {k} window with stride {s} pools a {i} input to {o}; {back}, on a {i} map",
                name=Text("max unpooling" if self.kind == "max" else "average unpooling"),
                k=Shape(self.k),
                s=Extent(step),
                i=Shape(i),
                o=Shape(o, "pooled"),
                back=returns if self.kind == "max" else spreads,
            ),
            step_roles=("kernel", "output", "zero", "input", *(("winner",) if self.kind == "max" else ())),
            formula=formula,
            convention=Text(
                "of equal maxima the first is kept" if self.kind == "max" else "the value itself is spread"
            ),
        )

    def _put_back(self, windows: Windows, X: Cells, P: Cells, Y: Cells) -> Iterator[tuple[Words, list[Change]]]:
        """Each pooled value to the place of its maximum, zeros to the rest of its window."""
        known: set[Place] = set()
        for at in windows.places():
            best, value, cells = winner(self.kind, X, windows, at), P[at], windows.cells(at)
            assert best is not None
            changes: list[Change] = [
                Y.set(cell, role="zero", value=0.0) for cell in cells if cell not in known and cell != best
            ]
            known.update(cells)
            changes += [Y.set(best, role="output", value=value.value), X.mark("winner", best), Y.mark("winner", best)]
            yield (
                Text(
                    "{y} goes back to {place}, zeros around it: {value}",
                    y=P.symbol("y", at),
                    place=_place(best),
                    value=Strong(value),
                ),
                changes,
            )

    def _spread(self, windows: Windows, X: Cells, P: Cells, Y: Cells) -> Iterator[tuple[Words, list[Change]]]:
        """Each pooled value to all cells of its window; a cell of several windows takes the mean."""
        parts: dict[Place, list[Number]] = {}
        for at in windows.places():
            cells, changes = windows.cells(at), list[Change]()
            for cell in cells:
                parts.setdefault(cell, []).append(P[at])
                changes.append(Y.set(cell, role="output", value=_mean(parts[cell])))
            y, most = P.symbol("y", at), parts[max(cells, key=lambda cell: len(parts[cell]))]
            if len(most) == 1:
                said = Text(
                    "{y} goes to all {n} cells of its window: {value}",
                    y=y,
                    n=Number(len(cells), 0, ("k", "product")),
                    value=Strong(P[at]),
                )
            else:
                cell = max(cells, key=lambda cell: len(parts[cell]))
                mean = equation(None, total(most) / len(most), Number(_mean(most), Y.decimals, Y.ref(cell)), letters=40)
                place = _place(cell)
                said = Text(
                    "{y} = {value}; at {place} windows overlap: {mean}", y=y, value=P[at], place=place, mean=mean
                )
            yield said, changes

    def _summary(self, windows: Windows, X: Cells, rest: int) -> Words:
        size, cells = Shape(self.map.values.shape, "output"), self.map.values.size
        if self.kind == "max":
            found = len({winner(self.kind, X, windows, at) for at in windows.places()})
            return counted(
                Number(found, 0, ("output", "role", "output")),
                "{size} again: {n} maximum in its place, {zeros} cells are 0",
                "{size} again: {n} maxima in their places, {zeros} cells are 0",
                size=size,
                zeros=equation(None, Number(cells) - found, Number(cells - found)),
            )
        return Text(
            "{size} again, each cell the mean of its window and no longer itself{none}: {back}",
            size=size,
            none=Text("; {n} cells in no window hold 0", n=Number(rest, 0, ("output", "role", "zero"))) if rest else "",
            back=Strong(Text("the size is back")),
        )


def _mean(parts: list[Number]) -> float:
    return sum(part.value for part in parts) / len(parts)


def _place(cell: Place) -> Text:
    return Text("row {row}, column {column}", row=cell[0] + 1, column=cell[1] + 1)
