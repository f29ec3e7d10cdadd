"""How a plot's axes are drawn: lines, ticks and texts that stay readable where curves run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from cnnviz.render.axes import TICK, TICK_GAP, Axes, Points
from cnnviz.render.canvas import Box, Look
from cnnviz.render.panels.base import LEAST_TEXT, Fit
from cnnviz.render.pen import Pen
from cnnviz.render.text import Line, Piece, Placed
from cnnviz.render.theme import Color
from cnnviz.storyboard import Plot

TEXT_SIZE = 15
HALO = 2
BLACK = (0, 0, 0)
_KEPT_RIMS = 256


@dataclass(frozen=True)
class Stamp(Line):
    """A drawing that is written like a glyph; `draw` draws it again, within `box`."""

    box: Box
    draw: Callable[[Pen], None]


def stamp(box: Box, draw: Callable[[Pen], None]) -> Stamp:
    """What `draw` draws in black within a box, as if it were a glyph: written wherever and as often as it is wanted."""
    width, height = box.right - box.left, box.bottom - box.top
    picture = np.full((height, width, 3), 255, np.uint8)
    draw(Pen(picture, origin=(box.left, box.top)))
    piece = Piece(255 - picture[..., 0], 0, 0, width)
    return Stamp((Placed(piece, 0, 0, False),), width, 0, height, box, draw)


class Lettering:
    """Writes texts with a rim in the ground's colour, so that curves under them leave them readable."""

    def __init__(self, look: Look, fit: Fit) -> None:
        self._look, self._fit = look, fit
        self._rims: dict[tuple[str, float], tuple[Line, Box]] = {}

    def line(self, text: str, size: float = TEXT_SIZE) -> Line:
        """Set a text at a size that is given for the default width."""
        return self._look.typesetter.line(text, self._fit.size(size))

    def write(self, pen: Pen, text: str, x: int, baseline: int, color: Color, size: float = TEXT_SIZE) -> None:
        """Write a text from x on."""
        line = self.line(text, size)
        if (text, size) not in self._rims:
            if len(self._rims) >= _KEPT_RIMS:
                self._rims.clear()
            box = self.box(line, 0, 0)
            self._rims[text, size] = stamp(box, lambda pen: _draw_rim(pen, line)), box
        rim, box = self._rims[text, size]
        pen.text(rim, x + box.left, baseline + box.top, self._look.theme.page["ground"])
        pen.text(line, x, baseline, color)

    @staticmethod
    def box(line: Line, x: int, baseline: int) -> Box:
        """All pixels of a text with its rim."""
        more = HALO + 2
        return Box(x - more, baseline - line.ascent - more, x + line.width + more, baseline + line.descent + more)


def _draw_rim(pen: Pen, line: Line) -> None:
    for dx, dy in ((-HALO, 0), (HALO, 0), (0, -HALO), (0, HALO), (-1, -1), (-1, 1), (1, -1), (1, 1)):
        pen.text(line, dx, dy, BLACK, BLACK)


class AxesDrawing:
    """Draws the axes of a plot; `curves` are the (n, 2) points of those that stand, which the labels keep away from."""

    def __init__(self, panel: Plot, axes: Axes, look: Look, lettering: Lettering) -> None:
        self._panel, self._axes, self._look, self._lettering = panel, axes, look, lettering
        self.curves: Points = np.empty((0, 2))

    def draw_grid(self, pen: Pen) -> None:
        """Light lines at the ticks of a frame."""
        axes, color = self._axes, self._look.theme.line("grid")
        area = axes.area
        if axes.zero:
            return
        for value in axes.x_ticks.values:
            pen.rect(axes.x.pixel(value), area.top, 1, area.bottom - area.top, color)
        for value in axes.y_ticks.values:
            pen.rect(area.left, axes.y.pixel(value), area.right - area.left, 1, color)

    def draw_lines(self, pen: Pen) -> None:
        """The two axes and their ticks."""
        axes, color, tick = self._axes, self._look.theme.line("axis"), self._look.px(TICK)
        area, (across, along) = axes.area, axes.crossing
        pen.rect(area.left, along, area.right - area.left, 1, color)
        pen.rect(across, area.top, 1, area.bottom - area.top, color)
        for value, _, turned in self._x_labels():
            pen.rect(axes.x.pixel(value), along - tick if turned else along, 1, tick + 1, color)
        for value, _, turned in self._y_labels():
            pen.rect(across if turned else across - tick, axes.y.pixel(value), tick + 1, 1, color)

    def draw_texts(self, pen: Pen) -> None:
        """The labels of the ticks, and the axes' names."""
        muted = self._look.theme.page["muted"]
        for value, text, turned in self._x_labels():
            left, baseline = self._x_place(value, text, turned=turned)
            if self._axes.x.pixel(value) == self._axes.crossing[0]:
                # The other axis would run through the middle of it.
                line = self._lettering.line(text, LEAST_TEXT)
                pen.rect(left, baseline - line.ascent, line.width, line.ascent, self._look.theme.page["ground"])
            self._lettering.write(pen, text, left, baseline, muted, LEAST_TEXT)
        for value, text, turned in self._y_labels():
            self._lettering.write(pen, text, *self._y_place(value, text, turned=turned), muted, LEAST_TEXT)
        self._draw_names(pen, muted)

    def _x_labels(self) -> Iterator[tuple[float, str, bool]]:
        """Values and texts of the x-axis, without the zero where axes cross; and whether they stand above the axis."""
        axes, (across, along) = self._axes, self._axes.crossing
        cross = axes.zero and axes.x.first < across and along < axes.y.first
        at_edge = int(across == axes.x.first)
        ticks = zip(axes.x_ticks.values, axes.x_ticks.texts, strict=True)
        labels = [(value, text) for value, text in ticks if not (cross and axes.x.pixel(value) == across)]
        for half in (False, True):
            group = [(value, text) for value, text in labels if (axes.x.pixel(value) > across - at_edge) is half]
            turned = axes.zero and axes.y.last < along < axes.y.first and self._better_turned(group, self._x_place)
            yield from ((value, text, turned) for value, text in group)

    def _y_labels(self) -> Iterator[tuple[float, str, bool]]:
        """The same of the y-axis; and whether they stand to the right of it."""
        axes, (across, along) = self._axes, self._axes.crossing
        cross = axes.zero and (axes.x.first < across or along < axes.y.first)
        ticks = zip(axes.y_ticks.values, axes.y_ticks.texts, strict=True)
        labels = [(value, text) for value, text in ticks if not (cross and axes.y.pixel(value) == along)]
        for half in (False, True):
            group = [(value, text) for value, text in labels if (axes.y.pixel(value) > along) is half]
            turned = axes.zero and axes.x.first < across < axes.x.last and self._better_turned(group, self._y_place)
            yield from ((value, text, turned) for value, text in group)

    def _better_turned(self, labels: list[tuple[float, str]], place: Callable[..., tuple[int, int]]) -> bool:
        """Whether fewer points of curves lie under the labels on the other side of their axis."""
        met = []
        for turned in (False, True):
            places = [place(value, text, turned=turned) for value, text in labels]
            lines = [self._lettering.line(text, LEAST_TEXT) for _, text in labels]
            met.append(sum(self._points_under(line, *at) for line, at in zip(lines, places, strict=True)))
        return met[1] < met[0]

    def _points_under(self, line: Line, left: int, baseline: int) -> int:
        x, y = self.curves[:, 0], self.curves[:, 1]
        within = (left - 1 <= x) & (x <= left + line.width) & (baseline - line.ascent - 1 <= y) & (y <= baseline + 1)
        return int(np.count_nonzero(within))

    def _x_place(self, value: float, text: str, *, turned: bool) -> tuple[int, int]:
        """Where a label of the x-axis begins, and its baseline."""
        line, drop = self._lettering.line(text, LEAST_TEXT), self._look.px(TICK + TICK_GAP)
        along = self._axes.crossing[1]
        left = self._axes.x.pixel(value) - line.width // 2
        return left, along - drop - self._look.px(2) if turned else along + drop + line.ascent

    def _y_place(self, value: float, text: str, *, turned: bool) -> tuple[int, int]:
        """Where a label of the y-axis begins, and its baseline."""
        line, drop = self._lettering.line(text, LEAST_TEXT), self._look.px(TICK + TICK_GAP)
        across = self._axes.crossing[0]
        baseline = self._axes.y.pixel(value) + (line.ascent + 1) // 2
        return across + drop if turned else across - drop - line.width, baseline

    def _draw_names(self, pen: Pen, color: Color) -> None:
        """The axes' names: near their ends where they cross at zero, else under and over the frame."""
        axes, gap = self._axes, self._look.px(TICK + TICK_GAP)
        area, across = axes.area, axes.crossing[0]
        x_name, y_name = self._panel.x_text, self._panel.y_text
        x_line, y_line = self._lettering.line(x_name), self._lettering.line(y_name)
        if axes.zero:
            self._lettering.write(pen, x_name, *self._x_name_place(x_line), color)
            # On the side of the axis that the labels leave free.
            turned = any(turned for value, _, turned in self._y_labels() if value > 0)
            left = across - gap - y_line.width if turned else across + gap
            self._lettering.write(pen, y_name, left, area.top + y_line.ascent, color)
            return
        below = axes.y.first + gap + self._lettering.line("0", LEAST_TEXT).ascent
        baseline = below + x_line.ascent + self._look.px(TICK + 2)
        self._lettering.write(pen, x_name, (area.left + area.right - x_line.width) // 2, baseline, color)
        self._lettering.write(pen, y_name, max(0, area.left - gap), max(y_line.ascent, area.top - gap), color)

    def _x_name_place(self, line: Line) -> tuple[int, int]:
        """Near the right end of the axis: above it or, where a curve runs there, below between the last two ticks."""
        axes, gap = self._axes, self._look.px(TICK + TICK_GAP)
        along, at = axes.crossing[1], [axes.x.pixel(value) for value in axes.x_ticks.values[-2:]]
        above = axes.area.right - line.width - gap, along - gap
        below = (at[0] + at[-1] - line.width) // 2, along + gap + line.ascent
        return min((above, below), key=lambda place: self._points_under(line, *place))
