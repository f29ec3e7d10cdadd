"""A picture to run a network on: an image, numbers, or a handwritten 3."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.limits import MAX_NETWORK_INPUT
from cnnviz.network.layers import Array, Size
from cnnviz.notation import size_text

DIGIT = 3
_SIDE = 28
DIGIT_SHAPE = _SIDE, _SIDE
_FIT, _INK, _LEAST_CONTRAST = 20, 0.3, 8


def drawn_digit() -> Array:
    """The digit 3 as 28×28 grey levels from 0 (ground) to 1 (ink), in steps of 1/255."""
    levels: Array = np.load(Path(__file__).with_name("three.npy")) / 255
    return levels


def is_digit(spec: object) -> bool:
    """Whether the drawn digit is asked for."""
    return isinstance(spec, str) and spec.strip().lower() == "digit"


def load_picture(spec: object, size: Size | None, seed: int, *, centred: bool = False) -> Array:
    """Load a picture as `data.load_map` does, an image as levels from 0 to 1; raises UsageError.

    With `centred`, and without a size, an image is made like those of MNIST.
    """
    if is_digit(spec):
        digit = drawn_digit()
        if size not in (None, digit.shape):
            raise UsageError(f"--input digit is {size_text(*digit.shape)}: leave --i out")
        return digit
    centred = centred and size is None
    image_size = None if centred else DIGIT_SHAPE
    data = load_map(spec, size, seed=seed, default_size=DIGIT_SHAPE, default_image_size=image_size)
    if data.source == "image":
        return _like_mnist(data.values, data.name) if centred else data.values / 255
    if max(data.values.shape) > MAX_NETWORK_INPUT:
        shape = size_text(*data.values.shape)
        raise UsageError(f"input is {shape}: a network's input has at most {MAX_NETWORK_INPUT} rows and columns")
    return data.values


def _like_mnist(image: Array, name: str) -> Array:
    """A digit as MNIST has them (LeCun et al. 1998, §III-A): cut to its ink, fit into 20×20, light on dark.

    Its centre of mass is that of the 28×28 levels from 0 to 1. Raises UsageError for an image of one grey.
    """
    lo = float(image.min())
    if (contrast := float(image.max()) - lo) < _LEAST_CONTRAST:
        raise UsageError(f"--input {name} shows no digit, only one grey: give a dark digit on a light ground")
    ink = (image - lo) / contrast
    edge = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
    ink = 1 - ink if np.median(edge) > 0.5 else ink
    rows, columns = np.nonzero(ink > _INK)
    ink = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    tall, wide = (max(1, round(side * _FIT / max(ink.shape))) for side in ink.shape)
    ink = _shares(tall, ink.shape[0]) @ ink @ _shares(wide, ink.shape[1]).T
    middles = (ink.sum(axis=1 - axis) @ (np.arange(side) + 0.5) / ink.sum() for axis, side in enumerate(ink.shape))
    sides = zip(middles, ink.shape, strict=True)
    top, left = (round(min(max(_SIDE / 2 - middle, 0), _SIDE - side)) for middle, side in sides)
    found = np.zeros(DIGIT_SHAPE)
    found[top : top + tall, left : left + wide] = ink / ink.max()
    return found


def _shares(small: int, large: int) -> Array:
    """How much of each of `large` cells lies in each of `small` ones, every row summing to 1."""
    ends = np.arange(small + 1)[:, None] * large / small
    within = np.clip(ends[1:] - np.arange(large), 0, 1) - np.clip(ends[:-1] - np.arange(large), 0, 1)
    found: Array = within / within.sum(axis=1, keepdims=True)
    return found
