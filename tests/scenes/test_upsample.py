"""Upsampling: the numbers of ONNX Runtime's Resize, and where each cell of a pixel shuffle comes from."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.pipeline import make
from tests.scenes.trees import final


@pytest.mark.parametrize("scale", [2, 3])
def test_within_the_map_a_bilinear_kernel_is_bilinear_sampling(scale):
    values = final(make("upsample", i="3x2", scale=scale, tween=0))
    inner = np.s_[scale // 2 : -(scale // 2), scale // 2 : -(scale // 2)]
    np.testing.assert_allclose(values["transposed-conv"][inner], values["bilinear"][inner])
    assert (values["transposed-conv"][0] < values["bilinear"][0]).all()


@pytest.mark.parametrize("r", [2, 3])
def test_a_pixel_shuffle_takes_each_cell_from_its_channel(r):
    board = make("upsample", kind="pixel-shuffle", scale=r, i="2x1").storyboard()
    x = board.panel("input").values
    for step in list(board.steps())[:-1]:
        (cell,) = [change for change in step.changes if getattr(change, "value", None) is not None]
        (source,) = [change for change in step.changes if getattr(change, "mark", "") == "source"]
        assert source.channel == cell.row % r * r + cell.column % r
        assert cell.value == x[source.channel, source.row, source.column]
        assert cell.role == board.panel("input").roles[source.channel, 0, 0]
