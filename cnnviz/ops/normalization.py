"""Normalisation: local response, batch, layer, instance and group."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops._arrays import Array, floating, parameter, shape_text, whole


def local_response_norm(
    input: npt.ArrayLike,
    size: int,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 1.0,
    *,
    alpha_over_n: bool = True,
) -> Array:
    """Divide each value by its neighbours in nearby channels, b = a / (k + α/n · Σ a²)^β over n = `size` channels.

    Channel i sums over max(0, i − ⌊n/2⌋) … min(C − 1, i + ⌊(n−1)/2⌋). For odd n these are the paper's bounds i ± n/2;
    for even n, where the paper's bounds span n + 1 channels, this follows torch and takes n, one more before.

    Parameters
    ----------
    input : array (N, C, ...) of at least 3 axes; axis 1 is the channel, as in torch
    size : int
        n, at least 1.
    alpha, beta, k : float
        The paper's α, β, k. AlexNet has n = 5, α = 1e-4, β = 0.75, k = 2 with `alpha_over_n=False`.
    alpha_over_n : bool
        Divide α by n, as torch, Caffe and ONNX do; False takes the paper's plain α.

    Returns
    -------
    array of the shape of `input`; whole numbers give float64

    Raises
    ------
    UsageError
        Fewer than 3 axes, or a size below 1.

    References
    ----------
    Krizhevsky, Sutskever & Hinton 2012, §3.3.
    """
    x = floating(input)
    _check_channels(x, 3)
    n = whole(size, "size", 1)
    scale = alpha / n if alpha_over_n else alpha
    return x / (k + scale * _window_sum(x * x, n, axis=1)) ** beta


def local_response_norm_within(
    input: npt.ArrayLike,
    size: int,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 1.0,
    *,
    alpha_over_n: bool = True,
) -> Array:
    """Divide each value by its neighbours in its own channel, b = a / (k + α/n² · Σ a²)^β over an n×n window.

    The window is centred; for even n it reaches one cell further up and left. Beyond the edge stand zeros, which
    count in n².

    Parameters
    ----------
    input : array (..., H, W)
    size : int
        n, the window's side, at least 1.
    alpha, beta, k : float
    alpha_over_n : bool
        Divide α by the window's n² cells, as Caffe's WITHIN_CHANNEL does (there k = 1); False takes the plain α.

    Returns
    -------
    array of the shape of `input`; whole numbers give float64

    Raises
    ------
    UsageError
        Fewer than 2 axes, or a size below 1.

    References
    ----------
    Jia et al. 2014 (Caffe), `LRNLayer` with `norm_region: WITHIN_CHANNEL`; the form of Krizhevsky et al. 2012, §3.3.
    """
    x = floating(input)
    if x.ndim < 2:
        raise UsageError(f"input has shape {shape_text(x.shape)}: give (..., H, W)")
    n = whole(size, "size", 1)
    scale = alpha / n**2 if alpha_over_n else alpha
    return x / (k + scale * _window_sum(_window_sum(x * x, n, axis=-2), n, axis=-1)) ** beta


def _window_sum(x: Array, n: int, axis: int) -> Array:
    border = [(0, 0)] * x.ndim
    border[axis] = (n // 2, (n - 1) // 2)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, border), n, axis=axis)
    total: Array = windows.sum(axis=-1)
    return total


def batch_norm(
    input: npt.ArrayLike,
    running_mean: Array | None,
    running_var: Array | None,
    weight: npt.ArrayLike | None = None,
    bias: npt.ArrayLike | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Array:
    """Normalise each channel over the mini-batch, y = γ (x − μ)/√(σ² + ε) + β.

    Parameters
    ----------
    input : array (N, C, ...) of at least 2 axes
    running_mean, running_var : array (C,) or None
        With `training` they are updated **in place**, as in torch: r ← (1 − momentum)·r + momentum·(this batch's),
        with the unbiased variance; else they are what the input is normalised by, and must be given.
    weight, bias : array (C,), optional
        γ and β.
    training : bool
        Normalise by the batch's own mean and biased variance.
    momentum : float
    eps : float

    Returns
    -------
    array of the shape of `input`; whole numbers give float64

    Raises
    ------
    UsageError
        A shape, running statistics that are missing or cannot be updated, one value a channel in training.

    References
    ----------
    Ioffe & Szegedy 2015, arXiv:1502.03167, Algorithm 1, and 2 for inference.
    """
    x = floating(input)
    _check_channels(x, 2)
    if training:
        if x.size == x.shape[1]:
            raise UsageError(f"input {shape_text(x.shape)} has one value a channel: training needs more than one")
        axes = (0, *range(2, x.ndim))
        mean, var = (part.ravel() for part in _moments(x, axes))
        count = x.size // x.shape[1]
        _update(running_mean, "running_mean", mean, momentum)
        _update(running_var, "running_var", var * (count / (count - 1)), momentum)
    else:
        mean, var = _running(running_mean, running_var, x.shape[1])
    return _affine((x - _channels(mean, x)) / np.sqrt(_channels(var, x) + eps), weight, bias)


def layer_norm(
    input: npt.ArrayLike,
    normalized_shape: int | Sequence[int],
    weight: npt.ArrayLike | None = None,
    bias: npt.ArrayLike | None = None,
    eps: float = 1e-5,
) -> Array:
    """Normalise each sample over its last axes, y = γ (x − μ)/√(σ² + ε) + β.

    Parameters
    ----------
    input : array (..., *normalized_shape)
    normalized_shape : int or sequence of int
    weight, bias : array of `normalized_shape`, optional
    eps : float

    Returns
    -------
    array of the shape of `input`; whole numbers give float64

    Raises
    ------
    UsageError
        A shape.

    References
    ----------
    Ba, Kiros & Hinton 2016, arXiv:1607.06450, §3.
    """
    x = floating(input)
    shape = tuple(normalized_shape) if isinstance(normalized_shape, Sequence) else (normalized_shape,)
    if not shape or x.shape[-len(shape) :] != shape:
        raise UsageError(f"normalized_shape {shape_text(shape)} is not the end of input's shape {shape_text(x.shape)}")
    output = _standardise(x, tuple(range(-len(shape), 0)), eps)
    gamma = parameter(weight, "weight", shape, "the normalized_shape")
    beta = parameter(bias, "bias", shape, "the normalized_shape")
    output = output if gamma is None else output * gamma
    return output if beta is None else output + beta


def instance_norm(
    input: npt.ArrayLike,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    weight: npt.ArrayLike | None = None,
    bias: npt.ArrayLike | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Array:
    """Normalise each channel of each sample over its own cells, y = γ (x − μ)/√(σ² + ε) + β.

    Parameters
    ----------
    input : array (N, C, ...) of at least 3 axes
    running_mean, running_var : array (C,) or None
        Updated **in place** with the samples' mean statistics (unbiased variance) if `use_input_stats`; else they are
        what the input is normalised by, and must be given.
    weight, bias : array (C,), optional
    use_input_stats : bool
    momentum : float
    eps : float

    Returns
    -------
    array of the shape of `input`; whole numbers give float64

    Raises
    ------
    UsageError
        A shape, running statistics that are missing or cannot be updated, maps of one cell.

    References
    ----------
    Ulyanov, Vedaldi & Lempitsky 2016, arXiv:1607.08022.
    """
    x = floating(input)
    _check_channels(x, 3)
    if not use_input_stats:
        mean, var = _running(running_mean, running_var, x.shape[1])
        return _affine((x - _channels(mean, x)) / np.sqrt(_channels(var, x) + eps), weight, bias)
    count = math.prod(x.shape[2:])
    if count == 1:
        raise UsageError(f"input {shape_text(x.shape)} has maps of one value: instance_norm needs more than one")
    axes = tuple(range(2, x.ndim))
    _update(running_mean, "running_mean", x.mean(axis=axes).mean(axis=0), momentum)
    _update(running_var, "running_var", x.var(axis=axes).mean(axis=0) * (count / (count - 1)), momentum)
    return _affine(_standardise(x, axes, eps), weight, bias)


def group_norm(
    input: npt.ArrayLike,
    num_groups: int,
    weight: npt.ArrayLike | None = None,
    bias: npt.ArrayLike | None = None,
    eps: float = 1e-5,
) -> Array:
    """Normalise each sample over groups of neighbouring channels, y = γ (x − μ)/√(σ² + ε) + β.

    Parameters
    ----------
    input : array (N, C, ...) of at least 2 axes
    num_groups : int
        Must divide C. One group is layer normalisation over C, H, W, and C groups instance normalisation.
    weight, bias : array (C,), optional
    eps : float

    Returns
    -------
    array of the shape of `input`; whole numbers give float64

    Raises
    ------
    UsageError
        A shape, or groups that do not divide the channels.

    References
    ----------
    Wu & He 2018, arXiv:1803.08494, §3.
    """
    x = floating(input)
    _check_channels(x, 2)
    groups = whole(num_groups, "num_groups", 1)
    if x.shape[1] % groups:
        raise UsageError(f"num_groups {groups} does not divide the {x.shape[1]} input channels")
    grouped = x.reshape(x.shape[0], groups, -1)
    return _affine(_standardise(grouped, (2,), eps).reshape(x.shape), weight, bias)


def _standardise(x: Array, axes: tuple[int, ...], eps: float) -> Array:
    mean, var = _moments(x, axes)
    return np.asarray((x - mean) / np.sqrt(var + eps))


def _moments(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Mean and biased variance, the axes kept; of equal values exactly these and 0.

    What floats' sum over their number misses of them would be divided by the root of ε alone.
    """
    low, high = x.min(axis=axes, keepdims=True), x.max(axis=axes, keepdims=True)
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    return np.where(low == high, low, mean), np.where(low == high, 0, var).astype(x.dtype, copy=False)


def _check_channels(x: Array, low: int) -> None:
    if x.ndim < low:
        raise UsageError(f"input has shape {shape_text(x.shape)}: give (N, C, ...) of at least {low} axes")


def _channels(values: Array, x: Array) -> Array:
    return values.reshape(-1, *[1] * (x.ndim - 2))


def _affine(x: Array, weight: npt.ArrayLike | None, bias: npt.ArrayLike | None) -> Array:
    gamma = parameter(weight, "weight", (x.shape[1],), "one value a channel")
    beta = parameter(bias, "bias", (x.shape[1],), "one value a channel")
    x = x if gamma is None else x * _channels(gamma, x)
    return x if beta is None else x + _channels(beta, x)


def _running(mean: Array | None, var: Array | None, channels: int) -> tuple[Array, Array]:
    checked_mean = parameter(mean, "running_mean", (channels,), "one value a channel")
    checked_var = parameter(var, "running_var", (channels,), "one value a channel")
    if checked_mean is None or checked_var is None:
        raise UsageError("running_mean and running_var are missing: give both, or normalise by the input's own")
    return checked_mean, checked_var


def _update(running: Array | None, name: str, fresh: Array, momentum: float) -> None:
    if running is None:
        return
    if not isinstance(running, np.ndarray) or running.dtype.kind != "f" or not running.flags.writeable:
        raise UsageError(f"{name} is updated in place: give a writable floating-point array of {len(fresh)} values")
    parameter(running, name, fresh.shape, "one value a channel")
    running *= 1 - momentum
    running += momentum * fresh
