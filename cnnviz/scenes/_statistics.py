"""The arithmetic of normalising values by their mean and variance, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnnviz.notation import digits_for, number
from cnnviz.scenes._sliding import factor, summed
from cnnviz.storyboard import Values

_SUM_LETTERS = 64


@dataclass(frozen=True, eq=False)
class Statistics:
    """The mean and the biased variance of some values, and how captions write them, with `most` decimals at most.

    `digits` are the values' own.
    """

    values: Values
    eps: float
    digits: int
    most: int = 2

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
        return number(self.mean, digits_for(self.mean, most=self.most))

    @property
    def variance_text(self) -> str:
        """σ² as a number."""
        return number(self.variance, digits_for(self.variance, most=self.most))

    def mean_words(self) -> str:
        """The sum over the number: `$\\mu$ = (1 + 2) / 2 = **1.5**`."""
        terms = [factor(value, self.digits) for value in self.values.ravel()]
        by_hand = float(np.round(self.values, self.digits).mean())
        sign = equals(by_hand, self.mean, self.most)
        return f"$\\mu$ = ({summed(terms, _SUM_LETTERS)}) / {self.values.size} {sign} **{self.mean_text}**"

    def variance_words(self) -> str:
        """The squared distances from the mean over their number."""
        mean = factor(self._shown(self.mean), digits_for(self.mean, most=self.most))
        terms = [f"({number(value, self.digits)} − {mean})²" for value in self.values.ravel()]
        by_hand = float(((np.round(self.values, self.digits) - self._shown(self.mean)) ** 2).mean())
        sign = equals(by_hand, self.variance, self.most)
        return f"$\\sigma^2$ = ({summed(terms, _SUM_LETTERS)}) / {self.values.size} {sign} **{self.variance_text}**"

    def normalised_words(self, value: float, result: float, digits: int) -> str:
        """One value less the mean, over the root of the variance: `(3 − 1.5) / √(0.25 + 0.00001) ≈ **3.0**`."""
        mean = factor(self._shown(self.mean), digits_for(self.mean, most=self.most))
        by_hand = (round(value, self.digits) - self._shown(self.mean)) / (self._shown(self.variance) + self.eps) ** 0.5
        top, root = f"({number(value, self.digits)} − {mean})", f"√({self.variance_text} + {plain_eps(self.eps)})"
        return f"{top} / {root} {equals(by_hand, result, digits)} **{number(result, digits)}**"

    def _shown(self, value: float) -> float:
        return round(value, self.most)


def plain_eps(eps: float) -> str:
    """ε as captions show it: `0.00001`."""
    return f"{eps:.6f}".rstrip("0") if eps >= 1e-6 else f"{eps:g}"


def equals(by_hand: float, result: float, digits: int) -> str:
    """The sign between arithmetic as written and a result of so many decimals: = where a reader gets just that."""
    return "=" if abs(by_hand - round(result, digits)) < 1e-9 * max(1.0, abs(result)) else "≈"
