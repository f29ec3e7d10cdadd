"""Convolution, transposed convolution and their arithmetic (Dumoulin & Visin 2016, arXiv:1603.07285)."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops._arrays import Array, Pair, as_maps, floating, pair, parameter, shape_text, sizes, slides


def conv_output_size(i: int, k: int, s: int = 1, p: int = 0, d: int = 1) -> int:
    """Give the output size of a convolution along one axis, o = ⌊(i + 2p − d(k−1) − 1)/s⌋ + 1.

    The arguments are the sizes of input, kernel, stride, padding on each side and dilation. Raises UsageError where the
    kernel is larger than the padded input. Dumoulin & Visin 2016, relationship 6, and 15 for dilation.
    """
    room = i + 2 * p - (d * (k - 1) + 1)
    if room < 0:
        raise misfit(i, k, p, d)
    return room // s + 1


def misfit(i: int, k: int, p: int, d: int) -> UsageError:
    """Word the error of a kernel larger than the padded input."""
    kernel = f"kernel {k}" if d == 1 else f"kernel {k} dilated to {d * (k - 1) + 1} (= {d}·({k} − 1) + 1)"
    return UsageError(f"{kernel} does not fit the padded input {i + 2 * p} (= {i} + 2·{p})")


def conv_transpose_output_size(i: int, k: int, s: int = 1, p: int = 0, output_padding: int = 0, d: int = 1) -> int:
    """Give the output size of a transposed convolution along one axis, o = (i−1)s − 2p + d(k−1) + output_padding + 1.

    Raises UsageError where the padding leaves no output. Dumoulin & Visin 2016, relationships 13 and 14, whose `a` is
    `output_padding`.
    """
    full = (i - 1) * s + d * (k - 1) + 1 + output_padding
    if full <= 2 * p:
        raise UsageError(f"padding {p} leaves no output: its two sides take {2 * p} of {full} cells")
    return full - 2 * p


def pad2d(x: npt.ArrayLike, padding: Pair) -> Array:
    """Surround the last two axes of `x` with zeros, the same number on both sides."""
    rows, cols = pair(padding, "padding", 0)
    return pad_sides(np.asarray(x), (rows, rows), (cols, cols))


def pad_sides(x: Array, *sides: tuple[int, int], value: float = 0) -> Array:
    """Surround the last axes of `x` with `value`, (before, after) each: rows (above, below) and cols (left, right)."""
    # np.pad does the same five times as slowly.
    inner, size = x.shape[-len(sides) :], x.shape[: -len(sides)]
    outer = (before + i + after for i, (before, after) in zip(inner, sides, strict=True))
    padded = np.full((*size, *outer), value, dtype=x.dtype)
    inside: tuple[Any, ...] = tuple(slice(before, before + i) for i, (before, _) in zip(inner, sides, strict=True))
    padded[(..., *inside)] = x
    return padded


def insert_zeros(x: npt.ArrayLike, stride: Pair) -> Array:
    """Put stride − 1 zeros between neighbours along the last two axes, the first step of a transposed convolution.

    Dumoulin & Visin 2016, the stretched input of relationship 12.
    """
    x = np.asarray(x)
    rows, cols = pair(stride, "stride", 1)
    size = [(i - 1) * s + 1 for i, s in zip(x.shape[-2:], (rows, cols), strict=True)]
    stretched = np.zeros((*x.shape[:-2], *size), dtype=x.dtype)
    stretched[..., ::rows, ::cols] = x
    return stretched


def windows2d(x: npt.ArrayLike, kernel_size: Pair, stride: Pair = 1, dilation: Pair = 1) -> Array:
    """View what a sliding kernel covers at each position, (..., oH, oW, kH, kW), without copying `x` (..., H, W).

    Raises UsageError where the kernel does not fit.
    """
    return _windows(np.asarray(x), 2, kernel_size, stride, dilation)


def _windows(x: Array, axes: int, kernel_size: Pair, stride: Pair, dilation: Pair) -> Array:
    kernel = sizes(kernel_size, "kernel_size", 1, axes)
    step, _, gap = slides(stride, 0, dilation, axes)
    for i, k, d in zip(x.shape[-axes:], kernel, gap, strict=True):
        conv_output_size(i, k, d=d)
    extent = tuple(d * (k - 1) + 1 for k, d in zip(kernel, gap, strict=True))
    windows = np.lib.stride_tricks.sliding_window_view(x, extent, axis=tuple(range(-axes, 0)))
    every: tuple[Any, ...] = tuple(slice(None, None, n) for n in (*step, *gap))
    return windows[(..., *every)]


def conv2d(
    input: npt.ArrayLike,
    weight: npt.ArrayLike,
    bias: npt.ArrayLike | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    *,
    axes: int = 2,
) -> Array:
    """Slide each kernel over the zero-padded input and add up the products (cross-correlation: no kernel is flipped).

    Parameters
    ----------
    input : array (N, C, H, W) or (C, H, W)
    weight : array (C_out, C/groups, kH, kW)
    bias : array (C_out,), optional
    stride, padding, dilation : int or (rows, cols)
    groups : int
        Each group of output channels sees its own group of input channels.

    Returns
    -------
    array (N, C_out, oH, oW) or (C_out, oH, oW)

    References
    ----------
    Dumoulin & Visin 2016, relationships 1–6 and 15.
    """
    x, kernels = as_maps(input, axes), _kernels(weight, axes)
    step, border, gap = slides(stride, padding, dilation, axes)
    _check_channels(x, kernels, len(kernels), kernels.shape[1] * groups, groups)
    offset = parameter(bias, "bias", (len(kernels),))
    for i, k, s, p, d in zip(x.shape[-axes:], kernels.shape[2:], step, border, gap, strict=True):
        conv_output_size(i, k, s, p, d)
    padded = pad_sides(x, *((p, p) for p in border))
    windows = _windows(padded, axes, kernels.shape[2:], step, gap)
    output = _contract(windows if x.ndim == 2 + axes else windows[None], kernels, groups)
    if offset is not None:
        output = output + offset.reshape(-1, *[1] * axes)
    return output if x.ndim == 2 + axes else output[0]


conv1d = partial(conv2d, axes=1)
"""As `conv2d`, of signals (N, C, L) or (C, L) with a weight (C_out, C/groups, k)."""

conv3d = partial(conv2d, axes=3)
"""As `conv2d`, of volumes (N, C, D, H, W) or (C, D, H, W) with a weight (C_out, C/groups, kD, kH, kW)."""


def _kernels(weight: npt.ArrayLike, axes: int = 2) -> Array:
    kernels = floating(weight)
    if kernels.ndim != 2 + axes or 0 in kernels.shape:
        count = {1: "three", 2: "four", 3: "five"}[axes]
        raise UsageError(f"weight has shape {shape_text(kernels.shape)}: give {count} axes, no size 0")
    return kernels


def _check_channels(x: Array, kernels: Array, grouped: int, taken: int, groups: int) -> None:
    if groups < 1 or grouped % groups:
        raise UsageError(f"groups {groups} does not divide the {grouped} kernels of weight")
    channels = x.shape[1 - kernels.ndim]
    if taken != channels:
        raise UsageError(f"weight {shape_text(kernels.shape)} takes {taken} channels, but input has {channels}")


def _contract(windows: Array, kernels: Array, groups: int) -> Array:
    axes = kernels.ndim - 2
    n, channels, *size = windows.shape[: 2 + axes]
    outputs, places, cells = len(kernels) // groups, math.prod(size), kernels[0].size
    # One matrix product per group: unlike einsum over six axes this reaches BLAS.
    split = windows.reshape(n, groups, channels // groups, *windows.shape[2:])
    order = (1, 0, *range(3, 3 + axes), 2, *range(3 + axes, 3 + 2 * axes))
    columns = split.transpose(order).reshape(groups, n * places, cells)
    product = columns @ kernels.reshape(groups, outputs, cells).transpose(0, 2, 1)
    maps = product.reshape(groups, n, places, outputs).transpose(1, 0, 3, 2)
    return maps.reshape(n, groups * outputs, *size)


def conv_transpose2d(
    input: npt.ArrayLike,
    weight: npt.ArrayLike,
    bias: npt.ArrayLike | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: Pair = 0,
    groups: int = 1,
    dilation: Pair = 1,
) -> Array:
    """Insert zeros, pad, and convolve with the flipped kernels at stride 1: the transpose (adjoint) of `conv2d`.

    Parameters
    ----------
    input : array (N, C, H, W) or (C, H, W)
    weight : array (C, C_out/groups, kH, kW)
        The weight of the `conv2d` that this transposes.
    bias : array (C_out,), optional
    stride, padding, dilation : int or (rows, cols)
        Those of the `conv2d` that this transposes.
    output_padding : int or (rows, cols)
        Cells added at the bottom and right, less than the stride or the dilation.
    groups : int

    Returns
    -------
    array (N, C_out, oH, oW) or (C_out, oH, oW)

    References
    ----------
    Dumoulin & Visin 2016, relationships 8–14.
    """
    x, kernels = as_maps(input), _kernels(weight)
    step, border, gap = slides(stride, padding, dilation)
    extra = pair(output_padding, "output_padding", 0)
    _check_channels(x, kernels, len(kernels), len(kernels), groups)
    crop, sides = [], []
    for i, k, s, p, a, d in zip(x.shape[-2:], kernels.shape[-2:], step, border, extra, gap, strict=True):
        if a >= max(s, d):
            raise UsageError(f"output_padding {a} is not possible: it must be less than stride {s} or dilation {d}")
        # Full padding and a crop, since p' = d(k−1) − p is negative for a large p.
        sides.append((d * (k - 1), d * (k - 1) + a))
        crop.append(slice(p, p + conv_transpose_output_size(i, k, s, p, a, d)))
    channels, outputs, *size = kernels.shape
    split = kernels.reshape(groups, channels // groups, outputs, *size).swapaxes(1, 2)
    flipped = split.reshape(groups * outputs, channels // groups, *size)[:, :, ::-1, ::-1]
    full = conv2d(pad_sides(insert_zeros(x, step), sides[0], sides[1]), flipped, bias, 1, 0, gap, groups)
    return full[..., crop[0], crop[1]]
