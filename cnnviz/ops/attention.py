"""Attention: every output is a mean of values, weighted by how well queries and keys agree."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnviz.ops._arrays import Array, floating
from cnnviz.ops.activations import softmax


def scaled_dot_product_attention(
    query: npt.ArrayLike, key: npt.ArrayLike, value: npt.ArrayLike, *, is_causal: bool = False
) -> Array:
    """Weigh values by softmax(q kᵀ / √E), for queries (..., L, E), keys (..., S, E) and values (..., S, Ev).

    With `is_causal` a query sees the keys up to its own place alone. Vaswani et al. 2017, arXiv:1706.03762, equation 1.
    """
    q, k, v = floating(query), floating(key), floating(value)
    scores = q @ k.swapaxes(-2, -1) / np.sqrt(q.shape[-1])
    if is_causal:
        scores = np.where(np.tri(*scores.shape[-2:]) > 0, scores, -np.inf)
    return np.asarray(softmax(scores) @ v)
