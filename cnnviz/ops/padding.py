"""Padding: what stands beyond the edges of an array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops._arrays import Array, floating, shape_text, whole

MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
"""The modes of torch and NumPy's names of them."""


def pad(input: npt.ArrayLike, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Array:
    """Extend `input` at both ends of its last axes.

    Parameters
    ----------
    input : array, any shape
    pad : (left, right), (left, right, top, bottom) or more
        Cells before and after, two for each axis, the last axis first.
    mode : str
        "constant" (zeros, or `value`), "reflect" (mirrored at the outermost cell), "replicate" (the outermost cell
        again) or "circular" (from the other end).
    value : float, optional
        What "constant" fills in.

    Raises
    ------
    UsageError
        For an unknown mode, and where an axis has too few cells: "reflect" needs one more than it pads, "circular" as
        many.
    """
    x, amounts = floating(input), [whole(n, "pad", 0) for n in pad]
    if mode not in MODES:
        raise UsageError(f"padding mode {mode!r} is not known: choose from {', '.join(MODES)}")
    if len(amounts) % 2 or len(amounts) > 2 * x.ndim:
        raise UsageError(
            f"pad {tuple(pad)} does not fit input {shape_text(x.shape)}: give two numbers for each of its last axes"
        )
    sides = [(0, 0)] * (x.ndim - len(amounts) // 2) + list(zip(amounts[-2::-2], amounts[::-2], strict=True))
    for size, ends in zip(x.shape, sides, strict=True):
        check_padding(size, ends, mode)
    options: dict[str, Any] = {"constant_values": value or 0} if mode == "constant" else {}
    return np.pad(x, sides, MODES[mode], **options)  # type: ignore[call-overload, no-any-return]


def check_padding(size: int, ends: Sequence[int], mode: str) -> None:
    """Refuse more padding than an axis of `size` cells has cells to fill it with; raises UsageError."""
    fewest = max(ends) + (mode == "reflect")
    if mode in ("reflect", "circular") and size < fewest:
        most = size - (mode == "reflect")
        less = f"padding {most} or less, " if most else ""
        raise UsageError(
            f"{mode} padding {max(ends)} is too large for an input of size {size}: use {less}an input of size {fewest} "
            "or more, or the mode replicate"
        )
