"""The frame being built: palette indices, changed in place, and the rectangles that changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cnnviz.render.palette import Palette, Pixels
from cnnviz.render.pen import Pen
from cnnviz.render.text import Line, Typesetter
from cnnviz.render.theme import Color, Theme


class Box(NamedTuple):
    """A rectangle of pixels, right and bottom excluded."""

    left: int
    top: int
    right: int
    bottom: int

    def clip(self, width: int, height: int) -> Box:
        """The part of it that lies on a frame."""
        return self.within(Box(0, 0, width, height))

    def within(self, other: Box) -> Box:
        """The part of it that lies in another one."""
        (left, top, right, bottom), (first, upper, last, lower) = self, other
        return Box(max(left, first), max(top, upper), min(right, last), min(bottom, lower))

    def seen_from(self, left: int, top: int) -> Box:
        """The same rectangle where pixels are counted from a corner."""
        return Box(self.left - left, self.top - top, self.right - left, self.bottom - top)

    def meets(self, other: Box) -> bool:
        """Whether both have pixels in common."""
        (left, top, right, bottom), (first, upper, last, lower) = self, other
        return left < last and first < right and top < lower and upper < bottom

    @property
    def slices(self) -> tuple[slice, slice]:
        """For indexing a frame."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


def hull(boxes: Iterable[Box]) -> Box | None:
    """The smallest box around all of them; None for none."""
    kept = [box for box in boxes if box.left < box.right and box.top < box.bottom]
    if not kept:
        return None
    return Box(
        min(b.left for b in kept), min(b.top for b in kept), max(b.right for b in kept), max(b.bottom for b in kept)
    )


def apart(boxes: Iterable[Box]) -> tuple[Box, ...]:
    """Boxes that cover what others do and have no pixel in common: those that do become one around both."""
    found: list[Box] = []
    for box in boxes:
        if box.left >= box.right or box.top >= box.bottom:
            continue
        while met := [other for other in found if box.meets(other)]:
            found = [other for other in found if other not in met]
            box = hull([box, *met]) or box
        found.append(box)
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What every painter needs: the theme, its palette, the typesetter and the scale of lengths."""

    theme: Theme
    palette: Palette
    typesetter: Typesetter
    unit: float

    def px(self, length: float) -> int:
        """Pixels of a length that is given for the default width."""
        return max(1, round(length * self.unit))


class Canvas:
    """The whole frame as palette indices."""

    def __init__(self, width: int, height: int, look: Look) -> None:
        self.look = look
        self._ramps: dict[tuple[Color, Color], Pixels] = {}
        self.pixels: Pixels = np.full((height, width), look.palette.index_of(look.theme.page["ground"]), np.uint8)

    def put(self, pixels: Pixels, x: int, y: int) -> Box:
        """Copy indices to a place; what falls outside of the frame is left out."""
        height, width = pixels.shape
        box = Box(x, y, x + width, y + height).clip(self.pixels.shape[1], self.pixels.shape[0])
        self.pixels[box.slices] = pixels[box.top - y : box.bottom - y, box.left - x : box.right - x]
        return box

    def draw(self, pen: Pen, x: int, y: int) -> Box:
        """Put what a pen has drawn."""
        return self.put(self.look.palette.index(pen.picture), x, y)

    def write(self, line: Line, box: Box, x: int, baseline: int, ground: Color, ink: Color, strong: Color) -> Box:
        """Fill a box with `ground` and set a line in it, x and baseline from the box's corner."""
        height, width = box.bottom - box.top, box.right - box.left
        pixels = np.full((height, width), self._ramp(ground, ink)[0], np.uint8)
        for is_strong, color in ((False, ink), (True, strong)):
            span = line.span(is_strong)
            if span is None:
                continue
            # Only where the line has such ink: blank is most of a caption's box.
            left, right = max(0, x + span[0]), min(width, x + span[1])
            cover = line.cover((height, max(0, right - left)), x - left, baseline, is_strong)
            inked = self._ramp(ground, color)[cover]
            under = pixels[:, left:right]
            np.copyto(under, inked, where=cover > 0) if is_strong else np.copyto(under, inked)
        return self.put(pixels, box.left, box.top)

    def _ramp(self, ground: Color, ink: Color) -> Pixels:
        """The palette index of `ground` under 0 … 255 of `ink`."""
        if (ground, ink) not in self._ramps:
            cover = np.arange(256)[:, None]
            mixed = (np.array(ground) * (255 - cover) + np.array(ink) * cover + 127) // 255
            self._ramps[ground, ink] = self.look.palette.index(mixed[None].astype(np.uint8))[0]
        return self._ramps[ground, ink]
