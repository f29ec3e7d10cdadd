"""Animated PNG as a stream: one palette, lossless, and of each frame only the rectangle that changed.

Pillow writes APNG from the list of all frames, and none of its frames says "unchanged" for single pixels; so the chunks
are written here (`_png`). The format: PNG specification, third edition, sections 4.9 and 11.3.6.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import BinaryIO

from cnnviz.export import Job, Written
from cnnviz.export._amount import affordable, tween_of
from cnnviz.export._patches import Patch, patches
from cnnviz.export._plugin import AnimationPlugin, Frames, save
from cnnviz.export._png import chunk, packed, start
from cnnviz.limits import MAX_PACKED_PIXELS

SUPPORTED_OPTIONS = ("transparent",)
HAS_PIXELS = True
AUTOPLAYS = True
_LEVEL = 9
_KEEP, _SOURCE, _OVER = 0, 0, 1
"""Disposal, and the two ways to blend: replace what is there, or draw over it."""


def write(job: Job, file: BinaryIO) -> Written:
    """Write the animation."""
    film = affordable(job, tween_of(job), MAX_PACKED_PIXELS)
    return save(ApngPlugin, job, film, file)


class ApngPlugin(AnimationPlugin):
    """Write animated PNG: `iio.imwrite("x.apng", frames, plugin=cnnviz.ApngPlugin, duration=100)`."""

    def encode(self, film: Frames, file: BinaryIO, *, once: bool, texts: Mapping[str, str]) -> int:
        """Write a whole file."""
        file.write(start(film.size, film.palette, texts, clear=True))
        place = file.tell()
        file.write(_control(0, once))
        count = number = lasts = 0
        for count, patch in enumerate(patches(film, film.size), start=1):
            lasts += patch.milliseconds
            anew = count == 1 or patch.clears(film.palette)
            file.write(chunk(b"fcTL", _frame_control(number, patch, _SOURCE if anew else _OVER)))
            data = packed(patch.pixels if anew else patch.sparse(len(film.palette.colors)), _LEVEL)
            # The first frame is what programs show that know PNG only.
            file.write(chunk(b"IDAT", data) if count == 1 else chunk(b"fdAT", struct.pack(">I", number + 1) + data))
            number += 1 if count == 1 else 2
        file.write(chunk(b"IEND"))
        end = file.tell()
        file.seek(place)
        file.write(_control(count, once))
        file.seek(end)
        return lasts


def _control(frames: int, once: bool) -> bytes:
    return chunk(b"acTL", struct.pack(">II", frames, int(once)))


def _frame_control(number: int, patch: Patch, blend: int) -> bytes:
    height, width = patch.pixels.shape
    # Sixteen bits hold a minute of milliseconds.
    delay = (patch.milliseconds, 1000) if patch.milliseconds < 1 << 16 else (patch.milliseconds // 10, 100)
    return struct.pack(">5I2H2B", number, width, height, patch.box.left, patch.box.top, *delay, _KEEP, blend)
