"""The two ways of a residual block, forward and backward."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from cnnviz.scenes._backward import BY_X, BY_Y, sends
from cnnviz.story import CURRENT, WINDOW, Cells, Story, Tensor
from cnnviz.storyboard import Change, Step, Values
from cnnviz.words import Math, Text, Words, equation

Stage = tuple[tuple[Cells | str, ...], ...]


def two_ways(
    story: Story, t: Mapping[str, Tensor], g: Values, by_f: Values, by_skip: Values
) -> tuple[Stage, Callable[[], Iterator[Step]]]:
    """The stage and the steps: x goes through F and past it, y is their sum; the gradient has two copies, and theirs.

    Every step is linked: a window is around what goes in, and what it makes is marked.
    """
    projected = t["skip"] is not t["x"]

    def panel(name: str, label: Words, values: Values | Tensor, **first: Any) -> Cells:
        return story.cells(name, label, values, marks=(CURRENT, WINDOW), **(first or {"pending": True}))

    X = panel("input", Math("x"), t["x"], role="input")
    F = panel("f", Math("F(x)"), t["f"])
    S = panel("skip", Math("v\\,x" if projected else "x"), t["skip"].values[0, 0])
    Y = panel("output", Math("y"), t["y"])
    G = panel("gradient", Math(BY_Y), g)
    B = panel("by-f", Text("by {f}", f=Math("F")), by_f), panel("by-skip", Text("by the skip"), by_skip)
    D = panel("by-input", Math(BY_X), t["by_x"])

    def made(caption: Words, sources: Sequence[Cells], result: Cells, role: str = "output") -> Step:
        """A whole panel is made from others: each value comes from where it is made, a stride apart in larger ones."""
        shape = result.values.shape
        marks = [*story.rest(), result.mark("current", (0, 0), shape)]
        marks += [source.mark("window", (0, 0), source.values.shape) for source in sources]
        whole: list[Change] = []
        for source, at in itertools.product(sources, np.ndindex(shape)):
            ends = zip(at, source.values.shape, shape, strict=True)
            origin = tuple(n * -(-size // made) if size >= made else n * size // made for n, size, made in ends)
            whole += result.write(at, mark="", role=role, source=source, origin=origin)
        return story.step(caption, marks, whole, beats=2)

    def steps() -> Iterator[Step]:
        x, f = Math("x"), Math("F")
        past = "… and through a 1×1 convolution of the same stride" if projected else "… and past it, unchanged"
        skips = "… the other skips it: whatever F does, it arrives"
        other = "… the other through the 1×1 convolution" if projected else skips
        yield made(Text("{x} goes two ways: through {f}, a 3×3 convolution …", x=x, f=f), (X,), F, "kernel")
        yield made(Text(past), (X,), S, "input")
        yield made(Text("Both are added: {sum}", sum=_sum(Y, (F, S), "y")), (F, S), Y)
        yield sends(story, G, None, *story.rest())
        yield made(Text("A sum copies its gradient; one copy goes back through {f}", f=f), (G,), B[0], "kernel")
        yield made(Text(other), (G,), B[1], "input")
        yield made(Text("{x} gets both: {sum}", x=x, sum=_sum(D, B, BY_X)), B, D)

    # Backward from right to left: each stands above its gradient.
    return ((X, "→", F, "+", S, "=", Y), (D, "=", B[0], "+", B[1], "←", G)), steps


def _sum(cells: Cells, parts: Sequence[Cells], letter: str) -> Words:
    """The largest of some sums, if there is one of two parts that are not 0."""
    one, other = (part.values for part in parts)
    at = max(np.ndindex(cells.values.shape), key=lambda at: (bool(one[at] and other[at]), abs(cells.values[at])))
    return equation(cells.symbol(letter, at), parts[0][at] + parts[1][at], cells[at])
