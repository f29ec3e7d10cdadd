"""No more than three flashes a second (WCAG 2.2, 2.3.1), whatever times a figure is asked to have.

A general flash is a pair of opposing changes of relative luminance by a tenth or more, the darker side below 0.80, a
red one a pair of changes from or to a saturated red: either over more than a quarter of ten degrees of the visual
field. So a picture in which such an area changes stays a sixth of a second, one in which a part of it changes that part
of a sixth: then what flashes more than three times within any second is smaller than that area, however small changes
follow each other.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from cnnviz.render.canvas import Box
from cnnviz.render.palette import Palette, Pixels

LEAST_MILLISECONDS = 1000 / 6
"""How long a picture stays in which a flash's area changes: six changes a second are three flashes."""

_CHANGE, _DARK = 0.1, 0.8
_RED, _HUES_APART = 0.8, 0.2
# WCAG: at 1024 x 768 ten degrees are 341 x 256 pixels.
_FIELD = 341 / 1024, 256 / 1024
_QUARTER = 0.25
# IEC 61966-2-1: linear sRGB to CIE XYZ.
_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


class FlashGuard:
    """Tells how long a picture must stay, by what it changes."""

    def __init__(self, palette: Palette, width: int) -> None:
        self._changes = _changes(palette.colors)
        self._area = _QUARTER * _FIELD[0] * _FIELD[1] * width**2

    def least(self, before: Pixels | None, now: Pixels, boxes: Iterable[Box]) -> float:
        """The milliseconds that a picture must stay which differs within boxes from another; the first changes all."""
        if before is None:
            return LEAST_MILLISECONDS
        changed = 0
        for box in boxes:
            was, new = before[box.slices], now[box.slices]
            # Most of a box is as it was: only the rest is looked up.
            differs = was != new
            changed += int(np.count_nonzero(self._changes[was[differs], new[differs]]))
        return LEAST_MILLISECONDS * min(1.0, changed / self._area)


def _changes(colors: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Which pairs of colours are half a flash, as a table."""
    share = colors / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _XYZ.T
    level, total = xyz[:, 1], np.maximum(linear.sum(axis=1), 1e-9)
    bright = (np.abs(level[:, None] - level[None, :]) >= _CHANGE) & (np.minimum.outer(level, level) < _DARK)
    red = linear[:, 0] / total >= _RED
    hue = np.stack([4 * xyz[:, 0], 9 * xyz[:, 1]], axis=1) / np.maximum(xyz @ [1, 15, 3], 1e-9)[:, None]
    apart = np.linalg.norm(hue[:, None, :] - hue[None, :, :], axis=2) > _HUES_APART
    found: npt.NDArray[np.bool_] = bright | (np.logical_or.outer(red, red) & apart)
    return found
