"""Deformable convolution: samples by SciPy, the marks where they are taken, and data that does not fit."""

from __future__ import annotations

import numpy as np

from cnnviz.pipeline import make
from tests.scenes.trees import final

X = np.arange(20.0).reshape(4, 5) ** 2 % 11


def test_without_offsets_it_is_a_convolution_and_a_mask_weighs_samples():
    flat = final(make("conv", input=X, k=3))["output"]
    np.testing.assert_array_equal(final(make("deformable-conv", input=X, k=3, offset="zeros"))["output"], flat)
    half = final(make("deformable-conv", input=X, k=3, offset="zeros", mask=np.full((3, 3), 0.5)))["output"]
    np.testing.assert_array_equal(half, flat / 2)


def test_rings_stand_around_the_samples():
    *_, last, _ = make("deformable-conv", offset="0 0.5; 0 0; 0 0; 1 0", k=2).storyboard().steps()
    *rings, beyond = [c for c in last.changes if "sample" in getattr(c, "mark", "")]
    middles = [(c.row + c.rows / 2 - 0.5, c.column + c.columns / 2 - 0.5) for c in rings]
    np.testing.assert_allclose(middles, [(3, 3.5), (3, 4), (4, 3)])
    assert beyond.rows == 0


def test_no_cell_that_a_sample_takes_is_hatched():
    (panel,) = [
        p
        for p in make("deformable-conv", k=2, s=2, d=2, i=5, offset="1 0; 0 0; 0 0; 0 1").storyboard().panels()
        if p.name == "input"
    ]
    assert set(panel.roles.ravel()) == {"input"}
