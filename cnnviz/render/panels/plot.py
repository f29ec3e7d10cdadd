"""Plots: axes with curves and dots; what stays or only grows is background, what moves is drawn anew alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from cnnviz.render.axes import Axes, Points, length, strokes
from cnnviz.render.canvas import Box, Look
from cnnviz.render.panels._axes import draw_axes, draw_grid
from cnnviz.render.panels.base import (
    LABEL_SIZE,
    Colors,
    Extent,
    Fit,
    Item,
    Painter,
    Place,
    Shape,
    Slot,
    around,
    box_around,
    changed,
    stamps,
)
from cnnviz.render.pen import Pen, Stamp
from cnnviz.render.text import TextLine
from cnnviz.render.theme import Color, Theme
from cnnviz.storyboard import Curve, Dot, MoveDot, Plot, SetCurve

_LEAST_WIDTH, _LEAST_HEIGHT = 210, 110
_STROKES = {"solid": 3.4, "dashed": 2.6, "dotted": 2.0, "dots": 7.0, "rings": 8.0}
_DASHES = {"dashed": (4.2, 3.6), "dotted": (0.6, 2.4)}
_THIN = {"tangent": 2.6, "guide": 1.6, "axis": 1.4, "grid": 1.0}
_RADIUS, _RIM = 6.5, 2.0
_SHAPES = {
    "circle": (48, 0.0),
    "square": (4, 1 / 8),
    "diamond": (4, 0.0),
    "triangle": (3, 1 / 2),
    "arrowhead": (3, 0.0),
    "pentagon": (5, 1 / 2),
}
"""Corners of a marker, and where the first is, in turns from straight down."""
_END_GAP = 11
# Pixels of a text's plate beyond its letters.
_PLATE = 2


class PlotPainter(Painter):
    """A plot: what stays or only grows is ground; curves that move, texts and dots are above it.

    A subclass may draw something under the axes by `draw_field`.
    """

    def __init__(self, panel: Plot, place: Place, look: Look, fit: Fit) -> None:
        super().__init__(panel, place, look, fit)
        self.axes = Axes.of(panel, place.width, place.height, fit, _room_beside(panel, fit))
        self._curves = {curve.name: curve for curve in panel.curves}
        self._dots = {dot.name: dot for dot in panel.dots}
        self._moving: dict[str, Item | None] = {}
        self._lay_axes()

    @classmethod
    def measure(cls, panel: Plot, cell: int, fit: Fit) -> Extent:
        """A least size; a plot takes its share of what is left."""
        return Extent(width=fit.tx(_LEAST_WIDTH), height=fit.tx(_LEAST_HEIGHT), stretch=panel.span)

    @classmethod
    def colors(cls, panel: Any, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """Inks of axes, curves and dots on the page, and the rims of dots."""
        of_steps = [role for role in step_roles if role in theme.lines or role in theme.page]
        rims = [(theme.line(dot.role), _rim(theme, dot.role)) for dot in panel.dots]
        roles = ["axis", "grid", *(curve.role for curve in panel.curves), *(dot.role for dot in panel.dots), *of_steps]
        colors = Colors(ramps=rims)
        inks = *map(theme.line, roles), theme.page["muted"], *(rim for _, rim in rims)
        colors.add(theme.page["ground"], *inks)
        return colors

    def _lay_axes(self) -> None:
        """The axes and all curves that do not move."""
        standing = [curve for name, curve in self._curves.items() if name not in self._moving]

        def draw(pen: Pen) -> None:
            draw_grid(pen, self.axes, self.look)
            self.draw_field(pen)
            draw_axes(pen, self._panel, self.axes, self.look, self.fit)
            for curve in standing:
                self._stroke(pen, curve, self._points(curve))

        for slot in list(self.ground):
            self.lay(slot, None)
        self.lay(("axes",), Item("", self.whole, draw))

    def draw_field(self, pen: Pen) -> None:
        """Draw what lies under axes and curves: nothing."""

    def floats(self) -> dict[Slot, Item]:
        """Moving curves, the texts at curves' ends, then dots, each above the last."""
        found: dict[Slot, Item] = {("curve", name): item for name, item in self._moving.items() if item is not None}
        seen = [dot for dot in self._dots.values() if self.axes.shows(dot.x, dot.y)]
        dots: dict[Slot, Item] = {("dot", dot.name): self._dot_item(dot) for dot in seen}
        texts = {("dot text", dot.name): self._dot_text(dot, *dots["dot", dot.name].at) for dot in seen if dot.text}
        return found | self._end_texts() | dots | texts

    def update(self, change: Any) -> None:
        """Move a dot; set a curve, or draw on from where it ended."""
        if isinstance(change, MoveDot):
            self._dots[change.dot] = changed(self._dots[change.dot], change, "x", "y", "text")
        else:
            self._set_curve(change)

    def _set_curve(self, change: SetCurve) -> None:
        old, first = self._curves[change.curve], change.curve not in self._moving
        x, y = np.asarray(change.x, np.float64), np.asarray(change.y, np.float64)
        if change.extend:
            x, y = np.concatenate([old.x, x]), np.concatenate([old.y, y])
        self._curves[change.curve] = curve = replace(old, x=x, y=y)
        points = self._points(curve)
        if change.extend and first:
            self._grow(old, points)
            return
        self._moving[change.curve] = self._moved(curve, points)
        if first and len(old.x):
            # The ground has the curve as it was.
            self._lay_axes()

    def _points(self, curve: Curve) -> Points:
        y = curve.y
        if curve.equal and len(y):
            y = y[0] + (y - y[0]) * self.axes.unit_ratio
        return self.axes.points(curve.x, y)

    def _grow(self, old: Curve, points: Points) -> None:
        known = max(0, len(old.x) - 1)
        new, begun = points[known:], length(points[: known + 1])
        if (box := self._reach(new, self._width(old))) is not None:
            item = Item("", box, lambda pen: self._stroke(pen, old, new, begun))
            self.lay(("grown", old.name, len(self.ground)), item)

    def _moved(self, curve: Curve, points: Points) -> Item | None:
        """A curve that moves; None where the axes show nothing of it."""

        def reshaped(shape: Shape) -> Item:
            return self._moved(curve, np.reshape(shape, (-1, 2))) or Item("", Box(0, 0, 0, 0), lambda pen: None)

        def draw(pen: Pen) -> None:
            self._stroke(pen, curve, points)

        box, shape = self._reach(points, self._width(curve)), tuple(points.ravel().tolist())
        return Item("", box, draw, shape=shape, reshaped=reshaped, glides=True) if box else None

    def _stroke(self, pen: Pen, curve: Curve, points: Points, begun: float = 0.0) -> None:
        """Draw a line in a curve's manner, as far as the axes show it."""
        width, color = self._width(curve), self.look.theme.line(curve.role)
        if curve.style in ("dots", "rings"):
            for x, y in points[[self.axes.area.left <= x and np.isfinite(y) for x, y in points]]:
                pen.disc(x, y, width / 2, color)
                if curve.style == "rings":
                    pen.disc(x, y, width / 4, self.look.theme.page["ground"])
            return
        lengths = _DASHES.get(curve.style) or self.look.theme.dashes.get(curve.role)
        for run in self.axes.runs(points):
            for part in strokes(run, [part * width for part in lengths], begun) if lengths else [run]:
                pen.polyline(part, color, width)

    def _width(self, curve: Curve) -> float:
        return _THIN.get(curve.role, _STROKES[curve.style]) * self.look.unit

    def _reach(self, points: Points, width: float) -> Box | None:
        """The box of what the axes show of a line."""
        runs = list(self.axes.runs(points))
        return box_around(np.concatenate(runs), width / 2 + 2) if runs else None

    def _dot_item(self, dot: Dot) -> Item:
        fill, rim = self.look.theme.line(dot.role), _rim(self.look.theme, dot.role)
        disc, ring = _dot_stamps(_RADIUS * self.look.unit, _RIM * self.look.unit, dot.shape)

        def draw(pen: Pen) -> None:
            pen.stamp(disc, 0, 0, fill)
            pen.stamp(ring, 0, 0, rim)

        # On whole pixels a dot looks the same wherever it goes.
        x, y = np.floor(self.axes.points(dot.x, dot.y)).astype(int).tolist()
        return Item("", disc.box, draw, (x, y), glides=True)

    def _dot_text(self, dot: Dot, x: int, y: int) -> Item:
        """On its side of the dot."""
        line, gap = self._line(dot.text), self.look.px(_RADIUS + 5)
        left, baseline = {
            "beside": (self._beside(x, line, gap), max(line.ascent + 2, y - self.look.px(4))),
            "above": (x - line.width // 2, y - gap - line.descent),
            "below": (x - line.width // 2, y + gap + line.ascent),
        }[dot.side]
        return self._text_item(line, left, baseline, _rim(self.look.theme, dot.role))

    def _end_texts(self) -> dict[Slot, Item]:
        """The texts at the ends of curves, moved apart where they would meet."""
        found: dict[str, Box] = {}
        pad, gap = self.look.px(2), self.look.px(_END_GAP)
        for name, curve in self._curves.items():
            runs = list(self.axes.runs(self.axes.points(curve.x, curve.y))) if curve.text else []
            if not runs:
                continue
            line, (x, y) = self._line(curve.text), runs[-1][-1].tolist()
            baseline = round(y + (line.ascent - line.descent) / 2)
            if curve.x[-1] < curve.x[0]:
                # Beside its end it would lie on the curve.
                baseline += line.ascent if curve.y[-1] < curve.y[-2] else -line.ascent - gap
            found[name] = Box(0, -line.ascent, line.width, line.descent).moved(self._beside(x, line, gap), baseline)
        names = sorted(found, key=lambda name: found[name].top)
        boxes = moved_apart([found[name].grown(pad) for name in names], self.axes.area.top, self.axes.area.bottom)
        items: dict[Slot, Item] = {}
        for name, box in zip(names, boxes, strict=True):
            line, color = self._line(self._curves[name].text), self.look.theme.line(self._curves[name].role)
            items["end text", name] = self._text_item(line, box.left + pad, box.top + pad + line.ascent, color)
        return items

    def _line(self, text: str) -> TextLine:
        return self.look.typesetter.line(text, self.fit.size(LABEL_SIZE))

    def _beside(self, x: float, line: TextLine, gap: int) -> int:
        """Where a text starts that stands to the right of x, or to the left where there is no room."""
        right = round(x) + gap + line.width + _PLATE <= self.place.width
        return round(x) + gap if right else round(x) - gap - line.width

    def _text_item(self, line: TextLine, left: int, baseline: int, color: Color) -> Item:
        """A text on a plate: thin letters are lost among lines."""
        plate, ground = around([(line, 0, 0)]), self.look.theme.page["ground"]

        def draw(pen: Pen) -> None:
            pen.rect(*plate[:2], plate.width, plate.height, ground)
            pen.text(line, 0, 0, color)

        return Item(line, plate, draw, (left, baseline), glides=True)


@lru_cache(maxsize=64)
def _dot_stamps(radius: float, rim: float, shape: str) -> tuple[Stamp, Stamp]:
    """A marker's inside and its edge, around the middle of a pixel."""
    corners, turn = _SHAPES[shape]
    # Few corners reach farther, so that all markers look equally large.
    radius *= 1 + 1.2 / corners
    around = 2 * np.pi * (np.arange(corners) / corners + turn)
    return stamps(np.stack([np.sin(around), np.cos(around)], axis=1) * radius + 0.5, rim)


def moved_apart(boxes: Sequence[Box], top: int, bottom: int) -> list[Box]:
    """Boxes, sorted from top to bottom, moved up or down as little as parts them between a top and a bottom."""
    found = list(boxes)
    for place, box in reversed(list(enumerate(found))):
        end = min((other.top for other in found[place + 1 :] if _over(box, other)), default=bottom)
        found[place] = box.moved(0, min(0, end - box.bottom))
    for place, box in enumerate(found):
        start = max((other.bottom for other in found[:place] if _over(box, other)), default=top)
        found[place] = box.moved(0, max(0, start - box.top))
    return found


def _over(a: Box, b: Box) -> bool:
    """Whether one stands above the other, not beside it."""
    return a.left < b.right and b.left < a.right


def _rim(theme: Theme, role: str) -> Color:
    """The edge of a dot, its second cue: the outline of the same name if the theme has one, else ink."""
    return theme.marks.get(role, theme.page["ink"])


def _room_beside(panel: Plot, fit: Fit) -> int:
    """Pixels at the right for the texts of curves that end there, or may."""
    edge = panel.x_range[1] - 0.05 * (panel.x_range[1] - panel.x_range[0])
    ending = [c for c in panel.curves if c.text and not (len(c.x) and c.x[-1] < edge)]
    lines = [fit.typesetter.line(c.text, fit.size(LABEL_SIZE)) for c in ending]
    return max((line.width + fit.px(_END_GAP + 2) + _PLATE for line in lines), default=0)


PAINTER = PlotPainter
