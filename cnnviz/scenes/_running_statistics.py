"""Statistics of batches that become running ones, and values that these normalize."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from cnnviz.story import Cells, Story
from cnnviz.storyboard import Change, Mark, Operator, Panel, Row, Shade, Step, Values
from cnnviz.storyboard import Equation as Formula
from cnnviz.words import Expression, Math, Number, Text, Words, call, equation, precise, total

_NAMES = r"\mu", r"\sigma^2"


class Statistics:
    """B holds the batches, a column each; S their mean and variance, R the running ones; X is normalized to Y.

    `weights` are the shares of what was there and of the new batch; a variance is over all samples but so many `lost`.
    """

    def __init__(
        self,
        story: Story,
        batches: Values,
        own: Sequence[Values],
        running: Sequence[Values],
        weights: Sequence[Expression],
        x: Values,
        y: Values,
        lost: int,
    ) -> None:
        self.story, self.weights, self._lost = story, weights, lost
        self.B = self._row("batches", Text("batches"), batches, "input")
        names, labels = ("batch-mean", "batch-variance"), [Math(each) for each in _NAMES]
        self.S = [
            self._row(name, Text("batch {x}", x=label), values, under=name == names[1])
            for name, label, values in zip(names, labels, own, strict=True)
        ]
        self.R = [
            self._row(f"running-{n}", Text("running {x}", x=label), values, "kernel", known=1, under=n == 1)
            for n, (label, values) in enumerate(zip(labels, running, strict=True))
        ]
        self.X = self._row("input", Math("x"), x, "input")
        self.Y = self._row("output", Math("y"), y)
        into, normalized = Operator(name="into", text="→"), Operator(name="normalized", text="→")
        lines = (Row(name="rule", text=Math(r"(x-\mu)\,/\sqrt{\sigma^2+\epsilon}")),)
        rule = Formula(name="rule", lines=lines, size=20)
        training, inference = (Operator(name=name, text=Text(name), size=20) for name in ("Training:", "Inference:"))
        self.stage: tuple[tuple[Cells | Panel | str, ...], ...] = (
            (training, self.B, "→", *self.S, into, *self.R),
            (inference, self.X, normalized, rule, Operator(name="result", text="→"), self.Y),
        )

    def _row(
        self, name: str, label: Words, values: Values, role: str = "", *, known: int = 0, under: bool = False
    ) -> Cells:
        """Numbers side by side, which steps bring in or that have a role; maybe the first few are `known`."""
        array = np.atleast_2d(values)
        shade = Shade(scale="diverging", lo=float(array.min()), hi=float(array.max()) or 1.0)
        current, window = Mark(name="current", role="result"), Mark(name="window", role="window")
        # Where a window is drawn, no other cell has its colour.
        marks = (current,) if name == "batches" or known else (current, window)
        first: dict[str, Any] = {"role": role} if role else {"pending": True}
        if known:
            here = np.arange(array.size)[None] < known
            first = {"first": np.where(here, array, np.nan), "roles": np.where(here, role, "pending")}
        digits = self.story.decimals(array)
        return self.story.cells(name, label, array, shade=shade, marks=marks, digits=digits, under=under, **first)

    def steps(self) -> Iterator[Step]:
        """Four for each batch, and one for each value at inference."""
        (m, count), step = self.B.values.shape, self.story.step
        for batch in range(count):
            column = [(n, batch) for n in range(m)]
            at, mean = (0, batch), self.S[0][0, batch]
            squares = total([(each - mean) ** 2 for each in self.B.read(column)])
            parts = total(self.B.read(column)) / Number(m), squares / Number(m - self._lost)
            for name, own, part in zip(_NAMES, self.S, parts, strict=True):
                made = equation(Math(name), precise(part, own[at]), own[at], letters=60)
                caption = Text("Batch {batch}: {sum}", batch=batch + 1, sum=made)
                # A link from a column in the middle would cross numbers.
                yield step(caption, list(self._unmarked()), self.B.cover(column), own.write(at))
            for label, own, running in zip(("running mean", "running variance"), self.S, self.R, strict=True):
                kept, added = self.weights
                result = running[0, batch + 1]
                summed = precise(kept * running[0, batch] + added * own[0, batch], result)
                said = Text(f"{label}: {{sum}}", sum=equation(None, summed, result))
                yield step(
                    said, list(self._unmarked()), own.mark("window", at), running.write((0, batch + 1), role="kernel")
                )
        yield from self._inference((0, count))

    def _inference(self, last: tuple[int, int]) -> Iterator[Step]:
        for n in range(self.X.values.size):
            root = call("sqrt", self.R[1][last] + self.story.number("eps"))
            result = self.Y[0, n]
            caption = equation(
                self.Y.symbol("y", (n,)), precise((self.X[0, n] - self.R[0][last]) / root, result), result
            )
            marks = [*self._unmarked(), *(cells.mark("current", last) for cells in self.R)]
            yield self.story.step(caption, marks, self.X.mark("window", (0, n)), self.Y.write((0, n)))

    def _unmarked(self) -> Iterator[Change]:
        for cells in (self.B, *self.S, *self.R, self.X, self.Y):
            yield from cells.rest()
