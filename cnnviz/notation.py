"""How numbers and sizes are written, in cells, captions and labels alike."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import numpy.typing as npt

MINUS = "\u2212"

_READ, _SMALL = 6, 1e-4
# Fewer decimals than these are asked for to see whole numbers, or nearly so.
_ROUNDED_AT_WILL = 2


def number(value: float, digits: int = 0) -> str:
    """Write a number as figures show it: `digits` decimals, a true minus sign, no negative zero.

    With more decimals than anybody reads, small numbers are powers of ten: 0.000000012 is 1.2e−8.
    """
    if digits > _READ and abs(value) < _SMALL:
        whole = Decimal(scaled(value, digits)).scaleb(-digits)
        return f"{whole:e}".replace("-", MINUS) if whole else "0"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def scaled(value: float, digits: int = 0) -> int:
    """A number as it is written, in units of its last decimal: 1.25 with two of them is 125."""
    return int(f"{value:.{digits}f}".replace(".", ""))


def written(value: float, digits: int = 0) -> Fraction:
    """A number as it is written, exactly."""
    return Fraction(scaled(value, digits), 10**digits)


def digits_for(*arrays: npt.ArrayLike, most: int = 2, above: float = math.inf) -> int:
    """Decimals, up to `most`, that show every value of the arrays exactly if that can be done.

    Values that these would all show as 0 have as many as show two figures of the largest, if that is more than `above`:
    what floats leave of 0 is no value.
    """
    values = np.concatenate([np.ravel(np.asarray(a, dtype=np.float64)) for a in arrays])
    values = values[np.isfinite(values)]
    for digits in range(most):
        if np.array_equal(np.round(values, digits), values):
            return digits
    largest = float(np.abs(values).max(initial=0))
    if most < _ROUNDED_AT_WILL or not above < largest < 0.5 * 10.0**-most:
        return most
    first = -math.floor(math.log10(largest))
    return first if np.allclose(np.round(values, first), values, rtol=1e-9, atol=0) else first + 1


def size_text(*sizes: int) -> str:
    """Write a shape: `5×5`."""
    return "×".join(str(size) for size in sizes)
