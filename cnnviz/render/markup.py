"""What pens that write instead of colouring pixels share: they take what the pixels' pen takes and keep text of it."""

from __future__ import annotations

import itertools
import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from cnnviz.render.panels._axes import Stamp
from cnnviz.render.pen import Pen, Picture
from cnnviz.render.text import Line, Part, Placed, Typesetter, parts_of
from cnnviz.render.theme import Color

Run = Sequence[tuple[Part, Placed]]


@dataclass(frozen=True)
class Spoken(Line):
    """A typeset line that knows what it says."""

    parts: tuple[Part, ...]

    def runs(self) -> Iterator[Run]:
        """Its formulas, and its words of one manner together, without the blanks before and behind them."""
        for _, group in itertools.groupby(zip(self.parts, self.pieces, strict=True), key=_manner):
            run = list(group)
            inked = [place for place, (part, _) in enumerate(run) if not part.text.isspace()]
            if inked:
                yield run[inked[0] : inked[-1] + 1]


class Scribe(Typesetter):
    """Sets lines that know what they say."""

    def line(self, text: str, size: float, bold: bool = False) -> Line:
        """Set one line at `size` pixels."""
        line = super().line(text, size, bold)
        return Spoken(line.pieces, line.width, line.ascent, line.descent, tuple(parts_of(text, size, bold)))


class _Rectangles:
    """Takes what painters write straight into a picture: one colour clears all, an array becomes an image."""

    def __init__(self, pen: MarkupPen) -> None:
        self._pen = pen
        self.shape = (1 << 20, 1 << 20, 3)

    def __setitem__(self, place: Any, value: Any) -> None:
        if place == slice(None):
            self._pen.clear()
            return
        rows, columns = place
        self._pen.image(np.asarray(value, np.uint8), columns.start, rows.start)


class MarkupPen(Pen):
    """Keeps markup of what is drawn; coordinates are moved by `shift`.

    A rectangle from the origin as large as `covers` clears what was drawn before; `cleared` tells so until the next
    `take`.
    """

    def __init__(self, shift: tuple[float, float] = (0, 0), covers: tuple[int, int] | None = None) -> None:
        super().__init__(cast(Picture, _Rectangles(self)))
        self._shift, self._covers = shift, covers
        self.cleared = False
        self.spoken: list[tuple[Spoken, float, float]] = []
        self._items: list[str] = []
        self._open: tuple[str, str] | None = None

    def take(self) -> str:
        """The markup since the last call."""
        self._end()
        found = "".join(self._items)
        self._items.clear()
        self.cleared = False
        return found

    def clear(self) -> None:
        """Forget what was drawn."""
        self._items.clear()
        self._open = None
        self.cleared = True

    def rect(self, x: int, y: int, width: int, height: int, color: Color) -> None:
        """Fill a rectangle."""
        if (x, y, width, height) == (0, 0, *(self._covers or ())):
            self.clear()
        elif width > 0 and height > 0:
            self._box(x, y, width, height, color)

    def text(self, line: Line, x: int, baseline: int, color: Color, strong: Color | None = None) -> None:
        """Write a line, or draw a stamp."""
        if isinstance(line, Stamp):
            self._stamp(line, x, baseline, color)
        elif isinstance(line, Spoken):
            self.spoken.append((line, x, baseline))
            self._add(self._written(line, x, baseline, color, strong or color))

    @abstractmethod
    def _stamp(self, stamp: Stamp, x: int, y: int, color: Color) -> None:
        """Draw a stamp."""

    @abstractmethod
    def _written(self, line: Spoken, x: float, baseline: float, color: Color, strong: Color) -> str:
        """The markup of a line."""

    @abstractmethod
    def _box(self, x: int, y: int, width: int, height: int, color: Color) -> None:
        """Fill a rectangle that has an area."""

    @abstractmethod
    def image(self, pixels: npt.NDArray[np.uint8], x: int, y: int) -> None:
        """An array of pixels as it is, for fields of values."""

    @abstractmethod
    def _spelled(self, look: str, way: str) -> str:
        """The markup of a path."""

    def _add(self, markup: str) -> None:
        self._end()
        self._items.append(markup)

    def _path_on(self, look: str, way: str) -> None:
        """Add to the path that is being drawn, if it has the same look, or begin another."""
        if self._open is not None and self._open[0] == look:
            self._open = look, self._open[1] + way
            return
        self._end()
        self._open = look, way

    def _end(self) -> None:
        if self._open is not None:
            self._items.append(self._spelled(*self._open))
            self._open = None


class Language(Protocol):
    """A language of markup, and what a figure's pens share in it: `markup` that stands before all other."""

    markup: list[str]

    def pen(self, shift: tuple[float, float] = (0, 0), covers: tuple[int, int] | None = None) -> MarkupPen:
        """A pen that writes it."""
        ...

    def moved(self, markup: str, x: float, y: float) -> str:
        """Markup at another place."""
        ...


def strokes_across(
    x: int, y: int, width: int, height: int, spacing: float, strokes: str
) -> Iterator[tuple[float, float, float, float]]:
    r"""Both ends of the strokes up (/), down (\) or both ways (x) across a rectangle, where pixels have them."""
    apart = spacing * math.sqrt(2)
    for way in strokes.replace("x", "/\\"):
        # Where x + y, or x − y, is a whole number of steps; from the corner at which that sum is least.
        least = x + y if way == "/" else x - y - height
        for turn in range(math.ceil(least / apart), math.floor((least + width + height) / apart) + 1):
            along = turn * apart - least
            near, far = max(0.0, along - height), min(float(width), along)
            if far > near:
                tops = along - near, along - far
                if way == "\\":
                    tops = height - tops[0], height - tops[1]
                yield x + near, y + tops[0], x + far, y + tops[1]


def short(value: float, digits: int = 1) -> str:
    """A number as short as it can be written."""
    if isinstance(value, int):
        return str(value)
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _manner(pair: tuple[Part, Placed]) -> tuple[object, ...]:
    part, placed = pair
    # Wide blanks part words: what shows a text may take them for one.
    alone = part.math or (part.text.isspace() and len(part.text) > 1)
    return (id(placed),) if alone else (part.size, part.bold, part.strong)
