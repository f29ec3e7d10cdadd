"""What an activation and a loss have in common: a tree that is computed, differentiated, printed and worked out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops import Array, floating
from cnnviz.words import (
    Cases,
    Defined,
    Equation,
    Expression,
    Number,
    Symbol,
    Words,
    derivative,
    equation,
    evaluate,
    substitute,
    with_decimals,
)
from cnnviz.words.values import holds

_FEWEST_DECIMALS = 4


@dataclass(frozen=True)
class Parameter:
    """The free parameter of a function: the name of its argument, its letter and its default."""

    name: str
    symbol: Symbol
    default: float


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A function of the letters `operands`, the first of which varies, defined as a tree.

    `body` is the definition as textbooks print it, and `stable` the same where floats need another form. Textbooks
    that do not print the derivative as it comes print `textbook_derivative`, in which `f(x)` may stand.
    """

    operands: ClassVar[tuple[str, ...]]

    name: str
    title: Words
    body: Expression
    stable: Expression | None = None
    textbook_derivative: Expression | None = None
    parameter: Parameter | None = None

    @cached_property
    def derived(self) -> Expression:
        """The derivative as it follows from the definition."""
        return derivative(self.stable or self.body, self.operands[0])

    @property
    def derivative(self) -> Expression:
        """The derivative as it is printed."""
        return self.textbook_derivative or self.derived

    def chosen(self, parameter: float | None = None) -> dict[str, float]:
        """The parameter's value by its letter, its default unless given; raises UsageError where there is none."""
        if self.parameter is None:
            if parameter is not None:
                raise UsageError(f"{self.name} has no parameter to set to {parameter}: leave it out")
            return {}
        return {self.parameter.symbol.name: self.parameter.default if parameter is None else parameter}

    def options(self, parameter: float | None = None) -> dict[str, float]:
        """The parameter as an argument of the function of the same name in torch."""
        return {self.parameter.name: self.chosen(parameter)[self.parameter.symbol.name]} if self.parameter else {}

    def value(self, *arrays: npt.ArrayLike, parameter: float | None = None) -> Array:
        """Compute the function for arrays of one shape; raises UsageError for a parameter that it has not."""
        return self._computed(self.stable or self.body, arrays, parameter)

    def slope(self, *arrays: npt.ArrayLike, parameter: float | None = None) -> Array:
        """Compute the derivative for arrays of one shape; raises UsageError for a parameter that it has not."""
        return self._computed(self.derived, arrays, parameter)

    def _computed(self, tree: Expression, arrays: tuple[npt.ArrayLike, ...], parameter: float | None) -> Array:
        found = np.broadcast_arrays(*map(floating, arrays))
        values: dict[str, Any] = {**dict(zip(self.operands, found, strict=True)), **self.chosen(parameter)}
        return np.broadcast_to(evaluate(tree, values), found[0].shape).astype(found[0].dtype)

    def at(self, values: Mapping[str, Number]) -> Expression:
        """The case of the definition that holds for the values of its letters."""
        if not isinstance(self.body, Cases):
            return self.body
        plain = {name: number.value for name, number in values.items()}
        return next(case for case, when in self.body.cases if holds(when, lambda side: evaluate(side, plain)))

    def worked(self, left: Symbol, values: Mapping[str, Number], result: Number, reach: float = 1.0) -> Equation:
        """The definition with numbers put in: `f(x) = α(eˣ − 1) = 1·(exp(−1.20) − 1) ≈ −0.70`.

        `reach` is the largest number of the figure: as far as that, the decimals of constants change no result.
        """
        decimals = result.places + 1 + math.ceil(math.log10(max(reach, 1.0)))
        case = with_decimals(self.at(values), max(_FEWEST_DECIMALS, decimals))
        return equation(Defined(left, (case,)), substitute(case, values), result)
