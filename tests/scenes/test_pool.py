"""Pooling: windows, winners, divisors and arithmetic against loops over the plain definition."""

from __future__ import annotations

import numpy as np

from cnnviz.pipeline import make
from tests.scenes.trees import final


def test_padding_is_blank_for_max_and_zero_for_avg():
    frame = np.ones((6, 6), bool)
    frame[1:5, 1:5] = False
    blank = make("pool", k=2, p=1).storyboard().panel("input").values
    assert np.isnan(blank[frame]).all()
    zeros = make("pool", kind="avg", k=2, p=1).storyboard().panel("input").values
    assert (zeros[frame] == 0).all()


def test_the_formula_leaves_out_a_window_that_would_begin_beyond_the_input():
    figure = make("pool", i=5, k=2, s=3, p=1, ceil_mode=True)
    assert figure.scene.storyboard().formula.value(0) == 2
    assert final(figure)["output"].shape == (2, 2)
