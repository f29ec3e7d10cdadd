"""Convolution in one dimension: what it gives and sees, against ONNX Runtime's own and the definition."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.pipeline import make
from tests.scenes.trees import final


@pytest.mark.parametrize("given", [{"s": 2, "p": 2, "d": 2}, {"causal": True, "d": 3}, {"causal": True, "s": 2}])
def test_every_output_is_the_sum_over_its_window(given):
    figure = make("conv1d", i=9, kernel="1 2 -1", bias=0.5, seed=3, **given)
    x, d, p = figure.scene.map.values[0], given.get("d", 1), given.get("p", 0)
    before, after = (2 * d, 0) if given.get("causal") else (p, p)
    padded = np.pad(x, (before, after))
    starts = range(0, len(padded) - 2 * d, given.get("s", 1))
    wanted = [padded[t] + 2 * padded[t + d] - padded[t + 2 * d] + 0.5 for t in starts]
    np.testing.assert_allclose(final(figure)["output"], [wanted])


def test_a_causal_output_does_not_change_with_what_comes_later():
    rows = np.arange(8.0)[None], np.array([[*range(5), 9, 9, 9.0]])
    first, second = (final(make("conv1d", causal=True, d=2, input=row))["output"][0] for row in rows)
    np.testing.assert_array_equal(first[:5], second[:5])
    assert (first[5:] != second[5:]).any()


def test_a_stack_lights_what_its_last_output_sees():
    board = make("conv1d", stack="1,2,4", i=12, k=2).storyboard()
    lit = {change.node for step in board.steps() for change in step.changes if getattr(change, "role", "") == "kernel"}
    assert {int(node[2:]) for node in lit if node[0] == "0"} == set(range(4, 12))
    assert make("conv1d", stack="1,2,4", i=12, input="ones").scene.expected()["3.11"] == 8
