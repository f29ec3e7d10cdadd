"""The two ways of a residual block, forward and backward."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from cnnviz.scenes._backward import BY_X, BY_Y, sends
from cnnviz.story import CURRENT, WINDOW, Cells, Story, Tensor
from cnnviz.storyboard import Change, Step, Values
from cnnviz.words import Math, Text, Words, equation


class Ways:
    """X goes through F and past it as S, Y is their sum; the gradient G has two copies B, whose sum is D.

    Every step is linked: a window is around what goes in, and what it makes is marked.
    """

    def __init__(self, story: Story, t: Mapping[str, Tensor], g: Values, copies: Sequence[Values]) -> None:
        self.story, self.projected = story, t["skip"] is not t["x"]
        skip = t["skip"].values[0, 0]
        self.X = self._panel("input", Math("x"), t["x"], role="input")
        self.F = self._panel("f", Math("F(x)"), t["f"])
        self.S = self._panel("skip", Math("v\\,x" if self.projected else "x"), skip)
        self.Y = self._panel("output", Math("y"), t["y"])
        self.G = self._panel("gradient", Math(BY_Y), g)
        labels = Text("by {f}", f=Math("F")), Text("by the skip")
        names = zip(("by-f", "by-skip"), labels, copies, strict=True)
        self.B = [self._panel(*each) for each in names]
        self.D = self._panel("by-input", Math(BY_X), t["by_x"])
        self.stage: tuple[tuple[Cells | str, ...], ...] = (
            (self.X, "→", self.F, "+", self.S, "=", self.Y),
            # Backward from right to left: each stands above its gradient.
            (self.D, "=", self.B[0], "+", self.B[1], "←", self.G),
        )

    def _panel(self, name: str, label: Words, values: Values | Tensor, role: str = "") -> Cells:
        """One that is empty at first, unless it has a role."""
        first: dict[str, Any] = {"role": role} if role else {"pending": True}
        return self.story.cells(name, label, values, marks=(CURRENT, WINDOW), **first)

    def steps(self) -> Iterator[Step]:
        """Both ways, the sum, the gradient, its copies and their sum."""
        x, f = Math("x"), Math("F")
        ways = Text("{x} goes two ways: through {f}, a 3×3 convolution …", x=x, f=f)
        past = "… and through a 1×1 convolution of the same stride" if self.projected else "… and past it, unchanged"
        skips = "… the other skips it: whatever F does, it arrives"
        other = "… the other through the 1×1 convolution" if self.projected else skips
        back = Text("A sum copies its gradient; one copy goes back through {f}", f=f)
        B = self.B
        yield self._step(ways, (self.X,), self.F, "kernel")
        yield self._step(Text(past), (self.X,), self.S, "input")
        added = Text("Both are added: {sum}", sum=_sum(self.Y, (self.F, self.S), "y"))
        yield self._step(added, (self.F, self.S), self.Y)
        yield sends(self.story, self.G, None, *self.story.rest())
        yield self._step(back, (self.G,), B[0], "kernel")
        yield self._step(Text(other), (self.G,), B[1], "input")
        yield self._step(Text("{x} gets both: {sum}", x=x, sum=_sum(self.D, B, BY_X)), B, self.D)

    def _step(self, caption: Words, sources: Sequence[Cells], result: Cells, role: str = "output") -> Step:
        """A whole panel is made from others: each value comes from where it is made, a stride apart in larger ones."""
        shape = result.values.shape
        marks: list[Change] = [*self.story.rest(), result.mark("current", (0, 0), shape)]
        marks += [source.mark("window", (0, 0), source.values.shape) for source in sources]
        whole: list[Change] = []
        for source, at in itertools.product(sources, np.ndindex(shape)):
            ends = zip(at, source.values.shape, shape, strict=True)
            origin = tuple(n * -(-size // made) if size >= made else n * size // made for n, size, made in ends)
            whole += result.write(at, mark="", role=role, source=source, origin=origin)
        return self.story.step(caption, marks, whole, beats=2)


def _sum(cells: Cells, parts: Sequence[Cells], letter: str) -> Words:
    """The largest of some sums, if there is one of two parts that are not 0."""
    one, other = (part.values for part in parts)
    at = max(np.ndindex(cells.values.shape), key=lambda at: (bool(one[at] and other[at]), abs(cells.values[at])))
    summed = equation(cells.symbol(letter, at), parts[0][at] + parts[1][at], cells[at])
    return Text("{sum}", sum=summed)
