"""The output size of a convolution along one axis, derived line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnnviz.storyboard import Row, SetRow
from cnnviz.words import Expression, Number, Text, Words, call, counted, equation, size


@dataclass(frozen=True, kw_only=True)
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

    def rows(self, *, headed: bool) -> Iterator[Row]:
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
