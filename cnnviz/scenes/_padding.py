"""Padding filled with values of the map: where each comes from, and the steps in which they appear."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnnviz.ops import pad
from cnnviz.parameters import Sides, Size, to_cli
from cnnviz.story import Cells, Sliding, Story, refuse, same_padding
from cnnviz.storyboard import Change, Mark, Step
from cnnviz.words import Symbol, Text, equation

MODES = "zeros", "reflect", "replicate", "circular"
"""Those of torch.nn.Conv2d."""

MARKS = Mark(name="source", role="window"), Mark(name="filled", role="result")
"""Around the cell that is copied, and around the one that it goes to."""

BELOW = {
    "reflect": Text("reflect: mirrored at the outermost cells"),
    "replicate": Text("replicate: the outermost cells again"),
    "circular": Text("circular: from the other end"),
}

_MOST_FILLED = 40


def sides(p: Sides | str, i: Size, k: Size, s: Size, d: Size) -> Sides:
    """Padding by its name as numbers; raises UsageError for what PyTorch refuses."""
    if not isinstance(p, str):
        return p
    if p == "valid":
        return 0, 0
    found = same_padding(i, k, s, d)
    refuse(
        {
            f"--p same needs stride 1, as in PyTorch: use --p {to_cli(found)}, TensorFlow's same for this input": s
            != (1, 1)
        }
    )
    return found


def sources(slide: Sliding) -> dict[tuple[int, int], tuple[int, int]]:
    """The cells of padding, each with the cell of the map whose value it has, as they are drawn."""
    rows, columns = (
        pad(np.arange(size), ends, slide.mode).astype(int) + ends[0]
        for size, ends in zip(slide.i, slide.ends, strict=True)
    )
    every = {(r, c): (int(rows[r]), int(columns[c])) for r, c in np.ndindex(len(rows), len(columns))}
    return {cell: source for cell, source in every.items() if cell != source}


def count(slide: Sliding) -> int:
    """Steps in which padding is filled."""
    cells = len(sources(slide)) if slide.mode != "zeros" else 0
    return cells if cells <= _MOST_FILLED else 1


def fill(story: Story, X: Cells, slide: Sliding) -> Iterator[Step]:
    """Padding appears cell by cell, or at once where it has many cells."""
    if slide.mode == "zeros":
        return
    found = sources(slide)
    if len(found) > _MOST_FILLED:
        every = [X.set(cell, value=float(X.values[cell])) for cell in found]
        yield story.step(Text("The padding takes values of the map"), every, beats=2)
        return
    corner = slide.ends[0][0], slide.ends[1][0]
    for cell, source in found.items():
        own, copied = (
            Symbol("x", tuple(at - before + 1 for at, before in zip(place, corner, strict=True)))
            for place in (cell, source)
        )
        changes: list[Change] = [
            X.mark("source", source),
            X.mark("filled", cell),
            X.set(cell, value=float(X.values[cell])),
        ]
        yield story.step(equation(own, copied, X[source]), changes)
