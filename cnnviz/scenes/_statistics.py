"""The arithmetic of normalizing values by their mean and variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnviz.notation import digits_for
from cnnviz.storyboard import Values
from cnnviz.words import Equation, Expression, Math, Number, Symbol, call, equation, total

_SUM_LETTERS = 64
# What float32 may do to a variance near 0 shows in the results.
_SURE = 1e3


@dataclass(frozen=True, eq=False)
class Statistics:
    """The mean and the biased variance of some numbers, written with `most` decimals at most."""

    numbers: Sequence[Number]
    eps: float
    most: int = 2

    @property
    def mean(self) -> Number:
        """μ; of equal numbers exactly these, which floats' sum over their count may miss."""
        values = self._values
        return self._number(float(values[0] if self._equal else values.mean()))

    @property
    def variance(self) -> Number:
        """σ², the sum of squares over the count, as every normalization layer has it."""
        return self._number(0.0 if self._equal else float(self._values.var()))

    @property
    def deviation(self) -> Expression:
        """√(σ² + ε)."""
        return call("sqrt", self.variance + Number(self.eps, None, ("eps",)))

    def mean_equation(self) -> Equation:
        """The sum over the count."""
        mean = total(self.numbers) / Number(len(self.numbers))
        return equation(Symbol(r"\mu"), mean, self.mean, letters=_SUM_LETTERS)

    def variance_equation(self) -> Equation:
        """The squared distances from the mean over their count."""
        squares = [(number - self.mean) ** 2 for number in self.numbers]
        return equation(Math(r"\sigma^2"), total(squares) / Number(len(squares)), self.variance, letters=_SUM_LETTERS)

    @property
    def _values(self) -> Values:
        return np.array([number.value for number in self.numbers])

    @property
    def _equal(self) -> bool:
        return not np.ptp(self._values)

    def _number(self, value: float) -> Number:
        return Number(value, digits_for(value, most=self.most))


def needs_double(x: Values, eps: float) -> bool:
    """Whether float32 would show other digits of a normalized (samples, channels, …)."""
    axes = tuple(range(2, x.ndim)) or 0
    return bool(np.abs(x).max() / np.sqrt(min(float(x.var(axis=axes).min()), 1.0) + eps) > _SURE)
