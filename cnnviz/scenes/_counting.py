"""The output size of a convolution along one axis, derived line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnviz.story import Cells, Story, Windows, reading_beats
from cnnviz.storyboard import Change, Equation, Relabel, Row, SetRow, Step
from cnnviz.words import Expression, Number, Text, Words, call, counted, equation, size

_WORDS = {
    "rows": {
        "start": "The kernel starts at the top; rows left to move: {left}",
        "move": "Move {n} of {moves}: position {position}; rows left: {left}",
        "missed": "; hatched: {n} row never reached",
        "all missed": "; hatched: {n} rows never reached",
    },
    "columns": {
        "start": "The kernel starts at the left; columns left to move: {left}",
        "move": "Move {n} of {moves}: position {position}; columns left: {left}",
        "missed": "; hatched: {n} column never reached",
        "all missed": "; hatched: {n} columns never reached",
    },
}


@dataclass(frozen=True)
class Count:
    """The sizes along an axis, how many positions the kernel has there, and what is said of them."""

    name: str
    i: int
    k: int
    s: int
    p: int
    d: int
    out: int

    @property
    def is_rows(self) -> bool:
        """Whether rows are counted, not columns."""
        return self.name == "rows"

    @property
    def free(self) -> int:
        """Cells of the padded input that the kernel in its first position leaves over."""
        return self.i + 2 * self.p - self.d * (self.k - 1) - 1

    @property
    def sum(self) -> Expression:
        """The padded input."""
        return Number(self.i) + Number(2) * self.p

    def left(self, moves: int = 0) -> Words:
        """Cells that are left over after some moves."""
        free = Number(self.free)
        if moves:
            return equation(None, free - Number(moves) * self.s, self.free - moves * self.s)
        return equation(None, Number(self.i + 2 * self.p) - (self.d * (self.k - 1) + 1), free)

    def positions(self) -> Words:
        """The moves and the position before the first."""
        total = equation(None, Number(self.out - 1) + 1, self.out)
        return counted(self.out, "{total} position", "{total} positions", total=total)

    def lines(self) -> tuple[Words, ...]:
        """The derivation, one line a step."""
        i, k, s, p, d = map(size, "ikspd")
        moves = equation(None, call("floor", Number(self.free) / self.s), self.out - 1)
        return (
            equation(i + 2 * p, self.sum, self.i + 2 * self.p),
            Text("{less}:  {left} left to move", less=-(d * (k - 1)) - 1 if self.d > 1 else -k, left=self.left()),
            counted(self.out - 1, "/{s}:  {moves} move", "/{s}:  {moves} moves", s=s, moves=moves),
            Text("+1:  {positions}", positions=self.positions()),
        )

    def rows(self, headed: bool) -> Iterator[Row]:
        """The lines' places in a panel of equations, with room for a heading where there are two derivations."""
        if headed:
            yield Row(name=f"{self.name}-head", text="")
        for line in range(len(self.lines())):
            yield Row(name=f"{self.name}-{line}", text="")

    def head(self) -> SetRow:
        """The heading."""
        return SetRow(panel="count", row=f"{self.name}-head", text=Text(self.name.capitalize()), role="muted")

    def line(self, n: int) -> list[SetRow]:
        """A line comes in, the one before is done."""
        before = [self.done(n - 1)] if n else []
        return [*before, SetRow(panel="count", row=f"{self.name}-{n}", text=self.lines()[n], role="active")]

    def done(self, n: int) -> SetRow:
        """A line is no longer the one that is spoken of."""
        return SetRow(panel="count", row=f"{self.name}-{n}", role="ink")


@dataclass(frozen=True)
class Counting:
    """The steps of the derivation: along the columns alone, or along columns and then rows."""

    story: Story
    X: Cells
    Y: Cells
    windows: Windows
    counts: list[Count]
    below: Words

    @property
    def beats(self) -> float:
        """Beats of a step that is read."""
        return reading_beats(sum(self.windows.out))

    @property
    def headed(self) -> bool:
        """Whether rows and columns are counted each by itself."""
        return len(self.counts) > 1

    @property
    def count(self) -> int:
        """The number of steps."""
        return 2 + sum(count.out + 1 + self._rests(count) for count in self.counts)

    def panel(self, formula: Words) -> Equation:
        """The formula and room for the lines."""
        return Equation(
            name="count",
            lines=(Row(name="formula", text=formula), *(row for each in self.counts for row in each.rows(self.headed))),
            widest=tuple(line for each in self.counts for line in each.lines()),
            size=15.0 if self.headed else 18.0,
        )

    def steps(self) -> Iterator[Step]:
        """The padded input, each axis, and the whole output."""
        X, Y, windows, columns = self.X, self.Y, self.windows, self.counts[0]
        padded = equation(None, columns.sum, columns.i + 2 * columns.p)
        one, many = "Padding adds {n} cell on each side: {total}", "Padding adds {n} cells on each side: {total}"
        said = counted(columns.p, one, many, total=padded) if columns.p else Text("No padding: {total}", total=padded)
        labels = X.relabel(" "), Relabel(panel="output", label=Text("Output"))
        heads = [columns.head()] if self.headed else []
        yield self.story.step(said, labels, columns.line(0), heads, beats=self.beats)
        for count in self.counts:
            yield from self._along(count)
        numbers: list[Change] = []
        for n, at in enumerate(windows.places(), 1):
            numbers.append(X.set(windows.outline(at)[0], role="output", value=float(n)))
            numbers.append(Y.set(at, role="output", value=float(n)))
        product = equation(None, Number(windows.out[0]) * windows.out[1], windows.count)
        said = Text("One output cell for each position of the kernel: {product}", product=product)
        hidden = X.hide("window"), Y.hide("current"), X.relabel(self.below), Y.relabel()
        done = [count.done(3) for count in self.counts]
        yield self.story.step(said, X.cover(()), numbers, hidden, done, beats=self.beats)

    def _along(self, count: Count) -> Iterator[Step]:
        """Count the positions along one axis."""
        first = [count.head()] if self.headed else []
        if count.is_rows:
            first += [self.counts[0].done(3), *count.line(0)]
        said = Text(_WORDS[count.name]["start"], left=count.left())
        yield self.story.step(said, first, self._stand(count, 0), count.line(1), beats=self.beats)
        for move in range(1, count.out):
            moved, last = _WORDS[count.name]["move"], count.out - 1
            moves = Number(last, 0, ("output", "shape", 0 if count.is_rows else 1, -1))
            said = Text(moved, n=move, moves=moves, position=move + 1, left=count.left(move))
            yield self.story.step(said, self._stand(count, move), count.line(2) if move == last else ())
        if self._rests(count):
            yield self.story.step(self._rest(count), count.line(2), self._hatch(count), beats=self.beats)
        said = Text("Plus the starting position: {positions}", positions=count.positions())
        yield self.story.step(said, count.line(3), self.X.hide("free"), beats=self.beats)

    def _missed(self, count: Count) -> npt.NDArray[np.bool_]:
        return ~self.windows.axes[0 if count.is_rows else 1].reached

    def _rests(self, count: Count) -> bool:
        """Whether something is left over that no move reaches, or nothing can move at all."""
        return count.out == 1 or bool(self._missed(count).any())

    def _rest(self, count: Count) -> Words:
        n, moves = int(self._missed(count).sum()), count.out - 1
        left = count.free - moves * count.s
        rest = equation(None, Number(count.free) - Number(moves) * count.s, left, strong=False)
        one, many = _WORDS[count.name]["missed"], _WORDS[count.name]["all missed"]
        hatched = counted(n, one, many) if n else ""
        said = "No room for another move: {rest} is less than stride {s}{hatched}"
        return Text(said, rest=rest, s=count.s, hatched=hatched)

    def _stand(self, count: Count, move: int) -> Iterator[Change]:
        """The kernel stands at a position along the first row or column; its first cell gets the position's number."""
        X, Y, windows, axis = self.X, self.Y, self.windows, 0 if count.is_rows else 1
        at = (move, 0) if count.is_rows else (0, move)
        corner, extent = windows.outline(at)
        number = float(at[0] * windows.out[1] + at[1] + 1)
        yield X.set(corner, role="output", value=number)
        yield from X.cover(windows.cells(at), special={corner: "output"})
        yield X.mark("window", corner, extent)
        beside, left = [0, 0], [1, 1]
        beside[axis] = corner[axis] + extent[axis]
        left[axis] = windows.drawn[axis] - beside[axis]
        yield X.mark("free", tuple(beside), left) if left[axis] > 0 else X.hide("free")
        yield Y.set(at, role="output", value=number)
        yield Y.mark("current", at)

    def _hatch(self, count: Count) -> Iterator[Change]:
        """Hatch what no position reaches: whole rows or columns, both where one count is for both."""
        missed = self._missed(count)
        for row, column in np.ndindex(self.X.values.shape):
            role = {"input": "unreached", "padding": "padding_unreached"}.get(self.X.role((row, column)))
            along, across = (row, column) if count.is_rows else (column, row)
            if role and (missed[along] or (not self.headed and missed[across])):
                yield self.X.set((row, column), role=role)
