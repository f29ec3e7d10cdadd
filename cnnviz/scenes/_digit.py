"""A picture to run a network on: a handwritten 3, drawn here stroke by stroke."""

from __future__ import annotations

import numpy as np

from cnnviz.storyboard import Values

DIGIT = 3
_SIDE = 28
_STROKE, _SLANT = 1.55, 0.14
# Two bows: centre, radii, and the degrees from which to which they run, clockwise from the right.
_BOWS = (((13.2, 8.9), (5.0, 4.4), -165, 88), ((13.2, 18.6), (5.9, 5.3), -88, 158))


def drawn_digit() -> Values:
    """The digit 3 as 28×28 grey levels from 0 (ground) to 1 (ink), in steps of 1/255."""
    stroke = []
    for (x, y), (across, down), start, end in _BOWS:
        turn = np.radians(np.linspace(start, end, 200))
        stroke.append(np.stack([x + across * np.cos(turn), y + down * np.sin(turn)], axis=1))
    points = np.concatenate(stroke)
    points[:, 0] -= _SLANT * (points[:, 1] - _SIDE / 2)
    pixels = np.stack(np.meshgrid(np.arange(_SIDE), np.arange(_SIDE)), axis=-1) + 0.5
    away = np.sqrt(((pixels[:, :, None] - points) ** 2).sum(axis=-1).min(axis=-1))
    values: Values = np.round(255 * np.clip(_STROKE + 0.5 - away, 0, 1)) / 255
    return values
