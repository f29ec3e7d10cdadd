"""im2col: columns are the windows, and one product is the convolution."""

from __future__ import annotations

import numpy as np
from scipy import signal

from cnnviz.pipeline import make
from cnnviz.scenes._fast_convolution import count_of, ways_of
from cnnviz.words import evaluate
from tests.scenes.trees import final


def test_each_column_is_a_window_and_the_product_folds_into_the_correlation():
    x = np.arange(20.0).reshape(4, 5) ** 2
    figure = make("im2col", input=x, kernel="1 2; -1 3", k=2)
    values = final(figure)
    np.testing.assert_array_equal(values["columns"][:, 5], x[1:3, 1:3].ravel())
    np.testing.assert_allclose(values["output"], signal.correlate2d(x, [[1, 2], [-1, 3]], "valid"))
    np.testing.assert_array_equal(values["product"][0], values["output"].ravel())


def test_copies_are_counted():
    *_, last = make("im2col", i=5, k=3).storyboard().steps()
    assert "81/25 = **3.24**" in last.caption


def test_four_ways_give_one_result_and_their_counts_are_those_of_the_textbook():
    rng = np.random.default_rng(2)
    for shape, k in (((7, 10), (3, 3)), ((8, 5), (5, 2)), ((3, 3), (3, 3))):
        x, w = rng.normal(size=shape), rng.normal(size=k)
        ways = ways_of(x, w)
        assert len(ways) == (4 if k == (3, 3) else 3)
        for found in ways.values():
            np.testing.assert_allclose(found, signal.correlate2d(x, w, "valid"), atol=1e-12)
    counts = [evaluate(count_of(way, (64, 64), (3, 3))) for way in ("direct", "im2col", "fft", "winograd")]
    assert counts == [62**2 * 9, 62**2 * 9, 4 * (3 * 2048 * 12 + 4096), 16 * 31**2]


def test_comparing_tells_from_which_size_on_the_fft_wins():
    *_, last = make("im2col", compare=True).storyboard().steps()
    assert "11×11" in last.caption
