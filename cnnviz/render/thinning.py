"""Lines with fewer points that look the same: for files that keep points instead of pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]


def thinned(points: Points, tolerance: float) -> Points:
    """The (n, 2) points of a line without those that lie nearer than `tolerance` to it (Douglas and Peucker, 1973)."""
    kept = np.zeros(len(points), bool)
    kept[[0, -1]] = True
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        away = _distances(points[first + 1 : last], points[first], points[last])
        farthest = int(away.argmax())
        if away[farthest] > tolerance:
            middle = first + 1 + farthest
            kept[middle] = True
            spans += [(first, middle), (middle, last)]
    return points[kept]


def _distances(points: Points, start: Points, end: Points) -> Points:
    """How far points are from a line between two others; where these are one, from that."""
    way, offsets = end - start, points - start
    length = float(np.hypot(*way))
    if length == 0:
        return np.asarray(np.hypot(offsets[:, 0], offsets[:, 1]))
    # Within the line's own length: one that turns back on itself would lose its point.
    along = np.clip(offsets @ way / length**2, 0, 1)
    beside = offsets - along[:, None] * way
    return np.asarray(np.hypot(beside[:, 0], beside[:, 1]))
