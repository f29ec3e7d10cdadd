"""The functions that an expression may call: on arrays, and exactly where their values are rational."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from cnnviz.record import Record


class Rule(Record):
    """A function: on arrays, its exact values at some rational arguments, and whether all others are irrational."""

    apply: Callable[..., Any]
    exact: Callable[..., Fraction | None] | None = None
    transcendental: bool = False


def _stable_sigmoid(x: Any) -> Any:
    small = np.exp(-np.abs(x))
    return np.where(np.asarray(x) >= 0, 1 / (1 + small), small / (1 + small))


def _normal_cdf(x: Any) -> Any:
    # NumPy has no erf; erfc keeps the digits that 1 + erf loses far below 0.
    tail = np.frompyfunc(math.erfc, 1, 1)(-np.asarray(x, np.float64) / math.sqrt(2))
    return 0.5 * np.asarray(tail, np.float64)


def _at(place: int, value: Fraction | int) -> Callable[[Fraction], Fraction | None]:
    return lambda x: Fraction(value) if x == place else None


def _root(x: Fraction) -> Fraction | None:
    if x < 0:
        return None
    top, below = math.isqrt(x.numerator), math.isqrt(x.denominator)
    return Fraction(top, below) if top * top == x.numerator and below * below == x.denominator else None


FUNCTIONS: Mapping[str, Rule] = {
    "max": Rule(lambda *values: reduce(np.maximum, values), lambda *values: max(values)),
    "min": Rule(lambda *values: reduce(np.minimum, values), lambda *values: min(values)),
    "mean": Rule(lambda *values: sum(values) / len(values), lambda *values: sum(values, Fraction(0)) / len(values)),
    "abs": Rule(np.abs, abs),
    "floor": Rule(np.floor, lambda x: Fraction(math.floor(x))),
    "ceil": Rule(np.ceil, lambda x: Fraction(math.ceil(x))),
    "sqrt": Rule(np.sqrt, _root, transcendental=True),
    "sign": Rule(np.sign, lambda x: Fraction((x > 0) - (x < 0))),
    "exp": Rule(np.exp, _at(0, 1), transcendental=True),
    "expm1": Rule(np.expm1, _at(0, 0), transcendental=True),
    "ln": Rule(np.log, _at(1, 0), transcendental=True),
    "tanh": Rule(np.tanh, _at(0, 0), transcendental=True),
    "sin": Rule(np.sin, _at(0, 0), transcendental=True),
    "σ": Rule(_stable_sigmoid, _at(0, Fraction(1, 2)), transcendental=True),
    "softplus": Rule(lambda x: np.logaddexp(0, x), transcendental=True),
    "Φ": Rule(_normal_cdf, _at(0, Fraction(1, 2)), transcendental=True),
    "φ": Rule(lambda x: np.exp(-(np.asarray(x) ** 2) / 2) / math.sqrt(2 * math.pi), transcendental=True),
}
"""Every function by the name with which it is written inline."""
