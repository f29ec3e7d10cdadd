"""The way back of an unpooling: where each pooled value goes, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cnnviz.scenes._pooling import Place, winner
from cnnviz.story import Cells, Windows
from cnnviz.storyboard import Change
from cnnviz.words import Number, Strong, Text, Words, counted, equation, total


@dataclass(frozen=True)
class Maps:
    """The input, what it is pooled to, and the unpooled map."""

    kind: str
    windows: Windows
    X: Cells
    pooled: Cells
    Y: Cells

    def best(self, at: Place) -> Place | None:
        """The cell in which a window's maximum stands; None for an average."""
        return winner(self.kind, self.X, self.windows, at)

    def back(self) -> Iterator[tuple[Words, list[Change]]]:
        """What is said of each pooled value as it goes back, and what changes."""
        return self._put_back() if self.kind == "max" else self._spread()

    def rest(self) -> list[Change]:
        """Cells in no window come in."""
        places = [place for place in np.ndindex(self.Y.values.shape) if self.windows.roles()[place] != "input"]
        return [self.Y.set(place, role="zero", value=0.0) for place in places]

    def summary(self, rest: int) -> Words:
        """What has come of the input."""
        if self.kind == "max":
            found, cells = len({self.best(at) for at in self.windows.places()}), self.Y.values.size
            return counted(
                Number(found, 0, ("output", "role", "output")),
                "{n} maximum is back, the other {zeros} cells are 0",
                "{n} maxima are back, the other {zeros} cells are 0",
                zeros=equation(None, Number(cells) - found, cells - found),
            )
        one, many = "; {n} cell outside all windows is 0", "; {n} cells outside all windows are 0"
        none = counted(Number(rest, 0, ("output", "role", "zero")), one, many) if rest else ""
        return Text("{size}, the detail is not{none}", size=Strong(Text("The size is back")), none=none)

    def _put_back(self) -> Iterator[tuple[Words, list[Change]]]:
        """Each value to the place of its maximum, zeros to the rest of its window."""
        known: set[Place] = set()
        for at in self.windows.places():
            best, value, cells = self.best(at), self.pooled[at], self.windows.cells(at)
            assert best is not None
            zeros = [cell for cell in cells if cell not in known and cell != best]
            known.update(cells)
            changes: list[Change] = [self.Y.set(cell, role="zero", value=0.0) for cell in zeros]
            changes.append(self.Y.set(best, role="output", value=value.value))
            changes += [self.X.mark("winner", best), self.Y.mark("winner", best)]
            said = "{value} returns to {place}; the rest of its window is 0"
            yield Text(said, value=Strong(value), place=place_of(best)), changes

    def _spread(self) -> Iterator[tuple[Words, list[Change]]]:
        """Each value to all cells of its window; a cell of several windows takes the mean."""
        parts: dict[Place, list[Number]] = {}
        for at in self.windows.places():
            cells, value, changes = self.windows.cells(at), self.pooled[at], list[Change]()
            for cell in cells:
                parts.setdefault(cell, []).append(value)
                changes.append(self.Y.set(cell, role="output", value=_mean(parts[cell])))
            most = max(cells, key=lambda cell: len(parts[cell]))
            said = Text(
                "{value} goes to all {n} cells of its window",
                value=Strong(value),
                n=Number(len(cells), 0, ("k", "product")),
            )
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
