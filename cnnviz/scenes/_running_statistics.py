"""Statistics of batches that become running ones, and values that these normalize."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cnnviz.story import Cells, Story
from cnnviz.storyboard import Change, Mark, Operator, Panel, Shade, Step, Values
from cnnviz.words import Expression, Math, Number, Text, Words, call, equation, total

_NAMES = r"\mu", r"\sigma^2"


class Statistics:
    """B holds the batches, a column each; S their mean and variance, R the running ones; X is normalized to Y.

    `weights` are the shares of what was there and of the new batch.
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
    ) -> None:
        self.story, self.weights = story, weights
        self.B = self._row("batches", Text("batches"), batches, "input")
        names, labels = ("batch-mean", "batch-variance"), [Math(each) for each in _NAMES]
        self.S = [
            self._row(name, Text("batch {x}", x=label), values, under=name == names[1])
            for name, label, values in zip(names, labels, own, strict=True)
        ]
        self.R = [
            self._row(f"running-{n}", Text("running {x}", x=label), values, under=n == 1)
            for n, (label, values) in enumerate(zip(labels, running, strict=True))
        ]
        self.X = self._row("input", Math("x"), x, "input")
        self.Y = self._row("output", Math("y"), y)
        into, normalized = Operator(name="into", text="→"), Operator(name="normalized", text="→")
        training, inference = (Operator(name=name, text=Text(name), size=20) for name in ("Training:", "Inference:"))
        self.stage: tuple[tuple[Cells | Panel | str, ...], ...] = (
            (training, self.B, "→", *self.S, into, *self.R),
            (inference, self.X, normalized, self.Y),
        )

    def _row(self, name: str, label: Words, values: Values, role: str = "", *, under: bool = False) -> Cells:
        """Numbers side by side, which steps bring in unless they have a role."""
        array = np.atleast_2d(values)
        shade = Shade(scale="diverging", lo=float(array.min()), hi=float(array.max()) or 1.0)
        marks = Mark(name="current", role="result"), Mark(name="window", role="window")
        first = {"role": role} if role else {"pending": True}
        digits = self.story.decimals(array)
        return self.story.cells(name, label, array, shade=shade, marks=marks, digits=digits, under=under, **first)

    def steps(self) -> Iterator[Step]:
        """Three for each batch, one for each value at inference, and a last look."""
        start = [change for cells in self.R for change in cells.write((0, 0), mark="", role="kernel")]
        (m, count), step = self.B.values.shape, self.story.step
        for batch in range(count):
            column = [(n, batch) for n in range(m)]
            mean = equation(Math(_NAMES[0]), total(self.B.read(column)) / Number(m), self.S[0][0, batch])
            read = [*self.B.cover(column), self.B.mark("window", (0, batch), (m, 1))]
            made = [change for cells in self.S for change in cells.write((0, batch))]
            caption = Text("Batch {batch}: {mean}", batch=batch + 1, mean=mean)
            yield step(caption, start, self._unmarked(), read, made)
            start = []
            for label, own, running in zip(("running mean", "running variance"), self.S, self.R, strict=True):
                kept, added = self.weights
                summed = kept * running[0, batch] + added * own[0, batch]
                said = Text(f"{label}: {{sum}}", sum=equation(None, summed, running[0, batch + 1]))
                written = running.write((0, batch + 1), role="kernel")
                yield step(said, self._unmarked(), self.B.cover(()), own.mark("window", (0, batch)), written)
        yield from self._inference((0, count))

    def _inference(self, last: tuple[int, int]) -> Iterator[Step]:
        for n in range(self.X.values.size):
            root = call("sqrt", self.R[1][last] + self.story.number("eps"))
            caption = equation(self.Y.symbol("y", (n,)), (self.X[0, n] - self.R[0][last]) / root, self.Y[0, n])
            marks = [cells.mark("current", last) for cells in self.R]
            read = self.X.mark("window", (0, n))
            yield self.story.step(caption, self._unmarked(), marks, read, self.Y.write((0, n)))
        said = Text("One value alone gives the same as among others: there is no batch any more")
        answer = self.Y.mark("current", (0, 0), self.Y.values.shape)
        yield self.story.step(said, self.X.hide("window"), answer, beats=2)

    def _unmarked(self) -> Iterator[Change]:
        for cells in (self.B, *self.S, *self.R, self.X, self.Y):
            yield from (cells.hide("window"), cells.hide("current"))
