"""What arithmetic comes to: exactly as it is written, or with unrounded numbers; = or ≈ follows from that."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import repeat
from typing import Any

import numpy as np

from cnnviz.words.arithmetic import (
    Cases,
    Condition,
    Expression,
    Function,
    Named,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    Vector,
    call,
)
from cnnviz.words.rules import FUNCTIONS, Rule
from cnnviz.words.texts import children, walk

Value = Any
"""A Fraction where it is rational as written, a float where it is not, an array where symbols stand for arrays."""

Environment = Mapping[str, Any]
"""The values of symbols by name."""

_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "≤": operator.le,
    ">": operator.gt,
    "≥": operator.ge,
    "=": operator.eq,
    "≠": operator.ne,
}


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
        case Quotient(top, Sum(terms)) if all(_alike(term, top, number) for term in terms):
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


def _alike(a: Any, b: Any, number: Callable[[Number], Any]) -> bool:
    """Whether two expressions are the same with such numbers."""
    if isinstance(a, Number) and isinstance(b, Number):
        return bool(number(a) == number(b))
    ours, theirs = children(a), children(b)
    if type(a) is not type(b) or len(ours) != len(theirs):
        return False
    return all(map(_alike, ours, theirs, repeat(number))) if ours else bool(a == b)


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
    return np.logical_or.reduce([_all_hold(list(map(of, each.sides)), each.signs) for each in conditions])


def _all_hold(sides: Sequence[Any], signs: Sequence[str]) -> Any:
    compared = (_COMPARE[sign](a, b) for sign, a, b in zip(signs, sides, sides[1:], strict=False))
    return np.logical_and.reduce(list(compared))


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Fraction) else value


def _is_transcendental(part: Expression) -> bool:
    """Whether a function stands in an expression whose values are irrational almost everywhere."""
    return any(
        (isinstance(each, Function) and FUNCTIONS[each.name].transcendental)
        or (isinstance(each, Power) and each.base == Symbol("e"))
        for each in walk(part)
    )


def relation(left: Expression, right: Expression) -> str:
    """The sign between two expressions as they are written: `=` where they are equal, `≈` where one is rounded."""
    a, b = exact(left), exact(right)
    if isinstance(b, np.ndarray):
        return "=" if isinstance(a, np.ndarray) and all(x == y for x, y in zip(a, b, strict=True)) else "≈"
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return "=" if a == b else "≈"
    # float64 may not tell an irrational value from the rational one beside it.
    if _is_transcendental(left) != _is_transcendental(right):
        return "≈"
    return "=" if math.isclose(a, b, rel_tol=1e-12) else "≈"
