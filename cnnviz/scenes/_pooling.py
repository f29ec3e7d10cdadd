"""What pooling and unpooling share: the input, the arithmetic of a window, its maximum, and their panels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from cnnviz.data import Data, load_map
from cnnviz.parameters import ArrayLike, Size
from cnnviz.scene import Scene
from cnnviz.story import Cells, Story, Tensor, Windows, input_map, input_size, kinds, tolerance
from cnnviz.storyboard import Mark
from cnnviz.words import Expression, Math, Number, PerAxis, Shape, Text, Words, call, counted, total

Place = tuple[int, ...]
# That of Stanford's course CS231n.
_EXAMPLE = "1 1 2 4; 5 6 7 8; 3 2 1 0; 1 2 3 4"


@dataclass(frozen=True, kw_only=True)
class Pooled(Scene):
    """A scene with an input of which windows keep the maximum or the average."""

    kind: str = kinds("max", ("max", "avg"), "What is kept of a window: its maximum or its average.")
    i: Size | None = input_size(shown_default="4, or the data's own")
    input: ArrayLike = input_map(None, shown_default="an example of 4×4, else random")

    @cached_property
    def map(self) -> Data:
        """The input."""
        spec = _EXAMPLE if self.input is None and self.i in (None, (4, 4)) else self.input
        return load_map(spec, self.i, seed=self.seed, default_size=(4, 4))

    def input_panel(self, story: Story, windows: Windows) -> Cells:
        """The input with its padding: zeros for an average, blank for a maximum, which has an outline of its own."""
        fill, marks = (np.nan, (Mark(name="winner", role="result"),)) if self.kind == "max" else (0.0, ())
        how: dict[str, Any] = {"windows": windows, "fill": fill, "data": self.map, "marks": marks}
        return story.cells("input", "Input {size}", self.map.values, **how)

    def output_panel(self, story: Story, X: Cells, name: str, label: str, values: Tensor, **more: Any) -> Cells:
        """What comes out, in the input's greys where that is a picture."""
        shared = {"shade": X.panel.shade} if story.is_picture else {}
        return story.cells(name, label, values, pending=True, lost=tolerance(self.map.values), **{**shared, **more})

    def winner(self, X: Cells, windows: Windows, at: Place) -> Place | None:
        """The cell whose value a maximum keeps, the first of equal ones; None for an average."""
        return max(windows.inside(at), key=lambda cell: X.values[cell]) if self.kind == "max" else None

    def kept(self, X: Cells, Y: Cells, windows: Windows, at: Place, *, counts_padding: bool = True) -> Expression:
        """The maximum or the mean of a window, with its numbers."""
        cells = windows.cells(at) if self.kind == "avg" and counts_padding else windows.inside(at)
        # Where the input's decimals are rounded, as many as the output's make that up.
        exact = np.array_equal(np.round(self.map.values, X.decimals), self.map.values)
        decimals = X.decimals if exact else max(X.decimals, Y.decimals)
        terms = [X.number(cell, decimals) for cell in cells]
        return call("max", *terms) if self.kind == "max" else total(terms) / len(terms)

    def summary(self, winners: set[Place]) -> Words:
        """What the windows kept of the input."""
        if self.kind == "avg":
            return Text("Each window became one value, its mean")
        one, many = "{n} of {all} values is left", "{n} of {all} values are left"
        left = counted(
            Number(len(winners), 0, ("input", "role", "winner")),
            one,
            many,
            all=Number(self.map.values.size, 0, ("x", "size")),
        )
        return Text("Each window kept its maximum: {left}", left=left)

    @property
    def winner_role(self) -> tuple[str, ...]:
        """The role that a maximum brings in."""
        return ("winner",) if self.kind == "max" else ()


def adaptive_ranges(size: tuple[int, ...], out: tuple[int, ...]) -> Words:
    """Which cells each window of an adaptive pooling covers."""
    if out == (1, 1):
        return Text("one window as large as the input: {size}", size=Shape(size, "input"))
    rows, columns = (
        Math(rf"\lfloor r\cdot {i}/{o}\rfloor\leq x<\lceil(r+1)\cdot {i}/{o}\rceil")
        for i, o in zip(size, out, strict=True)
    )
    return Text("window {r} covers {range}", r=Math(r"r=0,1,\ldots"), range=PerAxis(rows, columns))
