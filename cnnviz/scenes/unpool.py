"""Unpooling: pooled values go back to where the maxima stood, or spread over their windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cnnviz.scenes._pooling import PooledBack, back_of, place_of, put_back, spread
from cnnviz.story import (
    WINDOW,
    Graph,
    Story,
    reading_beats,
    rounding_error,
)
from cnnviz.storyboard import Mark, Step
from cnnviz.words import Joined, Shape, Text, Words, equation


@dataclass(frozen=True, kw_only=True)
class Unpool(PooledBack):
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

    def story(self) -> Story:
        """One step for each pooled cell on the way down, one on the way back, and a last look."""
        x, slide, graph, is_max = self.map.values, self.slide, Graph(), self.kind == "max"
        windows, count = slide.windows, 2 * slide.windows.count + 1  # refuses a window that does not fit
        pooled = self.pooled(graph, **({"return_indices": True} if is_max else {}))
        size: dict[str, Any] = {"kernel_size": self.k, "stride": slide.s, "output_size": x.shape}
        unpooled = graph.compute(f"{self.kind}_unpool2d", *pooled, result="unpooled", **size)

        kept, filled = "Maxima return to their places, the rest is 0", "Each mean fills its window"
        sizes = Shape(x.shape, "input"), Shape(windows.out, "pooled"), Shape(x.shape, "output")
        point = Text("{back}: {sizes}", back=Text(kept if is_max else filled), sizes=Joined(sizes, " → "))
        story = Story(self, Text("Max unpooling" if is_max else "Average unpooling"), graph, point=point)
        story.check_limits(windows, "this unpooling", steps=count)
        story.show_setting("window", "k", self.k)
        story.show_setting("stride", "s", slide.s)
        X = self.input_panel(story, windows)
        P = self.output_panel(story, X, "pooled", "Pooled {size}", pooled[0])
        options = {
            "digits": story.decimals(np.append(P.values, unpooled.values), rounding_error=rounding_error(x)),
            "shade": P.panel.shade if story.is_picture else story.shade(np.append(P.values, 0)),
            "marks": (WINDOW, Mark(name="winner", role="result")),
        }
        Y = self.output_panel(story, X, "output", "Unpooled {size}", unpooled, **options)
        best, outside = self.winners(X, windows), np.argwhere(windows.roles() != "input").tolist()

        def steps() -> Iterator[Step]:
            for at in windows.positions():
                caption: Words = equation(P.symbol("y", at), self.kept(X, P, windows, at), P.rounded(at), letters=70)
                changes = [*X.move_window(windows, at, (), best.get(at)), *P.write(at)]
                if at in best:
                    caption = Text("{equation}, found at {place}", equation=caption, place=place_of(best[at]))
                    # A maximum that was found stays marked.
                    changes.append(X.set(best[at], role="winner"))
                yield story.step(caption, changes)
            back = put_back(windows, P, Y, best) if is_max else spread(windows, P, Y)
            for at, (caption, changes) in zip(windows.positions(), back, strict=True):
                marks = [*story.uncover(), P.mark("current", at), Y.mark("window", *windows.outline(at))]
                marks += [each.mark("winner", best[at]) for each in (X, Y) if is_max]
                yield story.step(caption, marks, changes)
            rest = [Y.set((row, column), role="zero", value=0.0) for row, column in outside]
            yield story.step(back_of(x.size, best, len(outside)), rest, story.uncover(), beats=reading_beats(count))

        to_maxima, spreads = "returns to where its maximum was, with zeros elsewhere", "spreads over its window"
        ties = "ties: the first maximum counts" if is_max else "every cell gets the full value"
        return story.play(
            steps,
            count,
            (X, "→", P, "→", Y),
            alt=Text(
                "{name}: {slides} and pools it to {o}; each value then {back}",
                name=Text("max unpooling" if is_max else "average unpooling"),
                slides=slide.describe(story.settings_text("window"), "window"),
                o=Shape(windows.out, "pooled"),
                back=Text(to_maxima if is_max else spreads),
            ),
            step_roles=("kernel", "output", "zero", "input", *["winner"] * is_max),
            formula=Text("pooled {value}", value=slide.formula("pooled", padded=False)),
            convention=Text(ties),
        )
