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
    if number < low or isinstance(value, bool | np.bool_):
        raise UsageError(f"{name} {value!r} is not possible: give an integer of at least {low}")
    return number


def pair(value: Pair, name: str, low: int) -> tuple[int, int]:
    """Read an integer or (rows, cols) as (rows, cols), each at least `low`; raises UsageError."""
    several = np.ndim(value) == 1
    try:
        rows, cols = value if several else (value, value)  # type: ignore[misc]
        return whole(rows, name, low), whole(cols, name, low)
    except ValueError:
        shown = tuple(value) if several else value  # type: ignore[arg-type]
        raise UsageError(
            f"{name} {shown!r} is not possible: give an integer of at least {low}, or such a pair (rows, cols)"
        ) from None


def as_maps(values: npt.ArrayLike, name: str = "input") -> Array:
    """Read `values` as feature maps, (C, H, W) or (N, C, H, W); raises UsageError for other axes or no cells."""
    array = np.asarray(values)
    if array.ndim not in (3, 4):
        raise UsageError(f"{name} has shape {shape_text(array.shape)}: give (C, H, W) or (N, C, H, W)")
    if 0 in array.shape[-2:]:
        raise UsageError(f"{name} has maps of {shape_text(array.shape[-2:])} cells: give at least 1×1")
    return array


def exact(*arrays: Array) -> list[Array]:
    """Bring arrays to their common type, with int64 for whole numbers so that no sum of products overflows early."""
    dtype = np.result_type(*arrays)
    if dtype.kind in "biu":
        dtype = np.dtype(np.int64)
    return [array.astype(dtype, copy=False) for array in arrays]


def floating(values: npt.ArrayLike) -> Array:
    """Read `values` as floating point: its own precision where it has one, float64 for whole numbers."""
    array = np.asarray(values)
    return array.astype(np.float64) if array.dtype.kind in "biu" else array


def parameter(values: npt.ArrayLike | None, name: str, shape: tuple[int, ...], meaning: str) -> Array | None:
    """Read an optional layer parameter and check its shape; raises UsageError."""
    if values is None:
        return None
    array = np.asarray(values)
    if array.shape != shape:
        raise UsageError(f"{name} has shape {shape_text(array.shape)}: give {shape_text(shape)}, {meaning}")
    return array
