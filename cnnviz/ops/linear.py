"""The fully connected layer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops._arrays import Array, floating, parameter, shape_text


def linear(input: npt.ArrayLike, weight: npt.ArrayLike, bias: npt.ArrayLike | None = None) -> Array:
    """Connect every input to every output, y = x Wᵀ + b, or y_j = Σ_i w_ji x_i + b_j.

    `input` is (..., in_features), `weight` (out_features, in_features) and `bias` (out_features,); raises UsageError.
    """
    x, matrix = floating(input), floating(weight)
    if matrix.ndim != 2 or x.shape[-1:] != matrix.shape[1:]:
        raise UsageError(f"weight {shape_text(matrix.shape)} does not fit input {shape_text(x.shape)}")
    offset = parameter(bias, "bias", matrix.shape[:1])
    output = np.asarray(x @ matrix.T)
    return output if offset is None else np.asarray(output + offset)


def flatten(input: npt.ArrayLike) -> Array:
    """Put everything behind the first axis in a row, (N, ...) to (N, n)."""
    x = floating(input)
    return x.reshape(len(x), -1)


def flip(input: npt.ArrayLike) -> Array:
    """Turn the last two axes by 180°, as a true convolution does to its kernels."""
    return floating(input)[..., ::-1, ::-1]
