"""Themes side by side: their colours, and one figure in each of them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np

from cnnviz import __version__
from cnnviz.errors import UsageError
from cnnviz.export import Written, extension_of
from cnnviz.export.png import still
from cnnviz.files import whole_file
from cnnviz.pipeline import make, themes
from cnnviz.render.palette import Palette, Pixels

_FIGURE, _STEP = {"i": 4, "k": 3, "p": 1}, 6
_COLUMNS, _GAP = 2, 16
_INDICES = 256


def save_specimen(path: Path) -> Written:
    """Write a PNG with the same step of a convolution in every theme; raises UsageError for another format."""
    if extension_of(path) != "png":
        raise UsageError(f"{path}: themes are shown side by side as .png, as in -o {path.stem or 'themes'}.png")
    pictures: list[Pixels] = []
    colors: list[Pixels] = []
    # All palettes make one of 256 colours.
    most = _INDICES // len(themes())
    for name in themes():
        film = make("conv", **_FIGURE, theme=name, title=name).film(colors=most)
        frame = next(islice(film, _STEP, None))
        pictures.append((frame.pixels + sum(len(palette) for palette in colors)).astype(np.uint8))
        colors.append(film.palette.colors)
    # Between them the first colour, a page's background.
    height, width = pictures[0].shape
    rows = -(-len(pictures) // _COLUMNS)
    shape = rows * (height + _GAP) + _GAP, _COLUMNS * (width + _GAP) + _GAP
    page = np.zeros(shape, np.uint8)
    for place, picture in enumerate(pictures):
        row, column = divmod(place, _COLUMNS)
        top, left = _GAP + row * (height + _GAP), _GAP + column * (width + _GAP)
        page[top : top + height, left : left + width] = picture
    listed = "; ".join(f"{name}: {summary}" for name, summary in themes().items())
    texts = {
        "Title": "Themes",
        "Description": f"A convolution in every theme. {listed}",
        "Software": f"cnnviz {__version__}",
    }
    with whole_file(path) as file:
        file.write(still(page, Palette(np.concatenate(colors)), texts))
    return Written(size=(shape[1], shape[0]), steps=len(pictures), milliseconds=0)
