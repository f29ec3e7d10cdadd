"""What grids and blocks share: cells drawn once each and copied afterwards, outlines of marks, the scale of values."""

from __future__ import annotations

import dataclasses
import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cnnviz.notation import in_cell, widest_in_cell
from cnnviz.playback import GridState, moved, place_of
from cnnviz.render.canvas import Box, Canvas, Look, hull
from cnnviz.render.palette import Pixels
from cnnviz.render.panels.base import LABEL_LEADING, LEAST_TEXT, Colors, Fit, Painter, Place
from cnnviz.render.pen import Pen
from cnnviz.render.theme import SCALE_LEVELS, CellStyle, Color, Theme, contrast
from cnnviz.storyboard import Block, Cell, Change, Grid, Mark, MoveMark

_NUMBER_SIZE = 18
# Shares of a cell that the size of its number may be, the larger one where texts are to be large.
_SHARE, _LARGEST_SHARE = 0.5, 0.66
_NOTE_HEIGHT = 11
# Below this side, gaps between the cells of a picture are more of a grid than of a picture.
_OPEN_CELL = 16
_SCALE_BAR, _SCALE_HEIGHT = 12, 26
_KEPT_TILES = 8192
# How far outlines reach out of the body.
_MARGIN = 5


@dataclass(frozen=True)
class Fitted:
    """How cells are drawn where the stage's cells have some side: their own side, gap, numbers, colours by value."""

    cell: int
    gap: int
    numbers: bool
    shaded: bool

    @classmethod
    def of(cls, panel: Grid | Block, cell: int, fit: Fit) -> Fitted:
        """For cells of the side `cell`."""
        picture = panel.shade is not None and panel.shade.always and not panel.numbers
        gap = 0 if picture and cell < fit.px(_OPEN_CELL) else cell_gap(cell)
        wanted = fit.numbers and panel.numbers
        numbers = wanted and _numbers_fit(panel, cell - gap, fit)
        shaded = panel.shade is not None and (panel.shade.always or (wanted and not numbers))
        return cls(cell, gap, numbers, shaded)


class CellsPainter(Painter):
    """Paints cells on a layer of their own, the outlines of marks above them.

    A subclass says how much room its cells take and where on its body each sheet of them has its corner; `beyond` is
    how far what it draws may reach out at both sides of its body, in pixels at the default width.
    """

    beyond = _MARGIN

    def __init__(self, panel: Grid | Block, place: Place, look: Look, fit: Fit) -> None:
        super().__init__(panel, place, look, fit)
        self._panel = panel
        self._noted = isinstance(panel, Grid) and panel.notes
        self.state = GridState.of(panel)
        # Where the outlines are on the canvas, in pixels from the body's corner.
        self._drawn: dict[str, tuple[Box, ...]] = {}
        self._fitted = self.fitted(panel, place.cell, fit)
        self._scale = look.theme.scale(panel.shade.scale) if self._fitted.shaded and panel.shade else None
        self._tiles: dict[tuple[str, str, str, int], Pixels] = {}
        self._size = self._number_size()
        self._margin, self._beside = look.px(_MARGIN), look.px(self.beyond)
        body = self.measure(panel, place.cell, fit)
        self._layer = self._background(body.width + 2 * self._beside, body.height + 2 * self._margin)

    @classmethod
    def fitted(cls, panel: Grid | Block, cell: int, fit: Fit) -> Fitted:
        """How the panel's cells are drawn where the stage's have the side `cell`."""
        return Fitted.of(panel, cell, fit)

    @abstractmethod
    def corner(self, channel: int | None) -> tuple[int, int]:
        """Where a sheet of cells begins: x and y in pixels from the body's corner."""

    def sheet_text(self, channel: int | None) -> str:
        """What stands under a sheet of cells: nothing where there is one."""
        return ""

    @property
    def side(self) -> int:
        """Pixels from one cell to the next."""
        return self._fitted.cell

    def draw_under(self, pen: Pen) -> None:
        """Draw what lies under the cells, the body's corner at the pen's origin: nothing."""

    def channels(self, channel: int | None) -> Sequence[int | None]:
        """The sheets on which a mark of that channel stands."""
        return [channel]

    @classmethod
    def details(cls, panel: Grid | Block, cell: int, fit: Fit) -> int:
        """Numbers."""
        return int(cls.fitted(panel, cell, fit).numbers)

    @classmethod
    def room_below(cls, panel: Grid | Block, cell: int, fit: Fit) -> int:
        """Room for the scale, where cells are coloured by value."""
        return fit.tx(_SCALE_HEIGHT) if cls.fitted(panel, cell, fit).shaded else 0

    @classmethod
    def colors(cls, panel: Grid | Block, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """Fills, hatches and inks of every role, the scale where cells are coloured by value, outlines."""
        fitted = cls.fitted(panel, cell, fit)
        colors = Colors(solid=[theme.mark(mark.role) for mark in panel.marks])
        shade = panel.shade if fitted.shaded else None
        if shade:
            colors.solid.append(theme.halo)
            scale = [_color(color) for color in theme.scale(shade.scale)]
            colors.solid += scale
            colors.ramps += [(color, _ink_on(color)) for color in scale[:: SCALE_LEVELS // 3] if fitted.numbers]
        for role in dict.fromkeys([*panel.roles.ravel().tolist(), *step_roles]):
            style = theme.cells.get(role)
            if style is None or (shade and not style.flat):
                continue
            colors.solid.append(style.fill)
            if style.hatch:
                colors.solid.append(style.hatch)
                colors.ramps.append((style.fill, style.hatch))
            if fitted.numbers:
                colors.ramps.append((style.fill, style.ink))
        return colors

    def paint(self, canvas: Canvas) -> None:
        """Paint every cell, the marks, the label and, where cells are coloured by value, the scale."""
        for place in np.ndindex(self._panel.values.shape):
            self._lay(place)
        canvas.put(self._layer, self.place.x - self._beside, self.place.y - self._margin)
        self._drawn = {name: self._spans(mark) for name, mark in self.state.marks.items()}
        self._outline(canvas)
        if (scale := self.scale_bar()) is not None:
            canvas.draw(*scale)

    def apply(self, changes: Sequence[Change], canvas: Canvas) -> list[Box]:
        """Lay changed cells anew, take outlines from where they stood and draw them where they go."""
        boxes: list[Box] = []
        cells: list[tuple[int, ...]] = []
        for change in changes:
            if isinstance(change, MoveMark):
                self.state.apply(change)
                boxes += self._redraw(change.mark, self._spans(self.state.marks[change.mark]))
            elif isinstance(change, Cell):
                self.state.apply(change)
                cells.append(place_of(change))
        for place in dict.fromkeys(cells):
            boxes.append(self._lay(place))
        return self._refresh(boxes, canvas)

    def glides(self, changes: Sequence[Change]) -> bool:
        """Whether an outline that is seen goes to another place where it is seen."""
        return any(self._way(change) for change in changes)

    def glide(self, changes: Sequence[Change], share: float, canvas: Canvas) -> list[Box]:
        """Draw outlines on their way; the cells stay as they are."""
        boxes: list[Box] = []
        for change in changes:
            if isinstance(change, MoveMark):
                way = [_between(a, b, share) for a, b in self._way(change)]
                boxes += self._redraw(change.mark, tuple(way)) if way else []
        return self._refresh(boxes, canvas)

    def _way(self, change: Change) -> list[tuple[Box, Box]]:
        """Where the outlines of a mark are and where they go; nothing for those that come, go or stay."""
        if not isinstance(change, MoveMark):
            return []
        mark = self.state.marks[change.mark]
        old, new = self._spans(mark), self._spans(moved(mark, change))
        return list(zip(old, new, strict=True)) if len(old) == len(new) and old != new else []

    def _refresh(self, boxes: Sequence[Box], canvas: Canvas) -> list[Box]:
        """Show the layer again within the boxes, and all outlines above it."""
        dirty = hull(boxes)
        if dirty is None:
            return []
        dirty = dirty.clip(self._layer.shape[1], self._layer.shape[0])
        x, y = self.place.x - self._beside, self.place.y - self._margin
        done = canvas.put(self._layer[dirty.slices], x + dirty.left, y + dirty.top)
        self._outline(canvas)
        return [done]

    def _background(self, width: int, height: int) -> Pixels:
        """What lies under the cells."""
        ground = self.look.palette.index_of(self.look.theme.page["ground"])
        return np.full((height, width), ground, np.uint8)

    def _lay(self, place: tuple[int, ...]) -> Box:
        """Copy a cell's tile to the layer; returns its box there."""
        cell = self._fitted.cell
        x, y = self.corner(place[0] if len(place) == 3 else None)
        top, left = self._margin + y + place[-2] * cell, self._beside + x + place[-1] * cell
        box = Box(left, top, left + cell, top + cell)
        self._layer[box.slices] = self._tile(place)
        return box

    def seen(self, place: tuple[int, ...]) -> tuple[str, str, str, int]:
        """What is seen of a cell: its role, number and note, and its level on the scale, −1 for none."""
        value, role = float(self.state.values[place]), str(self.state.roles[place])
        note = self.state.notes.get(place, "") if self._fitted.numbers else ""
        text = in_cell(value, self._panel.digits) if self._fitted.numbers and not math.isnan(value) else ""
        return role, text, note, self._level(value) if self._scale is not None else -1

    def _tile(self, place: tuple[int, ...]) -> Pixels:
        key = self.seen(place)
        if key not in self._tiles:
            if len(self._tiles) >= _KEPT_TILES:
                self._tiles.clear()
            pen = Pen.sheet(self._fitted.cell, self._fitted.cell, self.look.theme.page["ground"])
            self.draw_cell(pen, *key)
            self._tiles[key] = self.look.palette.index(pen.picture)
        return self._tiles[key]

    def _level(self, value: float) -> int:
        shade = self._panel.shade
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
        return dataclasses.replace(style, fill=fill, ink=_ink_on(fill))

    def draw_cell(self, pen: Pen, role: str, text: str, note: str, level: int) -> None:
        """Draw what is `seen` of a cell, its corner at the pen's origin."""
        side, gap = self._fitted.cell, self._fitted.gap
        style = self._style(role, level)
        near, inner = gap // 2, side - gap
        pen.rect(near, near, inner, inner, style.fill)
        if style.hatch and inner > 3:
            # At the spacing of the side the strokes of neighbouring cells meet.
            spacing = side / math.sqrt(2) / max(1, side // 14)
            pen.hatch(near, near, inner, inner, style.hatch, spacing, 1.6 * self.look.unit, style.strokes)
        if text:
            self._write(pen, text, note, style)

    def _write(self, pen: Pen, text: str, note: str, style: CellStyle) -> None:
        """The number in the middle of the cell, the note in the lower right corner if it fits there."""
        side, near = self._fitted.cell, self._fitted.gap // 2
        line = self.look.typesetter.line(text, self._size)
        baseline, edge = (side + line.ascent) // 2, side - near - self.look.px(3)
        if self._noted:
            above = self._above_note()
            baseline = min(baseline, above) if above >= line.ascent + self.look.px(2) else baseline
        pen.text(line, (side - line.width) // 2, baseline, style.ink)
        if note:
            for size in dict.fromkeys((self.fit.size(LEAST_TEXT), (self.fit.size(LEAST_TEXT) + self.fit.least) / 2,
                                       self.fit.least)):  # fmt: skip
                small = self.look.typesetter.line(note, size)
                if edge - small.width >= near and edge - small.ascent > baseline + line.descent:
                    pen.text(small, edge - small.width, edge, style.ink)
                    break

    def _number_size(self) -> float:
        """The size at which the widest number of the panel fits its cell, at most `_NUMBER_SIZE`."""
        unit, shade = self.look.unit, self._panel.shade
        scale = self.fit.scale
        size = min(_NUMBER_SIZE * unit * scale, min(_SHARE * scale, _LARGEST_SHARE) * self._fitted.cell)
        size = max(LEAST_TEXT * unit, size)
        known = self._panel.values[np.isfinite(self._panel.values)]
        values = {*known.tolist()[:1024], *((shade.lo, shade.hi) if shade else ())}
        texts = {in_cell(value, self._panel.digits) for value in values}
        widest = max((self.look.typesetter.line(text, size).width for text in texts), default=1)
        room = self._fitted.cell - self._fitted.gap - self.look.px(4)
        found = max(LEAST_TEXT * unit, size * min(1.0, room / max(1, widest)))
        if not self._noted or scale == 1:
            return found
        # A number that leaves no room for a note is no larger than it would have been.
        above = self._above_note()
        while found > _NUMBER_SIZE * unit:
            if self.look.typesetter.line("0", found).ascent + self.look.px(2) <= above:
                break
            found -= 0.5
        return found

    def _above_note(self) -> int:
        """The lowest baseline of a number that leaves room for a note under it."""
        edge = self._fitted.cell - self._fitted.gap // 2 - self.look.px(3)
        return edge - self.look.px(_NOTE_HEIGHT + 4)

    def _redraw(self, name: str, spans: tuple[Box, ...]) -> list[Box]:
        """Let the outlines of a mark go around other cells; returns what this changes of the layer."""
        before, self._drawn[name] = self._drawn[name], spans
        beside, margin, half = self._beside, self._margin, self._margin // 2 + 1
        return [
            Box(beside + s.left - half, margin + s.top - half, beside + s.right + half, margin + s.bottom + half)
            for s in (*before, *spans)
        ]  # fmt: skip

    def _spans(self, mark: Mark) -> tuple[Box, ...]:
        """The cells that a mark goes around, in pixels from the body's corner; none for one that is hidden."""
        if not mark.rows or not mark.columns:
            return ()
        cell, found = self._fitted.cell, []
        for x, y in map(self.corner, self.channels(mark.channel)):
            left, top = x + round(mark.column * cell), y + round(mark.row * cell)
            found.append(Box(left, top, left + mark.columns * cell, top + mark.rows * cell))
        return tuple(found)

    def _outline(self, canvas: Canvas) -> None:
        for name, spans in self._drawn.items():
            for box, width, color in self._rings(self.state.marks[name].role, spans):
                _ring(canvas.pixels, box, width, self.look.palette.index_of(color))

    def rings(self, mark: Mark) -> Iterator[tuple[Box, int, Color]]:
        """The outlines of a mark on the page, lowest first: what each goes around, its width inwards, its colour."""
        return self._rings(mark.role, self._spans(mark))

    def _rings(self, role: str, spans: Sequence[Box]) -> Iterator[tuple[Box, int, Color]]:
        width = self.look.px(2) if role == "boundary" else self.look.px(3)
        out = width // 2
        for span in spans:
            top, left = self.place.y + span.top, self.place.x + span.left
            bottom, right = self.place.y + span.bottom, self.place.x + span.right
            if self._fitted.shaded and role != "boundary":
                # On a picture, a dark line alone is lost in the dark: a light one beside it is not.
                halo = Box(left - out - 1, top - out - 1, right + out + 1, bottom + out + 1)
                yield halo, width + 2, self.look.theme.halo
            yield Box(left - out, top - out, right + out, bottom + out), width, self.look.theme.mark(role)

    def scale_bar(self, sheet: Callable[[int, int, Color], Pen] = Pen.sheet) -> tuple[Pen, int, int] | None:
        """A bar of the scale's colours between its two ends, and its place on the page; None where there is none."""
        shade = self._panel.shade
        if self._scale is None or shade is None:
            return None
        page, px = self.look.theme.page, self.fit.tx
        # Three figures are enough to read a colour by.
        digits = min(self._panel.digits, max(0, 2 - math.floor(math.log10(max(abs(shade.lo), abs(shade.hi)) or 1))))
        low, high = (
            self.look.typesetter.line(in_cell(v, digits), self.fit.size(LEAST_TEXT)) for v in (shade.lo, shade.hi)
        )
        bar = min(px(120), max(px(48), self.place.width - low.width - high.width - px(12)))
        height = max(low.ascent, px(_SCALE_BAR)) + px(6)
        width = low.width + high.width + bar + px(12)
        pen = sheet(width, height, page["ground"])
        baseline = height - px(3)
        pen.text(low, 0, baseline, page["muted"])
        edges = np.linspace(0, bar, SCALE_LEVELS + 1).round().astype(int)
        start, top = low.width + px(6), baseline - px(_SCALE_BAR) + 1
        pen.rect(start - 1, top - 1, bar + 2, px(_SCALE_BAR) + 2, page["muted"])
        for color, left, right in zip(self._scale, edges, edges[1:], strict=False):
            pen.rect(start + int(left), top, int(right - left), px(_SCALE_BAR), _color(color))
        pen.text(high, start + bar + px(6), baseline, page["muted"])
        x = self.place.x + (self.place.width - width) // 2
        return pen, x, self.place.label_baseline + px(10) + self.place.label.count("\n") * px(LABEL_LEADING)


def _ring(pixels: Pixels, box: Box, width: int, index: int) -> None:
    """Fill the outline of a box, `width` pixels inwards."""
    rows, columns = slice(max(0, box.top), box.bottom), slice(max(0, box.left), box.right)
    pixels[max(0, box.top) : box.top + width, columns] = index
    pixels[box.bottom - width : box.bottom, columns] = index
    pixels[rows, max(0, box.left) : box.left + width] = index
    pixels[rows, box.right - width : box.right] = index


def _between(a: Box, b: Box, share: float) -> Box:
    """A box on a share of the way from one to the other, its size on the way from size to size."""
    left, top = (round(p + (q - p) * share) for p, q in ((a.left, b.left), (a.top, b.top)))
    sizes = ((a.right - a.left, b.right - b.left), (a.bottom - a.top, b.bottom - b.top))
    width, height = (round(p + (q - p) * share) for p, q in sizes)
    return Box(left, top, left + width, top + height)


def cell_gap(cell: int) -> int:
    """Pixels between two cells: none where cells are tiny."""
    return 0 if cell < 8 else 1 if cell < 14 else max(2, round(cell / 24))


def _numbers_fit(panel: Grid | Block, room: int, fit: Fit) -> bool:
    size = LEAST_TEXT * fit.unit
    if panel.shade is None:
        return True
    texts = widest_in_cell(panel.shade.lo, panel.shade.hi, panel.digits)
    widest = max(fit.typesetter.line(text, size).width for text in texts)
    return widest <= room - 2 and room >= 1.05 * size


def _color(values: Pixels) -> Color:
    return int(values[0]), int(values[1]), int(values[2])


def _ink_on(fill: Color) -> Color:
    black, white = (0, 0, 0), (255, 255, 255)
    return black if contrast(black, fill) >= contrast(white, fill) else white
