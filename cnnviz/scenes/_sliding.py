"""What scenes with a sliding window share: the cells it covers, its arithmetic in words, the words for sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_COVERED, MAX_STEPS
from cnnviz.notation import number, written
from cnnviz.parameters import Size
from cnnviz.storyboard import Shade, Values

CROWDED_SIDE = 20
"""Cells a side from which a map shows colours instead of numbers."""


_CAPTION_LETTERS = 80


def check_steps(count: int, what: str, window: Size = (1, 1)) -> None:
    """Refuse a figure of more steps, or more cells under its window, than anybody watches; raises UsageError."""
    if count > MAX_STEPS:
        raise UsageError(f"{what} would take {count} steps, more than {MAX_STEPS}: use a larger stride or less input")
    covered = count * window[0] * window[1]
    if covered > MAX_COVERED:
        raise UsageError(
            f"{what} would cover {covered} cells in {count} steps, more than {MAX_COVERED}: use a larger stride, a "
            "smaller window or less input"
        )


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


def fills(count: int) -> str:
    """The steps of a figure with their verb, for a sentence about them."""
    return "1 step fills" if count == 1 else f"{count} steps fill"


__all__ = ["CROWDED_SIDE", "check_steps", "equals", "factor", "fills", "shade_for", "summed"]
