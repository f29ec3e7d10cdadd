"""A picture to run a network on: an image, numbers, or a handwritten 3 that is drawn here stroke by stroke."""

from __future__ import annotations

import numpy as np

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.limits import MAX_NETWORK_INPUT
from cnnviz.network.layers import Array, Size
from cnnviz.notation import size_text

DIGIT = 3
_SIDE = 28
_STROKE, _SLANT = 1.55, 0.14
# Two bows: centre, radii, and the degrees from which to which they run, clockwise from the right.
_BOWS = (((13.2, 8.9), (5.0, 4.4), -165, 88), ((13.2, 18.6), (5.9, 5.3), -88, 158))


def drawn_digit() -> Array:
    """The digit 3 as 28×28 grey levels from 0 (ground) to 1 (ink), in steps of 1/255."""
    stroke = []
    for (x, y), (across, down), start, end in _BOWS:
        turn = np.radians(np.linspace(start, end, 200))
        stroke.append(np.stack([x + across * np.cos(turn), y + down * np.sin(turn)], axis=1))
    points = np.concatenate(stroke)
    points[:, 0] -= _SLANT * (points[:, 1] - _SIDE / 2)
    pixels = np.stack(np.meshgrid(np.arange(_SIDE), np.arange(_SIDE)), axis=-1) + 0.5
    away = np.sqrt(((pixels[:, :, None] - points) ** 2).sum(axis=-1).min(axis=-1))
    values: Array = np.round(255 * np.clip(_STROKE + 0.5 - away, 0, 1)) / 255
    return values


def is_digit(spec: object) -> bool:
    """Whether the drawn digit is asked for."""
    return isinstance(spec, str) and spec.strip().lower() == "digit"


def load_picture(spec: object, size: Size | None, seed: int) -> Array:
    """Load a picture as `data.load_map` does, an image as levels from 0 to 1; raises UsageError."""
    if is_digit(spec):
        digit = drawn_digit()
        if size not in (None, digit.shape):
            raise UsageError(f"--input digit is {size_text(*digit.shape)}: leave --i out")
        return digit
    usual = 28, 28
    data = load_map(spec, size, seed=seed, default_size=usual, default_image_size=usual)
    if max(data.values.shape) > MAX_NETWORK_INPUT:
        shape = size_text(*data.values.shape)
        raise UsageError(f"input is {shape}: a network's input has at most {MAX_NETWORK_INPUT} rows and columns")
    return data.values / 255 if data.source == "image" else data.values
