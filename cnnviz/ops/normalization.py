"""Normalization: local response, batch, layer, instance and group."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from cnnviz.ops._arrays import Array, floating


def local_response_norm(
    input: npt.ArrayLike,
    size: int,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 1.0,
    *,
    alpha_over_n: bool = True,
    axes: tuple[int, ...] = (1,),
) -> Array:
    """Divide each value by its neighbours in nearby channels, b = a / (k + α/n · Σ a²)^β over n = `size` channels.

    Channel i sums over max(0, i − ⌊n/2⌋) … min(C − 1, i + ⌊(n−1)/2⌋). For odd n these are the paper's bounds i ± n/2;
    for even n, where the paper's bounds span n + 1 channels, this follows torch and takes n, one more before.

    Parameters
    ----------
    input : array (N, C, ...) of at least 3 axes
    size : int
    alpha, beta, k : float
        The paper's α, β, k. AlexNet has n = 5, α = 1e-4, β = 0.75, k = 2 with `alpha_over_n=False`.
    alpha_over_n : bool
        Divide α by n, as torch, Caffe and ONNX do; False takes the paper's plain α.
    axes : tuple of int
        Along which the neighbours are.

    References
    ----------
    Krizhevsky, Sutskever & Hinton 2012, §3.3.
    """
    x = floating(input)
    total = x * x
    for axis in axes:
        total = window_sum(total, size, axis)
    scale = alpha / size ** len(axes) if alpha_over_n else alpha
    return x / (k + scale * total) ** beta


local_response_norm_within = partial(local_response_norm, axes=(-2, -1))
"""As `local_response_norm`, by neighbours in a value's own channel, b = a / (k + α/n² · Σ a²)^β over an n×n window.

The window is centred; for even n it reaches one cell further up and left. Beyond the edge stand zeros, which count in
n². Jia et al. 2014 (Caffe), WITHIN_CHANNEL, has k = 1.
"""


def window_sum(x: Array, n: int, axis: int, *, mirrored: bool = False) -> Array:
    """Add up `n` neighbours along an axis, for even `n` one more before than after, or `mirrored` one more after."""
    border = [(0, 0)] * x.ndim
    border[axis] = ((n - 1) // 2, n // 2) if mirrored else (n // 2, (n - 1) // 2)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, border), n, axis=axis)
    return np.asarray(windows.sum(axis=-1))


def batch_norm(
    input: npt.ArrayLike, weight: npt.ArrayLike | None = None, bias: npt.ArrayLike | None = None, eps: float = 1e-5
) -> Array:
    """Normalize each channel over the mini-batch as in training, y = γ (x − μ)/√(σ² + ε) + β.

    `input` is (N, C, ...), `weight` γ and `bias` β are (C,). Ioffe & Szegedy 2015, arXiv:1502.03167, Algorithm 1.
    """
    x = floating(input)
    y, per_channel = _standardize(x, (0, *range(2, x.ndim)), eps), (-1, *[1] * (x.ndim - 2))
    y = y if weight is None else y * floating(weight).reshape(per_channel)
    return y if bias is None else y + floating(bias).reshape(per_channel)


def layer_norm(input: npt.ArrayLike, normalized_shape: Sequence[int], eps: float = 1e-5) -> Array:
    """Normalize each sample over its last axes, of `normalized_shape`: (x − μ)/√(σ² + ε), as a layer begins (γ 1, β 0).

    Ba, Kiros & Hinton 2016, arXiv:1607.06450, §3.
    """
    return _standardize(floating(input), tuple(range(-len(normalized_shape), 0)), eps)


def instance_norm(input: npt.ArrayLike, eps: float = 1e-5) -> Array:
    """Normalize each channel of each sample over its own cells, (x − μ)/√(σ² + ε), by the input's statistics.

    Ulyanov, Vedaldi & Lempitsky 2016, arXiv:1607.08022.
    """
    x = floating(input)
    return _standardize(x, tuple(range(2, x.ndim)), eps)


def group_norm(input: npt.ArrayLike, num_groups: int, eps: float = 1e-5) -> Array:
    """Normalize each sample over groups of neighbouring channels, (x − μ)/√(σ² + ε).

    One group is layer normalization over C, H, W, and C groups are instance normalization. Wu & He 2018,
    arXiv:1803.08494, §3.
    """
    x = floating(input)
    return _standardize(x.reshape(len(x), num_groups, -1), (2,), eps).reshape(x.shape)


def _standardize(x: Array, axes: tuple[int, ...], eps: float) -> Array:
    mean, var = moments(x, axes)
    return np.asarray((x - mean) / np.sqrt(var + eps))


def moments(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Mean and biased variance, the axes kept; of equal values exactly these and 0.

    What floats' sum over their number misses of them would be divided by the root of ε alone.
    """
    low, high = x.min(axis=axes, keepdims=True), x.max(axis=axes, keepdims=True)
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    return np.where(low == high, low, mean), np.where(low == high, 0, var).astype(x.dtype, copy=False)
