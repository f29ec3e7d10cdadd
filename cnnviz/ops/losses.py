"""Cross-entropy, the loss that is no function of single pairs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops._arrays import Array, floating, shape_text
from cnnviz.ops.activations import log_softmax


def cross_entropy(input: npt.ArrayLike, target: npt.ArrayLike) -> Array:
    """Compute the mean of −ln softmax(x)_y, for scores (C,) or (N, C) and classes () or (N,)."""
    scores, classes = floating(input), np.asarray(target)
    if scores.shape[:-1] != classes.shape:
        raise UsageError(f"target has shape {shape_text(classes.shape)}: give {shape_text(scores.shape[:-1])}")
    _check(classes, (classes >= 0) & (classes < scores.shape[-1]), "target", f"0 to {scores.shape[-1] - 1}")
    return np.asarray(-np.take_along_axis(log_softmax(scores), classes[..., None], axis=-1).mean())


def _check(values: Array, right: npt.ArrayLike, name: str, wanted: str) -> None:
    wrong = ~np.asarray(right)
    if wrong.any():
        raise UsageError(f"{name} {values[wrong].flat[0]} is not possible: give {wanted}")
