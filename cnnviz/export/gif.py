"""GIF as a stream: one global palette, exact delays, and of each frame only the rectangle that changed.

imageio cannot write this: its Pillow plugin keeps every frame until it closes and gives each its own palette; its PyAV
plugin has one frame rate for all and takes no palette. So the image blocks come from Pillow's GIF encoder, the layer
beneath, and the few bytes around them from here. The format: GIF89a specification, sections 17 to 27.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import GifImagePlugin, Image

from cnnviz.export import Job, Written
from cnnviz.export._patches import Patch, patches
from cnnviz.render.frames import Film

_SHORT_RUN = 12
_KEEP = 1
"""Disposal: the next frame is drawn over this one."""


def write(job: Job, file: BinaryIO) -> Written:
    """Write the animation; `once` leaves the loop block out."""
    film = job.film(0)
    file.write(_head(film, job.once, job.command))
    total = 0
    for place, patch in enumerate(patches(film)):
        file.write(_block(patch, len(film.palette.colors) if place else None))
        total += patch.milliseconds
    file.write(b";")
    return Written(size=film.size, steps=job.storyboard.count, milliseconds=total)


def _head(film: Film, once: bool, comment: str) -> bytes:
    colors = film.palette.colors
    # One more index than there are colours: it stands for "unchanged".
    bits = max(2, len(colors).bit_length())
    table = colors.tobytes().ljust(3 << bits, b"\0")
    screen = struct.pack("<6sHHBBB", b"GIF89a", *film.size, 0x80 | 0x70 | (bits - 1), 0, 0)
    # Right behind the colour table: LibreOffice looks for it nowhere else.
    loop = b"" if once else b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    return screen + table + loop + b"!\xfe" + _sub_blocks(comment.encode("utf-8", "surrogateescape"))


def _sub_blocks(data: bytes) -> bytes:
    parts = [data[start : start + 255] for start in range(0, len(data), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def _long_runs(same: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Leave out the runs of unchanged pixels too short to pay for a switch to "unchanged" and back."""
    height, width = same.shape
    # A changed pixel at both ends of each row keeps runs from crossing rows.
    flat = np.zeros((height, width + 2), np.bool_)
    flat[:, 1:-1] = same
    line = flat.ravel()
    edges = np.flatnonzero(line[1:] != line[:-1]) + 1
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    short = lengths < _SHORT_RUN
    starts, lengths = starts[short], lengths[short]
    before = np.cumsum(lengths) - lengths
    line[np.arange(lengths.sum()) + np.repeat(starts - before, lengths)] = False
    return flat[:, 1:-1]


def _block(patch: Patch, unchanged: int | None) -> bytes:
    """A graphic control extension and an image, "unchanged" by the transparent index but in the first frame."""
    height, width = patch.pixels.shape
    options = {} if unchanged is None else {"transparency": unchanged}
    pixels = patch.pixels
    if unchanged is not None:
        pixels = replace(patch, same=_long_runs(patch.same)).sparse(unchanged)
    image = Image.frombuffer("P", (width, height), np.ascontiguousarray(pixels), "raw", "P", 0, 1)
    place = patch.box.left, patch.box.top
    return b"".join(
        GifImagePlugin.getdata(image, place, duration=patch.milliseconds, disposal=_KEEP, **options)
    )  # fmt: skip
