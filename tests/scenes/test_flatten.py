"""Flattening: every number goes to its place in the row."""

from __future__ import annotations

import numpy as np

from cnnviz.pipeline import make


def test_each_number_comes_from_the_cell_that_is_marked():
    scene = make("flatten", channels=2, i="2x3").scene
    x = scene.maps.values
    for n, step in enumerate(list(scene.storyboard().steps())[:-1]):
        (cell,) = [change for change in step.changes if getattr(change, "value", None) is not None]
        (source,) = [change for change in step.changes if getattr(change, "mark", "") == "window"]
        assert (cell.column, cell.value) == (n, x[source.channel, source.row, source.column])
    np.testing.assert_array_equal(scene.expected()["output"], [x.ravel()])
