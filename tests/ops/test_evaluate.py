"""Operations of figures, evaluated: what their panels show."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.ops import conv_output_size, evaluate
from cnnviz.ops.activation_table import ACTIVATIONS
from cnnviz.ops.loss_table import LOSSES
from tests.figures import all_figures, make_figure, named

FIGURES = {named(figure): made for figure in all_figures() if (made := make_figure(figure)).scene.operation()}


def panels(scene, operation):
    """What the figure shows for each result."""
    expected = scene.expected()
    for place, shown in enumerate(operation.shown):
        call = next(call for call in operation.calls if call.result == shown.name.removeprefix("after_"))
        if shown.size:
            yield None
        elif call.function in ("descend", "surface"):
            yield expected[shown.panel][place // 2]
        elif shown.panel in expected:
            yield expected[shown.panel]
        else:
            # The curves of `all`, by the functions of the tables.
            options = dict(call.options)
            label = [options.pop("label")] if "label" in options else []
            entry = (LOSSES if label else ACTIVATIONS)[call.function]
            yield entry.value(operation.operands[call.operands[0]].values, *label, *options.values())


@pytest.mark.parametrize("name", FIGURES)
def test_an_operation_computes_what_the_panels_show(name):
    scene = FIGURES[name].scene
    operation = scene.operation()
    results = evaluate(operation)
    for shown, expected in zip(operation.shown, panels(scene, operation), strict=True):
        if shown.size:
            assert results[shown.name].shape[len(shown.index) :] == tuple(
                conv_output_size(*axis) for axis in zip(scene.i, scene.k, scene.s, scene.p, scene.d, strict=True)
            )
            continue
        found = results[shown.name][shown.index] if shown.index else results[shown.name]
        np.testing.assert_allclose(np.ravel(found), np.ravel(expected), rtol=1e-12, atol=1e-13)


def test_gradients_of_a_network_are_the_figures():
    scene = make_figure(("cnn", {"layers": "conv 2@3x3, relu, maxpool 2, fc 3", "i": 8, "input": "random"})).scene
    results, slopes = evaluate(scene.operation()), scene._slopes
    for name, expected in zip(("x", "conv1", "relu1", "maxpool1", "fc1"), slopes.maps, strict=True):
        np.testing.assert_allclose(results[f"grad_{name}"][0], expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(results["grad_conv1_weight"], slopes.weights[0]["weight"], rtol=1e-12)
