"""Conversions that every operation shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Pair = int | Sequence[int]


def each(axes: int, *values: Pair) -> list[tuple[int, ...]]:
    """Integers, or one for each axis, all as one for each axis."""
    return [(value,) * axes if isinstance(value, int) else tuple(value) for value in values]


def floating(values: npt.ArrayLike) -> Array:
    """Read `values` as floating point: its own precision where it has one, float64 for whole numbers."""
    array = np.asarray(values)
    return array.astype(np.float64) if array.dtype.kind in "biu" else array
