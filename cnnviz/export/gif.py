"""GIF as a stream: one global palette, exact delays, and of each frame only the rectangle that changed.

imageio cannot write this: its Pillow plugin keeps every frame until it closes and gives each its own palette; its PyAV
plugin has one frame rate for all and takes no palette. So the image blocks come from Pillow's GIF encoder, the layer
beneath, and the few bytes around them from here. The format: GIF89a specification, sections 17 to 27.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import GifImagePlugin, Image

from cnnviz.export import Job, Written
from cnnviz.render.canvas import Box
from cnnviz.render.frames import Film
from cnnviz.render.palette import Pixels

_MOST_CENTISECONDS = 65_535
_SHORT_RUN = 12
_KEEP = 1
"""Disposal: the next frame is drawn over this one."""


def write(job: Job, file: BinaryIO) -> Written:
    """Write the animation; `once` leaves the loop block out."""
    film = job.film()
    file.write(_head(film, job.once, job.command))
    total = 0
    for block, milliseconds in _blocks(film):
        file.write(block)
        total += milliseconds
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


def _blocks(film: Film) -> Iterator[tuple[bytes, int]]:
    """Image blocks and how long each stays; frames that equal the one before lengthen it."""
    unchanged = len(film.palette.colors)
    before: Pixels | None = None
    waiting: tuple[bytes, int] | None = None
    for frame in film:
        box = frame.changed if before is None else _tight(before, frame.pixels, frame.changed)
        if box is None and waiting is not None and waiting[1] + frame.milliseconds <= _MOST_CENTISECONDS * 10:
            waiting = waiting[0], waiting[1] + frame.milliseconds
            continue
        if waiting is not None:
            yield _timed(*waiting), waiting[1]
        box = box or Box(0, 0, 1, 1)
        now = frame.pixels[box.slices]
        if before is None:
            before = frame.pixels.copy()
            block = _encode(now, box, None)
        else:
            same = _long_runs(now == before[box.slices])
            block = _encode(np.where(same, np.uint8(unchanged), now), box, unchanged)
            before[box.slices] = now
        waiting = block, frame.milliseconds
    if waiting is not None:
        yield _timed(*waiting), waiting[1]


def _tight(before: Pixels, now: Pixels, box: Box) -> Box | None:
    """The rectangle within `box` outside of which nothing differs; None where nothing does."""
    differs = before[box.slices] != now[box.slices]
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if not len(rows):
        return None
    return Box(
        box.left + int(columns[0]), box.top + int(rows[0]), box.left + int(columns[-1]) + 1, box.top + int(rows[-1]) + 1
    )


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


def _encode(pixels: Pixels, box: Box, transparent: int | None) -> bytes:
    height, width = pixels.shape
    image = Image.frombuffer("P", (width, height), np.ascontiguousarray(pixels), "raw", "P", 0, 1)
    options = {} if transparent is None else {"transparency": transparent}
    return b"".join(GifImagePlugin.getdata(image, (box.left, box.top), duration=20, disposal=_KEEP, **options))


def _timed(block: bytes, milliseconds: int) -> bytes:
    """Put the delay, known only when the next different frame comes, into the block's graphic control extension."""
    return block[:4] + struct.pack("<H", milliseconds // 10) + block[6:]
