"""How a plot's axes are drawn: lines, ticks and texts that stay readable where curves run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cnnviz.render.axes import TICK, TICK_GAP, Axes, Points
from cnnviz.render.canvas import Look
from cnnviz.render.panels.base import TICK_SIZE, Fit
from cnnviz.render.pen import Pen
from cnnviz.render.text import TextLine
from cnnviz.render.theme import Color
from cnnviz.storyboard import Plot

TEXT_SIZE = 16
# How near to a curve's middle a label is not to come, in pixels.
_CLEAR = 3


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


_Places = Callable[[float, str], list[_Label]]
"""Where the label of a value may stand: at the usual side, at the other, and near them."""


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
        for label in self._x_labels():
            pen.rect(axes.x.pixel(label.value), along - tick if label.turned else along, 1, tick + 1, color)
        for label in self._y_labels():
            pen.rect(across if label.turned else across - tick, axes.y.pixel(label.value), tick + 1, 1, color)

    def draw_texts(self, pen: Pen) -> None:
        """The labels of the ticks, and the axes' names."""
        muted, ground = self._look.theme.page["muted"], self._look.theme.page["ground"]
        for label in self._x_labels():
            line = self._lettering.line(label.text, TICK_SIZE)
            if self._axes.x.pixel(label.value) == self._axes.crossing[0]:
                # The other axis would run through the middle of it, and a stump of it that is left looks like a mark.
                rest = self._axes.area.bottom - label.baseline
                below = rest if 0 < rest <= line.ascent else 0
                pen.rect(label.left, label.baseline - line.ascent, line.width, line.ascent + below, ground)
            self._lettering.write(pen, label.text, label.left, label.baseline, muted, TICK_SIZE)
        for label in self._y_labels():
            self._lettering.write(pen, label.text, label.left, label.baseline, muted, TICK_SIZE)
        self._draw_names(pen, muted)

    def _x_labels(self) -> Iterator[_Label]:
        """The labels of the x-axis, without the zero where axes cross; those that are turned stand above the axis."""
        axes, (across, along) = self._axes, self._axes.crossing
        cross = axes.zero and axes.x.first < across and along < axes.y.first
        at_edge = int(across == axes.x.first)
        ticks = zip(axes.x_ticks.values, axes.x_ticks.texts, strict=True)
        labels = [(value, text) for value, text in ticks if not (cross and axes.x.pixel(value) == across)]
        for half in (False, True):
            group = [(value, text) for value, text in labels if (axes.x.pixel(value) > across - at_edge) is half]
            yield from self._placed(group, self._x_places, axes.y.last < along < axes.y.first)

    def _y_labels(self) -> Iterator[_Label]:
        """The same of the y-axis; those that are turned stand to the right of it."""
        axes, (across, along) = self._axes, self._axes.crossing
        cross = axes.zero and (axes.x.first < across or along < axes.y.first)
        ticks = zip(axes.y_ticks.values, axes.y_ticks.texts, strict=True)
        labels = [(value, text) for value, text in ticks if not (cross and axes.y.pixel(value) == along)]
        for half in (False, True):
            group = [(value, text) for value, text in labels if (axes.y.pixel(value) > along) is half]
            yield from self._placed(group, self._y_places, axes.x.first < across < axes.x.last)

    def _placed(self, group: Sequence[tuple[float, str]], places: _Places, inside: bool) -> Iterator[_Label]:
        """Labels on one side of their axis, on the other where curves run there; and where one meets a curve still,
        that one where it meets none."""
        free = self._axes.zero and inside
        both = [places(value, text) for value, text in group]
        turned = free and sum(self._under(label[1]) for label in both) < sum(self._under(label[0]) for label in both)
        for usual, other, *near in both:
            label = other if turned else usual
            if free and self._under(label, _CLEAR):
                others = usual if turned else other, *(one for one in near if one.turned == turned), *near
                label = min((label, *others), key=lambda one: self._under(one, _CLEAR))
            yield label

    def _under(self, label: _Label, more: int = 1) -> int:
        """How many points of curves lie under a label, or so near."""
        return self._points_under(self._lettering.line(label.text, TICK_SIZE), label.left, label.baseline, more)

    def _points_under(self, line: TextLine, left: int, baseline: int, more: int = 1) -> int:
        x, y = self.curves[:, 0], self.curves[:, 1]
        within = (left - more <= x) & (x <= left + line.width + more - 1)
        within &= (baseline - line.ascent - more <= y) & (y <= baseline + more)
        return int(np.count_nonzero(within))

    def _x_places(self, value: float, text: str) -> list[_Label]:
        """Where a label of the x-axis may stand: below the axis, or above."""
        line, drop = self._lettering.line(text, TICK_SIZE), self._look.px(TICK + TICK_GAP)
        along = self._axes.crossing[1]
        left = self._axes.x.pixel(value) - line.width // 2
        below, above = along + drop + line.ascent, along - drop - self._look.px(2)
        return [_Label(value, text, left, below, turned=False), _Label(value, text, left, above, turned=True)]

    def _y_places(self, value: float, text: str) -> list[_Label]:
        """Where a label of the y-axis may stand: to the left of it, or to the right, then higher and lower."""
        line, drop = self._lettering.line(text, TICK_SIZE), self._look.px(TICK + TICK_GAP)
        across, level = self._axes.crossing[0], self._axes.y.pixel(value)
        sides = ((across - drop - line.width, False), (across + drop, True))
        lift = self._look.px(_CLEAR + 2)
        levels = level + (line.ascent + 1) // 2, level - lift, level + lift + line.ascent
        return [_Label(value, text, left, at, turned=turned) for at in levels for left, turned in sides]

    def _draw_names(self, pen: Pen, color: Color) -> None:
        """The axes' names: near their ends where they cross at zero, else under and over the frame."""
        axes, gap = self._axes, self._look.px(TICK + TICK_GAP)
        area, across = axes.area, axes.crossing[0]
        x_name, y_name = self._panel.x_text, self._panel.y_text
        x_line, y_line = self._lettering.line(x_name), self._lettering.line(y_name)
        if axes.zero:
            self._lettering.write(pen, x_name, *self._x_name_place(x_line), color)
            # On the side of the axis that the labels leave free.
            turned = any(label.turned for label in self._y_labels() if label.value > 0)
            left = across - gap - y_line.width if turned else across + gap
            self._lettering.write(pen, y_name, left, area.top + y_line.ascent, color)
            return
        below = axes.y.first + gap + self._lettering.line("0", TICK_SIZE).ascent
        baseline = below + x_line.ascent + self._look.px(TICK + 2)
        self._lettering.write(pen, x_name, (area.left + area.right - x_line.width) // 2, baseline, color)
        self._lettering.write(pen, y_name, max(0, area.left - gap), max(y_line.ascent, area.top - gap), color)

    def _x_name_place(self, line: TextLine) -> tuple[int, int]:
        """Near the right end of the axis: above it or, where a curve runs there, below between the last two ticks."""
        axes, gap = self._axes, self._look.px(TICK + TICK_GAP)
        along, at = axes.crossing[1], [axes.x.pixel(value) for value in axes.x_ticks.values[-2:]]
        above = axes.area.right - line.width - gap, along - gap
        below = (at[0] + at[-1] - line.width) // 2, along + gap + line.ascent
        return min((above, below), key=lambda place: self._points_under(line, *place))
