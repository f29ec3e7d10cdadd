"""How a plot's axes are drawn: lines, ticks and texts that stay readable where curves run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from cnnviz.render.axes import TICK, TICK_GAP, Axes, Axis, Points, Ticks
from cnnviz.render.canvas import Look
from cnnviz.render.panels.base import TICK_SIZE, Fit
from cnnviz.render.pen import Pen
from cnnviz.render.text import TextLine
from cnnviz.render.theme import Color
from cnnviz.storyboard import Plot

TEXT_SIZE = 18
# How near to a curve's middle a label is not to come, in pixels.
_CLEAR = 3
# What a name of an axis keeps off curves, and a label above the axis off curves along it.
_NAME_CLEAR, _RAISED = 8, 6


class Lettering:
    """Writes texts with a rim in the ground's colour, so that curves under them leave them readable."""

    def __init__(self, look: Look, fit: Fit) -> None:
        self._look, self._fit = look, fit

    def line(self, text: str, size: float = TEXT_SIZE) -> TextLine:
        """Set a text at a size that is given for the default width."""
        return self._look.typesetter.line(text, self._fit.size(size))

    def write(self, pen: Pen, text: str, x: int, baseline: int, color: Color, size: float = TEXT_SIZE) -> None:
        """Write a text from x on."""
        line = self.line(text, size)
        pen.rim(line, x, baseline, self._look.theme.page["ground"])
        pen.text(line, x, baseline, color)


@dataclass(frozen=True)
class _Label:
    """The text of a tick and where it stands; `turned` is the other side of the axis."""

    value: float
    text: str
    left: int
    baseline: int
    turned: bool


_Place = Callable[[float, str, bool], _Label]


class AxesDrawing:
    """Draws the axes of a plot; `curves` are the (n, 2) points of those that stand, which the labels keep away from."""

    def __init__(self, panel: Plot, axes: Axes, look: Look, lettering: Lettering) -> None:
        self._panel, self._axes, self._look, self._lettering = panel, axes, look, lettering
        self._drop = look.px(TICK + TICK_GAP)
        self.curves: Points = np.empty((0, 2))

    def draw_grid(self, pen: Pen) -> None:
        """Light lines at the ticks of a frame."""
        axes, color = self._axes, self._look.theme.line("grid")
        if axes.zero:
            return
        for value in axes.x_ticks.values:
            pen.rect(axes.x.pixel(value), axes.area.top, 1, axes.area.height, color)
        for value in axes.y_ticks.values:
            pen.rect(axes.area.left, axes.y.pixel(value), axes.area.width, 1, color)

    def draw_lines(self, pen: Pen) -> None:
        """The two axes and their ticks."""
        axes, color, tick = self._axes, self._look.theme.line("axis"), self._look.px(TICK)
        across, along = axes.crossing
        pen.rect(axes.area.left, along, axes.area.width, 1, color)
        pen.rect(across, axes.area.top, 1, axes.area.height, color)
        for label in self._x_labels():
            pen.rect(axes.x.pixel(label.value), along - tick if label.turned else along, 1, tick + 1, color)
        for label in self._y_labels():
            pen.rect(across if label.turned else across - tick, axes.y.pixel(label.value), tick + 1, 1, color)

    def draw_texts(self, pen: Pen) -> None:
        """The labels of the ticks, and the axes' names."""
        muted = self._look.theme.page["muted"]
        for label in (*self._x_labels(), *self._y_labels()):
            self._lettering.write(pen, label.text, label.left, label.baseline, muted, TICK_SIZE)
        self._draw_names(pen, muted)

    def _x_labels(self) -> Iterator[_Label]:
        """The labels of the x-axis, without one through which the other axis runs on."""
        axes, (across, along) = self._axes, self._axes.crossing
        return self._placed(axes.x, axes.x_ticks, across, along < axes.y.first, self._x_label)

    def _y_labels(self) -> Iterator[_Label]:
        axes, (across, along) = self._axes, self._axes.crossing
        return self._placed(axes.y, axes.y_ticks, along, axes.x.first < across, self._y_label)

    def _placed(self, axis: Axis, ticks: Ticks, other: int, through: bool, place: _Place) -> Iterator[_Label]:
        """The labels on both sides of the other axis, each side where fewer curves run; those that meet one go."""
        pixels = [(axis.pixel(value), value, text) for value, text in zip(ticks.values, ticks.texts, strict=True)]
        for half in (False, True):
            group = [one[1:] for one in pixels if (one[0] > other) is half and not (through and one[0] == other)]
            sides = [[place(*one, turned) for one in group] for turned in (False, True)]
            best = min(sides, key=lambda labels: sum(self._under(label, 1) for label in labels))
            yield from (label for label in best if not self._under(label, _CLEAR))

    def _under(self, label: _Label, more: int) -> int:
        """How many points of curves lie under a label, or so near."""
        return self._points_under(self._lettering.line(label.text, TICK_SIZE), label.left, label.baseline, more)

    def _points_under(self, line: TextLine, left: int, baseline: int, more: int = 1) -> int:
        low = left - more, baseline - line.ascent - more
        high = left + line.width + more - 1, baseline + more
        return int(np.count_nonzero(((low <= self.curves) & (self.curves <= high)).all(axis=1)))

    def _x_label(self, value: float, text: str, turned: bool) -> _Label:
        """Below the axis, or above."""
        line, along = self._lettering.line(text, TICK_SIZE), self._axes.crossing[1]
        baseline = along - self._drop - self._look.px(_RAISED) if turned else along + self._drop + line.ascent
        return _Label(value, text, self._axes.x.pixel(value) - line.width // 2, baseline, turned)

    def _y_label(self, value: float, text: str, turned: bool) -> _Label:
        """To the left of the axis, or to the right."""
        line, across = self._lettering.line(text, TICK_SIZE), self._axes.crossing[0]
        left = across + self._drop if turned else across - self._drop - line.width
        return _Label(value, text, left, self._axes.y.pixel(value) + (line.ascent + 1) // 2, turned)

    def _draw_names(self, pen: Pen, color: Color) -> None:
        """The axes' names: near their ends where they cross at zero, else under and over the frame."""
        axes, gap, area = self._axes, self._drop, self._axes.area
        x_name, y_name = self._panel.x_text, self._panel.y_text
        x_line, y_line = self._lettering.line(x_name), self._lettering.line(y_name)
        if axes.zero:
            across, along = axes.crossing
            # Above the axis or, where a curve runs there, below it between the last two ticks.
            middle = (axes.x.pixel(axes.x_ticks.values[-2]) + axes.x.pixel(axes.x_ticks.values[-1])) // 2
            above = area.right - x_line.width - gap, along - gap
            below = middle - x_line.width // 2, along + gap + x_line.ascent
            clear = self._look.px(_NAME_CLEAR)
            x_place = min((above, below), key=lambda place: self._points_under(x_line, place[0], place[1], clear))
            # On the side of the axis that the labels leave free.
            turned = any(label.turned for label in self._y_labels() if label.value > 0)
            y_place = (across - gap - y_line.width if turned else across + gap, area.top + y_line.ascent)
        else:
            under = axes.y.first + gap + self._lettering.line("0", TICK_SIZE).ascent + self._look.px(TICK + 2)
            x_place = (area.left + area.right - x_line.width) // 2, under + x_line.ascent
            y_place = max(0, area.left - gap), max(y_line.ascent, area.top - gap)
        self._lettering.write(pen, x_name, *x_place, color)
        self._lettering.write(pen, y_name, *y_place, color)
