"""Unpooling: putting a pooled map's values back on a map of the size before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops._arrays import Array, Pair, as_maps, pair, shape_text


def max_unpool2d(
    input: npt.ArrayLike,
    indices: npt.ArrayLike,
    kernel_size: Pair,
    stride: Pair | None = None,
    output_size: Sequence[int] | None = None,
) -> Array:
    """Put each value back where `max_pool2d` found it, and 0 everywhere else.

    Parameters
    ----------
    input : array (N, C, H, W) or (C, H, W)
    indices : int array of the same shape
        From `max_pool2d(..., return_indices=True)`: row·W + column in the unpooled map.
    kernel_size, stride : int or (rows, cols)
        Those of the pooling; the stride is the kernel's size unless given.
    output_size : (rows, cols), optional
        (H−1)·stride + kernel unless given, and less than a stride away from it.

    Returns
    -------
    array (..., oH, oW); of two values for one cell the later stays

    References
    ----------
    Zeiler & Fergus 2014, arXiv:1311.2901, §2.1 (their switches are `indices`).
    """
    x, places = as_maps(input), np.asarray(indices)
    if places.shape != x.shape:
        raise UsageError(f"indices have shape {shape_text(places.shape)}, but input {shape_text(x.shape)}")
    height, width = _unpooled_size(x, kernel_size, stride, output_size)
    outside = (places < 0) | (places >= height * width)
    if outside.any():
        raise UsageError(f"index {places[outside][0]} lies outside the unpooled map of {height}×{width} cells")
    output = np.zeros((*x.shape[:-2], height * width), dtype=x.dtype)
    flat = (*x.shape[:-2], x.shape[-2] * x.shape[-1])
    np.put_along_axis(output, places.reshape(flat), x.reshape(flat), axis=-1)
    return output.reshape(*x.shape[:-2], height, width)


def avg_unpool2d(
    input: npt.ArrayLike, kernel_size: Pair, stride: Pair | None = None, output_size: Sequence[int] | None = None
) -> Array:
    """Give every cell of a window that window's value: average unpooling in the manner of a nearest-neighbour zoom.

    The value itself is spread, not its share: where windows overlap a cell gets the mean of their values, and where
    none reaches it gets 0. So `avg_pool2d` of the result is the input again if the windows do not overlap. torch has
    no such function; the arguments are those of `max_unpool2d`.
    """
    x = as_maps(input)
    height, width = _unpooled_size(x, kernel_size, stride, output_size)
    kernel = pair(kernel_size, "kernel_size", 1)
    step = kernel if stride is None else pair(stride, "stride", 1)
    total, count = (spread(values, kernel, step, (height, width)) for values in (x, np.ones(x.shape[-2:])))
    return np.asarray(total / np.maximum(count, 1).astype(x.dtype))


def spread(x: Array, kernel: tuple[int, int], step: tuple[int, int], size: tuple[int, int]) -> Array:
    """Add every value of `x` to all cells of its window on a map of `size`; windows beyond its end are cut off."""
    span = [(i - 1) * s + 1 for i, s in zip(x.shape[-2:], step, strict=True)]
    frame = [max(n + k - 1, o) for n, k, o in zip(span, kernel, size, strict=True)]
    total = np.zeros((*x.shape[:-2], *frame), dtype=x.dtype)
    for r in range(kernel[0]):
        for c in range(kernel[1]):
            total[..., r : r + span[0] : step[0], c : c + span[1] : step[1]] += x
    return total[..., : size[0], : size[1]].copy()


def _unpooled_size(
    x: Array, kernel_size: Pair, stride: Pair | None, output_size: Sequence[int] | None
) -> tuple[int, int]:
    kernel = pair(kernel_size, "kernel_size", 1)
    step = kernel if stride is None else pair(stride, "stride", 1)
    rows, cols = ((i - 1) * s + k for i, k, s in zip(x.shape[-2:], kernel, step, strict=True))
    if output_size is None:
        return rows, cols
    wanted = pair(output_size, "output_size", 1)
    for o, natural, s in zip(wanted, (rows, cols), step, strict=True):
        if not natural - s < o < natural + s:
            raise UsageError(f"output size {o} is not possible: give {max(natural - s + 1, 1)} to {natural + s - 1}")
    return wanted
