"""Boxes of pixels, and what every painter of panels needs to draw in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from cnnviz.record import Record
from cnnviz.render.text import Typesetter
from cnnviz.render.theme import Theme


class Box(NamedTuple):
    """A rectangle of pixels, right and bottom excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.bottom - self.top

    @property
    def empty(self) -> bool:
        """Whether it holds no pixel."""
        return self.left >= self.right or self.top >= self.bottom

    @property
    def slices(self) -> tuple[slice, slice]:
        """For indexing a frame."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def clip(self, width: int, height: int) -> Box:
        """The part of it that lies on a frame."""
        return self.within(Box(0, 0, width, height))

    def within(self, other: Box) -> Box:
        """The part of it that lies in another one."""
        (left, top, right, bottom), (first, upper, last, lower) = self, other
        return Box(max(left, first), max(top, upper), min(right, last), min(bottom, lower))

    def moved(self, x: int, y: int) -> Box:
        """The same rectangle elsewhere."""
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y)

    def seen_from(self, left: int, top: int) -> Box:
        """The same rectangle where pixels are counted from a corner."""
        return self.moved(-left, -top)

    def grown(self, by: int) -> Box:
        """A rectangle that reaches farther on all sides."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def holds(self, other: Box) -> bool:
        """Whether another one lies in it."""
        return other == other.within(self)

    def meets(self, other: Box) -> bool:
        """Whether both have pixels in common."""
        (left, top, right, bottom), (first, upper, last, lower) = self, other
        return left < last and first < right and top < lower and upper < bottom


def hull(boxes: Iterable[Box]) -> Box | None:
    """The smallest box around all of them; None for none."""
    kept = [box for box in boxes if not box.empty]
    if not kept:
        return None
    lefts, tops, rights, bottoms = zip(*kept, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


def apart(boxes: Iterable[Box]) -> tuple[Box, ...]:
    """Boxes that cover what others do and have no pixel in common: those that do become one around both."""
    found: list[Box] = []
    for box in boxes:
        if box.empty:
            continue
        while met := [other for other in found if box.meets(other)]:
            found = [other for other in found if other not in met]
            box = hull([box, *met]) or box
        found.append(box)
    return tuple(found)


class Look(Record, kw_only=True):
    """What every painter needs: the theme, the typesetter and the scale of lengths."""

    theme: Theme
    typesetter: Typesetter
    unit: float

    def px(self, length: float) -> int:
        """Pixels of a length that is given for the default width."""
        return max(1, round(length * self.unit))
