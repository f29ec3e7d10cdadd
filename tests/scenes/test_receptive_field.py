"""The receptive field: its size by a published rule, and its paths by disturbing the input."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz import ops
from cnnviz.pipeline import make
from tests.scenes.trees import final


@pytest.mark.parametrize(
    ("layers", "field"),
    # The last but one is VGG's first blocks, the last AlexNet's, as their papers' successors list them.
    [
        ("conv 3", 3),
        ("conv 3, conv 3 s2, pool 2, conv 3 d2", 23),
        ("conv 3, conv 3, pool 2, conv 3, conv 3, pool 2", 16),
        ("conv 11 s4 p2, pool 3 s2, conv 5 p2", 51),
    ],
)
def test_the_size_of_the_field(layers, field):
    assert make("receptive-field", layers=layers).scene.field == field


def test_paths_are_what_a_changed_input_cell_does_to_the_output():
    values = final(make("receptive-field", layers="conv 3, pool 2, conv 2 d2", i=9))["input"]
    ones = [np.ones((1, 1, k, k)) for k in (3, 2, 2)]
    for place in np.ndindex(9, 9):
        x = np.zeros((1, 9, 9))
        x[(0, *place)] = 1
        y = ops.conv2d(ops.conv2d(ops.conv2d(x, ones[0]), ones[1], stride=2), ones[2], dilation=2)
        assert values[place] == y[0, y.shape[1] // 2, y.shape[2] // 2]
