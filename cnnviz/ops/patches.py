"""Windows as columns of a matrix (im2col), and columns added up again."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops._arrays import Array, Pair, as_maps, floating, pair, shape_text, slides
from cnnviz.ops.convolution import conv_output_size, pad2d, windows2d
from cnnviz.ops.gradients import conv2d_input_grad


def unfold(input: npt.ArrayLike, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1) -> Array:
    """Write each window as a column, (N, C, H, W) to (N, C·kH·kW, windows): im2col, Chellapilla et al. 2006."""
    x = as_maps(input)
    windows = windows2d(pad2d(x, padding), kernel_size, stride, dilation)
    *samples, channels, rows, cols, height, width = windows.shape
    found = np.moveaxis(windows, (-2, -1), (-4, -3))
    return found.reshape(*samples, channels * height * width, rows * cols)


def tokens(input: npt.ArrayLike) -> Array:
    """Write the cells of maps as rows, (N, C, ...) to (N, cells, C): x.flatten(2).transpose(1, 2) in torch."""
    x = floating(input)
    return x.reshape(*x.shape[:2], -1).swapaxes(1, 2)


def fold(
    input: npt.ArrayLike,
    output_size: Pair,
    kernel_size: Pair,
    dilation: Pair = 1,
    padding: Pair = 0,
    stride: Pair = 1,
) -> Array:
    """Add the columns of `unfold` up where they came from, (N, C·kH·kW, windows) to (N, C, H, W): col2im.

    A cell that several windows cover is the sum of what they have there. Raises UsageError for other sizes.
    """
    x, size, kernel = floating(input), pair(output_size, "output_size", 1), pair(kernel_size, "kernel_size", 1)
    step, border, gap = slides(stride, padding, dilation)
    rows, cols = (
        conv_output_size(i, k, s, p, d) for i, k, s, p, d in zip(size, kernel, step, border, gap, strict=True)
    )
    cells = kernel[0] * kernel[1]
    if x.ndim not in (2, 3) or x.shape[-2] % cells or x.shape[-1] != rows * cols:
        raise UsageError(
            f"input {shape_text(x.shape)} does not fold into {shape_text(size)}: give a multiple of {cells} rows and "
            f"{rows * cols} columns"
        )
    # A convolution whose kernels copy one cell each makes the columns: here is its transpose.
    copies = np.eye(cells, dtype=x.dtype).reshape(cells, 1, *kernel)
    maps = conv2d_input_grad(size, copies, x.reshape(-1, cells, rows, cols), step, border, gap)
    return maps.reshape(*x.shape[:-2], -1, *size)
