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
    before: Pixels | None = None
    waiting: Patch | None = None
    for frame in frames:
        if before is None or waiting is None:
            before, box = frame.pixels.copy(), Box(0, 0, *size)
            waiting = Patch(
                box=box,
                pixels=before.copy(),
                same=np.zeros(before.shape, np.bool_),
                milliseconds=frame.milliseconds,
                parts=(box,),
            )
            continue
        found = list(_found(before, frame))
        if not found and waiting.milliseconds + frame.milliseconds <= MOST_MILLISECONDS:
            waiting = replace(waiting, milliseconds=waiting.milliseconds + frame.milliseconds)
            continue
        yield waiting
        waiting = _patch(_whole(found, grain), found, frame)
        for part, _ in found:
            before[part.slices] = frame.pixels[part.slices]
    if waiting is not None:
        yield waiting


def _found(before: Pixels, frame: Frame) -> Iterator[tuple[Box, npt.NDArray[np.bool_]]]:
    """The least rectangles around what differs in each part of a frame, and which pixels of them do not."""
    for part in frame.parts:
        same = before[part.slices] == frame.pixels[part.slices]
        box = where(~same, part)
        if box is not None:
            yield box, same[box.seen_from(part.left, part.top).slices]


def _whole(found: Iterable[tuple[Box, npt.NDArray[np.bool_]]], grain: int) -> Box:
    """The least rectangle around all that differs, its corner on the grain."""
    box = hull(box for box, _ in found) or Box(0, 0, 1, 1)
    return Box(box.left - box.left % grain, box.top - box.top % grain, box.right, box.bottom)


def _patch(box: Box, found: Iterable[tuple[Box, npt.NDArray[np.bool_]]], frame: Frame) -> Patch:
    """What a frame changes within a box, by what differs in it."""
    pixels = frame.pixels[box.slices].copy()
    all_same, parts = np.ones(pixels.shape, np.bool_), []
    for part, same in found:
        parts.append(part.seen_from(box.left, box.top))
        all_same[parts[-1].slices] = same
    return Patch(
        box=box, pixels=pixels, same=all_same, milliseconds=frame.milliseconds, parts=tuple(parts), moving=frame.moving
    )


def where(mask: npt.NDArray[np.bool_], box: Box) -> Box | None:
    """The least rectangle around what a mask over a box marks; None where it marks nothing."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    left, top = box.left, box.top
    return Box(left + int(columns[0]), top + int(rows[0]), left + int(columns[-1]) + 1, top + int(rows[-1]) + 1)
