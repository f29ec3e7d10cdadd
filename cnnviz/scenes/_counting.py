"""The output size of a convolution along one axis, derived line by line."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnnviz.story import Cells, Sliding, Story
from cnnviz.storyboard import Change, SetRow, Step
from cnnviz.words import Number, Text, Words, call, counted, equation, size

PANEL = "count"


class Count:
    """How many positions a kernel has along an axis, and what is said of them; `alone` where it is so along both."""

    def __init__(self, slide: Sliding, axis: int, alone: bool) -> None:
        self.windows, self.axis, self.alone = slide.windows, axis, alone
        self.name = ("rows", "columns")[axis]
        self.i, self.k, self.s, self.p, self.d = (slide.sizes[letter][axis] for letter in "ikspd")
        self.padded = self.i + 2 * self.p
        # What the kernel in its first position leaves over.
        self.free = self.padded - self.d * (self.k - 1) - 1
        self.along = self.windows.axes[axis]
        self.moves = len(self.along.spans) - 1
        # Something is left over that no move reaches, or nothing can move at all.
        self.rests = not self.moves or not self.along.reached.all()
        self.steps = self.moves + 2 + self.rests

    def lines(self, known: bool = True) -> tuple[Words, ...]:
        """The derivation, one line a step; before anything is `known` it asks."""
        i, k, s, p, d = map(size, "ikspd")
        whole, less = i + 2 * p, -k if self.d == 1 else -(d * (k - 1)) - 1
        padded: Words = equation(whole, Number(self.i) + Number(2) * self.p, self.padded)
        left, positions = self.left(), self.positions()
        moved: Words = equation(None, call("floor", Number(self.free) / self.s), self.moves)
        if not known:
            padded, left, moved = Text("{letter} = ?", letter=whole), "?", "?"
            positions = Text("{total} positions", total="?")
        one, many = "/{s}:  {moves} move", "/{s}:  {moves} moves"
        return (
            padded,
            Text("{less}:  {left} left to move", less=less, left=left),
            counted(self.moves if known else 2, one, many, s=s, moves=moved),
            Text("+1:  {positions}", positions=positions),
        )

    def padding(self) -> Words:
        """What is said of the padded input."""
        total = equation(None, Number(self.i) + Number(2) * self.p, self.padded)
        one, many = "Padding adds {n} cell on each side: {total}", "Padding adds {n} cells on each side: {total}"
        return counted(self.p, one, many, total=total) if self.p else Text("No padding: {total}", total=total)

    def left(self, moves: int = 0) -> Words:
        """Cells that are left over after some moves."""
        if moves:
            return equation(None, Number(self.free) - Number(moves) * self.s, self.free - moves * self.s)
        return equation(None, Number(self.padded) - (self.padded - self.free), self.free)

    def positions(self) -> Words:
        """The moves and the position before the first."""
        total = equation(None, Number(self.moves) + 1, self.moves + 1)
        return counted(self.moves + 1, "{total} position", "{total} positions", total=total)

    def leftover(self) -> Words:
        """Why there is no further move, and what is never reached."""
        left, n = self.free - self.moves * self.s, int((~self.along.reached).sum())
        rest = equation(None, Number(self.free) - Number(self.moves) * self.s, left, strong=False)
        hatched = Text("; hatched: {name} never reached, {n}", name=Text(self.name), n=n) if n else ""
        template = "No room for another move: {rest} is less than stride {s}{hatched}"
        return Text(template, rest=rest, s=self.s, hatched=hatched)

    def animate(self, story: Story, X: Cells, Y: Cells, beats: float) -> Iterator[Step]:
        """The positions along the axis, counted one by one."""
        name, first = Text(self.name), [] if self.axis else [self.done(3), *self.line(0)]
        caption = Text("The kernel starts in the corner; {name} left to move: {left}", name=name, left=self.left())
        yield story.step(caption, first, self.stand(0, X, Y), self.line(1), beats=beats)
        for n in range(1, self.moves + 1):
            move = "Move {n} of {moves}: position {position}; {name} left: {left}"
            caption = Text(move, n=n, moves=self.moves, position=n + 1, name=name, left=self.left(n))
            yield story.step(caption, self.stand(n, X, Y), self.line(2) if n == self.moves else ())
        if self.rests:
            yield story.step(self.leftover(), self.line(2), self.hatch(X), beats=beats)
        caption = Text("Plus the starting position: {positions}", positions=self.positions())
        yield story.step(caption, self.line(3), X.hide("free"), beats=beats)

    def stand(self, move: int, X: Cells, Y: Cells) -> Iterator[Change]:
        """The kernel stands along the first row or column; its first cell gets the position's number."""
        at = (move, 0) if self.axis == 0 else (0, move)
        corner, extent = self.windows.outline(at)
        number = float(at[0] * self.windows.out[1] + at[1] + 1)
        yield X.set(corner, role="output", value=number)
        yield from X.cover(self.windows.cells(at), special={corner: "output"})
        yield X.mark("window", corner, extent)
        beside, left = [0, 0], [1, 1]
        beside[self.axis] = corner[self.axis] + extent[self.axis]
        left[self.axis] = self.windows.drawn[self.axis] - beside[self.axis]
        yield X.mark("free", beside, left) if left[self.axis] > 0 else X.hide("free")
        yield Y.set(at, role="output", value=number)
        yield Y.mark("current", at)

    def hatch(self, X: Cells) -> Iterator[Change]:
        """Hatch what no position reaches: whole rows or columns, both where one count is for both."""
        for place, role in np.ndenumerate(self.windows.roles()):
            if role.endswith("unreached") and (self.alone or not self.along.reached[place[self.axis]]):
                yield X.set(place, role=str(role))

    def line(self, n: int) -> list[SetRow]:
        """A line comes in, the one before is done; the first comes in over lines that ask, under its axis's name."""
        row = SetRow(panel=PANEL, row=f"line {n}", text=self.lines()[n], role="active")
        if n or self.alone:
            return [*([self.done(n - 1)] if n else []), row]
        head = SetRow(panel=PANEL, row="head", text=Text(self.name.capitalize()))
        asked = enumerate(self.lines(known=False))
        return [head, *(SetRow(panel=PANEL, row=f"line {n}", text=text, role="muted") for n, text in asked), row]

    @staticmethod
    def done(n: int) -> SetRow:
        """A line is no longer the one that is spoken of."""
        return SetRow(panel=PANEL, row=f"line {n}", role="ink")
