"""Algebra on trees: expressions put in for letters, derivatives, and the short way to write them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cnnviz.words.arithmetic import (
    Cases,
    Condition,
    Expression,
    Function,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    Vector,
    call,
    leaves,
    total,
)
from cnnviz.words.texts import children
from cnnviz.words.values import exact

ZERO, ONE = Number(0, None), Number(1, None)

_SLOPES: Mapping[str, Callable[[Expression], Expression]] = {
    "exp": lambda u: call("exp", u),
    "expm1": lambda u: call("exp", u),
    "ln": lambda u: 1 / u,
    "tanh": lambda u: 1 - call("tanh", u) ** 2,
    # 1 − σ(u) would lose its digits where σ(u) is close to 1.
    "σ": lambda u: call("σ", u) * call("σ", -u),
    "softplus": lambda u: call("σ", u),
    "Φ": lambda u: call("φ", u),
    "abs": lambda u: call("sign", u),
}
"""Derivatives of functions of one argument."""


def dot(
    pixels: Sequence[Number], weights: Sequence[Number], plus: Number | None = None, result: Number | None = None
) -> Expression:
    """Products of pixels and weights, those of weight 0 left out, and a bias where it is not 0.

    Without a term that is 0, or the `result` itself where that is given.
    """
    terms: list[Expression] = [
        Product((pixel, weight)) for pixel, weight in zip(pixels, weights, strict=True) if weight.value
    ]
    if plus is not None and plus.value:
        terms.append(plus)
    return total(terms) if terms or result is None else result


def substitute(part: Expression, values: Mapping[str, Expression]) -> Expression:
    """The expression with others in place of its symbols; −(−2) becomes 2, unless it is subtracted from something."""
    if isinstance(part, Symbol):
        return values.get(part.name, part)
    if isinstance(part, Sum):
        first, *rest = part.terms
        later = (
            Negative(substitute(term.inner, values)) if isinstance(term, Negative) else substitute(term, values)
            for term in rest
        )
        return Sum((substitute(first, values), *later))
    found: Expression = _rebuilt(part, lambda inner: substitute(inner, values))
    if isinstance(found, Negative) and isinstance(found.inner, Number) and found.inner.value < 0:
        return replace(found.inner, value=-found.inner.value, ref=None)
    return found


def with_decimals(part: Expression, decimals: int) -> Expression:
    """The expression with so many decimals of the numbers that are written rounded."""
    if isinstance(part, Number):
        return replace(part, decimals=decimals) if part.error else part
    found: Expression = _rebuilt(part, lambda inner: with_decimals(inner, decimals))
    return found


def precise(part: Expression, result: Number | Vector) -> Expression:
    """The expression with the decimals that it takes to come to what the result is written as, by hand too."""
    most = max((leaf.places for leaf in leaves(part) if isinstance(leaf, Number)), default=0)
    finer = [part, *(with_decimals(part, most + more) for more in (1, 2))]
    return next((each for each in finer if _comes_to(each, result)), part)


def _comes_to(part: Expression, result: Number | Vector) -> bool:
    parts = result.parts if isinstance(result, Vector) else (result,)
    values, numbers = np.atleast_1d(exact(part)), [each for each in parts if isinstance(each, Number)]
    pairs = zip(values, numbers, strict=True)
    return all(replace(each, value=float(value)).exact() == each.exact() for value, each in pairs)


def derivative(part: Expression, by: str) -> Expression:
    """The derivative with respect to a symbol; at the kink of a max, min or |u| it is 0, as in torch."""
    return simplified(_derived(part, by))


def _derived(part: Expression, by: str) -> Expression:
    def of(inner: Expression) -> Expression:
        return _derived(inner, by)

    if not _depends(part, by):
        return ZERO
    match part:
        case Symbol():
            return ONE
        case Sum(terms):
            return Sum(tuple(map(of, terms)))
        case Negative(inner):
            return -of(inner)
        case Product(factors):
            return Sum(tuple(Product((*factors[:n], of(each), *factors[n + 1 :])) for n, each in enumerate(factors)))
        case Quotient(top, below):
            return (of(top) * below - top * of(below)) / below**2 if _depends(below, by) else of(top) / below
        case Power(base, Number() as exponent):
            return Product((of(base), exponent, base ** Number(exponent.value - 1, None)))
        case Function("min", (Function("max", (low, inner)), high)) if not _depends(low, by):
            within = Condition((low, inner, high), ("<", "<"))
            beyond = Condition((inner, low), ("≤",)), Condition((inner, high), ("≥",))
            return Cases(((of(inner), (within,)), (ZERO, beyond)))
        case Function("max" | "min" as name, (bound, inner)) if not _depends(bound, by):
            signs = (">", "≤") if name == "max" else ("<", "≥")
            inside, outside = (Condition((inner, bound), (sign,)) for sign in signs)
            return Cases(((of(inner), (inside,)), (ZERO, (outside,))))
        case Function(name, (inner,)) if name in _SLOPES:
            return of(inner) * _SLOPES[name](inner)
        case Cases(cases):
            return Cases(tuple((of(body), conditions) for body, conditions in cases))
    raise TypeError(f"no rule gives the derivative of {part}")


def simplified(part: Expression) -> Expression:
    """The same without terms of 0 and factors of 1, numbers multiplied out."""
    part = _rebuilt(part, simplified)
    match part:
        case Negative(Negative(inner)):
            return inner
        case Negative(Number(value, None)):
            return Number(-value, None)
        case Sum(terms):
            return total([term for term in terms if term != ZERO] or [ZERO])
        case Product(factors):
            return _product(factors)
        case Quotient(top, below) if top == ZERO or below == ONE:
            return top
        case Power(base, exponent) if exponent == ONE:
            return base
    return part


def _product(factors: tuple[Expression, ...]) -> Expression:
    number, rest = 1.0, list[Expression]()
    for factor in _flat(factors):
        if isinstance(factor, Number) and factor.decimals is None:
            number *= factor.value
        else:
            rest.append(factor)
    if not number or not rest:
        return Number(number + 0.0, None)
    found = rest if abs(number) == 1 else [Number(abs(number), None), *rest]
    whole = found[0] if len(found) == 1 else Product(tuple(found))
    return Negative(whole) if number < 0 else whole


def _flat(factors: tuple[Expression, ...]) -> Iterator[Expression]:
    for factor in factors:
        if isinstance(factor, Negative):
            yield Number(-1, None)
            yield from _flat((factor.inner,))
        elif isinstance(factor, Product):
            yield from _flat(factor.factors)
        else:
            yield factor


def _depends(part: Expression, by: str) -> bool:
    return any(isinstance(leaf, Symbol) and leaf.name == by for leaf in leaves(part))


def _rebuilt(part: Any, of: Callable[[Expression], Expression]) -> Any:
    """An expression with something done to each of its parts."""

    def each(thing: Any) -> Any:
        if isinstance(thing, tuple):
            return tuple(map(each, thing))
        if isinstance(thing, Expression):
            return of(thing)
        return _rebuilt(thing, of) if isinstance(thing, Condition) else thing

    if isinstance(part, Number | Symbol):
        return part
    return type(part)(*map(each, children(part)))
