"""The fully connected layer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnviz.ops._arrays import Array, floating


def linear(input: npt.ArrayLike, weight: npt.ArrayLike, bias: npt.ArrayLike | None = None) -> Array:
    """Connect every input to every output, y = x Wᵀ + b, or y_j = Σ_i w_ji x_i + b_j.

    `input` is (..., in_features), `weight` (out_features, in_features) and `bias` (out_features,).
    """
    output = np.asarray(floating(input) @ floating(weight).T)
    return output if bias is None else np.asarray(output + floating(bias))


def flatten(input: npt.ArrayLike) -> Array:
    """Put everything behind the first axis in a row, (N, ...) to (N, n)."""
    x = floating(input)
    return x.reshape(len(x), -1)


def flip(input: npt.ArrayLike) -> Array:
    """Turn the last two axes by 180°, as a true convolution does to its kernels."""
    return floating(input)[..., ::-1, ::-1]
