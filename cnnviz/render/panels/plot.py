"""Plots: axes with curves and dots; what stays or only grows is background, what moves is drawn anew alone."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from cnnviz.render.axes import TICK, TICK_GAP, Axes, Points, dashes, length
from cnnviz.render.canvas import Box, Look
from cnnviz.render.panels.base import LEAST_TEXT, Colors, Extent, Fit, Place
from cnnviz.render.panels.redrawn import Part, RedrawnPainter
from cnnviz.render.pen import Pen
from cnnviz.render.text import Line, Piece, Placed
from cnnviz.render.theme import Color, Theme
from cnnviz.storyboard import Change, Curve, Dot, MoveDot, Plot, SetCurve

_LEAST_WIDTH, _LEAST_HEIGHT = 200, 110
_STROKES = {"solid": 3.4, "dashed": 2.6, "dotted": 2.0}
_DASHES = {"dashed": (4.2, 3.6), "dotted": (0.6, 2.4)}
_THIN = {"tangent": 2.6, "guide": 1.6, "axis": 1.4, "grid": 1.0}
_RADIUS, _RIM = 6.5, 2.0
_TEXT_SIZE = 15
_HALO = 2
_KEPT_RIMS = 256
_BLACK = (0, 0, 0)


class PlotPainter(RedrawnPainter):
    """Paints a plot; a subclass may paint something under its axes by `draw_field`."""

    def __init__(self, panel: Plot, place: Place, look: Look, fit: Fit) -> None:
        super().__init__(panel, place, look, fit)
        self._panel = panel
        self.axes = Axes.of(panel, place.width, place.height, fit, _room_beside(panel, fit))
        self._curves = {curve.name: curve for curve in panel.curves}
        self._dots = {dot.name: dot for dot in panel.dots}
        self._inked: dict[str, Part | None] = {}
        self._rims: dict[tuple[str, float], tuple[Line, Box]] = {}

    @classmethod
    def measure(cls, panel: Plot, cell: int, fit: Fit) -> Extent:
        """A least size; a plot takes its share of the room that is left."""
        return Extent(width=fit.px(_LEAST_WIDTH), height=fit.px(_LEAST_HEIGHT), stretch=panel.span)

    @classmethod
    def colors(cls, panel: Plot, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """Inks of axes, curves and dots on the page, and the rims of dots."""
        of_steps = [role for role in step_roles if role in theme.lines or role in theme.page]
        roles = ["axis", "grid", *(curve.role for curve in panel.curves), *(dot.role for dot in panel.dots), *of_steps]
        inks = [theme.line(role) for role in dict.fromkeys(roles)]
        fills = dict.fromkeys(dot.role for dot in panel.dots)
        rims = [(theme.line(role), _rim(theme, role)) for role in fills]
        ground = theme.page["ground"]
        ramps = [(ground, ink) for ink in (*inks, theme.page["muted"], *(rim for _, rim in rims))] + rims
        return Colors(solid=inks + [rim for _, rim in rims], ramps=ramps)

    def draw_background(self, pen: Pen) -> None:
        """Draw the axes and all curves that do not move."""
        self.draw_field(pen)
        if not self.axes.zero:
            self._draw_grid(pen)
        self._draw_lines(pen)
        for name, curve in self._curves.items():
            if name not in self._inked:
                points, color = self.axes.points(curve.x, curve.y), self.look.theme.line(curve.role)
                self._stroke(pen, curve, points, color)
        self._draw_texts(pen)

    def draw_field(self, pen: Pen) -> None:
        """Draw what lies under axes and curves: nothing."""

    def parts(self) -> dict[str, Part]:
        """Moving curves, the texts at curves' ends, then dots, each above the last."""
        found = {}
        for name, part in self._inked.items():
            if part is not None:
                found[f"curve {name}"] = part
        found |= self._end_texts()
        for name, dot in self._dots.items():
            if self.axes.shows(dot.x, dot.y):
                found |= self._dot_parts(name, dot)
        return found

    def update(self, change: Change) -> None:
        """Move a dot; set a curve, or draw on from where it ended."""
        if isinstance(change, MoveDot):
            dot = self._dots[change.dot]
            text = dot.text if change.text is None else change.text
            self._dots[change.dot] = dataclasses.replace(dot, x=change.x, y=change.y, text=text)
        elif isinstance(change, SetCurve):
            self._set_curve(change)
        else:
            raise TypeError(f"a plot cannot take {type(change).__name__}")

    def _set_curve(self, change: SetCurve) -> None:
        old = self._curves[change.curve]
        x, y = np.asarray(change.x, np.float64), np.asarray(change.y, np.float64)
        if change.extend:
            x, y = np.concatenate([old.x, x]), np.concatenate([old.y, y])
        self._curves[change.curve] = curve = dataclasses.replace(old, x=x, y=y)
        if change.extend and change.curve not in self._inked:
            self._grow(old, self.axes.points(curve.x, curve.y))
            return
        first = change.curve not in self._inked
        self._inked[change.curve] = self._ink(curve)
        if first and len(old.x):
            # The background has the curve as it was: from now on it is a part.
            self._background.picture[:] = self.look.theme.page["ground"]
            self.bake(Box(0, 0, self.place.width, self.place.height), self.draw_background)

    def _grow(self, old: Curve, points: Points) -> None:
        known = max(0, len(old.x) - 1)
        new = points[known:]
        if (box := self._reach(new, self._width(old))) is not None:
            begun, color = length(points[: known + 1]), self.look.theme.line(old.role)
            self.bake(box, lambda pen: self._stroke(pen, old, new, color, begun))

    def _ink(self, curve: Curve) -> Part | None:
        """A curve that moves, as a part; None where the axes show nothing of it."""
        points = self.axes.points(curve.x, curve.y)
        box = self._reach(points, self._width(curve))
        if box is None:
            return None
        line = stamp(box, lambda pen: self._stroke(pen, curve, points, _BLACK))
        color = self.look.theme.line(curve.role)
        return Part(points.tobytes(), box, lambda pen: pen.text(line, box.left, box.top, color))

    def _stroke(self, pen: Pen, curve: Curve, points: Points, color: Color, begun: float = 0.0) -> None:
        """Draw a line in a curve's manner, as far as the axes show it."""
        width = self._width(curve)
        for run in self.axes.runs(points):
            if curve.style == "solid":
                pen.polyline(run, color, width)
                continue
            on, off = (part * width for part in _DASHES[curve.style])
            for dash in dashes(run, on, off, begun):
                pen.polyline(dash, color, width)

    def _width(self, curve: Curve) -> float:
        return _THIN.get(curve.role, _STROKES[curve.style]) * self.look.unit

    def _reach(self, points: Points, width: float) -> Box | None:
        """The box of what the axes show of a line."""
        runs = list(self.axes.runs(points))
        if not runs:
            return None
        (left, top), (right, bottom) = np.concatenate(runs).min(axis=0), np.concatenate(runs).max(axis=0)
        more = width / 2 + 2
        return Box(
            math.floor(left - more), math.floor(top - more), math.ceil(right + more) + 1, math.ceil(bottom + more) + 1
        )

    def _dot_parts(self, name: str, dot: Dot) -> dict[str, Part]:
        # On whole pixels a dot is the same stamp wherever it goes.
        x, y = (math.floor(v) for v in self.axes.points(dot.x, dot.y))
        fill, rim = self.look.theme.line(dot.role), _rim(self.look.theme, dot.role)
        disc, ring, reach = self._disc

        def draw(pen: Pen) -> None:
            pen.text(disc, x - reach, y - reach, fill)
            pen.text(ring, x - reach, y - reach, rim)

        box = Box(x - reach, y - reach, x + reach + 1, y + reach + 1)
        found = {f"dot {name}": Part((x, y), box, draw)}
        if dot.text:
            line = self._line(dot.text)
            left = self._beside(x, line, self.look.px(_RADIUS + 5))
            baseline = max(line.ascent + 2, y - self.look.px(4))
            found[f"text of dot {name}"] = self._text_part(dot.text, left, baseline, rim)
        return found

    @cached_property
    def _disc(self) -> tuple[Line, Line, int]:
        """A dot's inside and its edge, and how far they reach from the dot's middle pixel."""
        radius, rim = _RADIUS * self.look.unit, _RIM * self.look.unit
        reach = math.ceil(radius + rim) + 1
        box, middle = Box(-reach, -reach, reach + 1, reach + 1), (0.5, 0.5)
        around = np.linspace(0, 2 * np.pi, 48)
        circle = np.stack([np.cos(around), np.sin(around)], axis=1) * radius + middle
        disc = stamp(box, lambda pen: pen.disc(*middle, radius, _BLACK))
        return disc, stamp(box, lambda pen: pen.polyline(circle, _BLACK, rim)), reach

    def _end_texts(self) -> dict[str, Part]:
        """The texts at the ends of curves, moved apart where they would meet."""
        ends = []
        for name, curve in self._curves.items():
            if curve.text and (runs := list(self.axes.runs(self.axes.points(curve.x, curve.y)))):
                ends.append((float(runs[-1][-1, 1]), float(runs[-1][-1, 0]), name))
        found, taken = {}, -math.inf
        for y, x, name in sorted(ends):
            curve = self._curves[name]
            line = self._line(curve.text)
            baseline = round(max(y + line.ascent / 2, taken + line.ascent + self.look.px(5), line.ascent + 2))
            baseline = min(baseline, self.place.height - line.descent - 2)
            taken = baseline + line.descent
            left = self._beside(x, line, self.look.px(8))
            color = self.look.theme.line(curve.role)
            found[f"text of {name}"] = self._text_part(curve.text, left, baseline, color)
        return found

    def _beside(self, x: float, line: Line, gap: int) -> int:
        """Where a text starts that stands to the right of x, or to the left where there is no room."""
        if round(x) + gap + line.width + _HALO <= self.place.width:
            return round(x) + gap
        return round(x) - gap - line.width

    def _text_part(self, text: str, left: int, baseline: int, color: Color) -> Part:
        line, more = self._line(text), _HALO + 2
        box = Box(left - more, baseline - line.ascent - more, left + line.width + more, baseline + line.descent + more)
        return Part((text, left, baseline), box, lambda pen: self._write(pen, text, left, baseline, color))

    def _line(self, text: str, size: float = _TEXT_SIZE) -> Line:
        return self.look.typesetter.line(text, size * self.look.unit)

    def _write(self, pen: Pen, text: str, x: int, baseline: int, color: Color, size: float = _TEXT_SIZE) -> None:
        """Write a text with a rim in the ground's colour, so that curves under it leave it readable."""
        line = self._line(text, size)
        if (text, size) not in self._rims:
            if len(self._rims) >= _KEPT_RIMS:
                self._rims.clear()
            box = Box(-_HALO - 2, -line.ascent - _HALO - 2, line.width + _HALO + 2, line.descent + _HALO + 2)
            self._rims[text, size] = stamp(box, lambda pen: _draw_rim(pen, line)), box
        rim, box = self._rims[text, size]
        pen.text(rim, x + box.left, baseline + box.top, self.look.theme.page["ground"])
        pen.text(line, x, baseline, color)

    def _draw_grid(self, pen: Pen) -> None:
        axes, color = self.axes, self.look.theme.line("grid")
        area = axes.area
        for value in axes.x_ticks.values:
            pen.rect(axes.x.pixel(value), area.top, 1, area.bottom - area.top, color)
        for value in axes.y_ticks.values:
            pen.rect(area.left, axes.y.pixel(value), area.right - area.left, 1, color)

    def _draw_lines(self, pen: Pen) -> None:
        """The two axes and their tick marks."""
        axes, color, tick = self.axes, self.look.theme.line("axis"), self.look.px(TICK)
        area, (across, along) = axes.area, axes.crossing
        pen.rect(area.left, along, area.right - area.left, 1, color)
        pen.rect(across, area.top, 1, area.bottom - area.top, color)
        for value in axes.x_ticks.values:
            pen.rect(axes.x.pixel(value), along, 1, tick + 1, color)
        for value in axes.y_ticks.values:
            pen.rect(across - tick, axes.y.pixel(value), tick + 1, 1, color)

    def _draw_texts(self, pen: Pen) -> None:
        """Tick labels, without the zero where the axes cross in the middle, and the axes' names."""
        axes, muted = self.axes, self.look.theme.page["muted"]
        across, along = axes.crossing
        inside_x, inside_y = axes.x.first < across, along < axes.y.first
        drop, tall = self.look.px(TICK + TICK_GAP), self._line("0", LEAST_TEXT).ascent
        for value, text in zip(axes.x_ticks.values, axes.x_ticks.texts, strict=True):
            at = axes.x.pixel(value)
            if not (axes.zero and inside_x and inside_y and at == across):
                left = at - self._line(text, LEAST_TEXT).width // 2
                self._write(pen, text, left, along + drop + tall, muted, LEAST_TEXT)
        for value, text in zip(axes.y_ticks.values, axes.y_ticks.texts, strict=True):
            at = axes.y.pixel(value)
            if not (axes.zero and (inside_x or inside_y) and at == along):
                left = across - drop - self._line(text, LEAST_TEXT).width
                self._write(pen, text, left, at + (tall + 1) // 2, muted, LEAST_TEXT)
        self._draw_names(pen)

    def _draw_names(self, pen: Pen) -> None:
        """The axes' names: at their ends where they cross at zero, else under and over the frame."""
        axes, muted, gap = self.axes, self.look.theme.page["muted"], self.look.px(TICK + TICK_GAP)
        across, along = axes.crossing
        area = axes.area
        x_name, y_name = self._panel.x_text, self._panel.y_text
        x_line, y_line = self._line(x_name), self._line(y_name)
        if axes.zero:
            self._write(pen, x_name, area.right - x_line.width, along - gap, muted)
            self._write(pen, y_name, across + gap, area.top + y_line.ascent, muted)
        else:
            under = self.place.height - x_line.descent - 2
            self._write(pen, x_name, (area.left + area.right - x_line.width) // 2, under, muted)
            self._write(pen, y_name, max(0, area.left - gap), max(y_line.ascent, area.top - gap), muted)


def stamp(box: Box, draw: Callable[[Pen], None]) -> Line:
    """What `draw` draws in black within a box, as if it were a glyph: written wherever and as often as it is wanted."""
    width, height = box.right - box.left, box.bottom - box.top
    picture = np.full((height, width, 3), 255, np.uint8)
    draw(Pen(picture, origin=(box.left, box.top)))
    return Line((Placed(Piece(255 - picture[..., 0], 0, 0, width), 0, 0, False),), width, 0, height)


def _draw_rim(pen: Pen, line: Line) -> None:
    out = _HALO
    for dx, dy in ((-out, 0), (out, 0), (0, -out), (0, out), (-1, -1), (-1, 1), (1, -1), (1, 1)):
        pen.text(line, dx, dy, _BLACK, _BLACK)


def _rim(theme: Theme, role: str) -> Color:
    """The edge of a dot, its second cue: the outline of the same name if the theme has one, else ink."""
    return theme.marks.get(role, theme.page["ink"])


def _room_beside(panel: Plot, fit: Fit) -> int:
    """Pixels at the right for the texts of curves that end there, or may."""
    edge = panel.x_range[1] - 0.05 * (panel.x_range[1] - panel.x_range[0])
    ending = [c for c in panel.curves if c.text and not (len(c.x) and c.x[-1] < edge)]
    lines = [fit.typesetter.line(c.text, _TEXT_SIZE * fit.unit) for c in ending]
    return max((line.width + fit.px(10) + _HALO for line in lines), default=0)


PAINTER = PlotPainter
