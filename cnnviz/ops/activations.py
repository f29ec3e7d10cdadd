"""Activation functions, element by element but for softmax (their derivatives: `cnnviz.ops.derivatives`)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from cnnviz.ops._arrays import Array, floating

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def identity(input: npt.ArrayLike) -> Array:
    """Return a copy of the input, f(x) = x: the linear activation; any shape, same type."""
    return np.array(input)


def relu(input: npt.ArrayLike) -> Array:
    """Cut off negative values, f(x) = max(0, x); any shape, same type (Nair & Hinton 2010)."""
    return np.asarray(np.maximum(input, 0))


def leaky_relu(input: npt.ArrayLike, negative_slope: float = 0.01) -> Array:
    """Shrink negative values to `negative_slope`·x; any shape, whole numbers give float64 (Maas et al. 2013, §2)."""
    x = floating(input)
    return np.where(x > 0, x, negative_slope * x)


def elu(input: npt.ArrayLike, alpha: float = 1.0) -> Array:
    """Bend negative values to α(eˣ − 1); any shape, whole numbers give float64 (Clevert et al. 2016, §3)."""
    x = floating(input)
    # Only the values that need it reach the exponential, else large ones overflow.
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def selu(input: npt.ArrayLike) -> Array:
    """Scale an ELU so that mean 0 and variance 1 stay; any shape (Klambauer et al. 2017, eq. 2, with its constants)."""
    return SELU_SCALE * elu(input, SELU_ALPHA)


def relu6(input: npt.ArrayLike) -> Array:
    """Cut off values below 0 and above 6; any shape, same type (Howard et al. 2017 use it in MobileNet)."""
    return np.asarray(np.clip(np.asarray(input), 0, 6))


def hardtanh(input: npt.ArrayLike, min_val: float = -1.0, max_val: float = 1.0) -> Array:
    """Cut off values below `min_val` and above `max_val`; any shape, whole numbers give float64."""
    return np.asarray(np.clip(floating(input), min_val, max_val))


def tanh(input: npt.ArrayLike) -> Array:
    """Squash to (−1, 1) by the hyperbolic tangent; any shape, whole numbers give float64."""
    return np.asarray(np.tanh(floating(input)))


def sigmoid(input: npt.ArrayLike) -> Array:
    """Squash to (0, 1), f(x) = 1/(1 + e⁻ˣ); any shape, whole numbers give float64."""
    x = floating(input)
    # e^−|x| never overflows, and each sign has its own form of the same quotient.
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def softplus(input: npt.ArrayLike, beta: float = 1.0) -> Array:
    """Round off ReLU's corner, f(x) = ln(1 + e^βx)/β, but x where βx > 20, as torch; any shape (Dugas et al. 2001)."""
    x = floating(input)
    scaled = beta * x
    # ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|), which overflows for no x.
    rounded = np.maximum(scaled, 0) + np.log1p(np.exp(-np.abs(scaled)))
    return np.where(scaled > 20, x, rounded / beta)


def gelu(input: npt.ArrayLike) -> Array:
    """Weight x by the normal distribution's Φ(x); any shape (Hendrycks & Gimpel 2016, arXiv:1606.08415, §2)."""
    x = floating(input)
    return x * normal_cdf(x)


def normal_cdf(input: npt.ArrayLike) -> Array:
    """Give Φ(x), the standard normal distribution; any shape, whole numbers give float64."""
    x = floating(input)
    # NumPy has no erf; erfc keeps the digits that 1 + erf loses far below 0.
    tail = np.frompyfunc(math.erfc, 1, 1)(-x.astype(np.float64) / math.sqrt(2))
    return np.asarray(0.5 * np.asarray(tail, dtype=np.float64)).astype(x.dtype)


def silu(input: npt.ArrayLike) -> Array:
    """Weight x by its sigmoid, f(x) = x σ(x), also called swish; any shape (Elfwing et al. 2018, eq. 11)."""
    x = floating(input)
    return x * sigmoid(x)


def hardswish(input: npt.ArrayLike) -> Array:
    """Weight x by relu6(x + 3)/6; any shape, whole numbers give float64 (Howard et al. 2019, §5.2)."""
    x = floating(input)
    return x * relu6(x + 3) / 6


def mish(input: npt.ArrayLike) -> Array:
    """Weight x by tanh(softplus(x)); any shape, whole numbers give float64 (Misra 2019, arXiv:1908.08681)."""
    x = floating(input)
    return x * np.tanh(softplus(x))


def softmax(input: npt.ArrayLike, dim: int = -1) -> Array:
    """Turn scores into probabilities, eˣ / Σ eˣ along axis `dim`; any shape (Bridle 1990)."""
    x = floating(input)
    powers = np.exp(x - x.max(axis=dim, keepdims=True))
    return np.asarray(powers / powers.sum(axis=dim, keepdims=True))


def log_softmax(input: npt.ArrayLike, dim: int = -1) -> Array:
    """Give ln softmax without leaving the logarithm, x − ln Σ eˣ along axis `dim`; any shape."""
    x = floating(input)
    shifted = x - x.max(axis=dim, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True)))
