"""Convolution of a volume, against SciPy's."""

from __future__ import annotations

from cnnviz.pipeline import make


def test_a_window_covers_as_many_slices_as_the_kernel_has():
    first = next(iter(make("conv3d", depth=4, kernel_depth=3, k=2).storyboard().steps()))
    covered = {change.channel for change in first.changes if getattr(change, "role", "") == "kernel"}
    assert covered == {0, 1, 2}
