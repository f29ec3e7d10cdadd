"""Arithmetic in words for scenes that write their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from cnnviz.notation import number, written
from cnnviz.storyboard import Shade, Values

_CAPTION_LETTERS = 80


def factor(value: float, digits: int) -> str:
    """A number as a factor or summand after another: in parentheses where negative."""
    text = number(value, digits)
    return f"({text})" if value < 0 and text[0] not in "0123456789" else text


def equals(shown: Fraction | float, result: float, digits: int) -> str:
    """The sign between arithmetic with the numbers `shown` and a result written with `digits` decimals: = or ≈.

    Where these numbers are rational the arithmetic shall be exact, for floats may be off by more than a last decimal.
    """
    exact = written(result, digits)
    same = shown == exact if isinstance(shown, Fraction) else math.isclose(shown, exact, rel_tol=1e-12)
    return "=" if same else "≈"


def summed(terms: Sequence[str], letters: int = _CAPTION_LETTERS, between: str = " + ") -> str:
    """The terms with plus signs between; the middle gives way to an ellipsis where they are too many to read."""
    whole = between.join(terms)
    if len(whole) <= letters:
        return whole
    last = terms[-1]
    first: list[str] = []
    for term in terms:
        if len(between.join([*first, term, "…", last])) > letters:
            break
        first.append(term)
    return between.join([*first[: len(terms) - 2], "…", last])


def shade_for(values: Values, *, picture: bool, always: bool) -> Shade:
    """How values become colours: greys for a picture, one hue for a map, two from a middle zero where signs differ."""
    lo, hi = float(values.min()), float(values.max())
    if lo < 0:
        most = max(-lo, hi)
        return Shade(scale="diverging", lo=-most, hi=most, always=always)
    return Shade(scale="gray" if picture else "sequential", lo=min(lo, 0.0), hi=hi if hi > 0 else 1.0, always=always)
