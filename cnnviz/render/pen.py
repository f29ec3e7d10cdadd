"""Drawing on a picture: whole pixels for rectangles and text, Agg for everything that is curved or slanted."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cnnviz.render.agg import cover_of
from cnnviz.render.canvas import Box
from cnnviz.render.mpl import Outline, plain_style
from cnnviz.render.text import Piece, TextLine, covers_of
from cnnviz.render.theme import Color

Picture = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]

DASHES = {"solid": None, "crisp": None, "hard": None, "square": None, "dashed": (5.0, 3.0), "dotted": (1.0, 2.2)}
# A crisp line has one tone between none and all, a hard one has none: the fewer, the more its rows are alike, and the
# fewer bytes a GIF stores them in.
_TONES = {
    "crisp": np.array([0, 128, 255], np.uint8)[np.digitize(np.arange(256), (56, 168))],
    "hard": np.array([0, 255], np.uint8)[np.digitize(np.arange(256), (128,))],
}

_BLACK = (0, 0, 0)


class Stamp:
    """A drawing of one colour that is wanted at many places: `draw` draws it, within `box`."""

    def __init__(self, box: Box, draw: Callable[[Pen, Color], None]) -> None:
        self.box, self.draw = box, draw

    @cached_property
    def piece(self) -> Piece:
        """Its coverage, drawn once."""
        picture = np.full((self.box.height, self.box.width, 3), 255, np.uint8)
        self.draw(Pen(picture, (self.box.left, self.box.top)), _BLACK)
        return Piece(255 - picture[..., 0], self.box.left, self.box.top, self.box.width)


class Pen:
    """Draws on an (h, w, 3) picture, in place; what falls outside of it is left out.

    Coordinates are pixels from the `origin`, x to the right and y down: a pen on a cut-out of a larger picture takes
    the larger picture's coordinates.
    """

    def __init__(self, picture: Picture, origin: tuple[int, int] = (0, 0)) -> None:
        self.picture = picture
        self._left, self._top = origin

    @classmethod
    def sheet(cls, width: int, height: int, color: Color) -> Pen:
        """A pen on a new picture of one colour."""
        picture = np.empty((height, width, 3), np.uint8)
        picture[:] = color
        return cls(picture)

    def at(self, x: int, y: int) -> Pen:
        """A pen on the same picture whose coordinates begin at a place."""
        return Pen(self.picture, (self._left - x, self._top - y)) if x or y else self

    def rect(self, x: int, y: int, width: int, height: int, color: Color) -> None:
        """Fill a rectangle."""
        x, y = x - self._left, y - self._top
        self.picture[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width)] = color

    def image(self, pixels: Picture, x: int, y: int) -> None:
        """Show an array of pixels as it is, for fields of values."""
        under, seen = self._met(x, y, pixels)
        under[:] = seen

    def frame(self, x: int, y: int, width: int, height: int, color: Color, stroke: int) -> None:
        """Outline a rectangle inwards."""
        self.rect(x, y, width, stroke, color)
        self.rect(x, y + height - stroke, width, stroke, color)
        self.rect(x, y, stroke, height, color)
        self.rect(x + width - stroke, y, stroke, height, color)

    def hatch(
        self, x: int, y: int, width: int, height: int, color: Color, spacing: float, stroke: float, strokes: str = "/"
    ) -> None:
        r"""Strokes of `stroke` pixels, `spacing` apart, from lower left to upper right (/), down (\) or both (x)."""
        rows, columns = np.arange(y, y + height), np.arange(x, x + width)
        for way in strokes.replace("x", "/\\"):
            across = np.add.outer(rows if way == "/" else -rows, columns) / math.sqrt(2)
            from_stroke = np.abs((across + spacing / 2) % spacing - spacing / 2)
            cover = np.clip(stroke / 2 + 0.5 - from_stroke, 0, 1)
            self._blend(x, y, (cover * 255).astype(np.uint8), color)

    def text(self, line: TextLine, x: int, baseline: int, color: Color, strong: Color | None = None) -> None:
        """Draw a typeset line from x on, its **strong** pieces in a colour of their own."""
        for cover, left, top, is_strong in covers_of(line):
            self._blend(x + left, baseline + top, cover, strong if is_strong and strong else color)

    def stamp(self, stamp: Stamp, x: int, y: int, color: Color) -> None:
        """Draw a stamp, its origin at a place."""
        self._blend(x + stamp.piece.left, y + stamp.piece.top, stamp.piece.mask, color)

    @plain_style()
    def polyline(self, points: Points, color: Color, stroke: float, style: str = "solid") -> None:
        """Draw a line through (n, 2) points; `style` is a key of `DASHES`."""
        finite = points[np.isfinite(points).all(axis=1)]
        if len(finite) >= 2:
            self._path(Outline(finite), color, stroke, style)

    @plain_style()
    def polygon(self, points: Points, fill: Color) -> None:
        """Fill the area within (n, 2) points."""
        self._path(Outline(np.concatenate([points, points[:1]]), closed=True), fill)

    def disc(self, x: float, y: float, radius: float, fill: Color) -> None:
        """Fill a circle."""
        self._path(Outline.circle((x, y), radius), fill)

    def _path(self, path: Outline, color: Color, stroke: float = 0, style: str = "solid") -> None:
        """Let Agg cover the path's own corner of the picture, then blend the colour in."""
        vertices = np.asarray(path.vertices, np.float64)
        low, high = vertices.min(axis=0), vertices.max(axis=0)
        reach = stroke + 2
        box = Box(*(math.floor(at - reach) for at in low), *(math.ceil(at + reach) for at in high))
        height, width = self.picture.shape[:2]
        # All of it or nothing: of a part of a line Agg's cover is not quite the same.
        if not box.within(Box(self._left, self._top, self._left + width, self._top + height)).empty:
            dashes = [length * stroke for length in DASHES[style] or ()]
            cover = cover_of(path, box.left, box.top, box.width, box.height, stroke, dashes)
            self._blend(box.left, box.top, _TONES[style][cover] if style in _TONES else cover, color)

    def _met(self, x: int, y: int, pixels: Picture) -> tuple[Picture, Picture]:
        """The part of the picture under pixels at a place, and those of them that lie on it."""
        x, y = x - self._left, y - self._top
        height, width = self.picture.shape[:2]
        seen = pixels[max(0, -y) : max(0, height - y), max(0, -x) : max(0, width - x)]
        top, left = max(0, y), max(0, x)
        return self.picture[top : top + seen.shape[0], left : left + seen.shape[1]], seen

    def _blend(self, x: int, y: int, mask: npt.NDArray[np.uint8], color: Color) -> None:
        under, mask = self._met(x, y, mask)
        cover = mask[..., None].astype(np.uint16)
        # At most 255 · 255 + 127: sixteen bits are enough.
        mixed = under * (255 - cover)
        mixed += np.array(color, np.uint16) * cover
        mixed += np.uint16(127)
        mixed //= np.uint16(255)
        under[:] = mixed
