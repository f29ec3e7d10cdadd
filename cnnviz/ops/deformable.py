"""Convolution whose kernel is sampled off the grid."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnviz.ops._arrays import Array, Pair, each, floating
from cnnviz.ops.convolution import output_size


def deform_conv2d(
    input: npt.ArrayLike,
    offset: npt.ArrayLike,
    weight: npt.ArrayLike,
    mask: npt.ArrayLike | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
) -> Array:
    """Convolve with each weight moved by an offset of its own at each place: `torchvision.ops.deform_conv2d`.

    Parameters
    ----------
    input : array (N, C, H, W)
    offset : array (N, 2·kH·kW, oH, oW)
        How far down and across each weight is moved, y before x.
    weight : array (C_out, C, kH, kW)
    mask : array (N, kH·kW, oH, oW), optional
        What each sample is multiplied by.
    stride, padding, dilation : int or (rows, cols)

    Returns
    -------
    array (N, C_out, oH, oW)

    References
    ----------
    Dai et al. 2017, arXiv:1703.06211, equations 2 to 4; with a mask Zhu et al. 2019, arXiv:1811.11168, equation 1.
    """
    x, kernels = floating(input), floating(weight)
    n, kernel, out, grids = len(x), kernels.shape[2:], list[int](), []
    for i, k, s, p, d in zip(x.shape[2:], kernel, *each(2, stride, padding, dilation), strict=True):
        out.append(output_size(i, k, s, p, d))
        grids.append(np.arange(out[-1]) * s - p + d * np.arange(k)[:, None])
    by = floating(offset).reshape(n, *kernel, 2, *out)
    rows, columns = by[..., 0, :, :] + grids[0][:, None, :, None], by[..., 1, :, :] + grids[1][:, None, :]
    samples = bilinear(x, rows, columns)
    if mask is not None:
        samples = samples * floating(mask).reshape(n, 1, *kernel, *out)
    return np.asarray(np.einsum("ncabhw,ocab->nohw", samples, kernels))


def bilinear(x: Array, rows: Array, columns: Array) -> Array:
    """Sample maps (N, C, H, W) between their cells at places (N, ...): (N, C, ...); beyond them all is 0."""
    *_, height, width = x.shape
    ringed = np.pad(x, [(0, 0), (0, 0), (1, 2), (1, 2)])
    down, across = np.clip(rows, -1, height) + 1, np.clip(columns, -1, width) + 1
    top, left = np.floor(down).astype(np.int64), np.floor(across).astype(np.int64)
    sample = np.arange(len(x)).reshape(-1, *[1] * (rows.ndim - 1))
    found = np.zeros((), x.dtype)
    for r, c in np.ndindex(2, 2):
        share = (1 - np.abs(down - top - r)) * (1 - np.abs(across - left - c))
        values = np.moveaxis(ringed[sample, :, top + r, left + c], -1, 1)
        found = found + values * share.astype(x.dtype)[:, None]
    return np.asarray(found)
