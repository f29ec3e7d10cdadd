"""Arithmetic as trees: what a caption computes, to be written, evaluated and checked without reading any text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from cnnviz.notation import as_given, as_given_exactly, decimals_as_given, number, written
from cnnviz.words.texts import Phrase, children

Ref = tuple[Any, ...]
"""What a number is: a panel's name and the index of its cell, or the name of a parameter.

Of a result of the graph that no panel shows: its name and an index. What is said of a whole panel, result or
parameter has in the index's place "size", "product", "min", "max" or "mean_abs" (the mean of absolute values);
"shape", an axis and perhaps what is added; "role" and the role whose cells are counted. Of a way down: its panel, its
row among the ways there, how many updates, and an axis.
"""


class Expression(Phrase):
    """A part of an arithmetic expression; `+`, `-`, `*`, `/` and `**` build larger ones."""

    def __add__(self, other: Term) -> Expression:
        return Sum((*_terms(self), *_terms(expression(other))))

    def __radd__(self, other: Term) -> Expression:
        return expression(other) + self

    def __sub__(self, other: Term) -> Expression:
        return Sum((*_terms(self), Negative(expression(other))))

    def __rsub__(self, other: Term) -> Expression:
        return expression(other) - self

    def __mul__(self, other: Term) -> Expression:
        return Product((*_factors(self), *_factors(expression(other))))

    def __rmul__(self, other: Term) -> Expression:
        return expression(other) * self

    def __truediv__(self, other: Term) -> Expression:
        return Quotient(self, expression(other))

    def __rtruediv__(self, other: Term) -> Expression:
        return Quotient(expression(other), self)

    def __pow__(self, other: Term) -> Expression:
        return Power(self, expression(other))

    def __neg__(self) -> Expression:
        return Negative(self)


Term = Expression | int | float


class Number(Expression):
    """A number as it is written: with `decimals`, or where these are None as it was given.

    `ref` says which cell or parameter it is, so that it can be compared with what an engine computes.
    """

    value: float
    decimals: int | None = 0
    ref: Ref | None = None

    def exact(self) -> Fraction:
        """The number that is written."""
        return as_given_exactly(self.value) if self.decimals is None else written(self.value, self.decimals)

    @property
    def text(self) -> str:
        """As it is written."""
        return as_given(self.value) if self.decimals is None else number(self.value, self.decimals)

    @property
    def error(self) -> float:
        """How far what is written is from the number."""
        return 0.0 if self.decimals is None else abs(float(self.exact()) - self.value)

    @property
    def places(self) -> int:
        """Decimals that are written."""
        return decimals_as_given(self.value) if self.decimals is None else self.decimals


class Scientific(Number):
    """A number as a power of ten, `1.2·10⁻⁵`; `decimals` are those before it."""

    def exact(self) -> Fraction:
        """The number that is written."""
        return Fraction(f"{self.value:.{self.decimals}e}")

    @property
    def text(self) -> str:
        """As it is typed, `1.2e−5`."""
        mantissa, exponent = f"{self.value:.{self.decimals}e}".split("e")
        return f"{number(float(mantissa), self.decimals or 0)}e{number(int(exponent))}"


class Vector(Expression):
    """Components side by side, in parentheses."""

    parts: tuple[Expression, ...]


class Symbol(Expression):
    r"""A letter of a formula, in mathtext without dollar signs: `x`, `\alpha`; `index` counts from 1.

    `size` marks the article's symbols of sizes (i, k, s, p, d, o, …), which another notation writes otherwise.
    """

    name: str
    index: tuple[int | str, ...] = ()
    size: bool = False


class Sum(Expression):
    """Terms with plus signs between, with minus signs before negative ones."""

    terms: tuple[Expression, ...]


class Product(Expression):
    """Factors side by side."""

    factors: tuple[Expression, ...]


class Quotient(Expression):
    """One expression over another."""

    top: Expression
    below: Expression


class Power(Expression):
    """A base raised to an exponent; `Symbol("e")` is Euler's number."""

    base: Expression
    exponent: Expression


class Negative(Expression):
    """An expression with a minus sign before it."""

    inner: Expression


class Function(Expression):
    """A function of `FUNCTIONS` with its arguments."""

    name: str
    arguments: tuple[Expression, ...]


class Named(Expression):
    """An expression that is written as its name, such as `Σ exp(z)`."""

    name: Phrase
    inner: Expression


class Condition(Phrase):
    """A chain of comparisons such as −3 < x < 3: expressions with signs (<, ≤, >, ≥, =, ≠) between."""

    sides: tuple[Expression, ...]
    signs: tuple[str, ...]


class Cases(Expression):
    """An expression by cases: the first whose condition holds; a case holds where any of its conditions does."""

    cases: tuple[tuple[Expression, tuple[Condition, ...]], ...]


def expression(term: Term) -> Expression:
    """A number as an expression; an expression as it is."""
    return term if isinstance(term, Expression) else Number(float(term), None)


def call(name: str, *arguments: Term) -> Function:
    """A function of `FUNCTIONS`."""
    return Function(name, tuple(map(expression, arguments)))


def total(terms: Sequence[Expression]) -> Expression:
    """The sum of some terms; of one, that term; of none, 0."""
    return terms[0] if len(terms) == 1 else Sum(tuple(terms)) if terms else Number(0)


def _terms(part: Expression) -> tuple[Expression, ...]:
    return part.terms if isinstance(part, Sum) else (part,)


def _factors(part: Expression) -> tuple[Expression, ...]:
    return part.factors if isinstance(part, Product) else (part,)


def leaves(part: Phrase) -> Iterator[Number | Symbol]:
    """The numbers and symbols of a phrase, from left to right."""
    left: list[Any] = [part]
    while left:
        each = left.pop()
        if isinstance(each, Number | Symbol):
            yield each
        else:
            left += [each.inner] if isinstance(each, Named) else reversed(children(each))


def has_symbols(part: Expression) -> bool:
    """Whether an expression holds a letter."""
    return any(isinstance(leaf, Symbol) for leaf in leaves(part))
