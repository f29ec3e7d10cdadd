"""Cross-entropy, the loss that is no function of single pairs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnviz.ops._arrays import Array, floating
from cnnviz.ops.activations import log_softmax


def cross_entropy(input: npt.ArrayLike, target: npt.ArrayLike) -> Array:
    """Compute the mean of −ln softmax(x)_y, for scores (C,) or (N, C) and classes () or (N,)."""
    scores, classes = log_softmax(floating(input)), np.asarray(target)
    return np.asarray(-np.take_along_axis(scores, classes[..., None], axis=-1).mean())
