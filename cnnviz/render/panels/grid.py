"""Grids of cells: each distinct cell is drawn once and copied afterwards, so a step costs what it changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnviz.notation import number
from cnnviz.playback import GridState
from cnnviz.render.canvas import Box, Canvas, Look, hull
from cnnviz.render.palette import Pixels
from cnnviz.render.panels.base import LEAST_TEXT, Colors, Extent, Fit, Painter, Place
from cnnviz.render.pen import Pen
from cnnviz.render.theme import SCALE_LEVELS, CellStyle, Color, Theme, contrast
from cnnviz.storyboard import Cell, Change, Grid, Mark, MoveMark, Shade

_NUMBER_SIZE = 18
_ENLARGED_CELL = 46
_LABEL_HEIGHT = 30
_SCALE_BAR, _SCALE_HEIGHT = 12, 26
_KEPT_TILES = 8192


@dataclass(frozen=True)
class _Fitted:
    """How a grid is drawn where the stage's cells have some side: its own side, the gap, numbers, colours by value."""

    cell: int
    gap: int
    numbers: bool
    shaded: bool

    @classmethod
    def of(cls, panel: Grid, cell: int, fit: Fit) -> _Fitted:
        large = fit.px(_ENLARGED_CELL)
        if panel.enlarge and cell < large:
            cell = max(cell, min(large, (fit.height - fit.px(_LABEL_HEIGHT)) // max(panel.shape)))
        gap = cell_gap(cell)
        wanted = fit.numbers and panel.numbers
        numbers = wanted and _numbers_fit(panel, cell - gap, fit)
        shaded = panel.shade is not None and (panel.shade.always or (wanted and not numbers))
        return cls(cell, gap, numbers, shaded)


class GridPainter(Painter):
    """Paints one grid: cells on a layer of their own, the outlines of marks above them."""

    def __init__(self, panel: Grid, place: Place, look: Look, fit: Fit) -> None:
        super().__init__(panel, place, look, fit)
        self._grid = panel
        self._state = GridState.of(panel)
        self._fitted = _Fitted.of(panel, place.cell, fit)
        self._scale = look.theme.scale(panel.shade.scale) if self._fitted.shaded and panel.shade else None
        self._tiles: dict[tuple[str, str, str, int], Pixels] = {}
        self._size = self._number_size()
        rows, columns = panel.shape
        ground = look.palette.index_of(look.theme.page["ground"])
        self._margin = look.px(4)
        shape = rows * self._fitted.cell + 2 * self._margin, columns * self._fitted.cell + 2 * self._margin
        self._layer: Pixels = np.full(shape, ground, np.uint8)

    @classmethod
    def measure(cls, panel: Grid, cell: int, fit: Fit) -> Extent:
        """Rows and columns of square cells."""
        own = _Fitted.of(panel, cell, fit).cell
        return Extent(width=panel.shape[1] * own, height=panel.shape[0] * own)

    @classmethod
    def label(cls, panel: Grid, cell: int, fit: Fit) -> str:
        """The panel's label; it says so where the cells are larger than the others."""
        return panel.label + (", enlarged" if _Fitted.of(panel, cell, fit).cell != cell else "")

    @classmethod
    def room_below(cls, panel: Grid, cell: int, fit: Fit) -> int:
        """Room for the scale, where cells are coloured by value."""
        return fit.px(_SCALE_HEIGHT) if _Fitted.of(panel, cell, fit).shaded else 0

    @classmethod
    def colors(cls, panel: Grid, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """Fills, hatches and inks of every role, the scale where cells are coloured by value, outlines."""
        fitted = _Fitted.of(panel, cell, fit)
        colors = Colors(solid=[theme.mark(mark.role) for mark in panel.marks])
        shade = panel.shade if fitted.shaded else None
        if shade:
            scale = [_color(color) for color in theme.scale(shade.scale)]
            colors.solid += scale
            colors.ramps += [(color, _ink_on(color)) for color in scale[:: SCALE_LEVELS // 3] if fitted.numbers]
        for role in dict.fromkeys([*panel.roles.ravel().tolist(), *step_roles]):
            style = theme.cells.get(role)
            if style is None or (shade and not style.flat):
                continue
            colors.solid.append(style.fill)
            if style.hatch:
                colors.ramps.append((style.fill, style.hatch))
            if fitted.numbers:
                colors.ramps.append((style.fill, style.ink))
        return colors

    def paint(self, canvas: Canvas) -> None:
        """Paint every cell, the marks, the label and, where cells are coloured by value, the scale."""
        rows, columns = self._grid.shape
        for row in range(rows):
            for column in range(columns):
                self._lay(row, column)
        canvas.put(self._layer, self.place.x - self._margin, self.place.y - self._margin)
        for mark in self._state.marks.values():
            self._outline(mark, canvas)
        if self._scale is not None and self._grid.shade is not None:
            self._paint_scale(self._grid.shade, canvas)

    def apply(self, changes: Sequence[Change], canvas: Canvas) -> list[Box]:
        """Lay changed cells anew, take outlines from where they stood and draw them where they go."""
        boxes, cells = [], []
        for change in changes:
            if isinstance(change, MoveMark):
                boxes.append(self._mark_box(self._state.marks[change.mark]))
                self._state.apply(change)
                boxes.append(self._mark_box(self._state.marks[change.mark]))
            elif isinstance(change, Cell):
                self._state.apply(change)
                cells.append((change.row, change.column))
        for row, column in dict.fromkeys(cells):
            boxes.append(self._lay(row, column))
        dirty = hull(boxes)
        if dirty is None:
            return []
        dirty = dirty.clip(self._layer.shape[1], self._layer.shape[0])
        x, y = self.place.x - self._margin, self.place.y - self._margin
        done = canvas.put(self._layer[dirty.slices], x + dirty.left, y + dirty.top)
        for mark in self._state.marks.values():
            self._outline(mark, canvas)
        return [done]

    def _lay(self, row: int, column: int) -> Box:
        """Copy a cell's tile to the layer; returns its box there."""
        cell, margin = self._fitted.cell, self._margin
        top, left = margin + row * cell, margin + column * cell
        box = Box(left, top, left + cell, top + cell)
        self._layer[box.slices] = self._tile(row, column)
        return box

    def _tile(self, row: int, column: int) -> Pixels:
        value, role = float(self._state.values[row, column]), str(self._state.roles[row, column])
        note = self._state.notes.get((row, column), "") if self._fitted.numbers else ""
        text = number(value, self._grid.digits) if self._fitted.numbers and not math.isnan(value) else ""
        level = self._level(value) if self._scale is not None else -1
        key = role, text, note, level
        if key not in self._tiles:
            if len(self._tiles) >= _KEPT_TILES:
                self._tiles.clear()
            self._tiles[key] = self._draw_tile(self._style(role, level), text, note)
        return self._tiles[key]

    def _level(self, value: float) -> int:
        shade = self._grid.shade
        if shade is None or math.isnan(value):
            return -1
        span = shade.hi - shade.lo
        at = (value - shade.lo) / span if span > 0 else 0.5
        return round(min(1.0, max(0.0, at)) * (SCALE_LEVELS - 1))

    def _style(self, role: str, level: int) -> CellStyle:
        style = self.look.theme.cell(role)
        if level < 0 or self._scale is None or style.flat:
            return style
        fill = _color(self._scale[level])
        return CellStyle(fill=fill, ink=_ink_on(fill), hatch=style.hatch)

    def _draw_tile(self, style: CellStyle, text: str, note: str) -> Pixels:
        side, gap = self._fitted.cell, self._fitted.gap
        pen = Pen.sheet(side, side, self.look.theme.page["ground"])
        near, inner = gap // 2, side - gap
        pen.rect(near, near, inner, inner, style.fill)
        if style.hatch and inner > 3:
            # At the spacing of the side the strokes of neighbouring cells meet.
            spacing = side / math.sqrt(2) / max(1, side // 14)
            pen.hatch(near, near, inner, inner, style.hatch, spacing, 1.6 * self.look.unit)
        if text:
            self._write(pen, text, note, style)
        return self.look.palette.index(pen.picture)

    def _write(self, pen: Pen, text: str, note: str, style: CellStyle) -> None:
        """The number in the middle of the cell, the note in the lower right corner if it fits there."""
        side, near = self._fitted.cell, self._fitted.gap // 2
        line = self.look.typesetter.line(text, self._size)
        baseline = (side + line.ascent) // 2 - (self.look.px(3) if self._grid.notes and side >= self.look.px(40) else 0)
        pen.text(line, (side - line.width) // 2, baseline, style.ink)
        if note:
            small = self.look.typesetter.line(note, LEAST_TEXT * self.look.unit)
            edge = side - near - self.look.px(3)
            if edge - small.width >= near and edge - small.ascent > baseline + line.descent:
                pen.text(small, edge - small.width, edge, style.ink)

    def _number_size(self) -> float:
        """The size at which the widest number of the panel fits its cell, at most `_NUMBER_SIZE`."""
        unit, shade = self.look.unit, self._grid.shade
        size = min(_NUMBER_SIZE * unit, 0.5 * self._fitted.cell)
        known = self._grid.values[np.isfinite(self._grid.values)]
        values = {*known.tolist()[:1024], *((shade.lo, shade.hi) if shade else ())}
        texts = {number(value, self._grid.digits) for value in values}
        widest = max((self.look.typesetter.line(text, size).width for text in texts), default=1)
        room = self._fitted.cell - self._fitted.gap - self.look.px(4)
        return max(LEAST_TEXT * unit, size * min(1.0, room / max(1, widest)))

    def _mark_box(self, mark: Mark) -> Box:
        if mark.rows == 0 or mark.columns == 0:
            return Box(0, 0, 0, 0)
        cell, margin, half = self._fitted.cell, self._margin, self._margin // 2 + 1
        top, left = margin + round(mark.row * cell), margin + round(mark.column * cell)
        return Box(left - half, top - half, left + mark.columns * cell + half, top + mark.rows * cell + half)

    def _outline(self, mark: Mark, canvas: Canvas) -> None:
        if mark.rows == 0 or mark.columns == 0:
            return
        cell = self._fitted.cell
        width = self.look.px(2) if mark.role == "boundary" else self.look.px(3)
        index = self.look.palette.index_of(self.look.theme.mark(mark.role))
        top, left = self.place.y + round(mark.row * cell), self.place.x + round(mark.column * cell)
        bottom, right = top + mark.rows * cell, left + mark.columns * cell
        out = width // 2
        pixels = canvas.pixels
        for y in (top - out, bottom - width + out):
            pixels[max(0, y) : y + width, max(0, left - out) : right + out] = index
        for x in (left - out, right - width + out):
            pixels[max(0, top - out) : bottom + out, max(0, x) : x + width] = index

    def _paint_scale(self, shade: Shade, canvas: Canvas) -> None:
        """A bar of the scale's colours between its two ends, under the label."""
        assert self._scale is not None
        page, px = self.look.theme.page, self.look.px
        low, high = (
            self.look.typesetter.line(number(v, self._grid.digits), LEAST_TEXT * self.look.unit)
            for v in (shade.lo, shade.hi)
        )
        bar = min(px(120), max(px(48), self.place.width - low.width - high.width - px(12)))
        height = max(low.ascent, px(_SCALE_BAR)) + px(6)
        pen = Pen.sheet(low.width + high.width + bar + px(12), height, page["ground"])
        baseline = height - px(3)
        pen.text(low, 0, baseline, page["muted"])
        edges = np.linspace(0, bar, SCALE_LEVELS + 1).round().astype(int)
        start, top = low.width + px(6), baseline - px(_SCALE_BAR) + 1
        pen.rect(start - 1, top - 1, bar + 2, px(_SCALE_BAR) + 2, page["muted"])
        for color, left, right in zip(self._scale, edges, edges[1:], strict=False):
            pen.rect(start + int(left), top, int(right - left), px(_SCALE_BAR), _color(color))
        pen.text(high, start + bar + px(6), baseline, page["muted"])
        x = self.place.x + (self.place.width - pen.picture.shape[1]) // 2
        canvas.draw(pen, x, self.place.label_baseline + px(10))


def cell_gap(cell: int) -> int:
    """Pixels between two cells: none where cells are tiny."""
    return 0 if cell < 8 else 1 if cell < 14 else max(2, round(cell / 24))


def _numbers_fit(panel: Grid, room: int, fit: Fit) -> bool:
    size = LEAST_TEXT * fit.unit
    if panel.shade is None:
        return True
    widest = max(fit.typesetter.line(number(v, panel.digits), size).width for v in (panel.shade.lo, panel.shade.hi))
    return widest <= room - 2 and room >= 1.2 * size


def _color(values: Pixels) -> Color:
    return int(values[0]), int(values[1]), int(values[2])


def _ink_on(fill: Color) -> Color:
    black, white = (0, 0, 0), (255, 255, 255)
    return black if contrast(black, fill) >= contrast(white, fill) else white


PAINTER = GridPainter
