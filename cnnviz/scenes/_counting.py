"""The output size of a convolution along one axis, derived line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cnnviz.story import Axis, Cells, Sliding, Story
from cnnviz.storyboard import Change, SetRow, Step
from cnnviz.words import Expression, Number, Text, Words, call, counted, equation, size

PANEL = "count"


@dataclass(frozen=True)
class Count:
    """How many positions a kernel has along an axis, and what is said of them."""

    slide: Sliding
    axis: int
    alone: bool

    @property
    def name(self) -> str:
        """What is counted."""
        return ("rows", "columns")[self.axis]

    @property
    def along(self) -> Axis:
        """The axis."""
        return self.slide.windows.axes[self.axis]

    @property
    def moves(self) -> int:
        """How often the kernel moves."""
        return len(self.along.spans) - 1

    @property
    def steps(self) -> int:
        """How many steps tell of it."""
        return self.moves + 2 + self.rests

    @property
    def rests(self) -> bool:
        """Whether something is left over that no move reaches, or nothing can move at all."""
        return not self.moves or not self.along.reached.all()

    def asked(self) -> tuple[Words, ...]:
        """The derivation before anything is counted."""
        i, s, p = map(size, "isp")
        return (
            Text("{letter} = ?", letter=i + 2 * p),
            Text("{less}:  {left} left to move", less=self._taken, left="?"),
            Text("/{s}:  {moves} moves", s=s, moves="?"),
            Text("+1:  {positions}", positions=Text("{total} positions", total="?")),
        )

    def lines(self) -> tuple[Words, ...]:
        """The derivation, one line a step."""
        i, s, p = map(size, "isp")
        free, moves = Number(self._free), self.moves
        moved = equation(None, call("floor", free / self._of("s")), moves)
        return (
            equation(i + 2 * p, Number(self._of("i")) + Number(2) * self._of("p"), self._padded),
            Text("{less}:  {left} left to move", less=self._taken, left=self.left()),
            counted(moves, "/{s}:  {moves} move", "/{s}:  {moves} moves", s=s, moves=moved),
            Text("+1:  {positions}", positions=self.positions()),
        )

    def padding(self) -> Words:
        """What is said of the padded input."""
        p = self._of("p")
        total = equation(None, Number(self._of("i")) + Number(2) * p, self._padded)
        one, many = "Padding adds {n} cell on each side: {total}", "Padding adds {n} cells on each side: {total}"
        return counted(p, one, many, total=total) if p else Text("No padding: {total}", total=total)

    def left(self, moves: int = 0) -> Words:
        """Cells that are left over after some moves."""
        if moves:
            return equation(None, Number(self._free) - Number(moves) * self._of("s"), self._left(moves))
        return equation(None, Number(self._padded) - (self._padded - self._free), self._free)

    def positions(self) -> Words:
        """The moves and the position before the first."""
        total = equation(None, Number(self.moves) + 1, self.moves + 1)
        return counted(self.moves + 1, "{total} position", "{total} positions", total=total)

    def rest(self) -> Words:
        """Why there is no further move, and what is never reached."""
        s, n = self._of("s"), int((~self.along.reached).sum())
        rest = equation(None, Number(self._free) - Number(self.moves) * s, self._left(self.moves), strong=False)
        hatched = Text("; hatched: {name} never reached, {n}", name=Text(self.name), n=n) if n else ""
        said = "No room for another move: {rest} is less than stride {s}{hatched}"
        return Text(said, rest=rest, s=s, hatched=hatched)

    def told(self, story: Story, X: Cells, Y: Cells, beats: float) -> Iterator[Step]:
        """The positions along the axis, counted one by one."""
        name, first = Text(self.name), [] if self.axis else [self.done(3), *self.line(0)]
        said = Text("The kernel starts in the corner; {name} left to move: {left}", name=name, left=self.left())
        yield story.step(said, first, self.stand(0, X, Y), self.line(1), beats=beats)
        for n in range(1, self.moves + 1):
            move = "Move {n} of {moves}: position {position}; {name} left: {left}"
            said = Text(move, n=n, moves=self.moves, position=n + 1, name=name, left=self.left(n))
            yield story.step(said, self.stand(n, X, Y), self.line(2) if n == self.moves else ())
        if self.rests:
            yield story.step(self.rest(), self.line(2), self.hatch(X), beats=beats)
        said = Text("Plus the starting position: {positions}", positions=self.positions())
        yield story.step(said, self.line(3), X.hide("free"), beats=beats)

    def stand(self, move: int, X: Cells, Y: Cells) -> Iterator[Change]:
        """The kernel stands along the first row or column; its first cell gets the position's number."""
        windows, at = self.slide.windows, (move, 0) if self.axis == 0 else (0, move)
        corner, extent = windows.outline(at)
        number = float(at[0] * windows.out[1] + at[1] + 1)
        yield X.set(corner, role="output", value=number)
        yield from X.cover(windows.cells(at), special={corner: "output"})
        yield X.mark("window", corner, extent)
        beside, left = [0, 0], [1, 1]
        beside[self.axis] = corner[self.axis] + extent[self.axis]
        left[self.axis] = windows.drawn[self.axis] - beside[self.axis]
        yield X.mark("free", tuple(beside), left) if left[self.axis] > 0 else X.hide("free")
        yield Y.set(at, role="output", value=number)
        yield Y.mark("current", at)

    def hatch(self, X: Cells) -> Iterator[Change]:
        """Hatch what no position reaches: whole rows or columns, both where one count is for both."""
        missed = ~self.along.reached
        for place in np.ndindex(X.values.shape):
            role = {"input": "unreached", "padding": "padding_unreached"}.get(X.role(place))
            if role and (missed[place[self.axis]] or (self.alone and missed[place[1 - self.axis]])):
                yield X.set(place, role=role)

    def head(self) -> list[SetRow]:
        """The axis comes in over lines that ask; where one count is for both there is no need."""
        if self.alone:
            return []
        head = SetRow(panel=PANEL, row="head", text=Text(self.name.capitalize()))
        asked = enumerate(self.asked())
        return [head, *(SetRow(panel=PANEL, row=f"line {n}", text=text, role="muted") for n, text in asked)]

    def line(self, n: int) -> list[SetRow]:
        """A line comes in, the one before is done."""
        before = [self.done(n - 1)] if n else self.head()
        return [*before, SetRow(panel=PANEL, row=f"line {n}", text=self.lines()[n], role="active")]

    @staticmethod
    def done(n: int) -> SetRow:
        """A line is no longer the one that is spoken of."""
        return SetRow(panel=PANEL, row=f"line {n}", role="ink")

    def _of(self, letter: str) -> int:
        return self.slide.given[letter][self.axis]

    @property
    def _taken(self) -> Expression:
        """What the kernel in its first position covers, less."""
        k, d = map(size, "kd")
        return -k if self._of("d") == 1 else -(d * (k - 1)) - 1

    @property
    def _padded(self) -> int:
        return self._of("i") + 2 * self._of("p")

    @property
    def _free(self) -> int:
        """Cells of the padded input that the kernel in its first position leaves over."""
        return self._padded - self._of("d") * (self._of("k") - 1) - 1

    def _left(self, moves: int) -> int:
        return self._free - moves * self._of("s")
