"""Operations one by one: the program of a graph of one call gives what cnnviz computes."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.functions.compute import evaluate
from cnnviz.programs import frameworks, program
from cnnviz.story import Graph
from tests.programs.programs import TOLERANCE, printed

MAPS, ROW = (2, 3, 5, 4), (1, 2, 6)
CASES = [
    *(("pad", (shape,), {"pad": pad, "mode": mode})
      for mode in ("constant", "reflect", "replicate", "circular")
      for shape, pad in ((MAPS, (1, 2, 0, 3)), (MAPS, (1, 1, 1, 1)), (ROW, (2, 0)))),
    ("pad", (MAPS,), {"pad": (0, 1, 2, 0), "value": -1.5}),
]  # fmt: skip


@pytest.mark.parametrize("framework", frameworks())
@pytest.mark.parametrize(("function", "shapes", "options"), CASES)
def test_the_program_of_one_call(framework, function, shapes, options, in_framework):
    in_framework(framework)
    drawn, graph = np.random.default_rng(1), Graph()
    kinds = {"conv1d": ("map", "kernel", "plain"), "conv3d": ("map", "kernel", "plain")}.get(function, ("map",) * 3)
    given = [
        graph.given(name, drawn.integers(-9, 10, shape) / 2, kind)
        for name, shape, kind in zip("xwb", shapes, kinds, strict=False)
    ]
    result = graph.compute(function, *given, **options)
    graph.show(result, "output")
    operation = graph.operation()
    (found,) = printed(program(operation, framework, "a figure"))
    np.testing.assert_allclose(found, evaluate(operation)["y"], **TOLERANCE)
