"""Fields of heights: bands of colour with contour lines between, drawn under the curves and dots of a plot."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from contourpy import contour_generator

from cnnviz.render.panels._cell import as_color
from cnnviz.render.panels._interpolation import interpolated
from cnnviz.render.panels.base import Colors, Fit
from cnnviz.render.panels.plot import PlotPainter
from cnnviz.render.pen import Pen
from cnnviz.render.theme import Color, Theme
from cnnviz.storyboard import SetHeights, Surface, Values

_LINE_ROLE = "contour"
_STROKE = 1.1


class SurfacePainter(PlotPainter):
    """Paints the field within the axes; curves and dots as in every plot."""

    _panel: Surface

    @classmethod
    def colors(cls, panel: Surface, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """The plot's colours, those of the bands, and of the contour lines between them."""
        colors = super().colors(panel, cell, fit, theme, step_roles)
        bands = _bands(panel, theme)
        colors.solid += [*bands, theme.line(_LINE_ROLE)]
        # Curves and dots stand on the bands: the ends of the scale give their edges enough to blend with.
        lines = [theme.line(role) for role in (*(c.role for c in panel.curves), *(d.role for d in panel.dots))]
        for band in (bands[0], bands[-1]):
            colors.add(band, *lines)
        return colors

    def update(self, change: Any) -> None:
        """Also take a new field."""
        if isinstance(change, SetHeights):
            self._panel = dataclasses.replace(self._panel, heights=change.heights)
            self._lay_axes()
        else:
            super().update(change)

    def draw_field(self, pen: Pen) -> None:
        """Fill every pixel with its band's colour and draw the lines on the bands' borders."""
        area, levels = self.axes.area, np.sort(self._panel.levels)
        colors = np.array(_bands(self._panel, self.look.theme), np.uint8)
        pen.image(colors[np.digitize(self._heights_of_pixels(), levels)], area.left, area.top)
        rows, columns = self._panel.heights.shape
        x, y = np.linspace(*self._panel.x_range, columns), np.linspace(*self._panel.y_range, rows)
        contours = contour_generator(x, y, self._panel.heights)
        color, stroke = self.look.theme.line(_LINE_ROLE), max(1.0, _STROKE * self.look.unit)
        for level in levels:
            for line in contours.lines(float(level)):
                points = np.asarray(line, np.float64)
                for run in self.axes.runs(self.axes.points(points[:, 0], points[:, 1])):
                    pen.polyline(run, color, stroke)

    def _heights_of_pixels(self) -> Values:
        """The field at the middle of every pixel of the axes' area, rows from the top down."""
        area, (rows, columns) = self.axes.area, self._panel.heights.shape
        down, across = np.linspace(rows - 1, 0, area.height), np.linspace(0, columns - 1, area.width)
        return interpolated(self._panel.heights, down, across)


def _bands(panel: Surface, theme: Theme) -> list[Color]:
    """One colour more than there are levels, from the scale's low end to its high end."""
    scale = theme.scale(panel.scale)
    at = np.linspace(0, len(scale) - 1, len(panel.levels) + 1).round().astype(int)
    return list(map(as_color, scale[at]))


PAINTER = SurfacePainter
