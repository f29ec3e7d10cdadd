"""Convolution, transposed convolution and their arithmetic (Dumoulin & Visin 2016, arXiv:1603.07285)."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops._arrays import Array, Pair, each, floating


def output_size(i: int, k: int, s: int = 1, p: int = 0, d: int = 1, ceil_mode: bool = False) -> int:
    """Give the output size of a convolution or pooling along one axis, o = ⌊(i + 2p − d(k−1) − 1)/s⌋ + 1.

    The arguments are the sizes of input, kernel, stride, padding on each side and dilation. With `ceil_mode`, ⌈…⌉, the
    last window may hang over the end, but it must start inside the input or the padding before it, else it is dropped:
    the rule of `torch.nn.MaxPool2d`. Raises UsageError where no window fits. Dumoulin & Visin 2016, relationships 6, 7
    and 15.
    """
    span = d * (k - 1) + 1
    room = i + 2 * p - span
    last = -(-room // s) if ceil_mode else room // s
    count = last + (not ceil_mode or last * s < i + p)
    if count < 1:
        kernel = f"kernel {k}" if d == 1 else f"kernel {k} dilated to {span} (= {d}·({k} − 1) + 1)"
        raise UsageError(f"{kernel} does not fit the padded input {i + 2 * p} (= {i} + 2·{p})")
    return count


def pad2d(x: npt.ArrayLike, padding: Pair) -> Array:
    """Surround the last two axes of `x` with zeros, the same number on both sides."""
    ((rows, cols),) = each(2, padding)
    return pad_sides(np.asarray(x), (rows, rows), (cols, cols))


def pad_sides(x: Array, *sides: tuple[int, int], value: float = 0) -> Array:
    """Surround the last axes of `x` with `value`, (before, after) each: rows (above, below) and cols (left, right)."""
    return np.pad(x, [*[(0, 0)] * (x.ndim - len(sides)), *sides], constant_values=value)


def windows_of(x: Array, kernel_size: Pair, stride: Pair = 1, dilation: Pair = 1, axes: int = 2) -> Array:
    """View what a sliding kernel covers at each position, (..., oH, oW, kH, kW), without copying `x` (..., H, W)."""
    kernel, step, gap = each(axes, kernel_size, stride, dilation)
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
    x, kernels = floating(input), floating(weight)
    ((*border,),) = each(axes, padding)
    padded = pad_sides(x.reshape(-1, *x.shape[-1 - axes :]), *((p, p) for p in border))
    windows = windows_of(padded, kernels.shape[2:], stride, dilation, axes)
    n, channels, *size = windows.shape[: 2 + axes]
    outputs, places, cells = len(kernels) // groups, math.prod(size), kernels[0].size
    # One matrix product per group: unlike einsum over six axes this reaches BLAS.
    split = windows.reshape(n, groups, channels // groups, *windows.shape[2:])
    order = (1, 0, *range(3, 3 + axes), 2, *range(3 + axes, 3 + 2 * axes))
    columns = split.transpose(order).reshape(groups, n * places, cells)
    product = columns @ kernels.reshape(groups, outputs, cells).transpose(0, 2, 1)
    output = product.reshape(groups, n, places, outputs).transpose(1, 0, 3, 2)
    output = output.reshape(*x.shape[: -1 - axes], groups * outputs, *size)
    return output if bias is None else output + floating(bias).reshape(-1, *[1] * axes)


conv1d = partial(conv2d, axes=1)
"""As `conv2d`, of signals (N, C, L) or (C, L) with a weight (C_out, C/groups, k)."""

conv3d = partial(conv2d, axes=3)
"""As `conv2d`, of volumes (N, C, D, H, W) or (C, D, H, W) with a weight (C_out, C/groups, kD, kH, kW)."""


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
    array (N, C_out, oH, oW) or (C_out, oH, oW), where o = (i−1)s − 2p + d(k−1) + output_padding + 1

    References
    ----------
    Dumoulin & Visin 2016, relationships 8–14.
    """
    x, kernels = floating(input), floating(weight)
    step, border, extra, gap = each(2, stride, padding, output_padding, dilation)
    size = ((i - 1) * s + 1 for i, s in zip(x.shape[-2:], step, strict=True))
    stretched = np.zeros((*x.shape[:-2], *size), dtype=x.dtype)
    stretched[..., :: step[0], :: step[1]] = x
    # Full padding and a crop, since p' = d(k−1) − p is negative for a large p.
    sides = [(d * (k - 1), d * (k - 1) + a) for k, d, a in zip(kernels.shape[2:], gap, extra, strict=True)]
    channels, outputs, *extent = kernels.shape
    split = kernels.reshape(groups, channels // groups, outputs, *extent).swapaxes(1, 2)
    flipped = split.reshape(groups * outputs, channels // groups, *extent)[:, :, ::-1, ::-1]
    full = conv2d(pad_sides(stretched, *sides), flipped, bias, 1, 0, gap, groups)
    rows, cols = (slice(p, o - p) for p, o in zip(border, full.shape[-2:], strict=True))
    return full[..., rows, cols]
