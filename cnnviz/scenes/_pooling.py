"""Where the windows of a pooling lie, and how such a figure shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cnnviz.data import Data
from cnnviz.errors import UsageError
from cnnviz.notation import digits_for, number, size_text, written
from cnnviz.ops.pooling import pool_output_size
from cnnviz.parameters import Size
from cnnviz.scenes._sliding import (
    COVERING,
    CROWDED_SIDE,
    Cover,
    Place,
    check_fit,
    equals,
    factor,
    lost_of,
    map_shade,
    shade_for,
    summed,
)
from cnnviz.storyboard import Change, Grid, Mark, MoveMark, Values

Span = tuple[int, ...]


@dataclass(frozen=True)
class Windows:
    """The windows of a pooling over a map of `size`: the rows and the columns of each, in cells of the map.

    Such a cell may lie outside of the map: within `padding`, or beyond that, where nothing is (`ceil_mode`).
    """

    size: Size
    rows: tuple[Span, ...]
    columns: tuple[Span, ...]
    padding: Size = (0, 0)

    @classmethod
    def sliding(
        cls, size: Size, k: Size, s: Size, padding: Size | None = None, d: Size = (1, 1), ceil_mode: bool = False
    ) -> Windows:
        """Windows of one size, a stride apart; raises UsageError where none fits."""
        if not ceil_mode:
            check_fit(size, k, padding, d)
        p = padding or (0, 0)
        spans = []
        for axis in range(2):
            try:
                out = pool_output_size(size[axis], k[axis], s[axis], p[axis], d[axis], ceil_mode)
            except UsageError:
                check_fit(size, k, p, d)
                raise
            first = np.arange(out) * s[axis] - p[axis]
            spans.append(tuple(tuple((start + np.arange(k[axis]) * d[axis]).tolist()) for start in first))
        return cls(size, spans[0], spans[1], p)

    @classmethod
    def adaptive(cls, size: Size, out: Size) -> Windows:
        """As many windows as there are outputs, from ⌊r·i/o⌋ up to ⌈(r+1)·i/o⌉ as in torch."""
        rows, columns = (
            tuple(tuple(range(r * i // o, -(-(r + 1) * i // o))) for r in range(o))
            for i, o in zip(size, out, strict=True)
        )
        return cls(size, rows, columns)

    @property
    def output(self) -> Size:
        """Rows and columns of the pooled map."""
        return len(self.rows), len(self.columns)

    @property
    def drawn(self) -> Size:
        """Rows and columns of a grid that holds the map, its padding and what windows cover beyond."""
        ends = max(map(max, self.rows)) + 1, max(map(max, self.columns)) + 1
        rows, columns = (max(i + p, end) + p for i, p, end in zip(self.size, self.padding, ends, strict=True))
        return rows, columns

    def cells(self, position: Place) -> list[Place]:
        """The cells of the map and its padding in a window, in the map's coordinates."""
        (i0, i1), (p0, p1) = self.size, self.padding
        return [
            (row, column) for row in self.rows[position[0]] for column in self.columns[position[1]]
            if row < i0 + p0 and column < i1 + p1
        ]  # fmt: skip

    def inside(self, position: Place) -> list[Place]:
        """The cells of the map in a window."""
        (rows, columns) = self.size
        return [(r, c) for r, c in self.cells(position) if 0 <= r < rows and 0 <= c < columns]

    def mark(self, panel: str, position: Place) -> MoveMark:
        """The outline of a window in a grid as large as `drawn`."""
        rows, columns = self.rows[position[0]], self.columns[position[1]]
        return MoveMark(
            panel=panel, mark="window", row=rows[0] + self.padding[0], column=columns[0] + self.padding[1],
            rows=rows[-1] - rows[0] + 1, columns=columns[-1] - columns[0] + 1,
        )  # fmt: skip

    def place(self, cell: Place) -> Place:
        """A cell of the map in such a grid."""
        return cell[0] + self.padding[0], cell[1] + self.padding[1]

    def roles(self) -> npt.NDArray[np.str_]:
        """What every cell of such a grid is: map or padding, reached by some window or not, or nothing."""
        seen = np.zeros(self.drawn, bool)
        axes = []
        for axis, spans in enumerate((self.rows, self.columns)):
            reached = np.zeros(self.drawn[axis], bool)
            reached[[index + self.padding[axis] for span in spans for index in span]] = True
            axes.append(reached)
        seen = np.logical_and.outer(axes[0], axes[1])
        (i0, i1), (p0, p1) = self.size, self.padding
        here = np.zeros(self.drawn, bool)
        here[p0 : p0 + i0, p1 : p1 + i1] = True
        padded = np.zeros(self.drawn, bool)
        padded[: i0 + 2 * p0, : i1 + 2 * p1] = True
        return np.select(
            [here & seen, here, padded & seen, padded], ["input", "unreached", "padding", "padding_unreached"], "empty"
        )

    def values(self, data: Values, fill: float) -> Values:
        """The values of every cell of such a grid, `fill` in the padding, none beyond."""
        values = np.full(self.drawn, np.nan)
        (i0, i1), (p0, p1) = self.size, self.padding
        values[: i0 + 2 * p0, : i1 + 2 * p1] = fill
        values[p0 : p0 + i0, p1 : p1 + i1] = data
        return values


@dataclass(frozen=True)
class Pooled:
    """A pooling of data: its windows, what comes out, the cell that wins each window, what a sum is divided by.

    Its numbers have `most` decimals at most.
    """

    data: Data
    windows: Windows
    result: Values
    winners: npt.NDArray[np.int64] | None = None
    divisors: npt.NDArray[np.int64] | None = None
    most: int = 2

    def winner(self, position: Place) -> Place | None:
        """The cell of the map that a window's maximum stands in; None for an average."""
        if self.winners is None:
            return None
        row, column = divmod(int(self.winners[position]), self.windows.size[1])
        return row, column

    @property
    def crowded(self) -> bool:
        """Whether the maps show colours instead of numbers."""
        return max(self.windows.size) >= CROWDED_SIDE

    @cached_property
    def digits(self) -> int:
        """Decimals of the map."""
        return digits_for(self.data.values, most=self.most, above=0)

    @cached_property
    def result_digits(self) -> int:
        """Decimals of what comes out."""
        return digits_for(self.result, most=self.most, above=lost_of(self.data.values))

    def input_panel(self, label: str, marks: Sequence[Mark] = ()) -> Grid:
        """The map with its padding: zeros for an average, blank where padding is left out."""
        windows, values = self.windows, self.data.values
        roles = windows.roles()
        if any(str(role).endswith("unreached") for role in np.unique(roles)):
            label += "\nhatched: never reached"
        boundary = Mark(name="map", role="boundary", row=windows.padding[0], column=windows.padding[1],
                        rows=windows.size[0], columns=windows.size[1])  # fmt: skip
        return Grid(
            name="input", label=label, values=windows.values(values, 0.0 if self.winners is None else np.nan),
            roles=roles, padding=windows.padding, digits=self.digits, numbers=not self.crowded,
            shade=map_shade(self.data, crowded=self.crowded),
            marks=((boundary,) if windows.padding != (0, 0) else ()) + (Mark(name="window", role="window"), *marks),
        )  # fmt: skip

    def output_panel(self, name: str, label: str) -> Grid:
        """The pooled map, nothing in it yet."""
        picture = self.data.source == "image"
        shade = map_shade(self.data, crowded=self.crowded)
        if not picture:
            shade = shade_for(self.result, picture=False, always=self.crowded)
        return Grid(
            name=name, label=f"{label} {size_text(*self.windows.output)}",
            values=np.full(self.windows.output, np.nan), roles=np.full(self.windows.output, "pending"),
            digits=self.result_digits, numbers=not self.crowded, shade=shade,
            marks=(Mark(name="current", role="result"),),
        )  # fmt: skip

    def arithmetic(self, position: Place, counted: bool = True) -> str:
        """The arithmetic of one window, such as `max(3, 1, 0, 2) = **3**`; `counted` shows the padding's zeros."""
        result = float(self.result[position])
        values = self.windows.values(self.data.values, 0.0)
        shown = digits = self.result_digits
        if self.digits > shown or np.array_equal(np.round(self.data.values, self.digits), self.data.values):
            digits = self.digits
        if self.winners is not None:
            terms = [number(self.data.values[cell], digits) for cell in self.windows.inside(position)]
            return f"max({summed(terms, _LETTERS, ', ')}) = **{number(result, shown)}**"
        cells = self.windows.cells(position) if counted else self.windows.inside(position)
        added = [values[self.windows.place(cell)] for cell in cells]
        assert self.divisors is not None
        divisor = int(self.divisors[position])
        sign = equals(sum(written(value, digits) for value in added) / Fraction(divisor), result, shown)
        terms = [number(added[0], digits), *(factor(value, digits) for value in added[1:])]
        return f"({summed(terms, _LETTERS)}) / {divisor} {sign} **{number(result, shown)}**"


_LETTERS = 70


class Walk:
    """Moves a window over the input's panel; a maximum found may stay marked."""

    def __init__(self, pooled: Pooled, keep: bool = False) -> None:
        self._pooled, self._keep = pooled, keep
        self._roles = pooled.windows.roles()
        covering = {**COVERING, "winner": "kernel", "empty": "empty"}
        self._cover = Cover("input", self._roles, covering)

    def to(self, position: Place) -> Iterator[Change]:
        """The window goes to a position."""
        windows = self._pooled.windows
        covered = {windows.place(cell): "" for cell in windows.cells(position)}
        winner = self._pooled.winner(position)
        place = None if winner is None else windows.place(winner)
        yield from self._cover.move(covered, {} if place is None else {place: "winner"})
        yield windows.mark("input", position)
        if place is not None:
            yield MoveMark(panel="input", mark="winner", row=place[0], column=place[1], rows=1, columns=1)
            if self._keep:
                self._roles[place] = "winner"

    def leave(self) -> Iterator[Change]:
        """The window leaves the map."""
        yield from self._cover.move({})
        for mark in ("window", "winner") if self._pooled.winners is not None else ("window",):
            yield MoveMark(panel="input", mark=mark, row=0, column=0, rows=0, columns=0)
