"""What differs from frame to frame, for formats that draw a rectangle over what is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from cnnviz.render.canvas import Box
from cnnviz.render.frames import Frame
from cnnviz.render.palette import Palette, Pixels

MOST_MILLISECONDS = 655_350
"""How long a patch may stay: what GIF and APNG can store."""


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A rectangle to draw: its palette indices, which of them are as they were, and how long it stays."""

    box: Box
    pixels: Pixels
    same: npt.NDArray[np.bool_]
    milliseconds: int

    def clears(self, palette: Palette) -> bool:
        """Whether something becomes transparent, wholly or in part, that was not so: no drawing over it does that."""
        return palette.alphas is not None and bool((palette.alphas[self.pixels[~self.same]] < 255).any())

    def sparse(self, unchanged: int) -> Pixels:
        """The palette indices with one of their own, beyond the palette's end, for "unchanged"."""
        # As that one is the largest, a tenth of the time of a choice pixel by pixel.
        found: Pixels = np.maximum(self.pixels, np.multiply(self.same.view(np.uint8), np.uint8(unchanged)))
        return found


class Frames(Protocol):
    """What is cut into patches: a film, or one whose pixels were changed."""

    @property
    def size(self) -> tuple[int, int]: ...

    def __iter__(self) -> Iterator[Frame]: ...


def patches(film: Frames, grain: int = 1) -> Iterator[Patch]:
    """The film as patches, the first a whole frame; frames that equal the one before lengthen it.

    Left and top of a box are multiples of `grain`: WebP wants even numbers.
    """
    before: Pixels | None = None
    waiting: Patch | None = None
    for frame in film:
        if before is None or waiting is None:
            before, box = frame.pixels.copy(), Box(0, 0, *film.size)
            same = np.zeros(before.shape, np.bool_)
        else:
            found = _tight(before, frame.pixels, frame.changed, grain)
            if found is None and waiting.milliseconds + frame.milliseconds <= MOST_MILLISECONDS:
                waiting = replace(waiting, milliseconds=waiting.milliseconds + frame.milliseconds)
                continue
            yield waiting
            box = found or Box(0, 0, 1, 1)
            same = frame.pixels[box.slices] == before[box.slices]
        now = frame.pixels[box.slices].copy()
        before[box.slices] = now
        waiting = Patch(box=box, pixels=now, same=same, milliseconds=frame.milliseconds)
    if waiting is not None:
        yield waiting


def _tight(before: Pixels, now: Pixels, box: Box, grain: int) -> Box | None:
    """The least rectangle in `box`, its corner on the grain, with all that differs; None where nothing does."""
    differs = before[box.slices] != now[box.slices]
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if not len(rows):
        return None
    left, top = box.left + int(columns[0]), box.top + int(rows[0])
    return Box(left - left % grain, top - top % grain, box.left + int(columns[-1]) + 1, box.top + int(rows[-1]) + 1)
