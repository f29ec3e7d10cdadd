"""The arithmetic of normalising values by their mean and variance, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnnviz.notation import digits_for, number
from cnnviz.scenes._sliding import factor, summed
from cnnviz.storyboard import Values

_SUM_LETTERS = 64
_DIGITS = 2


@dataclass(frozen=True, eq=False)
class Statistics:
    """The mean and the biased variance of some values, and how captions write them; `digits` are the values' own."""

    values: Values
    eps: float
    digits: int

    @property
    def mean(self) -> float:
        """μ."""
        return float(self.values.mean())

    @property
    def variance(self) -> float:
        """σ², the sum of squares over their number, as every normalisation layer has it."""
        return float(self.values.var())

    @property
    def mean_text(self) -> str:
        """μ as a number."""
        return number(self.mean, digits_for(self.mean, most=_DIGITS))

    @property
    def variance_text(self) -> str:
        """σ² as a number."""
        return number(self.variance, digits_for(self.variance, most=_DIGITS))

    def mean_words(self) -> str:
        """The sum over the number: `$\\mu$ = (1 + 2) / 2 = **1.5**`."""
        terms = [factor(value, self.digits) for value in self.values.ravel()]
        exact = np.isclose(self.mean, _shown(self.mean), rtol=0, atol=1e-12) and self._exact_values
        whole = summed(terms, _SUM_LETTERS)
        return f"$\\mu$ = ({whole}) / {self.values.size} {'=' if exact else '≈'} **{self.mean_text}**"

    def variance_words(self) -> str:
        """The squared distances from the mean over their number."""
        mean = factor(_shown(self.mean), digits_for(self.mean, most=_DIGITS))
        terms = [f"({number(value, self.digits)} − {mean})²" for value in self.values.ravel()]
        by_hand = float(((self.values - _shown(self.mean)) ** 2).mean())
        exact = np.isclose(by_hand, _shown(self.variance), rtol=0, atol=1e-12) and self._exact_values
        whole = summed(terms, _SUM_LETTERS)
        return f"$\\sigma^2$ = ({whole}) / {self.values.size} {'=' if exact else '≈'} **{self.variance_text}**"

    def normalised_words(self, value: float, result: float, digits: int) -> str:
        """One value less the mean, over the root of the variance: `(3 − 1.5) / √(0.25 + 0.00001) ≈ **3.0**`."""
        mean = factor(_shown(self.mean), digits_for(self.mean, most=_DIGITS))
        top = f"({number(value, self.digits)} − {mean})"
        return f"{top} / √({self.variance_text} + {self.eps:g}) ≈ **{number(result, digits)}**"

    @property
    def _exact_values(self) -> bool:
        return bool(np.array_equal(np.round(self.values, self.digits), self.values))


def _shown(value: float) -> float:
    return round(value, _DIGITS)
