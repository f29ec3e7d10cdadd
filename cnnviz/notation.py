"""How numbers and sizes are written, in cells, captions and labels alike."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

MINUS = "\u2212"


def number(value: float, digits: int = 0) -> str:
    """Write a number as figures show it: `digits` decimals, a true minus sign, no negative zero."""
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


def digits_for(*arrays: npt.ArrayLike, most: int = 2) -> int:
    """Decimals, up to `most`, that show every value of the arrays exactly if that can be done."""
    values = np.concatenate([np.ravel(np.asarray(a, dtype=np.float64)) for a in arrays])
    values = values[np.isfinite(values)]
    for digits in range(most):
        if np.array_equal(np.round(values, digits), values):
            return digits
    return most


def size_text(*sizes: int) -> str:
    """Write a shape: `5×5`."""
    return "×".join(str(size) for size in sizes)
