"""Padding filled with values of the map: where each comes from, and the steps in which they appear."""

from __future__ import annotations

from collections.abc import Iterator
from operator import sub
from typing import Any

import numpy as np

from cnnviz.data import Data
from cnnviz.ops import pad
from cnnviz.parameters import Sides, Size, to_cli
from cnnviz.story import Cells, Sliding, Story, Tensor, raise_if, same_padding
from cnnviz.storyboard import Mark, Step
from cnnviz.words import Text, equation

MODES = "zeros", "reflect", "replicate", "circular"
"""Those of torch.nn.Conv2d."""

BELOW = {
    "reflect": Text("reflect: mirrored at the outermost cells"),
    "replicate": Text("replicate: the outermost cells again"),
    "circular": Text("circular: from the other end"),
}

MARKS = Mark(name="source", role="window"), Mark(name="filled", role="result")
"""Outlines around the value that is taken, and the cell that takes it."""

_MOST_FILLED = 40


def sides(p: Sides | str, i: Size, k: Size, s: Size, d: Size) -> Sides:
    """Padding by its name as numbers; raises UsageError for what PyTorch refuses."""
    if not isinstance(p, str):
        return p
    if p == "valid":
        return 0, 0
    found = same_padding(i, k, s, d)
    message = f"--p same needs stride 1, as in PyTorch: use --p {to_cli(found)}, TensorFlow's same for this input"
    raise_if({message: s != (1, 1)})
    return found


def input_panel(story: Story, slide: Sliding, pixels: Tensor, padded: Tensor, data: Data) -> Cells:
    """The input with its padding, which is empty at first where it is to be filled with values of the map."""
    options: dict[str, Any] = {"windows": slide.windows, "data": data, "notes": True}
    if slide.mode == "zeros":
        return story.cells("input", "Input {size}", pixels, **options)
    X = story.cells("input", "Input {size}", pixels, fill=np.nan, marks=MARKS, below=BELOW[slide.mode], **options)
    X.values = padded.values[0, 0]
    return X


def fill(story: Story, X: Cells, slide: Sliding) -> Iterator[Step]:
    """Padding appears cell by cell, or at once where it has many cells."""
    if slide.mode == "zeros":
        return
    rows, columns = (
        pad(np.arange(size), ends, slide.mode).astype(int) + ends[0]
        for size, ends in zip(slide.i, slide.ends, strict=True)
    )
    every = {(r, c): (int(rows[r]), int(columns[c])) for r, c in np.ndindex(X.values.shape)}
    found = {cell: source for cell, source in every.items() if cell != source}
    filled = {cell: X.set(cell, value=float(X.values[cell])) for cell in found}
    if len(found) > _MOST_FILLED:
        yield story.step(Text("The padding takes values of the map"), filled.values(), beats=2)
        return
    for cell, source in found.items():
        own, copied = (X.symbol("x", tuple(map(sub, place, slide.windows.padding))) for place in (cell, source))
        marks = X.mark("source", source), X.mark("filled", cell)
        yield story.step(equation(own, copied, X[source]), marks, filled[cell])
