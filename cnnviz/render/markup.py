"""What pens that write instead of colouring pixels share: they take what the pixels' pen takes and keep markup."""

from __future__ import annotations

import itertools
import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np

from cnnviz.render.agg import formula_of
from cnnviz.render.mpl import Outline
from cnnviz.render.pen import Pen
from cnnviz.render.text import Part, Placed, TextLine
from cnnviz.render.theme import Color

Run = Sequence[tuple[Part, Placed]]


class MarkupPen(Pen):
    """Keeps markup of what is drawn; coordinates are moved by `shift`. A subclass says how its kind is written."""

    def __init__(self, resources: Any, shift: tuple[float, float] = (0, 0), markup: list[str] | None = None) -> None:
        super().__init__(np.empty((0, 0, 3), np.uint8))
        self._resources, self._shift, self._markup = resources, shift, [] if markup is None else markup

    def at(self, x: int, y: int) -> Self:
        """A pen that writes on, its coordinates from a place."""
        return type(self)(self._resources, (self._shift[0] + x, self._shift[1] + y), self._markup)

    def take(self) -> str:
        """The markup since the last call."""
        found = "".join(self._markup)
        self._markup.clear()
        return found

    def rect(self, x: int, y: int, width: int, height: int, color: Color) -> None:
        """Fill a rectangle."""
        if width > 0 and height > 0:
            self._path(_box(x, y, width, height), color)

    def frame(self, x: int, y: int, width: int, height: int, color: Color, stroke: int) -> None:
        """Outline a rectangle inwards."""
        half = stroke / 2
        self._path(_box(x + half, y + half, width - stroke, height - stroke), color, stroke, "square")

    def hatch(
        self, x: int, y: int, width: int, height: int, color: Color, spacing: float, stroke: float, strokes: str = "/"
    ) -> None:
        """Strokes across a rectangle, cut at its edges."""
        ends = np.reshape(list(strokes_across(x, y, width, height, spacing, strokes)), (-1, 2))
        self._path(Outline(ends, [Outline.MOVETO, Outline.LINETO] * (len(ends) // 2)), color, stroke)

    def text(self, line: TextLine, x: int, baseline: int, color: Color, strong: Color | None = None) -> None:
        """Write a line."""
        for run in runs(line):
            part, placed = run[0]
            ink = strong if part.strong and strong else color
            left, top = x + placed.x + self._shift[0], baseline + self._shift[1]
            formula = formula_of(part.text, part.size, part.bold) if part.math else None
            if formula is not None:
                self._markup.append(self._formula(part, formula, left, top + round(part.drop), ink))
                continue
            text, width = "".join(one.text for one, _ in run), run[-1][1].x + run[-1][1].piece.advance - placed.x
            self._markup.append(self._words(text, part, left, top, width, ink))

    @abstractmethod
    def _path(self, path: Outline, color: Color, stroke: float = 0, style: str = "solid") -> None:
        """Fill a path or draw it, with round ends unless it is dashed or `square`."""

    @abstractmethod
    def _formula(self, part: Part, formula: Any, x: float, y: float, color: Color) -> str:
        """A formula."""

    @abstractmethod
    def _words(self, text: str, part: Part, x: float, y: float, width: float, color: Color) -> str:
        """Words of one manner, as wide as pixels have them."""


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


def _box(x: float, y: float, width: float, height: float) -> Outline:
    return Outline([(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)], closed=True)


def strokes_across(
    x: int, y: int, width: int, height: int, spacing: float, strokes: str
) -> Iterator[tuple[float, float, float, float]]:
    r"""Both ends of the strokes up (/), down (\) or both ways (x) across a rectangle, where pixels have them."""
    apart = spacing * math.sqrt(2)
    for way in strokes.replace("x", "/\\"):
        # Where x + y, or x − y, is a whole number of steps.
        sign = 1 if way == "/" else -1
        low, high = sorted((sign * y, sign * (y + height)))
        for turn in range(math.ceil((x + low) / apart), math.floor((x + width + high) / apart) + 1):
            total = turn * apart
            first, last = max(x, total - high), min(x + width, total - low)
            if last > first:
                yield first, sign * (total - first), last, sign * (total - last)


def short(value: float, digits: int = 1) -> str:
    """A number as short as it can be written."""
    if isinstance(value, int):
        return str(value)
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
