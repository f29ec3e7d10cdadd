"""Formulas as data: a general equation in letters, and the same with the numbers of a figure put in."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.words.arithmetic import Expression, Number, Symbol, evaluate
from cnnviz.words.texts import Extent, Phrase, Words


@dataclass(frozen=True, slots=True)
class Assigned(Phrase):
    """A parameter with its value: `k = 3`, `k = 3×5`, `α = 0.1`."""

    symbol: Symbol
    value: Number | Extent


@dataclass(frozen=True, slots=True)
class Defined(Phrase):
    r"""A formula in letters, `left = side = side`; the sign of an assignment is `\leftarrow`."""

    left: Expression
    sides: tuple[Expression, ...]
    sign: str = "="


@dataclass(frozen=True, slots=True)
class ByCases(Phrase):
    """A function's definition; `stacked` puts its cases one under the other behind a brace, else side by side."""

    left: Phrase | None
    body: Expression
    stacked: bool = True


@dataclass(frozen=True, slots=True)
class Interval(Phrase):
    """The numbers between two ends; `closed` says which of the ends belong to it."""

    low: Expression
    high: Expression
    closed: tuple[bool, bool] = (False, False)


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Fitting(Phrase):
    """The first of some texts that is short enough for the line of the formula, else the last."""

    options: tuple[Words, ...]


def size(name: str) -> Symbol:
    """A symbol of the article's sizes."""
    return Symbol(name, size=True)


def setting(word: Words, symbol: Symbol, value: Number | Extent) -> tuple[Words, Assigned]:
    """A parameter of a figure: what it is called, and its value."""
    return word, Assigned(symbol, value)
