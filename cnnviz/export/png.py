"""A still for paper: one step (`frame`), or a sheet of steps spread evenly over the animation (`sheet`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.export import Job, Written
from cnnviz.export._png import chunk, packed, start
from cnnviz.export._stills import Sheet
from cnnviz.limits import MAX_SHEET_PIXELS
from cnnviz.parameters import to_cli
from cnnviz.render.palette import Palette, Pixels

SUPPORTED_OPTIONS = ("frame", "sheet", "transparent")
HAS_PIXELS = True


def write(job: Job, file: BinaryIO) -> Written:
    """Write the picture with its alt text and the command that makes it."""
    job = job.as_still()
    film = job.film(0)
    sheet = Sheet(job, film.size)
    if job.sheet is not None and sheet.size[0] * sheet.size[1] > MAX_SHEET_PIXELS:
        raise UsageError(
            f"--sheet {to_cli(job.sheet)} would be {sheet.size[0]}×{sheet.size[1]} pixels: "
            f"use a smaller --width or sheet, at most {MAX_SHEET_PIXELS // 10**6} million pixels in all"
        )
    (width, height), pixels = film.size, np.full(sheet.size[::-1], film.ground, np.uint8)
    for (left, top), picture in zip(sheet.spots, film.stills(sheet.places), strict=True):
        pixels[top : top + height, left : left + width] = picture
    file.write(still(pixels, film.palette, job.metadata()))
    return Written(size=sheet.size, steps=len(sheet.places), milliseconds=0)


def still(pixels: Pixels, palette: Palette, texts: Mapping[str, str], level: int = 9) -> bytes:
    """A whole PNG of one picture."""
    height, width = pixels.shape
    return start((width, height), palette, texts) + chunk(b"IDAT", packed(pixels, level)) + chunk(b"IEND")
