"""Checks and conversions that every operation shares."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError

Array = npt.NDArray[Any]
Pair = int | Sequence[int]


def shape_text(shape: Sequence[int]) -> str:
    """Write a shape as in `5×5`, or `scalar` for the empty one."""
    return "×".join(map(str, shape)) if len(shape) else "scalar"


def whole(value: object, name: str, low: int) -> int:
    """Check that `value` is an integer of at least `low`; raises UsageError."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = low - 1
    if number < low:
        raise UsageError(f"{name} {value!r} is not possible: give an integer of at least {low}")
    return number


def pair(value: Pair, name: str, low: int) -> tuple[int, int]:
    """Read an integer or (rows, cols) as (rows, cols), each at least `low`; raises UsageError."""
    both = (value, value) if np.ndim(value) == 0 else tuple(value)  # type: ignore[arg-type]
    if len(both) != 2:
        raise UsageError(f"{name} {value!r} is not possible: give an integer or (rows, cols)")
    return whole(both[0], name, low), whole(both[1], name, low)


def floating(values: npt.ArrayLike) -> Array:
    """Read `values` as floating point: its own precision where it has one, float64 for whole numbers."""
    array = np.asarray(values)
    return array.astype(np.float64) if array.dtype.kind in "biu" else array


def as_maps(values: npt.ArrayLike) -> Array:
    """Read `values` as feature maps, (C, H, W) or (N, C, H, W); raises UsageError for other axes or no cells."""
    array = floating(values)
    if array.ndim not in (3, 4) or 0 in array.shape[-2:]:
        raise UsageError(f"input has shape {shape_text(array.shape)}: give (C, H, W) or (N, C, H, W), no size 0")
    return array


def parameter(values: npt.ArrayLike | None, name: str, shape: tuple[int, ...]) -> Array | None:
    """Read an optional layer parameter and check its shape; raises UsageError."""
    if values is None:
        return None
    array = floating(values)
    if array.shape != shape:
        raise UsageError(f"{name} has shape {shape_text(array.shape)}: give {shape_text(shape)}")
    return array
