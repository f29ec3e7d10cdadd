"""A panel of cells while its story is told: what is read from it has a name, what is written becomes a change."""

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
"""What becomes of a cell's role where a window covers it; others keep their own."""

WINDOW, CURRENT = Mark(name="window", role="window"), Mark(name="current", role="result")
"""Outlines around what is read, and around what is written."""


def sheet_marks(role: str, sheets: int, name: str = "sheet") -> tuple[Mark, ...]:
    """An outline for each sheet of a block; as "window" it travels with its cells."""
    return tuple(Mark(name=f"{name} {sheet}", role=role, channel=sheet) for sheet in range(sheets))


class Cells:
    """A grid or block of cells, with the values that it has at the end; `head` is the first line of its label."""

    def __init__(self, panel: Grid | Block, values: Values, head: Words = "") -> None:
        self.panel, self.values, self._head = panel, values, head
        self.rewind()

    @property
    def name(self) -> str:
        """The panel's name."""
        return self.panel.name

    @property
    def decimals(self) -> int:
        """Decimals with which its numbers are written."""
        return self.panel.digits

    def rewind(self) -> None:
        """Be as before the first step."""
        self._roles = self.panel.roles.astype(object)
        self._covered: dict[Index, tuple[str, Words]] = {}
        self._asked: Index | None = None
        self._outlined: set[str] = set()

    def __getitem__(self, place: Index) -> Number:
        return self.number(place)

    def number(self, place: Index, decimals: int | None = None) -> Number:
        """The number in a cell, named after it."""
        value = float(self.values[place])
        return Number(value, exact_digits(value, self.decimals) if decimals is None else decimals, self.ref(place))

    def rounded(self, place: Index) -> Number:
        """The number in a cell, for a caption: without decimals that are 0."""
        return self.number(place, exact_digits(round(float(self.values[place]), self.decimals), self.decimals))

    def ref(self, place: Index) -> Ref:
        """What a cell is called."""
        return (self.name, *place)

    def read(self, places: Iterable[Index] | None = None) -> list[Number]:
        """The numbers in some cells, or in all."""
        return [self[place] for place in (np.ndindex(self.values.shape) if places is None else places)]

    def symbol(self, letter: str, place: Index) -> Symbol:
        """A cell as a letter with an index."""
        return Symbol(letter, tuple(at + 1 for at in place))

    def equals(self, place: Index, *sides: Expression, letter: str = "y", letters: int = 80) -> Equation:
        """What a cell is made of: `y₁₂ = … = 3`."""
        return equation(self.symbol(letter, place), *sides, self[place], letters=letters)

    def dot_product(
        self,
        place: Index,
        numbers: Sequence[Number],
        weights: Sequence[Number],
        bias: Number | None = None,
        letter: str = "y",
    ) -> Equation:
        """A cell as the sum of products: `y₁₂ = 1·2 + 3·4 = 14`."""
        return self.equals(place, dot(numbers, weights, bias, self[place]), letter=letter)

    def role(self, place: Index) -> str:
        """What a cell is when nothing covers it."""
        return str(self._roles[place])

    def set(
        self,
        place: Index,
        role: str | None = None,
        value: float | None = None,
        origin: Index | None = None,
        source: str | None = None,
    ) -> Cell:
        """A cell changes for good; a role under a window is seen when that has gone. Its value may have an `origin`, in
        another panel where a `source` is named.
        """
        if role is not None:
            self._roles[place] = role
        seen = None if place in self._covered else role
        # The answer takes the question's place.
        answered = place == self._asked and value is not None
        self._asked = None if answered else self._asked
        note = "" if answered else None
        return self._cell(place, role=seen, value=value, note=note, origin=origin, source=source)

    def ask(self, place: Index | None = None) -> Cell:
        """A question mark in a cell, the first unless given, until it has a value."""
        self._asked = place or (0,) * self.values.ndim
        return self._cell(self._asked, note="?")

    def cover(
        self, places: Sequence[Index], notes: Sequence[Words] = (), special: Mapping[Index, str] | str = ""
    ) -> Iterator[Change]:
        """Cover these cells, each with its note, and uncover all others; `special` is a role for all or for some."""
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
        """A window covers its cells, with an outline around them and around the one that wins."""
        yield from self.cover(windows.cells(at), notes, {} if winner is None else {winner: "winner"})
        yield self.mark("window", *windows.outline(at))
        if winner is not None:
            yield self.mark("winner", winner)

    def move_windows(
        self, windows: Windows, at: Index, special: Mapping[Index, str] | str = "", notes: Sequence[Words] = ()
    ) -> Iterator[Change]:
        """A window covers its cells in every channel that it reaches; the outline in the first is `window 0`."""
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
        """The result appears in its cell, outlined; from a `source` it comes from the same place, or from `origin`."""
        origin, name = (origin or place, source.name) if source else (None, None)
        yield self.set(place, role=role, value=float(self.values[place]), origin=origin, source=name)
        if mark:
            yield self.mark(mark, place)

    def fill(
        self, role: str = "output", source: Cells | None = None, places: Iterable[Index] | None = None
    ) -> Iterator[Change]:
        """All results appear at once, or those in some places, without outlines."""
        for place in np.ndindex(self.values.shape) if places is None else places:
            yield from self.write(place, "", role, source)

    def mark(self, mark: str, corner: Sequence[float], size: Sequence[float] = ()) -> MoveMark:
        """An outline goes around some cells, or one; it may lie between cells."""
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
        """The outlines of `sheet_marks` go around the same cells of some sheets, and away from all others."""
        for sheet in range(self.values.shape[0]):
            mark = f"{name} {sheet}"
            yield self.mark(mark, (sheet, *corner), size) if sheet in sheets else self.hide(mark)

    def relabel(self, below: Words | None = None) -> Relabel:
        """The label has something else under its first line."""
        return Relabel(panel=self.name, label=lines(self._head, below))

    def hide(self, mark: str) -> MoveMark:
        """An outline goes away."""
        hidden = self.mark(mark, (0, 0), (0, 0))
        self._outlined.discard(mark)
        return hidden

    def uncover(self) -> Iterator[Change]:
        """Nothing covers these cells any more, and no outline that steps have moved is left but that of the map."""
        yield from self.cover(())
        boundaries = {mark.name for mark in self.panel.marks if mark.role == "boundary"}
        for mark in sorted(self._outlined - boundaries):
            yield self.hide(mark)

    def reset(self) -> Iterator[Change]:
        """Come to rest, each cell as it was before the first step."""
        yield from self.uncover()
        yield from self.set_roles(self.panel.roles)

    def set_roles(self, roles: npt.NDArray[np.str_] | str) -> Iterator[Cell]:
        """Every cell has a role of its own, or all the same; those that have it already stay."""
        for place, role in np.ndenumerate(np.broadcast_to(roles, self.values.shape)):
            if role != self.role(place):
                yield self.set(place, role=str(role))

    def _cell(self, place: Index, **changed: Any) -> Cell:
        channel = place[0] if len(place) == 3 else None
        return Cell(panel=self.name, row=place[-2], column=place[-1], channel=channel, **changed)
