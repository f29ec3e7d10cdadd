"""Padding: what stands beyond the edges of an array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops._arrays import Array, floating

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
        Where an axis has too few cells: "reflect" needs one more than it pads, "circular" as many.
    """
    x = floating(input)
    sides = [(0, 0)] * (x.ndim - len(pad) // 2) + list(zip(pad[-2::-2], pad[::-2], strict=True))
    for size, ends in zip(x.shape, sides, strict=True):
        fewest = max(ends) + (mode == "reflect")
        if mode in ("reflect", "circular") and size < fewest:
            raise UsageError(
                f"{mode} padding {max(ends)} is too large for an input of size {size}: use padding "
                f"{size - (mode == 'reflect')} or less, an input of size {fewest} or more, or the mode replicate"
            )
    options: dict[str, Any] = {"constant_values": value or 0} if mode == "constant" else {}
    return np.pad(x, sides, MODES[mode], **options)  # type: ignore[call-overload, no-any-return]
