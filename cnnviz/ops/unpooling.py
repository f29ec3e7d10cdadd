"""Unpooling: putting a pooled map's values back on a map of the size before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops._arrays import Array, Pair, as_maps, floating, pair, shape_text


def max_unpool2d(
    input: npt.ArrayLike,
    indices: npt.ArrayLike,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    output_size: Sequence[int] | None = None,
) -> Array:
    """Put each value back where `max_pool2d` found it, and 0 everywhere else.

    Parameters
    ----------
    input : array (N, C, H, W) or (C, H, W)
    indices : int array of the same shape
        From `max_pool2d(..., return_indices=True)`: row·W + column in the unpooled map.
    kernel_size, stride, padding : int or (rows, cols)
        Those of the pooling; the stride is the kernel's size unless given.
    output_size : sequence of int, optional
        The unpooled size, of which the last two count; (H−1)·stride − 2·padding + kernel unless given, and less than
        a stride away from it.

    Returns
    -------
    array (..., oH, oW) of the type of `input`; of two values for one cell the later stays

    Raises
    ------
    UsageError
        A shape, a size, an index outside the unpooled map.

    References
    ----------
    Zeiler & Fergus 2014, arXiv:1311.2901, §2.1 (their switches are `indices`).
    """
    x, places = as_maps(input), np.asarray(indices)
    if places.shape != x.shape:
        raise UsageError(
            f"indices have shape {shape_text(places.shape)}, but input {shape_text(x.shape)}: give the same"
        )
    if places.dtype.kind not in "iu":
        raise UsageError(f"indices are {places.dtype}: give the integers that max_pool2d returns")
    height, width = _unpooled_size(x, kernel_size, stride, padding, output_size)
    outside = (places < 0) | (places >= height * width)
    if outside.any():
        raise UsageError(f"index {places[outside][0]} lies outside the unpooled map of {height}×{width} cells")
    output = np.zeros((*x.shape[:-2], height * width), dtype=x.dtype)
    flat = (*x.shape[:-2], x.shape[-2] * x.shape[-1])
    np.put_along_axis(output, places.reshape(flat), x.reshape(flat), axis=-1)
    return output.reshape(*x.shape[:-2], height, width)


def avg_unpool2d(
    input: npt.ArrayLike,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    output_size: Sequence[int] | None = None,
) -> Array:
    """Give every cell of a window that window's value: average unpooling in the manner of a nearest-neighbour zoom.

    The value itself is spread, not its share: where windows overlap a cell gets the mean of their values, and where
    none reaches it gets 0. So `avg_pool2d` of the result is the input again if the windows do not overlap. torch has
    no such function.

    Parameters
    ----------
    input : array (N, C, H, W) or (C, H, W)
    kernel_size, stride, padding : int or (rows, cols)
        Those of the pooling; the stride is the kernel's size unless given.
    output_size : sequence of int, optional
        As in `max_unpool2d`.

    Returns
    -------
    array (..., oH, oW); whole numbers give float64

    Raises
    ------
    UsageError
        A shape or a size.
    """
    x = floating(as_maps(input))
    height, width = _unpooled_size(x, kernel_size, stride, padding, output_size)
    kernel, (top, left) = pair(kernel_size, "kernel_size", 1), pair(padding, "padding", 0)
    step = kernel if stride is None else pair(stride, "stride", 1)
    span = [(i - 1) * s + 1 for i, s in zip(x.shape[-2:], step, strict=True)]
    frame = (max(span[0] + kernel[0] - 1, top + height), max(span[1] + kernel[1] - 1, left + width))
    total, count = np.zeros((*x.shape[:-2], *frame), dtype=x.dtype), np.zeros(frame, dtype=x.dtype)
    for r in range(kernel[0]):
        for c in range(kernel[1]):
            reached = (..., slice(r, r + span[0], step[0]), slice(c, c + span[1], step[1]))
            total[reached] += x
            count[reached] += 1
    spread: Array = total / np.maximum(count, 1)
    return spread[..., top : top + height, left : left + width].copy()


def _unpooled_size(
    x: Array, kernel_size: Pair, stride: Pair | None, padding: Pair, output_size: Sequence[int] | None
) -> tuple[int, int]:
    kernel, border = pair(kernel_size, "kernel_size", 1), pair(padding, "padding", 0)
    step = kernel if stride is None else pair(stride, "stride", 1)
    sizes = []
    wanted = [None, None] if output_size is None else pair(list(output_size)[-2:], "output_size", 1)
    for i, k, s, p, o in zip(x.shape[-2:], kernel, step, border, wanted, strict=True):
        natural = (i - 1) * s - 2 * p + k
        if o is not None and not natural - s < o < natural + s:
            raise UsageError(f"output size {o} is not possible: give {max(natural - s + 1, 1)} to {natural + s - 1}")
        if natural < 1 and o is None:
            raise UsageError(f"padding {p} leaves no output: its two sides take {2 * p} of {natural + 2 * p} cells")
        sizes.append(natural if o is None else o)
    return sizes[0], sizes[1]
