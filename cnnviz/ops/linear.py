"""The fully connected layer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops._arrays import Array, exact, parameter, shape_text


def linear(input: npt.ArrayLike, weight: npt.ArrayLike, bias: npt.ArrayLike | None = None) -> Array:
    """Tie every input to every output, y = x Wᵀ + b, or y_j = Σ_i w_ji x_i + b_j.

    Parameters
    ----------
    input : array (..., in_features)
    weight : array (out_features, in_features) or (in_features,)
    bias : array (out_features,) or (), optional

    Returns
    -------
    array (..., out_features), or (...) for a weight of one axis; whole numbers give exact int64

    Raises
    ------
    UsageError
        A shape.

    References
    ----------
    `torch.nn.functional.linear`.
    """
    x, matrix = exact(np.asarray(input), np.asarray(weight))
    if matrix.ndim not in (1, 2):
        raise UsageError(f"weight has shape {shape_text(matrix.shape)}: give (out_features, in_features)")
    if x.ndim == 0 or x.shape[-1] != matrix.shape[-1]:
        raise UsageError(
            f"weight {shape_text(matrix.shape)} takes {matrix.shape[-1]} inputs, "
            f"but input {shape_text(x.shape)} has {x.shape[-1] if x.ndim else 1}"
        )
    offset = parameter(bias, "bias", matrix.shape[:-1], "one value an output")
    output = np.asarray(x @ matrix.T)
    return output if offset is None else np.asarray(output + offset)
