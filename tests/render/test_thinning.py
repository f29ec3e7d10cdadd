"""Lines with fewer points: none of them is anywhere farther off than it may be."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from cnnviz.render.thinning import thinned


def distance(point, line):
    """From a point to the nearest piece of a line, by trying many points of each piece."""
    share = np.linspace(0, 1, 401)[:, None]
    return min(np.hypot(*(a + share * (b - a) - point).T).min() for a, b in pairwise(line))


@pytest.mark.parametrize("tolerance", [0.08, 1.0])
def test_no_point_is_farther_off_than_the_tolerance(tolerance):
    x = np.linspace(0, 30, 120)
    for y in (5 * np.sin(x), 20 * np.exp(-x), np.where(x > 12, 3.0, 0.0)):
        points = np.stack([x, y], axis=1)
        kept = thinned(points, tolerance)
        assert (kept[0] == points[0]).all()
        assert (kept[-1] == points[-1]).all()
        assert 2 <= len(kept) < len(points)
        assert max(distance(point, kept) for point in points) <= tolerance + 0.01


@pytest.mark.parametrize("points", [[[0, 0], [10, 0], [4, 0]], [[0, 0], [5, 5], [0, 0]], [[1, 1]], [[1, 1], [1, 1]]])
def test_a_line_that_turns_back_keeps_its_point(points):
    assert thinned(np.array(points, float), 0.08).tolist() == points
