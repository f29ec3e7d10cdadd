"""Windows as columns of a matrix (im2col), and cells as rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnviz.ops._arrays import Array, Pair, floating
from cnnviz.ops.convolution import pad2d, windows_of


def unfold(input: npt.ArrayLike, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1) -> Array:
    """Write each window as a column, (N, C, H, W) to (N, C·kH·kW, windows): im2col, Chellapilla et al. 2006."""
    windows = windows_of(pad2d(floating(input), padding), kernel_size, stride, dilation)
    *samples, channels, rows, cols, height, width = windows.shape
    found = np.moveaxis(windows, (-2, -1), (-4, -3))
    return found.reshape(*samples, channels * height * width, rows * cols)


def tokens(input: npt.ArrayLike) -> Array:
    """Write the cells of maps as rows, (N, C, ...) to (N, cells, C): x.flatten(2).transpose(1, 2) in torch."""
    x = floating(input)
    return x.reshape(*x.shape[:2], -1).swapaxes(1, 2)
