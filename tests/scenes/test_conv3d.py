"""Convolution of a volume, against SciPy's."""

from __future__ import annotations

import numpy as np
from scipy import signal

from cnnviz.pipeline import make


def test_every_output_is_the_correlation_with_the_kernel():
    drawn = np.random.default_rng(2)
    x, w = drawn.integers(-4, 5, (4, 3, 4)) / 2, drawn.integers(-3, 4, (2, 3, 2)) / 2
    figure = make("conv3d", input=x, kernel=w, s=2, p=1)
    wanted = signal.correlate(np.pad(x, 1), w, "valid")[::2, ::2, ::2]
    np.testing.assert_allclose(figure.scene.expected()["output"], wanted)


def test_a_window_covers_as_many_slices_as_the_kernel_has():
    first = next(iter(make("conv3d", depth=4, kernel_depth=3, k=2).storyboard().steps()))
    covered = {change.channel for change in first.changes if getattr(change, "role", "") == "kernel"}
    assert covered == {0, 1, 2}
