"""Operations of figures, evaluated: what their panels show."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.functions.compute import evaluate
from cnnviz.ops import conv_output_size
from tests.figures import all_figures, make_figure, named

FIGURES = {named(figure): made for figure in all_figures() if (made := make_figure(figure)).scene.operation()}


@pytest.mark.parametrize("name", FIGURES)
def test_an_operation_computes_what_the_panels_show(name):
    scene = FIGURES[name].scene
    operation, expected = scene.operation(), scene.expected()
    results, descends = evaluate(operation), operation.calls[0].function == "descend"
    for place, shown in enumerate(operation.shown):
        found = results[shown.name][shown.index] if shown.index else results[shown.name]
        if shown.panel in expected:
            values = expected[shown.panel][place // 2] if descends else expected[shown.panel]
            np.testing.assert_allclose(np.ravel(found), np.ravel(values), rtol=1e-12, atol=1e-13)
        else:
            assert shown.size, f"{name} does not tell what {shown.panel} shows"
            axes = zip(scene.i, scene.k, scene.s, scene.p, scene.d, strict=True)
            assert found.shape == tuple(conv_output_size(*axis) for axis in axes)


def test_gradients_of_a_network_are_the_figures():
    scene = make_figure(("cnn", {"layers": "conv 2@3x3, relu, maxpool 2, fc 3", "i": 8, "input": "random"})).scene
    results, slopes = evaluate(scene.operation()), scene._slopes
    for name, expected in zip(("x", "conv1", "relu1", "maxpool1", "fc1"), slopes.maps, strict=True):
        np.testing.assert_allclose(results[f"grad_{name}"][0], expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(results["grad_conv1_weight"], slopes.weights[0]["weight"], rtol=1e-12)
