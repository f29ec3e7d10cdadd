"""Convolution in one dimension: what it gives and sees, against ONNX Runtime's own and the definition."""

from __future__ import annotations

import numpy as np

from cnnviz.pipeline import make
from tests.scenes.trees import final


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
