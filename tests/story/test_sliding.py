"""What slides: its point is drawn and told, a caption or a subtitle takes its place; the data that show something."""

import numpy as np
import pytest

from cnnviz.data import load_kernel
from cnnviz.pipeline import make
from cnnviz.words import Shape, walk


@pytest.mark.parametrize("scene", ["conv", "pool", "unpool", "transposed-conv", "conv-relation"])
def test_the_point_gives_the_sizes(scene):
    board = make(scene).scene.storyboard()
    sizes = [part for part in walk(board.point) if isinstance(part, Shape) and part.ref]
    assert {part.ref for part in sizes} >= {"input"}
    for part in sizes:
        # The input is drawn with its padding.
        assert part.ref == "input" or part.sizes == board.panel(part.ref).values.shape


def test_a_subtitle_takes_the_points_place():
    assert make("conv", subtitle="Edges").storyboard().point == "Edges"
    assert "Edges." in make("conv", subtitle="Edges").storyboard().alt
    assert make("conv", subtitle="").storyboard().point == ""
    assert "--subtitle" in make("conv", subtitle="Edges").command()


def test_an_edge_and_sobel_meet():
    np.testing.assert_array_equal(make("conv").scene.expected()["output"], [[36, 36, 0]] * 3)


def test_bilinear_weights_upsample():
    output = make("transposed-conv", i=3, s=2, p=1).scene.expected()["output"]
    np.testing.assert_array_equal(output[0], [4, 6, 8, 10, 12])
    np.testing.assert_array_equal(load_kernel("bilinear", (1, 4), seed=0).values, [[1, 3, 3, 1]])
