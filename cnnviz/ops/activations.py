"""Softmax, the activation that is no function of single elements."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnviz.ops._arrays import Array, floating


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
