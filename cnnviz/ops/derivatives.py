"""Derivatives of the activation functions, at a corner the value that torch's backward pass takes."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from cnnviz.ops._arrays import Array, floating
from cnnviz.ops.activations import SELU_ALPHA, SELU_SCALE, normal_cdf, sigmoid, softplus


def identity_derivative(input: npt.ArrayLike) -> Array:
    """Give 1 everywhere; any shape."""
    return np.ones_like(floating(input))


def relu_derivative(input: npt.ArrayLike) -> Array:
    """Give 1 above 0, else 0; any shape."""
    return _step(input, 0.0)


def leaky_relu_derivative(input: npt.ArrayLike, negative_slope: float = 0.01) -> Array:
    """Give 1 above 0, else `negative_slope`; any shape."""
    return _step(input, negative_slope)


def _step(input: npt.ArrayLike, low: float) -> Array:
    x = floating(input)
    return np.where(np.isnan(x), x, np.where(x > 0, 1.0, low)).astype(x.dtype)


def elu_derivative(input: npt.ArrayLike, alpha: float = 1.0) -> Array:
    """Give 1 above 0, else α eˣ; any shape."""
    x = floating(input)
    return np.where(x > 0, np.ones_like(x), alpha * np.exp(np.minimum(x, 0)))


def selu_derivative(input: npt.ArrayLike) -> Array:
    """Give the scaled derivative of ELU; any shape."""
    return SELU_SCALE * elu_derivative(input, SELU_ALPHA)


def relu6_derivative(input: npt.ArrayLike) -> Array:
    """Give 1 strictly between 0 and 6, else 0; any shape."""
    return hardtanh_derivative(input, 0.0, 6.0)


def hardtanh_derivative(input: npt.ArrayLike, min_val: float = -1.0, max_val: float = 1.0) -> Array:
    """Give 1 strictly between `min_val` and `max_val`, else 0; any shape."""
    x = floating(input)
    return ((x > min_val) & (x < max_val)).astype(x.dtype)


def tanh_derivative(input: npt.ArrayLike) -> Array:
    """Give 1 − tanh²x; any shape."""
    return np.asarray(1 - np.tanh(floating(input)) ** 2)


def sigmoid_derivative(input: npt.ArrayLike) -> Array:
    """Give σ(x)(1 − σ(x)); any shape."""
    x = floating(input)
    return sigmoid(x) * sigmoid(-x)


def softplus_derivative(input: npt.ArrayLike, beta: float = 1.0) -> Array:
    """Give σ(βx); any shape."""
    return sigmoid(beta * floating(input))


def gelu_derivative(input: npt.ArrayLike) -> Array:
    """Give Φ(x) + x φ(x) of the exact GELU; any shape."""
    x = floating(input)
    return np.asarray(normal_cdf(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi))


def silu_derivative(input: npt.ArrayLike) -> Array:
    """Give σ(x)(1 + x(1 − σ(x))); any shape."""
    x = floating(input)
    return np.asarray(sigmoid(x) * (1 + x * sigmoid(-x)))


def hardswish_derivative(input: npt.ArrayLike) -> Array:
    """Give 0 up to −3, x/3 + 1/2 below 3, 1 from there; any shape."""
    x = floating(input)
    return np.where(x <= -3, np.zeros_like(x), np.where(x < 3, x / 3 + 0.5, np.ones_like(x)))


def mish_derivative(input: npt.ArrayLike) -> Array:
    """Give t + x σ(x)(1 − t²) with t = tanh(softplus(x)); any shape."""
    x = floating(input)
    bent = np.tanh(softplus(x))
    return np.asarray(bent + x * sigmoid(x) * (1 - bent**2))
