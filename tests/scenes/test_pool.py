"""Pooling: windows, winners, divisors and arithmetic against loops over the plain definition."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz import UsageError
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


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({"output_size": 2, "k": 3}, ["--output-size", "--k"]),
        ({"output_size": 2, "ceil_mode": True}, ["--output-size", "--ceil-mode"]),
        ({"kind": "avg", "d": 2}, ["--d", "max"]),
        ({"count_include_pad": False}, ["--no-count-include-pad", "avg"]),
        ({"p": 2}, ["--p 1", "--k 4"]),
        ({"i": 3, "k": 4}, ["--p 1", "--k 3"]),
        ({"i": 200, "k": 1}, ["40000 steps"]),
    ],
)
def test_what_does_not_go_together_is_refused(given, options):
    with pytest.raises(UsageError) as caught:
        make("pool", **given)
    assert all(option in str(caught.value) for option in options)
    assert "\n" not in str(caught.value)
