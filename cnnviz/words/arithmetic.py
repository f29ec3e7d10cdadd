"""Arithmetic as trees: what a caption computes, to be written, evaluated and checked without reading any text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

import numpy as np

from cnnviz.notation import as_given, as_given_exactly, decimals_as_given, number, written
from cnnviz.words.rules import FUNCTIONS, Rule
from cnnviz.words.texts import Phrase, Words

Ref = tuple[Any, ...]
"""What a number is: a panel's name and the index of its cell, or the name of a parameter.

Of a result of the graph that no panel shows: its name and an index. What is said of a whole panel, result or
parameter has in the index's place "size", "product", "min", "max" or "mean_abs" (the mean of absolute values);
"shape", an axis and perhaps what is added; "role" and the role whose cells are counted; "differ" and a panel with
other values in as many cells. Of a way down: its panel, its row among the ways there, how many updates, and an axis.
"""

Value = Any
"""A Fraction where it is rational as written, a float where it is not, an array where symbols stand for arrays."""

Environment = Mapping[str, Any]
"""The values of symbols by name."""


class Expression(Phrase):
    """A part of an arithmetic expression; `+`, `-`, `*`, `/` and `**` build larger ones."""

    __slots__ = ()

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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Scientific(Number):
    """A number as a power of ten, `1.2e−5`; `decimals` are those before it."""

    def exact(self) -> Fraction:
        """The number that is written."""
        return Fraction(f"{self.value:.{self.decimals}e}")

    @property
    def text(self) -> str:
        """As it is written."""
        mantissa, exponent = f"{self.value:.{self.decimals}e}".split("e")
        return f"{number(float(mantissa), self.decimals or 0)}e{number(int(exponent))}"


@dataclass(frozen=True, slots=True)
class Vector(Expression):
    """Components side by side, in parentheses."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Symbol(Expression):
    r"""A letter of a formula, in mathtext without dollar signs: `x`, `\alpha`; `index` counts from 1.

    `size` marks the article's symbols of sizes (i, k, s, p, d, o, …), which another notation writes otherwise.
    """

    name: str
    index: tuple[int | str, ...] = ()
    size: bool = False


@dataclass(frozen=True, slots=True)
class Sum(Expression):
    """Terms with plus signs between, with minus signs before negative ones."""

    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Product(Expression):
    """Factors side by side."""

    factors: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Quotient(Expression):
    """One expression over another."""

    top: Expression
    below: Expression


@dataclass(frozen=True, slots=True)
class Power(Expression):
    """A base raised to an exponent; `Symbol("e")` is Euler's number."""

    base: Expression
    exponent: Expression


@dataclass(frozen=True, slots=True)
class Negative(Expression):
    """An expression with a minus sign before it."""

    inner: Expression


@dataclass(frozen=True, slots=True)
class Function(Expression):
    """A function of `FUNCTIONS` with its arguments."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Named(Expression):
    """An expression that is written as its name, such as `Σ exp(z)`."""

    name: Phrase
    inner: Expression


@dataclass(frozen=True, slots=True)
class Condition(Phrase):
    """A chain of comparisons such as −3 < x < 3: expressions with signs (<, ≤, >, ≥, =, ≠) between."""

    sides: tuple[Expression, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cases(Expression):
    """An expression by cases: the first whose condition holds; a case holds where any of its conditions does."""

    cases: tuple[tuple[Expression, tuple[Condition, ...]], ...]


_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": lambda a, b: a < b,
    "≤": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "≥": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "≠": lambda a, b: a != b,
}


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


def children(part: Phrase) -> Iterator[Phrase]:
    """The phrases that a phrase is made of."""
    for field in fields(part) if hasattr(part, "__dataclass_fields__") else ():  # type: ignore[arg-type]
        yield from _phrases(getattr(part, field.name))


def _phrases(thing: Any) -> Iterator[Phrase]:
    if isinstance(thing, Phrase):
        yield thing
    elif isinstance(thing, tuple):
        for part in thing:
            yield from _phrases(part)


def leaves(part: Phrase) -> Iterator[Number | Symbol]:
    """The numbers and symbols of a phrase, from left to right."""
    if isinstance(part, Number | Symbol):
        yield part
    elif isinstance(part, Named):
        yield from leaves(part.inner)
    else:
        for child in children(part):
            yield from leaves(child)


def has_symbols(part: Expression) -> bool:
    """Whether an expression holds a letter."""
    return any(isinstance(leaf, Symbol) for leaf in leaves(part))


def exact(part: Expression, values: Environment | None = None) -> Value:
    """What an expression comes to with its numbers as they are written: a Fraction where that is rational.

    NaN where it has no value.
    """
    with np.errstate(all="ignore"):
        try:
            return _evaluated(part, lambda number: number.exact(), values or {})
        except ZeroDivisionError:
            return math.nan


def evaluate(part: Expression, values: Environment | None = None) -> Value:
    """What an expression comes to with unrounded numbers; `values` of symbols may be arrays of one shape."""
    with np.errstate(all="ignore"):
        return _evaluated(part, lambda number: number.value, values or {})


def _evaluated(part: Expression, number: Callable[[Number], Any], values: Environment) -> Any:
    def of(inner: Expression) -> Any:
        return _evaluated(inner, number, values)

    match part:
        case Number():
            return number(part)
        case Symbol():
            return values[part.name] if part.name in values or part.name != "e" else math.e
        case Sum():
            first, *rest = map(of, part.terms)
            return sum(rest, first)
        case Product():
            found = [of(factor) for factor in part.factors]
            # Nothing times an irrational number is exactly nothing.
            return Fraction(0) if any(isinstance(f, Fraction) and not f for f in found) else math.prod(found)
        case Quotient(top, Sum(terms)) if all(_alike(term, top) for term in terms):
            # One of n equal shares, whatever its own value.
            return Fraction(1, len(terms))
        case Quotient():
            return _divided(of(part.top), of(part.below))
        case Negative():
            return -of(part.inner)
        case Named():
            return of(part.inner)
        case Power(Symbol("e"), exponent):
            return of(call("exp", exponent))
        case Power():
            return _raised(of(part.base), of(part.exponent))
        case Function():
            return _applied(FUNCTIONS[part.name], [of(argument) for argument in part.arguments])
        case Cases():
            return _chosen(part, of)
        case Vector(parts):
            return np.array([of(inner) for inner in parts])
    raise TypeError(f"{type(part).__name__} has no value")


def _alike(a: Any, b: Any) -> bool:
    """Whether two expressions are written alike."""
    if isinstance(a, Number) and isinstance(b, Number):
        return a.exact() == b.exact()
    inner = list(zip(children(a), children(b), strict=False))
    return type(a) is type(b) and bool(inner) and all(_alike(*pair) for pair in inner)


def _divided(top: Any, below: Any) -> Any:
    if isinstance(top, Fraction) and not top and np.all(below):
        # Nothing over an irrational number is exactly nothing.
        return top
    if isinstance(top, Fraction) and isinstance(below, Fraction):
        return top / below
    return np.divide(_plain(top), _plain(below))


def _raised(base: Any, exponent: Any) -> Any:
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 1:
        return base**exponent
    if exponent == 2:
        # As exact as floats are, which a power is not.
        return _plain(base) * _plain(base)
    return np.power(np.asarray(_plain(base), np.float64), _plain(exponent))[()]


def _applied(rule: Rule, arguments: list[Any]) -> Any:
    if rule.exact and all(isinstance(argument, Fraction) for argument in arguments):
        found = rule.exact(*arguments)
        if found is not None:
            return found
    return rule.apply(*map(_plain, arguments))


def _chosen(part: Cases, of: Callable[[Expression], Any]) -> Any:
    conditions = [holds(case[1], of) for case in part.cases]
    results = [of(case[0]) for case in part.cases]
    if all(isinstance(condition, bool | np.bool_) for condition in conditions):
        return next((found for found, holding in zip(results, conditions, strict=True) if holding), math.nan)
    return np.select(conditions, results, math.nan)


def holds(conditions: Sequence[Condition], of: Callable[[Expression], Any]) -> Any:
    """Whether any of some conditions is true, for arrays element by element; none at all always are."""
    if not conditions:
        return True
    found = [_all_hold([of(side) for side in condition.sides], condition.signs) for condition in conditions]
    return found[0] if len(found) == 1 else np.logical_or.reduce(found)


def _all_hold(sides: Sequence[Any], signs: Sequence[str]) -> Any:
    each = [_COMPARE[sign](a, b) for sign, a, b in zip(signs, sides, sides[1:], strict=False)]
    return each[0] if len(each) == 1 else np.logical_and.reduce(each)


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Fraction) else value


def is_transcendental(part: Expression) -> bool:
    """Whether a function stands in an expression whose values are irrational almost everywhere."""
    if isinstance(part, Function) and FUNCTIONS[part.name].transcendental:
        return True
    if isinstance(part, Power) and part.base == Symbol("e"):
        return True
    return any(is_transcendental(child) for child in children(part) if isinstance(child, Expression))


def relation(left: Expression, right: Expression, values: Environment | None = None) -> str:
    """The sign between two expressions as they are written: `=` where they are equal, `≈` where one is rounded."""
    a, b = exact(left, values), exact(right, values)
    if isinstance(b, np.ndarray):
        return "=" if isinstance(a, np.ndarray) and all(x == y for x, y in zip(a, b, strict=True)) else "≈"
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return "=" if a == b else "≈"
    # float64 may not tell an irrational value from the rational one beside it.
    if is_transcendental(left) != is_transcendental(right):
        return "≈"
    return "=" if math.isclose(a, b, rel_tol=1e-12) else "≈"


@dataclass(frozen=True, slots=True)
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
