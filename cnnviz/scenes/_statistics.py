"""The arithmetic of normalising values by their mean and variance, in words."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from cnnviz.notation import as_given, as_given_exactly, digits_for, number, written
from cnnviz.scenes._sliding import equals, factor, summed
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
        """μ; of equal values exactly these, which floats' sum over their number may miss."""
        return float(self.values.flat[0] if self._equal else self.values.mean())

    @property
    def variance(self) -> float:
        """σ², the sum of squares over their number, as every normalisation layer has it."""
        return 0.0 if self._equal else float(self.values.var())

    @property
    def _equal(self) -> bool:
        return not np.ptp(self.values)

    @property
    def mean_text(self) -> str:
        """μ as a number."""
        return number(self.mean, digits_for(self.mean, most=self.most))

    @property
    def mean_factor(self) -> str:
        """μ as it stands after a sign."""
        return factor(self.mean, digits_for(self.mean, most=self.most))

    @property
    def variance_text(self) -> str:
        """σ² as a number."""
        return number(self.variance, digits_for(self.variance, most=self.most))

    @property
    def mean_is_whole(self) -> bool:
        """Whether μ as a number is all of it."""
        return equals(self.mean, self.mean, self.most) == "="

    @property
    def variance_is_whole(self) -> bool:
        """Whether σ² as a number is all of it."""
        return equals(self.variance, self.variance, self.most) == "="

    def mean_words(self) -> str:
        """The sum over the number: `$\\mu$ = (1 + 2) / 2 = **1.5**`."""
        terms = [factor(value, self.digits) for value in self.values.ravel()]
        by_hand = sum(self._values, Fraction(0)) / self.values.size
        sign = equals(by_hand, self.mean, self.most)
        return f"$\\mu$ = ({summed(terms, _SUM_LETTERS)}) / {self.values.size} {sign} **{self.mean_text}**"

    def variance_words(self) -> str:
        """The squared distances from the mean over their number."""
        terms = [f"({number(value, self.digits)} − {self.mean_factor})²" for value in self.values.ravel()]
        distances = (value - self._shown(self.mean) for value in self._values)
        by_hand = sum((distance**2 for distance in distances), Fraction(0)) / self.values.size
        sign = equals(by_hand, self.variance, self.most)
        return f"$\\sigma^2$ = ({summed(terms, _SUM_LETTERS)}) / {self.values.size} {sign} **{self.variance_text}**"

    def normalised_words(self, value: float, result: float, digits: int) -> str:
        """One value less the mean, over the root of the variance: `(3 − 1.5) / √(0.25 + 0.00001) ≈ **3.0**`."""
        top = written(value, self.digits) - self._shown(self.mean)
        return self.divided_words(f"({number(value, self.digits)} − {self.mean_factor})", top, result, digits)

    def divided_words(self, text: str, top: Fraction, result: float, digits: int) -> str:
        """A distance from the mean, which `text` writes, over the root of the variance."""
        below, shown = self._shown(self.variance) + as_given_exactly(self.eps), written(result, digits)
        # Squared, for a root may be irrational, however close to a number that floats have.
        sign = "=" if top**2 == shown**2 * below and top * shown >= 0 else "≈"
        return f"{text} / √({self.variance_text} + {as_given(self.eps)}) {sign} **{number(result, digits)}**"

    def _shown(self, value: float) -> Fraction:
        return written(value, self.most)

    @property
    def _values(self) -> list[Fraction]:
        return [written(value, self.digits) for value in self.values.ravel()]
