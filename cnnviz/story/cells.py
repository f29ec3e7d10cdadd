"""A panel of cells: numbers read from it know their cell, and values written to it become changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cnnviz.notation import exact_digits
from cnnviz.storyboard import Block, Cell, Change, Grid, Mark, MoveMark, Relabel
from cnnviz.words import Equation, Expression, Number, Ref, Symbol, Words, dot, equation, lines

if TYPE_CHECKING:
    from cnnviz.story.windows import Index, Windows

Values = npt.NDArray[np.float64]

COVERED = MappingProxyType(
    {
        "input": "kernel",
        "unreached": "kernel",
        "forward": "kernel",
        "zero": "kernel_on_padding",
        "padding": "kernel_on_padding",
        "padding_unreached": "kernel_on_padding",
        "winner": "kernel",
    }
)
"""The role of a cell that a window covers, by its role before; other roles stay the same."""

WINDOW, CURRENT = Mark(name="window", role="window"), Mark(name="current", role="result")
"""Outlines around the cells that are read and the cell that is written."""


def sheet_marks(role: str, sheets: int, name: str = "sheet") -> tuple[Mark, ...]:
    """An outline for each sheet of a block; one with the role "window" moves."""
    return tuple(Mark(name=f"{name} {sheet}", role=role, channel=sheet) for sheet in range(sheets))


class Cells:
    """A grid or block of cells with its final values; `head` is the first line of its label."""

    def __init__(self, panel: Grid | Block, values: Values, head: Words = "") -> None:
        self.panel, self.values, self._head = panel, values, head
        self.rewind()

    @property
    def name(self) -> str:
        """The name of the panel."""
        return self.panel.name

    @property
    def decimals(self) -> int:
        """Decimals of its numbers."""
        return self.panel.digits

    def rewind(self) -> None:
        """Return to the state before the first step."""
        self._roles = self.panel.roles.astype(object)
        self._covered: dict[Index, tuple[str, Words]] = {}
        self._asked: Index | None = None
        self._outlined: set[str] = set()

    def __getitem__(self, place: Index) -> Number:
        return self.number(place)

    def number(self, place: Index, decimals: int | None = None) -> Number:
        """The number in a cell, with a reference to it."""
        value = float(self.values[place])
        return Number(value, exact_digits(value, self.decimals) if decimals is None else decimals, self.ref(place))

    def rounded(self, place: Index) -> Number:
        """The number in a cell rounded as it is shown, without trailing zeros."""
        return self.number(place, exact_digits(round(float(self.values[place]), self.decimals), self.decimals))

    def ref(self, place: Index) -> Ref:
        """The reference to a cell."""
        return (self.name, *place)

    def read(self, places: Iterable[Index] | None = None) -> list[Number]:
        """The numbers in these cells, or in all."""
        return [self[place] for place in (np.ndindex(self.values.shape) if places is None else places)]

    def symbol(self, letter: str, place: Index) -> Symbol:
        """A cell as a letter with an index, such as `y₁₂`."""
        return Symbol(letter, tuple(at + 1 for at in place))

    def equals(self, place: Index, *sides: Expression, letter: str = "y", letters: int = 80) -> Equation:
        """An equation for a cell: `y₁₂ = … = 3`."""
        return equation(self.symbol(letter, place), *sides, self[place], letters=letters)

    def dot_product(
        self,
        place: Index,
        numbers: Sequence[Number],
        weights: Sequence[Number],
        bias: Number | None = None,
        letter: str = "y",
    ) -> Equation:
        """A cell as a dot product: `y₁₂ = 1·2 + 3·4 = 14`."""
        return self.equals(place, dot(numbers, weights, bias, self[place]), letter=letter)

    def role(self, place: Index) -> str:
        """The role of a cell when no window covers it."""
        return str(self._roles[place])

    def set(
        self,
        place: Index,
        role: str | None = None,
        value: float | None = None,
        origin: Index | None = None,
        source: str | None = None,
    ) -> Cell:
        """Change a cell permanently; a role set under a window shows once the window has moved on.

        The value may move here from the cell `origin`, in another panel if a `source` is named.
        """
        if role is not None:
            self._roles[place] = role
        seen = None if place in self._covered else role
        # The value replaces the question mark.
        answered = place == self._asked and value is not None
        self._asked = None if answered else self._asked
        note = "" if answered else None
        return self._cell(place, role=seen, value=value, note=note, origin=origin, source=source)

    def ask(self, place: Index | None = None) -> Cell:
        """Show a question mark in a cell, by default the first, until it has a value."""
        self._asked = place or (0,) * self.values.ndim
        return self._cell(self._asked, note="?")

    def cover(
        self, places: Sequence[Index], notes: Sequence[Words] = (), special: Mapping[Index, str] | str = ""
    ) -> Iterator[Change]:
        """Cover these cells, each with a note, and uncover all others; `special` is a role for all or some of them."""
        noted = dict(zip(places, notes or [""] * len(places), strict=True))
        before, self._covered = self._covered, {}
        for place in before:
            if place not in noted:
                yield self._cell(place, role=self.role(place), note="")
        special = dict.fromkeys(places, special) if isinstance(special, str) else special
        for place, note in noted.items():
            role = special.get(place) or COVERED.get(self.role(place), self.role(place))
            self._covered[place] = role, note
            if before.get(place) != (role, note):
                yield self._cell(place, role=role, note=note)

    def move_window(
        self, windows: Windows, at: Index, notes: Sequence[Words] = (), winner: Index | None = None
    ) -> Iterator[Change]:
        """Move the window, its outline and the outline of its `winner`."""
        yield from self.cover(windows.cells(at), notes, {} if winner is None else {winner: "winner"})
        yield self.mark("window", *windows.outline(at))
        if winner is not None:
            yield self.mark("winner", winner)

    def move_windows(
        self, windows: Windows, at: Index, special: Mapping[Index, str] | str = "", notes: Sequence[Words] = ()
    ) -> Iterator[Change]:
        """Move a window in all channels that it reaches; the outline of the first channel is `window 0`."""
        yield from self.cover(windows.cells(at), notes, special)
        (first, *corner), (count, *size) = windows.outline(at)
        for c in range(len(self.values)):
            reached = first <= c < first + count
            yield self.mark(f"window {c}", (c, *corner), size) if reached else self.hide(f"window {c}")

    def write(
        self,
        place: Index,
        mark: str = "current",
        role: str = "output",
        source: Cells | None = None,
        origin: Index | None = None,
    ) -> Iterator[Change]:
        """Write the result to its cell and outline it; it may move here from the cell `origin` of a `source`."""
        origin, name = (origin or place, source.name) if source else (None, None)
        yield self.set(place, role=role, value=float(self.values[place]), origin=origin, source=name)
        if mark:
            yield self.mark(mark, place)

    def fill(
        self, role: str = "output", source: Cells | None = None, places: Iterable[Index] | None = None
    ) -> Iterator[Change]:
        """Write all results at once, or those in `places`, without outlines."""
        for place in np.ndindex(self.values.shape) if places is None else places:
            yield from self.write(place, "", role, source)

    def mark(self, mark: str, corner: Sequence[float], size: Sequence[float] = ()) -> MoveMark:
        """Move an outline around some cells, by default one; it may lie between cells."""
        size = size or [1] * len(corner)
        self._outlined.add(mark)
        return MoveMark(
            panel=self.name,
            mark=mark,
            row=corner[-2],
            column=corner[-1],
            rows=size[-2],
            columns=size[-1],
            channel=int(corner[0]) if len(corner) == 3 else None,
        )

    def outline_sheets(
        self, sheets: Sequence[int], corner: Index, size: Sequence[int], name: str = "sheet"
    ) -> Iterator[MoveMark]:
        """Move the outlines of `sheet_marks` around the same cells of these sheets, and hide those of all others."""
        for sheet in range(self.values.shape[0]):
            mark = f"{name} {sheet}"
            yield self.mark(mark, (sheet, *corner), size) if sheet in sheets else self.hide(mark)

    def relabel(self, below: Words | None = None) -> Relabel:
        """Replace the label, except for its first line."""
        return Relabel(panel=self.name, label=lines(self._head, below))

    def hide(self, mark: str) -> MoveMark:
        """Hide an outline."""
        hidden = self.mark(mark, (0, 0), (0, 0))
        self._outlined.discard(mark)
        return hidden

    def uncover(self) -> Iterator[Change]:
        """Uncover all cells, and hide the outlines that steps have moved, except for the map's boundary."""
        yield from self.cover(())
        boundaries = {mark.name for mark in self.panel.marks if mark.role == "boundary"}
        for mark in sorted(self._outlined - boundaries):
            yield self.hide(mark)

    def reset(self) -> Iterator[Change]:
        """Uncover all cells and restore their roles from before the first step."""
        yield from self.uncover()
        yield from self.set_roles(self.panel.roles)

    def set_roles(self, roles: npt.NDArray[np.str_] | str) -> Iterator[Cell]:
        """Change the roles of all cells, to one role or an array of roles."""
        for place, role in np.ndenumerate(np.broadcast_to(roles, self.values.shape)):
            if role != self.role(place):
                yield self.set(place, role=str(role))

    def _cell(self, place: Index, **changed: Any) -> Cell:
        channel = place[0] if len(place) == 3 else None
        return Cell(panel=self.name, row=place[-2], column=place[-1], channel=channel, **changed)
