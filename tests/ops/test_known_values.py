"""Values worked out by hand, or printed in the article and the papers."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz import ops
from cnnviz.errors import UsageError
from cnnviz.functions.compute import compute

COUNT = np.arange(25).reshape(1, 5, 5)


def test_sizes_by_the_relationships_of_dumoulin_and_visin():
    for i, k, s, p, d in np.ndindex(8, 4, 3, 4, 2):
        i, k, s, d = i + 1, k + 1, s + 1, d + 1
        positions = [start for start in range(-p, i + p, s) if start + d * (k - 1) <= i + p - 1]
        if not positions:
            continue
        o = ops.output_size(i, k, s, p, d)
        assert o == len(positions)


@pytest.mark.parametrize(
    ("i", "k", "s", "p", "floor", "ceil"),
    [(4, 3, 2, 0, 1, 2), (5, 3, 2, 0, 2, 2), (2, 1, 2, 0, 1, 1), (2, 3, 3, 1, 1, 1), (7, 2, 3, 1, 3, 3)],
)
def test_a_last_window_must_start_on_the_input(i, k, s, p, floor, ceil):
    assert ops.output_size(i, k, s, p) == floor
    assert ops.output_size(i, k, s, p, ceil_mode=True) == ceil


def test_pooling_where_other_engines_have_no_word():
    assert ops.avg_unpool2d([[[1, 2]]], (1, 3), (1, 2), (1, 5)).tolist() == [[[1, 1, 1.5, 2, 2]]]
    assert (ops.max_pool2d([[[-1.0, -2], [-3, -4]]], 2, 1, 1) < 0).all(), "padding never wins"
    # Rows 0–2 and 2–4: windows of unequal maps overlap.
    assert ops.adaptive_max_pool2d(COUNT, (2, 1)).ravel().tolist() == [14, 24]
    assert ops.adaptive_avg_pool2d(COUNT, (2, 1)).ravel().tolist() == [7, 17]


def test_local_response_norm_of_even_size_leans_to_earlier_channels():
    b = ops.local_response_norm(np.array([1.0, 10, 100]).reshape(1, 3, 1, 1), 2, 2, 1, 0).ravel()
    assert b == pytest.approx([1 / 1, 10 / 101, 100 / 10100])


def test_of_equal_values_batch_norm_leaves_nothing_whatever_their_sum_rounds_to():
    assert not ops.batch_norm(np.full((3, 1), 0.1), eps=1e-30).any()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("pad", {"pad": (0, 5), "mode": "reflect"}, "reflect padding 5 is too large for an input of size 5"),
        ("max_pool2d", {"kernel_size": 2, "dilation": 6, "padding": 1}, "with dilation 6×6 a window"),
    ],
)
def test_a_mistake_names_the_value(name, options, message):
    with pytest.raises(UsageError, match=message):
        compute(name, COUNT, **options)
