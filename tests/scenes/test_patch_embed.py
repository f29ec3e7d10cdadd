"""Patch embedding: tokens are products of flattened patches, and the pixels of a strided convolution."""

from __future__ import annotations

import numpy as np
from scipy import signal

from cnnviz.pipeline import make
from tests.scenes.trees import final


def test_a_token_is_a_cell_of_a_strided_convolution():
    x, w = np.arange(48.0).reshape(2, 4, 6) % 7, np.arange(24.0).reshape(2, 2, 2, 3) - 9
    values = final(make("patch-embed", input=x, patch="2x3", d=2, kernel=w, bias=0.5))
    np.testing.assert_array_equal(values["patches"][1], x[:, :2, 3:].ravel())
    maps = [sum(map(lambda a, k: signal.correlate2d(a, k, "valid"), x, each))[::2, ::3] + 0.5 for each in w]
    np.testing.assert_allclose(values["tokens"], np.reshape(maps, (2, 4)).T)
