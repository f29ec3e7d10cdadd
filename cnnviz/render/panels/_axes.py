"""How a plot's axes are drawn: lines, ticks and texts."""

from __future__ import annotations

from cnnviz.render.axes import TICK, TICK_GAP, Axes
from cnnviz.render.canvas import Look
from cnnviz.render.panels.base import TICK_SIZE, Fit
from cnnviz.render.pen import Pen
from cnnviz.render.text import TextLine
from cnnviz.render.theme import Color
from cnnviz.storyboard import Plot

TEXT_SIZE = 18


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


class AxesDrawing:
    """Draws the axes of a plot at its left and below, with their ticks and names."""

    def __init__(self, panel: Plot, axes: Axes, look: Look, lettering: Lettering) -> None:
        self._panel, self._axes, self._look, self._lettering = panel, axes, look, lettering
        self._drop = look.px(TICK + TICK_GAP)

    def draw_grid(self, pen: Pen) -> None:
        """Light lines at the ticks."""
        axes, color = self._axes, self._look.theme.line("grid")
        for value in axes.x_ticks.values:
            pen.rect(axes.x.pixel(value), axes.area.top, 1, axes.area.height, color)
        for value in axes.y_ticks.values:
            pen.rect(axes.area.left, axes.y.pixel(value), axes.area.width, 1, color)

    def draw_lines(self, pen: Pen) -> None:
        """The two axes and their ticks."""
        axes, color, tick = self._axes, self._look.theme.line("axis"), self._look.px(TICK)
        left, low = axes.x.first, axes.y.first
        pen.rect(axes.area.left, low, axes.area.width, 1, color)
        pen.rect(left, axes.area.top, 1, axes.area.height, color)
        for value in axes.x_ticks.values:
            pen.rect(axes.x.pixel(value), low, 1, tick + 1, color)
        for value in axes.y_ticks.values:
            pen.rect(left - tick, axes.y.pixel(value), tick + 1, 1, color)

    def draw_texts(self, pen: Pen) -> None:
        """The labels of the ticks, and the axes' names under and over the frame."""
        axes, area, muted = self._axes, self._axes.area, self._look.theme.page["muted"]
        tall = self._lettering.line("0", TICK_SIZE).ascent
        under = axes.y.first + self._drop + tall
        for value, text in zip(axes.x_ticks.values, axes.x_ticks.texts, strict=True):
            half = self._lettering.line(text, TICK_SIZE).width // 2
            self._lettering.write(pen, text, axes.x.pixel(value) - half, under, muted, TICK_SIZE)
        for value, text in zip(axes.y_ticks.values, axes.y_ticks.texts, strict=True):
            x = axes.x.first - self._drop - self._lettering.line(text, TICK_SIZE).width
            self._lettering.write(pen, text, x, axes.y.pixel(value) + (tall + 1) // 2, muted, TICK_SIZE)
        x_line, y_line = self._lettering.line(self._panel.x_text), self._lettering.line(self._panel.y_text)
        middle, down = (area.left + area.right - x_line.width) // 2, under + self._look.px(TICK + 2) + x_line.ascent
        self._lettering.write(pen, self._panel.x_text, middle, down, muted)
        left, up = max(0, area.left - self._drop), max(y_line.ascent, area.top - self._drop)
        self._lettering.write(pen, self._panel.y_text, left, up, muted)
