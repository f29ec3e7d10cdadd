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


def sizes(value: Pair, name: str, low: int, axes: int) -> tuple[int, ...]:
    """Read an integer, or one for each axis, as one for each axis, each at least `low`; raises UsageError."""
    each = (value,) * axes if np.ndim(value) == 0 else tuple(value)  # type: ignore[arg-type]
    if len(each) != axes:
        several = {1: "(cells,)", 2: "(rows, cols)", 3: "(depth, rows, cols)"}.get(axes, f"{axes} integers")
        raise UsageError(f"{name} {value!r} is not possible: give an integer or {several}")
    return tuple(whole(n, name, low) for n in each)


def pair(value: Pair, name: str, low: int) -> tuple[int, int]:
    """Read an integer or (rows, cols) as (rows, cols), each at least `low`; raises UsageError."""
    rows, cols = sizes(value, name, low, 2)
    return rows, cols


def slides(stride: Pair, padding: Pair, dilation: Pair, axes: int = 2) -> list[tuple[int, ...]]:
    """Read a stride, a padding and a dilation, each with one integer for each axis; raises UsageError."""
    given = (stride, "stride", 1), (padding, "padding", 0), (dilation, "dilation", 1)
    return [sizes(value, name, low, axes) for value, name, low in given]


def floating(values: npt.ArrayLike) -> Array:
    """Read `values` as floating point: its own precision where it has one, float64 for whole numbers."""
    array = np.asarray(values)
    return array.astype(np.float64) if array.dtype.kind in "biu" else array


def as_maps(values: npt.ArrayLike, axes: int = 2) -> Array:
    """Read `values` as feature maps of some axes, (C, H, W) or (N, C, H, W) where these are 2; raises UsageError."""
    array = floating(values)
    if array.ndim not in (1 + axes, 2 + axes) or 0 in array.shape[-axes:]:
        cells = {1: "L", 2: "H, W", 3: "D, H, W"}[axes]
        raise UsageError(f"input has shape {shape_text(array.shape)}: give (C, {cells}) or (N, C, {cells}), no size 0")
    return array


def parameter(values: npt.ArrayLike | None, name: str, shape: tuple[int, ...]) -> Array | None:
    """Read an optional layer parameter and check its shape; raises UsageError."""
    if values is None:
        return None
    array = floating(values)
    if array.shape != shape:
        raise UsageError(f"{name} has shape {shape_text(array.shape)}: give {shape_text(shape)}")
    return array
