"""The way back of an unpooling: where each pooled value goes, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cnnviz.scenes._pooling import Place
from cnnviz.story import Cells, Windows
from cnnviz.storyboard import Change
from cnnviz.words import Number, Strong, Text, Words, counted, equation, total


@dataclass(frozen=True)
class WayBack:
    """The input, what it is pooled to, the unpooled map, and the cell in which each window's maximum stands, if any."""

    windows: Windows
    X: Cells
    pooled: Cells
    Y: Cells
    best: dict[Place, Place]

    def steps(self) -> Iterator[tuple[Words, list[Change]]]:
        """What is said of each pooled value as it goes back, and what changes."""
        return self._put_back() if self.best else self._spread()

    def rest(self) -> list[Change]:
        """Cells in no window come in."""
        return [self.Y.set((row, column), role="zero", value=0.0) for row, column in self._outside()]

    def _outside(self) -> list[list[int]]:
        found: list[list[int]] = np.argwhere(self.windows.roles() != "input").tolist()
        return found

    def summary(self) -> Words:
        """What has come of the input."""
        if self.best:
            found, cells = len(set(self.best.values())), self.Y.values.size
            return counted(
                Number(found, 0, ("output", "role", "output")),
                "{n} maximum is back, the other {zeros} cells are 0",
                "{n} maxima are back, the other {zeros} cells are 0",
                zeros=equation(None, Number(cells) - found, cells - found),
            )
        one, many = "; {n} cell outside all windows is 0", "; {n} cells outside all windows are 0"
        rest = len(self._outside())
        none = counted(Number(rest, 0, ("output", "role", "zero")), one, many) if rest else ""
        return Text("{size}, the detail is not{none}", size=Strong(Text("The size is back")), none=none)

    def _put_back(self) -> Iterator[tuple[Words, list[Change]]]:
        """Each value to the place of its maximum, zeros to the rest of its window."""
        known: set[Place] = set()
        for at, best in self.best.items():
            new = [cell for cell in self.windows.cells(at) if cell not in known and cell != best]
            known.update(self.windows.cells(at))
            changes: list[Change] = [self.Y.set(cell, role="zero", value=0.0) for cell in new]
            changes.append(self.Y.set(best, role="output", value=self.pooled[at].value))
            changes += [self.X.mark("winner", best), self.Y.mark("winner", best)]
            said = "{value} returns to {place}; the rest of its window is 0"
            yield Text(said, value=Strong(self.pooled.short(at)), place=place_of(best)), changes

    def _spread(self) -> Iterator[tuple[Words, list[Change]]]:
        """Each value to all cells of its window; a cell of several windows takes the mean."""
        parts: dict[Place, list[Number]] = {}
        for at in self.windows.places():
            cells, value, changes = self.windows.cells(at), self.pooled.short(at), list[Change]()
            for cell in cells:
                parts.setdefault(cell, []).append(value)
                changes.append(self.Y.set(cell, role="output", value=_mean(parts[cell])))
            most = max(cells, key=lambda cell: len(parts[cell]))
            n = Number(len(cells), 0, ("k", "product"))
            said = Text("{value} goes to all {n} cells of its window", value=Strong(value), n=n)
            if len(parts[most]) > 1:
                found = Number(_mean(parts[most]), self.Y.decimals, self.Y.ref(most))
                mean = equation(None, total(parts[most]) / len(parts[most]), found, letters=40)
                y = equation(self.pooled.symbol("y", at), value, strong=False)
                said = Text("{y}; windows overlap at {place}: {mean}", y=y, place=place_of(most), mean=mean)
            yield said, changes


def place_of(cell: Place) -> Text:
    """A cell in words."""
    return Text("row {row}, column {column}", row=cell[0] + 1, column=cell[1] + 1)


def _mean(parts: list[Number]) -> float:
    return sum(part.value for part in parts) / len(parts)
