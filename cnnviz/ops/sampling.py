"""Maps made larger or smaller: by sampling between cells, and by trading channels for cells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnviz.ops._arrays import Array, Pair, each, floating


def interpolate(
    input: npt.ArrayLike,
    size: Pair,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Array:
    """Sample each map at the places of a grid of another size.

    Parameters
    ----------
    input : array (N, C, H, W) or (C, H, W)
    size : int or (rows, cols)
    mode : "nearest" or "bilinear"
    align_corners : bool, optional
        For bilinear: whether the centres of the corner cells stay in place, or their outer corners (the default).

    Returns
    -------
    array (..., oH, oW)
    """
    x = floating(input)
    for axis, o in zip((-2, -1), *each(2, size), strict=True):
        first, second, weight = sample_points(x.shape[axis], o, mode, bool(align_corners))
        share = weight.astype(x.dtype).reshape(-1, *[1] * (-1 - axis))
        x = x.take(first, axis) * (1 - share) + x.take(second, axis) * share
    return x


def sample_points(i: int, o: int, mode: str, align_corners: bool = False) -> tuple[Array, Array, Array]:
    """Where `o` samples of an axis of `i` cells lie: between which two cells, and the weight of the second."""
    at = np.arange(o)
    if mode == "nearest":
        return at * i // o, at * i // o, np.zeros(o)
    if align_corners:
        place = at * ((i - 1) / (o - 1)) if o > 1 else np.zeros(1)
    else:
        place = np.clip((at + 0.5) * (i / o) - 0.5, 0, i - 1)
    first = np.minimum(place.astype(np.int64), i - 1)
    return first, np.minimum(first + 1, i - 1), place - first


def pixel_shuffle(input: npt.ArrayLike, upscale_factor: int) -> Array:
    """Turn the channels into cells, (..., C·r², H, W) to (..., C, H·r, W·r): channel r·a + b goes to row a, column b.

    Shi et al. 2016, arXiv:1609.05158, equation 4.
    """
    x, r = floating(input), upscale_factor
    *samples, channels, height, width = x.shape
    split = x.reshape(-1, channels // r**2, r, r, height, width).transpose(0, 1, 4, 2, 5, 3)
    return split.reshape(*samples, channels // r**2, height * r, width * r)


def pixel_unshuffle(input: npt.ArrayLike, downscale_factor: int) -> Array:
    """Turn cells into channels, (..., C, H·r, W·r) to (..., C·r², H, W): `pixel_shuffle` undone."""
    x, r = floating(input), downscale_factor
    *samples, channels, height, width = x.shape
    split = x.reshape(-1, channels, height // r, r, width // r, r).transpose(0, 1, 3, 5, 2, 4)
    return split.reshape(*samples, channels * r**2, height // r, width // r)
