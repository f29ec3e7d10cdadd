"""How a plot's axes are drawn: lines, ticks and texts."""

from __future__ import annotations

from cnnviz.render.axes import TICK, TICK_GAP, Axes
from cnnviz.render.canvas import Look
from cnnviz.render.panels.base import LABEL_SIZE, TICK_SIZE, Fit
from cnnviz.render.pen import Pen
from cnnviz.storyboard import Plot


def draw_grid(pen: Pen, axes: Axes, look: Look) -> None:
    """Light lines at the ticks."""
    color, area = look.theme.line("grid"), axes.area
    for value in axes.x_ticks.values:
        pen.rect(axes.x.pixel(value), area.top, 1, area.height, color)
    for value in axes.y_ticks.values:
        pen.rect(area.left, axes.y.pixel(value), area.width, 1, color)


def draw_axes(pen: Pen, panel: Plot, axes: Axes, look: Look, fit: Fit) -> None:
    """The two axes, at the left and below, with ticks, their texts, and the names under and over the frame."""
    color, muted, tick, drop = (
        look.theme.line("axis"),
        look.theme.page["muted"],
        look.px(TICK),
        look.px(TICK + TICK_GAP),
    )
    area, left, low = axes.area, axes.x.first, axes.y.first
    pen.rect(area.left, low, area.width, 1, color)
    pen.rect(left, area.top, 1, area.height, color)
    size = fit.size(TICK_SIZE)
    tall = look.typesetter.line("0", size).ascent
    under = low + drop + tall
    for value, text in zip(axes.x_ticks.values, axes.x_ticks.texts, strict=True):
        line, x = look.typesetter.line(text, size), axes.x.pixel(value)
        pen.rect(x, low, 1, tick + 1, color)
        pen.text(line, x - line.width // 2, under, muted)
    for value, text in zip(axes.y_ticks.values, axes.y_ticks.texts, strict=True):
        line, y = look.typesetter.line(text, size), axes.y.pixel(value)
        pen.rect(left - tick, y, tick + 1, 1, color)
        pen.text(line, left - drop - line.width, y + (tall + 1) // 2, muted)
    x_line, y_line = (look.typesetter.line(text, fit.size(LABEL_SIZE)) for text in (panel.x_text, panel.y_text))
    middle = (area.left + area.right - x_line.width) // 2
    pen.text(x_line, middle, under + look.px(TICK + 2) + x_line.ascent, muted)
    pen.text(y_line, max(0, area.left - drop), max(y_line.ascent, area.top - drop), muted)
