"""SciPy's signal processing and special functions, where they compute what we compute."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, special

from cnnviz import ops
from cnnviz.functions.compute import compute
from cnnviz.ops.activations import log_softmax

from .draws import fractions


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_local_response_norm_within_a_channel(size: int) -> None:
    (x,) = fractions(5, (2, 3, 6, 7))
    ours = ops.local_response_norm_within(x, size, 0.8, 0.6, 1.5)
    for n, c in np.ndindex(2, 3):
        # SciPy centres an even kernel one cell early in correlation: so do we.
        squares = ndimage.correlate(x[n, c] ** 2, np.ones((size, size)), mode="constant")
        expected = x[n, c] / (1.5 + 0.8 / size**2 * squares) ** 0.6
        np.testing.assert_allclose(ours[n, c], expected, rtol=1e-12)
    plain = ops.local_response_norm_within(x, size, 0.8 / size**2, 0.6, 1.5, alpha_over_n=False)
    np.testing.assert_allclose(plain, ours, rtol=1e-12)


def test_softmax_of_huge_scores() -> None:
    x = np.array([[1e4, 1e4 + 1, -1e4], [-1e300, 0, 1e300]])
    np.testing.assert_allclose(ops.softmax(x), special.softmax(x, axis=-1), rtol=1e-12)
    np.testing.assert_allclose(log_softmax(x), special.log_softmax(x, axis=-1), rtol=1e-12)


def test_losses() -> None:
    (x,) = fractions(6, (4, 5))
    huber = special.huber(0.7, x - 0.3)
    np.testing.assert_allclose(compute("huber_loss", x, label=0.3, delta=0.7), huber, rtol=1e-12)
    np.testing.assert_allclose(compute("smooth_l1_loss", x, label=0.3, beta=0.7), huber / 0.7, rtol=1e-12)
    p = special.expit(x)
    entropies = -special.xlogy(0.3, p) - special.xlog1py(0.7, -p)
    np.testing.assert_allclose(compute("binary_cross_entropy", p, label=0.3), entropies, rtol=1e-12)
    np.testing.assert_allclose(compute("binary_cross_entropy_with_logits", x, label=0.3), entropies, rtol=1e-10)
    classes = np.array([0, 4, 2, 2])
    expected = -special.log_softmax(x, axis=1)[np.arange(4), classes].mean()
    assert ops.cross_entropy(x, classes) == pytest.approx(expected, rel=1e-12)
