"""Operations one by one: the program of a graph of one call gives what cnnviz computes."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.functions.compute import evaluate
from cnnviz.programs import frameworks, program
from cnnviz.story import Graph
from tests.programs.programs import TOLERANCE, printed

MAPS, ROW = (2, 3, 5, 4), (1, 2, 6)
PATCHES = ((1, 1), (0, 0), (1, 1)), ((2, 1), (1, 1), (2, 1))
PLAIN = {"fold", "scaled_dot_product_attention"}
CASES = [
    *(("pad", (shape,), {"pad": pad, "mode": mode})
      for mode in ("constant", "reflect", "replicate", "circular")
      for shape, pad in ((MAPS, (1, 2, 0, 3)), (ROW, (2, 0)))),
    ("pad", (MAPS,), {"pad": (0, 1, 2, 0), "value": -1.5}),
    ("conv1d", ((2, 4, 9), (6, 2, 3), (6,)), {"stride": (2,), "padding": (1,), "dilation": (2,), "groups": 2}),
    ("conv3d", ((1, 2, 4, 5, 6), (3, 2, 2, 3, 2), (3,)),
     {"stride": (1, 2, 1), "padding": (0, 1, 1), "dilation": (2, 1, 1)}),
    *(("interpolate", (MAPS,), {"size": size, "mode": mode, "align_corners": corners})
      for size in ((10, 8), (3, 7)) for mode, corners in (("nearest", None), ("bilinear", False), ("bilinear", True))),
    ("deform_conv2d", ((1, 2, 5, 4), (1, 12, 3, 2), (3, 2, 3, 2)),
     {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)}),
    ("pixel_shuffle", ((2, 8, 3, 2),), {"upscale_factor": 2}),
    ("pixel_unshuffle", ((2, 2, 4, 6),), {"downscale_factor": 2}),
    ("tokens", (MAPS,), {}),
    *(("unfold", (MAPS,), {"kernel_size": (2, 3), "dilation": d, "padding": p, "stride": s}) for d, p, s in PATCHES),
    *(("fold", ((2, 18, n),), {"output_size": (5, 4), "kernel_size": (2, 3), "dilation": d, "padding": p, "stride": s})
      for n, (d, p, s) in zip((8, 12), PATCHES, strict=True)),
    *(("scaled_dot_product_attention", ((3, 4), (3, 4), (3, 2)), {"is_causal": causal}) for causal in (False, True)),
]  # fmt: skip


@pytest.mark.parametrize("framework", frameworks())
@pytest.mark.parametrize(("function", "shapes", "options"), CASES)
def test_the_program_of_one_call(framework, function, shapes, options, in_framework):
    in_framework(framework)
    drawn, graph = np.random.default_rng(1), Graph()
    kinds = ("plain",) * 3 if function in PLAIN else ("map", "kernel", "plain")
    kinds = ("map", "plain", "kernel", "plain") if function == "deform_conv2d" else kinds
    given = [
        graph.given(name, drawn.integers(-9, 10, shape) / 2, kind)
        for name, shape, kind in zip("xwbm", shapes, kinds, strict=False)
    ]
    result = graph.compute(function, *given, **options)
    graph.show(result, "output")
    operation = graph.operation()
    (found,) = printed(program(operation, framework, "a figure"))
    np.testing.assert_allclose(found, evaluate(operation)["y"], **TOLERANCE)
