"""Formulas as data: a general equation in letters, and the same with the numbers of a figure put in."""

from __future__ import annotations

from collections.abc import Iterator

from cnnviz.words.arithmetic import Expression, Number, Symbol, Term, expression, has_symbols
from cnnviz.words.texts import Extent, Phrase, Words
from cnnviz.words.values import evaluate, relation


class Equation(Phrase):
    """`left` and what it comes to, side by side; the sign between two sides follows from how they are written.

    The last side is the result, written strong where `strong` says so. `letters` is how long a side may be before its
    middle gives way to an ellipsis.
    """

    left: Words | None
    sides: tuple[Expression, ...]
    strong: bool = True
    letters: int = 80

    @property
    def result(self) -> Expression:
        """What the equation comes to."""
        return self.sides[-1]

    def signs(self) -> Iterator[str]:
        """The sign before each side but the first."""
        for left, right in zip(self.sides, self.sides[1:], strict=False):
            yield "=" if has_symbols(left) or has_symbols(right) else relation(left, right)


def equation(left: Words | None, *sides: Term, strong: bool = True, letters: int = 80) -> Equation:
    """An equation; a side that says no more than the result (a lone number as written) is left out."""
    found = [expression(side) for side in sides]
    result = found[-1]
    kept = [
        side
        for side in found[:-1]
        if not (isinstance(side, Number) and isinstance(result, Number) and side.exact() == result.exact())
    ]
    return Equation(left, (*kept, result), strong, letters)


class Assigned(Phrase):
    """A parameter with its value: `k = 3`, `k = 3×5`, `α = 0.1`."""

    symbol: Symbol
    value: Number | Extent


class Defined(Phrase):
    r"""A formula in letters, `left = side = side`; the sign of an assignment is `\leftarrow`."""

    left: Expression
    sides: tuple[Expression, ...]
    sign: str = "="


class ByCases(Phrase):
    """A function's definition; `stacked` puts its cases one under the other behind a brace, else side by side."""

    left: Phrase | None
    body: Expression
    stacked: bool = True


class Interval(Phrase):
    """The numbers between two ends; `closed` says which of the ends belong to it."""

    low: Expression
    high: Expression
    closed: tuple[bool, bool] = (False, False)


class Filled(Phrase):
    """A general equation, with numbers put in along one axis or along rows and columns, and what these come to.

    `values` holds the symbols' numbers for each axis, `results` what the equation comes to there; where all of it is
    too long for one line only the results are put in.
    """

    left: Symbol
    general: Expression
    values: tuple[tuple[tuple[str, Number], ...], ...]
    results: tuple[Number, ...]

    def environment(self, axis: int) -> dict[str, Number]:
        """The symbols' numbers along an axis."""
        return dict(self.values[axis])

    def value(self, axis: int) -> float:
        """What the general equation comes to along an axis."""
        return float(evaluate(self.general, {name: number.value for name, number in self.values[axis]}))


def size(name: str) -> Symbol:
    """A symbol of the article's sizes."""
    return Symbol(name, size=True)


def setting(word: Words, symbol: Symbol, value: Number | Extent) -> tuple[Words, Assigned]:
    """A parameter of a figure: what it is called, and its value."""
    return word, Assigned(symbol, value)
