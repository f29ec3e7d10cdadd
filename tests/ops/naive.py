"""Operations written out as loops over cells, straight from their definitions: slow, and easy to believe."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

Pair = tuple[int, int]


def conv2d(x: np.ndarray, w: np.ndarray, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> np.ndarray:
    n, _, height, width = x.shape
    outputs, depth, rows, cols = w.shape
    sizes = []
    for i, k, s, p, d in zip((height, width), (rows, cols), stride, padding, dilation, strict=True):
        sizes.append(len([start for start in range(-p, i + p, s) if start + d * (k - 1) < i + p]))
    y = np.zeros((n, outputs, *sizes), dtype=x.dtype)
    for b, o, r, c in np.ndindex(y.shape):
        group = o // (outputs // groups)
        for m, i, j in np.ndindex(depth, rows, cols):
            at = (r * stride[0] - padding[0] + i * dilation[0], c * stride[1] - padding[1] + j * dilation[1])
            if 0 <= at[0] < height and 0 <= at[1] < width:
                y[b, o, r, c] += w[o, m, i, j] * x[b, group * depth + m, at[0], at[1]]
    return y


def conv_transpose2d(
    x: np.ndarray, w: np.ndarray, stride: Pair, padding: Pair, extra: Pair, dilation: Pair, groups: int
) -> np.ndarray:
    """Stamp the kernel, weighted by each input cell, onto the output."""
    n, channels, height, width = x.shape
    _, wide, rows, cols = w.shape
    reach = [
        (i - 1) * s + d * (k - 1) + 1 + a
        for i, k, s, d, a in zip((height, width), (rows, cols), stride, dilation, extra, strict=True)
    ]
    full = np.zeros((n, wide * groups, *reach), dtype=x.dtype)
    for b, c, r, q in np.ndindex(x.shape):
        group = c // (channels // groups)
        for o, i, j in np.ndindex(wide, rows, cols):
            at = (r * stride[0] + i * dilation[0], q * stride[1] + j * dilation[1])
            full[(b, group * wide + o, *at)] += x[b, c, r, q] * w[c, o, i, j]
    return full[:, :, padding[0] : reach[0] - padding[0], padding[1] : reach[1] - padding[1]]


def windows(
    size: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool
) -> Iterator[tuple[int, int, list[Pair], int]]:
    """Walk over a pooling's windows: position, the input cells covered, how many cells with the padding's."""
    starts = []
    for i, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True):
        whole = [start for start in range(-p, i + p, s) if start + d * (k - 1) < i + p]
        following = whole[-1] + s if whole else -p
        hangs_over = following + d * (k - 1) >= i + p and whole and whole[-1] + d * (k - 1) < i + p - 1
        starts.append([*whole, following] if ceil_mode and hangs_over and following < i else whole)
    for (r, top), (c, left) in itertools.product(enumerate(starts[0]), enumerate(starts[1])):
        cells = [(top + a * dilation[0], left + b * dilation[1]) for a, b in np.ndindex(kernel)]
        padded = [cell for cell in cells if all(n < i + p for n, i, p in zip(cell, size, padding, strict=True))]
        inside = [cell for cell in padded if all(0 <= n < i for n, i in zip(cell, size, strict=True))]
        yield r, c, inside, len(padded)


def local_response_norm(x: np.ndarray, before: int, after: int, scale: float, beta: float, k: float) -> np.ndarray:
    y = np.zeros_like(x)
    for b, i, r, c in np.ndindex(x.shape):
        neighbours = range(max(0, i - before), min(x.shape[1] - 1, i + after) + 1)
        y[b, i, r, c] = x[b, i, r, c] / (k + scale * math.fsum(x[b, j, r, c] ** 2 for j in neighbours)) ** beta
    return y
