"""What differs from frame to frame, for formats that draw a rectangle over what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cnnviz.record import Record
from cnnviz.render.canvas import Box, hull
from cnnviz.render.frames import Frame
from cnnviz.render.palette import Palette, Pixels

MOST_MILLISECONDS = 655_350
"""How long a patch may stay: what GIF and APNG can store."""


class Patch(Record, kw_only=True):
    """A rectangle to draw: its palette indices, which of them are as they were, and how long it stays.

    `parts` are boxes, from the rectangle's corner, outside of which all is as it was. In a `moving` one something is on
    its way.
    """

    box: Box
    pixels: Pixels
    same: npt.NDArray[np.bool_]
    milliseconds: int
    parts: tuple[Box, ...]
    moving: bool = False

    def clears(self, palette: Palette) -> bool:
        """Whether something becomes transparent, wholly or in part, that was not so: no drawing over it does that."""
        return palette.alphas is not None and bool((palette.alphas[self.pixels[~self.same]] < 255).any())

    def sparse(self, unchanged: int) -> Pixels:
        """The palette indices with one of their own, beyond the palette's end, for "unchanged"."""
        found: Pixels = np.full(self.pixels.shape, unchanged, np.uint8)
        for part in self.parts:
            # As that one is the largest, a tenth of the time of a choice pixel by pixel.
            same = np.multiply(self.same[part.slices].view(np.uint8), np.uint8(unchanged))
            np.maximum(self.pixels[part.slices], same, out=found[part.slices])
        return found


def patches(frames: Iterable[Frame], size: tuple[int, int], grain: int = 1) -> Iterator[Patch]:
    """Frames as patches, the first a whole frame; frames that equal the one before lengthen it.

    Left and top of a box are multiples of `grain`: WebP wants even numbers.
    """
    rest, whole = iter(frames), Box(0, 0, *size)
    first = next(rest)
    before = first.pixels.copy()
    same = np.zeros(before.shape, np.bool_)
    waiting = Patch(box=whole, pixels=before.copy(), same=same, milliseconds=first.milliseconds, parts=(whole,))
    for frame in rest:
        patch = _patch(before, frame, grain)
        lasts = waiting.milliseconds + frame.milliseconds
        if not patch.parts and lasts <= MOST_MILLISECONDS:
            waiting = replace(waiting, milliseconds=lasts)
            continue
        yield waiting
        waiting = patch
        before[patch.box.slices] = patch.pixels
    yield waiting


def _patch(before: Pixels, frame: Frame, grain: int) -> Patch:
    """The least rectangle around all that differs, its corner on the grain, and the least ones in each part."""
    same, parts = np.ones(before.shape, np.bool_), []
    for part in frame.parts:
        same[part.slices] = before[part.slices] == frame.pixels[part.slices]
        if (box := where(~same[part.slices], part)) is not None:
            parts.append(box)
    left, top, right, bottom = hull(parts) or (0, 0, 1, 1)
    box = Box(left - left % grain, top - top % grain, right, bottom)
    return Patch(
        box=box,
        pixels=frame.pixels[box.slices].copy(),
        same=same[box.slices],
        milliseconds=frame.milliseconds,
        parts=tuple(part.seen_from(box.left, box.top) for part in parts),
        moving=frame.moving,
    )


def where(mask: npt.NDArray[np.bool_], box: Box) -> Box | None:
    """The least rectangle around what a mask over a box marks; None where it marks nothing."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    ends = box.left + columns[0], box.top + rows[0], box.left + columns[-1] + 1, box.top + rows[-1] + 1
    return Box(*map(int, ends))
