"""Unpooling: putting a pooled map's values back on a map of the size before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnviz.ops._arrays import Array, Pair, each, floating


def max_unpool2d(
    input: npt.ArrayLike, indices: npt.ArrayLike, kernel_size: Pair, stride: Pair, output_size: tuple[int, int]
) -> Array:
    """Put each value back where `max_pool2d` found it, and 0 everywhere else.

    Parameters
    ----------
    input : array (N, C, H, W) or (C, H, W)
    indices : int array of the same shape
        From `max_pool2d(..., return_indices=True)`: row·W + column in the unpooled map.
    kernel_size, stride : int or (rows, cols)
        Those of the pooling, from which torch guesses the size where it is not given.
    output_size : (rows, cols)

    Returns
    -------
    array (..., oH, oW); of two values for one cell the later stays

    References
    ----------
    Zeiler & Fergus 2014, arXiv:1311.2901, §2.1 (their switches are `indices`).
    """
    x = floating(input)
    output = np.zeros((*x.shape[:-2], np.prod(output_size)), dtype=x.dtype)
    flat = (*x.shape[:-2], -1)
    np.put_along_axis(output, np.reshape(indices, flat), x.reshape(flat), axis=-1)
    return output.reshape(*x.shape[:-2], *output_size)


def avg_unpool2d(input: npt.ArrayLike, kernel_size: Pair, stride: Pair, output_size: tuple[int, int]) -> Array:
    """Give every cell of a window that window's value: average unpooling in the manner of a nearest-neighbour zoom.

    The value itself is spread, not its share: where windows overlap a cell gets the mean of their values, and where
    none reaches it gets 0. So `avg_pool2d` of the result is the input again if the windows do not overlap. torch has
    no such function; the arguments are those of `max_unpool2d`.
    """
    x = floating(input)
    kernel, step = each(2, kernel_size, stride)
    total, count = (spread(values, kernel, step, output_size) for values in (x, np.ones(x.shape[-2:])))
    return np.asarray(total / np.maximum(count, 1).astype(x.dtype))


def spread(x: Array, kernel: tuple[int, ...], step: tuple[int, ...], size: tuple[int, ...]) -> Array:
    """Add every value of `x` to all cells of its window on a map of `size`; windows beyond its end are cut off."""
    span = [(i - 1) * s + 1 for i, s in zip(x.shape[-2:], step, strict=True)]
    frame = [max(n + k - 1, o) for n, k, o in zip(span, kernel, size, strict=True)]
    total = np.zeros((*x.shape[:-2], *frame), dtype=x.dtype)
    for r, c in np.ndindex(*kernel):
        total[..., r : r + span[0] : step[0], c : c + span[1] : step[1]] += x
    return total[..., : size[0], : size[1]].copy()
