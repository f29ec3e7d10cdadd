"""Pooling: what a window's maximum or mean keeps of a map."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops._arrays import Array, Pair, each, floating
from cnnviz.ops.convolution import output_size, pad_sides, windows_of


class PoolGeometry(NamedTuple):
    """How the windows of a pooling lie over an input: each field is (rows, cols)."""

    size: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    output: tuple[int, ...]

    def windows(self, x: Array, fill: float) -> Array:
        """View the windows (..., oH, oW, kH, kW) over the last two axes of `x`, with `fill` outside."""
        sides = [(p, max(p, (o - 1) * s + d * (k - 1) + 1 - i - p)) for i, k, s, p, d, o in zip(*self, strict=True)]
        windows = windows_of(pad_sides(x, *sides, value=fill), self.kernel, self.stride, self.dilation)
        return windows[..., : self.output[0], : self.output[1], :, :]


def pool_geometry(
    size: tuple[int, ...],
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> PoolGeometry:
    """Find the windows of a pooling over maps of `size` (..., H, W)."""
    kernel, step, border, gap = each(2, kernel_size, kernel_size if stride is None else stride, padding, dilation)
    out = tuple(map(output_size, size[-2:], kernel, step, border, gap, (ceil_mode, ceil_mode)))
    return PoolGeometry(size[-2:], kernel, step, border, gap, out)


def max_pool2d(
    input: npt.ArrayLike,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Take the maximum of each window; padding never wins.

    Parameters
    ----------
    input : array (N, C, H, W) or (C, H, W)
    kernel_size, stride, padding, dilation : int or (rows, cols)
        The stride is the kernel's size unless given; the padding at most half of the kernel.
    ceil_mode : bool
        Keep a last window that hangs over the edge (see `output_size`).
    return_indices : bool
        Also return where each maximum stands: row·W + column in the unpadded map, the first one of equals.

    Raises
    ------
    UsageError
        Where a dilated window covers padding alone.

    References
    ----------
    Dumoulin & Visin 2016, relationship 7.
    """
    x = floating(input)
    geometry = pool_geometry(x.shape, kernel_size, stride, padding, dilation, ceil_mode)
    cells = geometry.windows(np.arange(np.prod(geometry.size)).reshape(geometry.size), -1)
    if (cells.max(axis=(-2, -1)) < 0).any():
        said = "×".join(map(str, geometry.dilation))
        raise UsageError(f"with dilation {said} a window covers nothing but padding: dilate less")
    windows = geometry.windows(x, -np.inf)
    values: Array = windows.max(axis=(-2, -1))
    if not return_indices:
        return values
    place = windows.reshape(*values.shape, -1).argmax(axis=-1)
    flat = np.broadcast_to(cells.reshape(*geometry.output, -1), (*values.shape, math.prod(geometry.kernel)))
    return values, np.take_along_axis(flat, place[..., None], axis=-1)[..., 0]


def avg_pool2d(
    input: npt.ArrayLike,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Array:
    """Take the mean of each window.

    Parameters
    ----------
    input : array (N, C, H, W) or (C, H, W)
    kernel_size, stride, padding : int or (rows, cols)
        The stride is the kernel's size unless given; the padding at most half of the kernel.
    ceil_mode : bool
        Keep a last window that hangs over the edge (see `output_size`); cells beyond the padding never count.
    count_include_pad : bool
        Count the padding's zeros in the divisor.

    References
    ----------
    Dumoulin & Visin 2016, relationship 7.
    """
    x = floating(input)
    geometry = pool_geometry(x.shape, kernel_size, stride, padding, 1, ceil_mode)
    divisor = avg_pool_divisor(geometry, count_include_pad).astype(x.dtype)
    return np.asarray(geometry.windows(x, 0).sum(axis=(-2, -1)) / divisor)


def avg_pool_divisor(geometry: PoolGeometry, count_include_pad: bool = True) -> Array:
    """Give what each window's sum is divided by, (oH, oW)."""
    counts = []
    for i, k, s, p, _, o in zip(*geometry, strict=True):
        start = np.arange(o) * s - p
        beyond = p if count_include_pad else 0
        counts.append(np.minimum(start + k, i + beyond) - np.maximum(start, -beyond))
    return np.outer(*counts)


def adaptive_avg_pool2d(input: npt.ArrayLike, output_size: Pair) -> Array:
    """Divide each map into `output_size` windows, from ⌊r·H/oH⌋ up to ⌈(r+1)·H/oH⌉, and take their means.

    One window is global average pooling, Lin et al. 2014, arXiv:1312.4400, §3.2.
    """
    return _adaptive(np.mean, input, output_size)


def adaptive_max_pool2d(input: npt.ArrayLike, output_size: Pair) -> Array:
    """Divide each map into windows as `adaptive_avg_pool2d` does and take their maxima."""
    return _adaptive(np.max, input, output_size)


def _adaptive(kept: Callable[..., Array], input: npt.ArrayLike, output_size: Pair) -> Array:
    x = floating(input)
    sizes = zip(x.shape[-2:], *each(2, output_size), strict=True)
    rows, cols = ([slice(r * i // o, -(-(r + 1) * i // o)) for r in range(o)] for i, o in sizes)
    found = [[kept(x[..., down, across], axis=(-2, -1)) for across in cols] for down in rows]
    return np.moveaxis(np.array(found), (0, 1), (-2, -1))
