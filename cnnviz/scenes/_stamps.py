"""Stamps of a kernel: each cell of an input adds its multiple of the kernel to a panel, and overlaps add up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.ops import conv_transpose2d
from cnnviz.story import Cells, Story, Windows
from cnnviz.storyboard import Change, Shade, Values
from cnnviz.words import Joined, Number, Symbol, Text, Words, equation, joined

Place = tuple[int, ...]


class Stamps:
    """Adds multiples of kernels to a panel; `added` is what the cells get that the last one has reached.

    The panel is as large as all stamps, or as what is left where their padding is cut off. `maps` are the numbers of
    its maps where it has several.
    """

    def __init__(
        self, panel: Cells, windows: Windows, decimals: int, bias: float | Values = 0.0, maps: Sequence[int] = ()
    ) -> None:
        self.panel, self.maps = panel, maps
        self.sums: Values = np.zeros(panel.values.shape) + bias
        self.counts = np.zeros(panel.values.shape, np.int64)
        self.added: dict[Place, float] = {}
        self._windows, self._decimals = windows, decimals
        self._cut = panel.values.shape[-2:] != windows.drawn

    def stamp(self, at: Place, value: float, kernels: Mapping[Place, Values]) -> Iterator[Change]:
        """Add `value` times a kernel for a cell of the input, by () to the panel, or by (n,) to each of its maps."""
        self.added = {
            (*sheet, *cell): value * weight
            for sheet, kernel in kernels.items()
            for cell, weight in self._reached(at, kernel)
        }
        roles = {cell: "overlap" if self.counts[cell] else "kernel" for cell in self.added}
        for cell in self.added:
            self.counts[cell] += 1
        yield from self._written()
        noted = getattr(self.panel.panel, "notes", False)
        notes = [self._note(added) for added in self.added.values()] if noted else ()
        yield from self.panel.cover(list(self.added), notes, roles)
        if () in kernels:
            yield self.panel.mark("window", *self.outline(at))
        else:
            yield from self.panel.outline_sheets([n for (n,) in kernels], *self.outline(at), name="window")

    def outline(self, at: Place) -> tuple[Place, Place]:
        """The part of a stamp that is seen."""
        return self._windows.outline_inside(at) if self._cut else self._windows.outline(at)

    def rest(self) -> Iterator[Change]:
        """The last stamp is taken off, and cells that none has reached come in."""
        yield from self.add(self.counts == 0, np.zeros(self.sums.shape))

    def add(self, where: npt.NDArray[np.bool_], values: Values) -> Iterator[Change]:
        """The last stamp is taken off, and values are added to cells all at once."""
        self.added = {cell: float(values[cell]) for cell in map(tuple, np.argwhere(where).tolist())}
        yield from self.panel.rest()
        yield from self._written()

    def _written(self) -> Iterator[Change]:
        for cell, added in self.added.items():
            self.sums[cell] += added
            yield self.panel.set(cell, role="output", value=float(self.sums[cell]))

    @property
    def example(self) -> Place:
        """Of the cells just reached the one most often reached, rather one whose sum has changed."""
        return max(self.added, key=lambda cell: (self.counts[cell], self.added[cell] != 0))

    def addition(self) -> Words:
        """The last addition to that cell: `at row 1, column 3: 2 + 3 = 5`."""
        digits = max(self.panel.decimals, self._decimals)
        result, added = float(self.sums[self.example]), self.added[self.example]
        terms = Number(result - added, digits) + Number(added, digits)
        found = equation(None, terms, Number(result, digits, self.panel.ref(self.example)))
        *sheet, row, column = (at + 1 for at in self.example)
        if sheet:
            said = "in map {map}, row {row}, column {column}: {sum}"
            return Text(said, map=self.maps[sheet[0] - 1] + 1, row=row, column=column, sum=found)
        return Text("at row {row}, column {column}: {sum}", row=row, column=column, sum=found)

    def told(self, symbol: Symbol, value: Number) -> Words:
        """The last stamp and its last addition, if any cell was reached."""
        return joined((stamping(symbol, value), self.addition() if self.added else None), "; ")

    def _reached(self, at: Place, kernel: Values) -> Iterator[tuple[Place, float]]:
        top, left = self._windows.padding if self._cut else (0, 0)
        for cell, weight in zip(self._windows.cells(at), kernel.ravel().tolist(), strict=True):
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
    total, size = conv_transpose2d(x, w, **sizes), conv_transpose2d(np.abs(x), np.abs(w), **sizes)
    least, most = (total - size).min() / 2, (total + size).max() / 2
    return story.shade(np.array([least + min(0, bias), most + max(0, bias)]))


def product_decimals(story: Story, x: Values, w: Values) -> int:
    """Decimals of products of some values and weights."""
    return story.decimals(np.multiply.outer(np.unique(x)[:64], np.unique(w)))
