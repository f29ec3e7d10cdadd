"""Attention: its rows of weights and its outputs, by SciPy's softmax."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from cnnviz.pipeline import make
from tests.scenes.trees import final

Q, K, V = "1 0; 2 -1; 0.5 1", "1 1; 0 2; -1 0", "3 0; 0 6; -3 1"


@pytest.mark.parametrize("causal", [False, True])
def test_outputs_are_weighted_means_of_values(causal):
    figure = make("attention", query=Q, key=K, value=V, causal=causal)
    q, k, v = (np.array([row.split() for row in each.split(";")], float) for each in (Q, K, V))
    scores = q @ k.T / np.sqrt(2)
    weights = special.softmax(np.where(np.tri(3) > 0, scores, -np.inf) if causal else scores, axis=1)
    values = final(figure)
    np.testing.assert_allclose(values["weights"], weights)
    np.testing.assert_allclose(values["output"], weights @ v)
