"""What pens that write instead of colouring pixels share: they take what the pixels' pen takes and keep markup."""

from __future__ import annotations

import itertools
import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np

from cnnviz.render.pen import Pen
from cnnviz.render.text import Part, Placed, TextLine
from cnnviz.render.theme import Color

Run = Sequence[tuple[Part, Placed]]


class Markup:
    """What was written, a path that is added to while its look stays."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._look, self._way = "", ""

    def add(self, piece: str) -> None:
        """Add something that is no path."""
        self._close()
        self._pieces.append(piece)

    def path(self, look: str, way: str) -> None:
        """Add to the path that is being drawn, if it has the same look, or begin another; `{}` stands for its way."""
        if look != self._look:
            self._close()
            self._look = look
        self._way += way

    def take(self) -> str:
        """All since the last call."""
        self._close()
        found = "".join(self._pieces)
        self._pieces.clear()
        return found

    def _close(self) -> None:
        if self._look:
            self._pieces.append(self._look.replace("{}", self._way))
            self._look = self._way = ""


class MarkupPen(Pen):
    """Keeps markup of what is drawn; coordinates are moved by `shift`."""

    def __init__(self, resources: Any, shift: tuple[float, float] = (0, 0), markup: Markup | None = None) -> None:
        super().__init__(np.empty((0, 0, 3), np.uint8))
        self._resources, self._shift, self._markup = resources, shift, markup or Markup()

    def at(self, x: int, y: int) -> Self:
        """A pen that writes on, its coordinates from a place."""
        return type(self)(self._resources, (self._shift[0] + x, self._shift[1] + y), self._markup)

    def take(self) -> str:
        """The markup since the last call."""
        return self._markup.take()

    def rect(self, x: int, y: int, width: int, height: int, color: Color) -> None:
        """Fill a rectangle."""
        if width > 0 and height > 0:
            self._box(x, y, width, height, color)

    def text(self, line: TextLine, x: int, baseline: int, color: Color, strong: Color | None = None) -> None:
        """Write a line."""
        self._write(line, x, baseline, color, strong or color)

    @abstractmethod
    def _box(self, x: int, y: int, width: int, height: int, color: Color) -> None:
        """Fill a rectangle that has an area."""

    @abstractmethod
    def _write(self, line: TextLine, x: float, baseline: float, color: Color, strong: Color) -> None:
        """Write a line."""


def runs(line: TextLine) -> Iterator[Run]:
    """The formulas of a line, and its words of one manner together, without the blanks before and behind them."""
    for _, group in itertools.groupby(zip(line.parts, line.pieces, strict=True), key=_manner):
        run = list(group)
        inked = [place for place, (part, _) in enumerate(run) if not part.text.isspace()]
        if inked:
            yield run[inked[0] : inked[-1] + 1]


def _manner(pair: tuple[Part, Placed]) -> tuple[object, ...]:
    part, placed = pair
    # Wide blanks part words: what shows a text may take them for one.
    alone = part.math or (part.text.isspace() and len(part.text) > 1)
    return (id(placed),) if alone else (part.size, part.bold, part.strong)


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
