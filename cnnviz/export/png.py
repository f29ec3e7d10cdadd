"""A still for paper: one step (`frame`), or a sheet of steps spread evenly over the animation (`sheet`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.export import Job, Written
from cnnviz.export._png import chunk, packed, start
from cnnviz.limits import MAX_SHEET_PIXELS
from cnnviz.parameters import Size, to_cli
from cnnviz.render.frames import Film
from cnnviz.render.palette import Palette, Pixels

SUPPORTED_OPTIONS = ("frame", "sheet", "transparent")
QUALITY_KNOBS = ("colors", "width")
_GAP = 60
"""Between the steps of a sheet: this part of a step's width."""


def write(job: Job, file: BinaryIO) -> Written:
    """Write the picture with its alt text and the command that makes it."""
    job = job.as_still()
    count = job.storyboard.count
    if job.sheet is None:
        place = job.still_place()
        film = job.film(0)
        pixels, shown = next(film.stills([place])), 1
    else:
        film = job.film(0)
        shown = min(count, job.sheet[0] * job.sheet[1])
        pixels = _sheet(film, spread(count, shown), job.sheet)
    file.write(still(pixels, film.palette, job.texts()))
    return Written(size=(pixels.shape[1], pixels.shape[0]), steps=shown, milliseconds=0)


def still(pixels: Pixels, palette: Palette, texts: Mapping[str, str], level: int = 9) -> bytes:
    """A whole PNG of one picture."""
    height, width = pixels.shape
    return start((width, height), palette, texts) + chunk(b"IDAT", packed(pixels, level)) + chunk(b"IEND")


def spread(count: int, shown: int) -> list[int]:
    """Which of `count` steps to show, from the first to the last; of a single one, the last."""
    if shown == 1:
        return [count - 1]
    return [round(part * (count - 1) / (shown - 1)) for part in range(shown)]


def _sheet(film: Film, places: list[int], sheet: Size) -> Pixels:
    """The steps in rows, each as large as a frame; rows that would stay empty are left out."""
    width, height = film.size
    gap = max(2, width // _GAP)
    columns = min(sheet[1], len(places))
    rows = -(-len(places) // columns)
    shape = rows * (height + gap) + gap, columns * (width + gap) + gap
    if shape[0] * shape[1] > MAX_SHEET_PIXELS:
        most = MAX_SHEET_PIXELS // 10**6
        raise UsageError(
            f"--sheet {to_cli(sheet)} would be {shape[1]}×{shape[0]} pixels: "
            f"use a smaller --width or sheet, at most {most} million pixels in all"
        )
    pixels = np.full(shape, film.ground, np.uint8)
    for spot, picture in enumerate(film.stills(places)):
        top, left = (
            gap + part * (side + gap) for part, side in zip(divmod(spot, columns), (height, width), strict=True)
        )
        pixels[top : top + height, left : left + width] = picture
    return pixels
