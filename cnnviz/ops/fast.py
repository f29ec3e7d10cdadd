"""A convolution of one map with one kernel in fewer multiplications, and how many those are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnviz.ops._arrays import Array, floating

_INPUT, _KERNEL, _OUTPUT = (
    np.array([row.split() for row in rows.split(";")], dtype=np.float64)
    for rows in (
        "1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1",
        "1 0 0; 0.5 0.5 0.5; 0.5 -0.5 0.5; 0 0 1",
        "1 1 1 0; 0 1 -1 -1",
    )
)
"""Bᵀ, G and Aᵀ of F(2, 3)."""


def conv2d_fft(input: npt.ArrayLike, weight: npt.ArrayLike) -> Array:
    """Convolve (H, W) with (kH, kW) as products of their Fourier transforms, at sizes that are powers of two.

    What wraps around lies outside of the output. Mathieu, Henaff and LeCun 2014, arXiv:1312.5851.
    """
    x, w = floating(input), floating(weight)
    size = fft_size(x.shape)
    # The conjugate turns the convolution into the correlation that networks compute.
    product = np.fft.rfft2(x, size) * np.conj(np.fft.rfft2(w, size))
    whole = np.fft.irfft2(product, size)
    return np.asarray(whole[: x.shape[0] - w.shape[0] + 1, : x.shape[1] - w.shape[1] + 1])


def conv2d_winograd(input: npt.ArrayLike, weight: npt.ArrayLike) -> Array:
    """Convolve (H, W) with (3, 3) by tiles of 2×2 outputs, Y = Aᵀ[(G g Gᵀ) ∘ (Bᵀ d B)]A: 16 multiplications each.

    Lavin and Gray 2016, arXiv:1509.09308, equation 8.
    """
    x, w = floating(input), floating(weight)
    rows, columns = x.shape[0] - 2, x.shape[1] - 2
    tiled = np.pad(x, ((0, rows % 2), (0, columns % 2)))
    tiles = np.lib.stride_tricks.sliding_window_view(tiled, (4, 4))[::2, ::2]
    found = _OUTPUT @ ((_KERNEL @ w @ _KERNEL.T) * (_INPUT @ tiles @ _INPUT.T)) @ _OUTPUT.T
    return np.asarray(found.swapaxes(1, 2).reshape(tiled.shape[0] - 2, -1)[:rows, :columns])


def fft_size(size: tuple[int, ...]) -> tuple[int, int]:
    """The powers of two from which on an input of a size fits."""
    rows, columns = (1 << (n - 1).bit_length() for n in size)
    return rows, columns
