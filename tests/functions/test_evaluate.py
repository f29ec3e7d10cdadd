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
    results |= {name: operand.values for name, operand in operation.operands.items()}
    # Of what a panel shows one after the other the last is there at the end.
    last = operation.shown if descends else {shown.panel: shown for shown in operation.shown}.values()
    for place, shown in enumerate(last):
        found = results[shown.name][shown.index] if shown.index else results[shown.name]
        if shown.panel in expected:
            values = expected[shown.panel][place // 2] if descends else expected[shown.panel]
            np.testing.assert_allclose(np.ravel(found), np.ravel(values), rtol=1e-12, atol=1e-13)
        else:
            assert shown.size, f"{name} does not tell what {shown.panel} shows"
            if operation.calls[0].function == "conv2d" and hasattr(scene, "d"):
                axes = zip(scene.i, scene.k, scene.s, scene.p, scene.d, strict=True)
                assert found.shape == tuple(conv_output_size(*axis) for axis in axes)
