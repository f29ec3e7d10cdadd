"""Plots: axes with curves and dots; what stays or only grows is background, what moves is drawn anew alone."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from cnnviz.render.axes import Axes, Points, length, strokes
from cnnviz.render.canvas import Box, Look
from cnnviz.render.panels._axes import TEXT_SIZE, AxesDrawing, Lettering
from cnnviz.render.panels.base import Colors, Extent, Fit, Item, Painter, Place, Shape, Slot
from cnnviz.render.pen import RIM, Pen, Stamp, rim_box
from cnnviz.render.text import TextLine
from cnnviz.render.theme import Color, Theme
from cnnviz.storyboard import Change, Curve, Dot, MoveDot, Plot, SetCurve

_LEAST_WIDTH, _LEAST_HEIGHT, _NAME_HEIGHT, _AROUND = 210, 110, 21, 72
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
_BEGUN = 0.15
"""The share of a frame that a curve with a dot at its end crosses before it gets its name."""


class PlotPainter(Painter):
    """A plot: what stays or only grows is ground; curves that move, texts and dots are above it.

    A subclass may draw something under the axes by `draw_field`. Where texts of dots are steady they stay where they
    are when other dots come their way, above these.
    """

    steady_texts = False

    def __init__(self, panel: Plot, place: Place, look: Look, fit: Fit) -> None:
        super().__init__(panel, place, look, fit)
        self._panel = panel
        self.axes = Axes.of(panel, place.width, place.height, fit, _room_beside(panel, fit))
        self._curves = {curve.name: curve for curve in panel.curves}
        self._dots = {dot.name: dot for dot in panel.dots}
        self._moving: dict[str, Item | None] = {}
        self._lettering = Lettering(look, fit)
        self._drawing = AxesDrawing(panel, self.axes, look, self._lettering)
        self._lay_axes()

    @classmethod
    def measure(cls, panel: Plot, cell: int, fit: Fit) -> Extent:
        """A least size, with room for the names at the curves' ends; a plot takes its share of what is left."""
        moving = {dot.name for dot in panel.dots}
        names = sum(bool(curve.text) and curve.name in moving for curve in panel.curves)
        height = max(_LEAST_HEIGHT, _NAME_HEIGHT * names + _AROUND)
        return Extent(width=fit.tx(_LEAST_WIDTH), height=fit.tx(height), stretch=panel.span)

    @classmethod
    def colors(cls, panel: Any, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """Inks of axes, curves and dots on the page, and the rims of dots."""
        of_steps = [role for role in step_roles if role in theme.lines or role in theme.page]
        roles = ["axis", "grid", *(curve.role for curve in panel.curves), *(dot.role for dot in panel.dots), *of_steps]
        inks = [theme.line(role) for role in dict.fromkeys(roles)]
        fills = dict.fromkeys(dot.role for dot in panel.dots)
        rims = [(theme.line(role), _rim(theme, role)) for role in fills]
        ground = theme.page["ground"]
        ramps = [(ground, ink) for ink in (*inks, theme.page["muted"], *(rim for _, rim in rims))] + rims
        return Colors(solid=inks + [rim for _, rim in rims], ramps=ramps)

    def _lay_axes(self) -> None:
        """The axes and all curves that do not move."""
        standing = [curve for name, curve in self._curves.items() if name not in self._moving]
        points = [self._points(curve) for curve in standing]

        def draw(pen: Pen) -> None:
            self.draw_field(pen)
            self._draw_grid(pen)
            self._drawing.draw_lines(pen)
            for curve, line in zip(standing, points, strict=True):
                self._stroke(pen, curve, line, self.look.theme.line(curve.role))
            self._drawing.draw_texts(pen)

        for slot in list(self.ground):
            self.lay(slot, None)
        self.lay(("axes",), Item("", self.whole, draw))

    def draw_field(self, pen: Pen) -> None:
        """Draw what lies under axes and curves: nothing."""

    def _draw_grid(self, pen: Pen) -> None:
        self._drawing.draw_grid(pen)

    def floats(self) -> dict[Slot, Item]:
        """Moving curves, the texts at curves' ends, then dots, each above the last."""
        found: dict[Slot, Item] = {("curve", name): item for name, item in self._moving.items() if item is not None}
        texts = self._end_texts()
        return found | texts | self._dot_items([item.reach for item in texts.values()])

    def update(self, change: Change) -> None:
        """Move a dot; set a curve, or draw on from where it ended."""
        if isinstance(change, MoveDot):
            dot = self._dots[change.dot]
            text = dot.text if change.text is None else change.text
            self._dots[change.dot] = dataclasses.replace(dot, x=change.x, y=change.y, text=text)
        elif isinstance(change, SetCurve):
            self._set_curve(change)
        else:
            super().update(change)

    def _set_curve(self, change: SetCurve) -> None:
        old, first = self._curves[change.curve], change.curve not in self._moving
        x, y = np.asarray(change.x, np.float64), np.asarray(change.y, np.float64)
        if change.extend:
            x, y = np.concatenate([old.x, x]), np.concatenate([old.y, y])
        self._curves[change.curve] = curve = dataclasses.replace(old, x=x, y=y)
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
        new = points[known:]
        if (box := self._reach(new, self._width(old))) is not None:
            begun, color = length(points[: known + 1]), self.look.theme.line(old.role)
            item = Item("", box, lambda pen: self._stroke(pen, old, new, color, begun))
            self.lay(("grown", old.name, len(self.ground)), item)

    def _moved(self, curve: Curve, points: Points) -> Item | None:
        """A curve that moves; None where the axes show nothing of it."""
        box = self._reach(points, self._width(curve))
        if box is None:
            return None
        color = self.look.theme.line(curve.role)

        def reshaped(shape: Shape) -> Item:
            return self._moved(curve, np.reshape(shape, (-1, 2))) or Item("", Box(0, 0, 0, 0), lambda pen: None)

        shape = tuple(points.ravel().tolist())
        return Item(
            "", box, lambda pen: self._stroke(pen, curve, points, color), shape=shape, reshaped=reshaped, glides=True
        )

    def _stroke(self, pen: Pen, curve: Curve, points: Points, color: Color, begun: float = 0.0) -> None:
        """Draw a line in a curve's manner, as far as the axes show it."""
        width = self._width(curve)
        if curve.style in ("dots", "rings"):
            for x, y in points[[self.axes.area.left <= x and np.isfinite(y) for x, y in points]]:
                pen.disc(x, y, width / 2, color)
                if curve.style == "rings":
                    pen.disc(x, y, width / 4, self.look.theme.page["ground"])
            return
        lengths = _DASHES.get(curve.style) or self.look.theme.dashes.get(curve.role)
        for run in self.axes.runs(points):
            if lengths is None:
                pen.polyline(run, color, width)
                continue
            for dash in strokes(run, [part * width for part in lengths], begun):
                if len(run) == 2 and run[0, 0] == run[1, 0]:
                    _upright(pen, dash, color, max(1, round(width)))
                else:
                    pen.polyline(dash, color, width)

    def _width(self, curve: Curve) -> float:
        return _THIN.get(curve.role, _STROKES[curve.style]) * self.look.unit

    def _reach(self, points: Points, width: float) -> Box | None:
        """The box of what the axes show of a line."""
        runs = list(self.axes.runs(points))
        if not runs:
            return None
        more, points = width / 2 + 2, np.concatenate(runs)
        left, top = np.floor(points.min(axis=0) - more).astype(int).tolist()
        right, bottom = np.ceil(points.max(axis=0) + more).astype(int).tolist()
        return Box(left, top, right + 1, bottom + 1)

    def _dot_items(self, texts: Sequence[Box]) -> dict[Slot, Item]:
        """The dots that are seen, and their texts: apart from all dots and from the `texts` of curves."""
        seen = {name: dot for name, dot in self._dots.items() if self.axes.shows(dot.x, dot.y)}
        discs = {name: self._dot_item(dot) for name, dot in seen.items()}
        taken = list(texts)
        found: dict[Slot, Item] = {("dot", name): item for name, item in discs.items()}
        for name, dot in seen.items():
            if dot.text:
                # All places around a dot are clear of the dot itself, whatever the corners of its box.
                others = [item.reach for other, item in discs.items() if other != name]
                found["dot text", name] = self._dot_text(dot, *discs[name].at, [*others, *taken])
                taken.append(found["dot text", name].reach)
        return found

    def _dot_item(self, dot: Dot) -> Item:
        fill, rim = self.look.theme.line(dot.role), _rim(self.look.theme, dot.role)
        disc, ring = _dot_stamps(_RADIUS * self.look.unit, _RIM * self.look.unit, dot.shape)

        def draw(pen: Pen) -> None:
            pen.stamp(disc, 0, 0, fill)
            pen.stamp(ring, 0, 0, rim)

        # On whole pixels a dot looks the same wherever it goes.
        x, y = np.floor(self.axes.points(dot.x, dot.y)).astype(int).tolist()
        return Item("", disc.box, draw, (x, y), glides=True)

    def _dot_text(self, dot: Dot, x: int, y: int, taken: Sequence[Box]) -> Item:
        """On its side of the dot; elsewhere around it where it covers less of what is taken, unless it is steady."""
        line, gap = self._lettering.line(dot.text), self.look.px(_RADIUS + 5)
        left, baseline, centred = (
            self._beside(x, line, gap),
            max(line.ascent + 2, y - self.look.px(4)),
            x - line.width // 2,
        )
        above, below = (centred, y - gap - line.descent), (centred, y + gap + line.ascent)
        around = {
            "beside": (left, baseline),
            "other": (2 * x - left - line.width, baseline),
            "above": above,
            "below": below,
        }
        places = [around.pop(dot.side)]
        if not self.steady_texts:
            places += [place for place in around.values() if self.whole.grown(2).holds(rim_box(line, *place))]
        at = min(places, key=lambda place: sum(rim_box(line, *place).grown(-RIM - 2).meets(box) for box in taken))
        return self._text_item(dot.text, *at, _rim(self.look.theme, dot.role))

    def _end_texts(self) -> dict[Slot, Item]:
        """The texts at the ends of curves, moved apart where they would meet; in a frame none of those that left it."""
        ends = []
        for name, curve in self._curves.items():
            runs = list(self.axes.runs(self.axes.points(curve.x, curve.y))) if curve.text else []
            if runs and self._names_end(curve):
                ends.append((float(runs[-1][-1, 1]), float(runs[-1][-1, 0]), name))
        boxes, pad, gap = [], self.look.px(2), self.look.px(_END_GAP)
        for y, x, name in sorted(ends):
            line = self._lettering.line(self._curves[name].text)
            left, middle = self._beside(x, line, gap), round(y + (line.ascent - line.descent) / 2)
            if self._heads_left(self._curves[name]):
                # Beside its end it would lie on the curve.
                ahead = round(x) - gap - line.width
                falls = self._curves[name].y[-1] < self._curves[name].y[-2]
                aside = middle + (line.ascent if falls else -line.ascent - gap)
                left, middle = (ahead, middle) if ahead > self.axes.area.left else (left, aside)
            boxes.append(Box(left, middle - line.ascent, left + line.width, middle + line.descent).grown(pad))
        found: dict[Slot, Item] = {}
        for (_, _, name), box in zip(
            sorted(ends), moved_apart(boxes, self.axes.area.top, self.axes.area.bottom), strict=True
        ):
            curve = self._curves[name]
            baseline = box.top + pad + self._lettering.line(curve.text).ascent
            color = self.look.theme.line(curve.role)
            found["end text", name] = self._text_item(curve.text, box.left + pad, baseline, color)
        return found

    def _names_end(self, curve: Curve) -> bool:
        """Whether a curve in a frame has its name: not behind a dot that has hardly left, or has left the frame."""
        x, y = self.axes.points(curve.x[-1], curve.y[-1])
        near, area = self.look.px(_RADIUS), self.axes.area
        walks = curve.name in self._dots and np.isfinite(self._dots[curve.name].x)
        if walks and (x < area.left + _BEGUN * area.width or y > area.bottom - near):
            return False
        return curve.name not in self._dots or self.axes.shows(curve.x[-1], curve.y[-1])

    @staticmethod
    def _heads_left(curve: Curve) -> bool:
        return len(curve.x) > 1 and curve.x[-1] < curve.x[0]

    def _beside(self, x: float, line: TextLine, gap: int) -> int:
        """Where a text starts that stands to the right of x, or to the left where there is no room."""
        if round(x) + gap + line.width + RIM <= self.place.width:
            return round(x) + gap
        return round(x) - gap - line.width

    def _text_item(self, text: str, left: int, baseline: int, color: Color) -> Item:
        box = rim_box(self._lettering.line(text), 0, 0)
        return Item(text, box, lambda pen: self._lettering.write(pen, text, 0, 0, color), (left, baseline), glides=True)


@lru_cache(maxsize=64)
def _dot_stamps(radius: float, rim: float, shape: str) -> tuple[Stamp, Stamp]:
    """A marker's inside and its edge, around the middle of a pixel."""
    corners, turn = _SHAPES[shape]
    # Few corners reach farther, so that all markers look equally large.
    radius *= 1 + 1.2 / corners
    reach, middle = math.ceil(radius + rim) + 1, 0.5
    box = Box(-reach, -reach, reach + 1, reach + 1)
    around = 2 * np.pi * (np.arange(corners + 1) / corners + turn)
    outline = np.stack([np.sin(around), np.cos(around)], axis=1) * radius + middle
    disc = Stamp(box, lambda pen, color: pen.polygon(outline[:-1], color))
    return disc, Stamp(box, lambda pen, color: pen.polyline(outline, color, rim))


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


def _upright(pen: Pen, dash: Points, color: Color, width: int) -> None:
    """A dash of an upright line, on whole pixels: sharper, and sooner drawn."""
    top, bottom = sorted(round(float(y)) for y in dash[:, 1])
    pen.rect(math.floor(dash[0, 0] - (width - 1) / 2), top, width, max(1, bottom - top), color)


def _rim(theme: Theme, role: str) -> Color:
    """The edge of a dot, its second cue: the outline of the same name if the theme has one, else ink."""
    return theme.marks.get(role, theme.page["ink"])


def _room_beside(panel: Plot, fit: Fit) -> int:
    """Pixels at the right for the texts of curves that end there, or may."""
    edge = panel.x_range[1] - 0.05 * (panel.x_range[1] - panel.x_range[0])
    ending = [c for c in panel.curves if c.text and not (len(c.x) and c.x[-1] < edge)]
    lines = [fit.typesetter.line(c.text, fit.size(TEXT_SIZE)) for c in ending]
    return max((line.width + fit.px(_END_GAP + 2) + RIM for line in lines), default=0)


PAINTER = PlotPainter
