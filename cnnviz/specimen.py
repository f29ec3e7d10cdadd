"""Themes side by side: one figure in each of them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from cnnviz.errors import UsageError
from cnnviz.export import Written, extension_of
from cnnviz.files import whole_file
from cnnviz.pipeline import make
from cnnviz.render.theme import load_theme, theme_names

_FIGURE, _STEP = {"i": 4, "k": 3, "p": 1}, 6
_COLUMNS, _GAP = 2, 16


def save_specimen(path: Path) -> Written:
    """Write a PNG with the same step of a convolution in every theme; raises UsageError for another format."""
    if extension_of(path) != "png":
        raise UsageError(f"{path}: themes are shown side by side as .png, as in -o {path.stem or 'themes'}.png")
    pictures = [
        next(islice(make("conv", **_FIGURE, theme=name, title=name).frames(), _STEP, None)) for name in theme_names()
    ]
    height, width, _ = pictures[0].shape
    shape = -(-len(pictures) // _COLUMNS) * (height + _GAP) + _GAP, _COLUMNS * (width + _GAP) + _GAP
    page = np.full((*shape, 3), load_theme("article").page["ground"], np.uint8)
    for place, picture in enumerate(pictures):
        row, column = divmod(place, _COLUMNS)
        top, left = _GAP + row * (height + _GAP), _GAP + column * (width + _GAP)
        page[top : top + height, left : left + width] = picture
    with whole_file(path) as file:
        iio.imwrite(file, page, extension=".png")
    return Written(size=(shape[1], shape[0]), steps=len(pictures), milliseconds=0)
