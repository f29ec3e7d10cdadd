"""How numbers and sizes are written, in cells, captions and labels alike."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

MINUS = "\u2212"

THIN = "\u202f"
"""The space between groups of digits, at which no line is broken."""

_UNGROUPED = 4

_READ, _SMALL, _LARGE = 6, 1e-4, 1e6
# Fewer decimals than these are asked for to see whole numbers, or nearly so.
_ROUNDED_AT_WILL = 2
_HALF, _EXACT = 5, Context(prec=400)


def number(value: float, digits: int = 0) -> str:
    """Write a number as figures show it: `digits` decimals, a true minus sign, no negative zero.

    With more decimals than anybody reads, small numbers are powers of ten: 0.000000012 is 1.2e−8.
    """
    if digits > _READ and abs(value) < _SMALL:
        whole = Decimal(scaled(value, digits)).scaleb(-digits)
        return f"{whole:e}".replace("-", MINUS) if whole else "0"
    return _shown(float(value), digits)


@lru_cache(maxsize=4096)
def _shown(value: float, digits: int) -> str:
    # Kept, as is what follows: a figure writes the same few numbers over and over.
    text = _rounded(value, digits)
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def grouped(text: str) -> str:
    """A whole number as it is read, from five digits on in groups of three: `4 320 000`."""
    return f"{int(text):_}".replace("_", THIN) if text.isdigit() and len(text) > _UNGROUPED else text


def _rounded(value: float, digits: int) -> str:
    """A number with so many decimals, a half of the last one rounded away from 0 as at school."""
    # Whole numbers, the most of all, have no half.
    if math.isfinite(value) and value % 1:
        # As it is typed: of floats only few halves are exact.
        typed = Decimal(repr(float(value)))
        if typed.as_tuple().exponent == -digits - 1 and typed.as_tuple().digits[-1] == _HALF:
            return f"{typed.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _EXACT):f}"
    return f"{value:.{digits}f}"


def in_cell(value: float, digits: int = 0) -> str:
    """Write a number as `number` does, but 2 without decimals, and a large one with a power of ten: `−1.2e8`."""
    if abs(value) < _LARGE:
        return number(value, exact_digits(value, digits))
    mantissa, power = f"{value:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(power)}".replace("-", MINUS)


def widest_in_cell(lo: float, hi: float, digits: int) -> tuple[str, ...]:
    """Texts at least as wide as those that `in_cell` writes for numbers from `lo` to `hi`."""
    large = f"{MINUS if lo < 0 else ''}8.8e8" if max(-lo, hi) >= _LARGE else ""
    return number(lo, digits), number(hi, digits), large


def exact_digits(value: float, most: int) -> int:
    """The decimals that write a value exactly, as 1.5 has one, or `most`; the last bits of a sum do not count."""
    return next((n for n in range(most) if math.isclose(round(value, n), value, rel_tol=1e-14)), most)


def scaled(value: float, digits: int = 0) -> int:
    """A number as it is written, in units of its last decimal: 1.25 with two of them is 125."""
    return int(_rounded(value, digits).replace(".", ""))


def written(value: float, digits: int = 0) -> Fraction:
    """A number as it is written, exactly."""
    return _written(float(value), digits)


@lru_cache(maxsize=4096)
def _written(value: float, digits: int) -> Fraction:
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


def as_given(value: float) -> str:
    """Write a parameter as it was given, whatever decimals other numbers have: `0.0123456789`, `1.5e−6`.

    What has more digits than anybody types, such as a third, is written with six significant ones.
    """
    exact = _given(value)
    whole = not exact or -5 <= exact.adjusted() < 9
    return (f"{exact:f}" if whole else f"{exact:e}").replace("e+", "e").replace("-", MINUS)


def as_given_exactly(value: float) -> Fraction:
    """A parameter as that has it."""
    return Fraction(_given(value))


def decimals_as_given(value: float) -> int:
    """Decimals that a parameter was given with."""
    return max(0, -int(_given(value).as_tuple().exponent))


def _given(value: float) -> Decimal:
    # More digits than twelve nobody types; a sum such as 0.1 + 0.2 misses what it would be by the last bit.
    typed = f"{value + 0.0:.12g}"
    return Decimal(typed if math.isclose(float(typed), value, rel_tol=1e-15) else f"{value:.6g}")


def assigned(symbol: str, text: str) -> str:
    """A parameter with its value, in mathtext: `$k=2$`; but there the e of a power of ten would be a symbol."""
    return rf"${symbol}=\,${text}" if "e" in text else f"${symbol}={text}$"


def size_text(*sizes: int) -> str:
    """Write a shape: `5×5`."""
    return "×".join(str(size) for size in sizes)
