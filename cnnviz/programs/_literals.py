"""Arrays as source text: brackets of numbers, or a function of NumPy's that makes the same."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

import numpy as np

from cnnviz.operation import Values

_WIDTH = 90
_FEW, _EVEN, _MANY = 9, 5, 64
"""Numbers from which a map is made by a function rather than written, a row of evenly spread ones, a picture."""
_ALIGNED, _LONG = 6, 1e6
"""Letters of a number up to which columns are aligned, and from which whole numbers are too long."""


def literal(values: Values, double: bool) -> tuple[str, tuple[int, ...], int]:
    """The text of an array, the shape that this text has, and what its numbers are to be divided by."""
    flat, size = values.ravel(), values.size
    if size >= _FEW and (flat == flat[0]).all():
        name = {0.0: "zeros", 1.0: "ones"}.get(float(flat[0]))
        made = f"np.{name}({values.shape})" if name else f"np.full({values.shape}, {number(flat[0], double)})"
        return made, values.shape, 1
    if size >= _FEW and np.array_equal(flat, np.arange(size)):
        return f"np.arange({size})", (size,), 1
    if values.ndim == 1 and size >= _EVEN and flat[0] != flat[-1]:
        ends = float(flat[0]), float(flat[-1])
        if np.abs(values - np.linspace(*ends, size)).max() <= 1e-9 * abs(ends[1] - ends[0]):
            return f"np.linspace({ends[0]:.17g}, {ends[1]:.17g}, {size})", (size,), 1
    if size >= _MANY and flat.max() <= 1 and np.abs(255 * flat - np.round(255 * flat)).max() < 1e-9:
        return *_rows(np.round(255 * values), double), 255
    return *_rows(values, double), 1


def _rows(values: Values, double: bool) -> tuple[str, tuple[int, ...]]:
    """Nested brackets: a line a row."""
    whole = values.size >= _MANY and np.array_equal(values, np.round(values)) and np.abs(values).max() < _LONG
    rows = values.reshape(-1, values.shape[-1])
    texts = [[str(int(value)) if whole else number(value, double) for value in row] for row in rows]
    if len(texts) == 1:
        return "[" + _filled(texts[0], "    ") + "]", (values.shape[-1],)
    widest = max(len(text) for row in texts for text in row)
    width = widest if widest <= _ALIGNED else 0
    lines = (_filled([text.rjust(width) for text in row], "     ") for row in texts)
    return "[\n" + "".join(f"    [{line}],\n" for line in lines) + "]", rows.shape


def number(value: float, double: bool) -> str:
    """A number with the fewest digits that give it again: `3.`, `0.25`, `1e-12`."""
    exact: np.floating[Any] = np.float64(value + 0.0) if double else np.float32(value + 0.0)
    if exact == 0 or 1e-4 <= abs(exact) < 1e9:
        return np.format_float_positional(exact, trim=".")
    return np.format_float_scientific(exact, trim=".").replace("e-0", "e-").replace("e+0", "e")


def _filled(texts: Sequence[str], indent: str) -> str:
    """Numbers in a row, over several lines where they are many."""
    # Blanks that align columns are kept where a line begins.
    text = ", ".join(text.replace(" ", "\u00a0") for text in texts)
    lines = wrap(text, _WIDTH, break_on_hyphens=False, break_long_words=False)
    return f"\n{indent}".join(lines).replace("\u00a0", " ")
