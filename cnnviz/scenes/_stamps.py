"""Stamps of a kernel: each cell of an input adds its multiple of the kernel to a panel, and overlaps add up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from cnnviz.ops import conv_transpose2d
from cnnviz.story import Cells, Story, Windows
from cnnviz.storyboard import Change, Shade, Values
from cnnviz.words import Joined, Number, Symbol, Text, Words, equation, joined

Place = tuple[int, ...]


class Stamps:
    """Adds multiples of the kernel to a panel; `hit` are the cells that the last one has reached.

    The panel is as large as all stamps, or as what is left where their padding is `cut` off.
    """

    def __init__(
        self,
        panel: Cells,
        windows: Windows,
        weights: Values,
        decimals: int,
        *,
        bias: float = 0.0,
        cut: bool = True,
        noted: bool = True,
    ) -> None:
        self.panel, self._noted = panel, noted
        self.sums: Values = np.full(panel.values.shape, bias)
        self.counts = np.zeros(panel.values.shape, np.int64)
        self.hit: list[Place] = []
        self._windows, self._weights, self._decimals, self._cut = windows, weights, decimals, cut
        self._added: dict[Place, float] = {}

    def stamp(self, at: Place, value: float) -> Iterator[Change]:
        """Add `value` times the kernel for a cell of the input; notes may say what is added."""
        self._added = {cell: value * weight for cell, weight in self._reached(at)}
        self.hit = list(self._added)
        roles = {cell: "overlap" if self.counts[cell] else "kernel" for cell in self.hit}
        for cell, added in self._added.items():
            self.sums[cell] += added
            self.counts[cell] += 1
            yield self.panel.set(cell, role="output", value=float(self.sums[cell]))
        notes = [self._note(added) for added in self._added.values()] if self._noted else ()
        yield from self.panel.cover(self.hit, notes, roles)
        yield self.panel.mark("window", *self.outline(at))

    def outline(self, at: Place) -> tuple[Place, Place]:
        """The part of a stamp that is seen."""
        return self._windows.outline_inside(at) if self._cut else self._windows.outline(at)

    def rest(self) -> Iterator[Change]:
        """The last stamp is taken off, and cells that none has reached come in."""
        yield from self.panel.cover(())
        for row, column in np.argwhere(self.counts == 0).tolist():
            yield self.panel.set((row, column), role="output", value=float(self.sums[row, column]))
        yield self.panel.hide("window")

    @property
    def example(self) -> Place:
        """Of the cells just reached the one most often reached, rather one whose sum has changed."""
        return max(self.hit, key=lambda cell: (self.counts[cell], self._added[cell] != 0))

    def addition(self) -> Words:
        """The last addition to that cell: `at row 1, column 3: 2 + 3 = 5`."""
        digits = max(self.panel.decimals, self._decimals)
        result, added = float(self.sums[self.example]), self._added[self.example]
        terms = Number(result - added, digits) + Number(added, digits)
        row, column = self.example
        return Text(
            "at row {row}, column {column}: {sum}",
            row=row + 1,
            column=column + 1,
            sum=equation(None, terms, Number(result, digits, self.panel.ref(self.example))),
        )

    def told(self, symbol: Symbol, value: Number) -> Words:
        """The last stamp and its last addition, if any cell was reached."""
        return joined((stamping(symbol, value), self.addition() if self.hit else None), "; ")

    def _reached(self, at: Place) -> Iterator[tuple[Place, float]]:
        top, left = self._windows.padding if self._cut else (0, 0)
        for cell, weight in zip(self._windows.cells(at), self._weights.ravel().tolist(), strict=True):
            if not self._cut or self._windows.is_inside(cell):
                yield (cell[0] - top, cell[1] - left), weight

    def _note(self, added: float) -> Words:
        note = Number(added, self._decimals)
        return note if note.exact() < 0 else Joined(("+", note), "")


def stamping(symbol: Symbol, value: Number) -> Words:
    """The words for a stamp: `x₁₂ = 3 stamps 3 × kernel`."""
    return Text("{equation} stamps {value} × kernel", equation=equation(symbol, value, strong=False), value=value)


def shade_of_sums(story: Story, x: Values, w: Values, bias: float = 0.0, **sizes: Any) -> Shade:
    """For every sum on the way: none goes beyond that of its positive or of its negative products alone."""

    def add(a: Values, b: Values) -> Values:
        return conv_transpose2d(a[None, None], b[None, None], **sizes)

    (x_up, x_down), (w_up, w_down) = ((np.maximum(each, 0), np.minimum(each, 0)) for each in (x, w))
    most, least = add(x_up, w_up) + add(x_down, w_down), add(x_up, w_down) + add(x_down, w_up)
    return story.shade(np.array([least.min() + min(0, bias), most.max() + max(0, bias)]))


def product_decimals(story: Story, x: Values, w: Values) -> int:
    """Decimals of products of some values and weights."""
    return story.decimals(np.multiply.outer(np.unique(x)[:64], np.unique(w)))
