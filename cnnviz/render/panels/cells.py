"""Grids of cells, one for each channel: what a cell shows is told by its key, so that each look is drawn once."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from cnnviz.notation import in_cell, widest_in_cell
from cnnviz.playback import GridState, place_of
from cnnviz.render.canvas import Box, Look
from cnnviz.render.palette import Pixels
from cnnviz.render.panels._sheets import Sheets, own_cell
from cnnviz.render.panels.base import (
    LABEL_LEADING,
    LEAST_TEXT,
    TICK_SIZE,
    Colors,
    Extent,
    Fit,
    Item,
    Painter,
    Place,
    Shape,
    Slot,
)
from cnnviz.render.pen import Pen
from cnnviz.render.theme import SCALE_LEVELS, CellStyle, Color, Theme, contrast
from cnnviz.storyboard import Block, Cell, Change, Grid, MoveMark
from cnnviz.words.plain import phrase

# Shares of a cell that the size of its number is, the larger one where texts are to be large, and that of a note.
_SHARE, _LARGEST_SHARE, _NOTE_SHARE = 0.38, 0.5, 0.26
# In small cells a number is as large as this where it fits.
_NUMBER_SIZE = 18
# Pixels between a text and the walls of its cell, at least, and the share of the cell that a number may take.
_CLEAR, _FILLED = 3, 0.82
# Below this side, gaps between the cells of a picture are more of a grid than of a picture.
_OPEN_CELL = 16
_SCALE_BAR, _SCALE_HEIGHT = 12, 26


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
        cell = own_cell(panel, cell, fit)
        picture = panel.shade is not None and panel.shade.always and not panel.numbers
        gap = 0 if picture and cell < fit.px(_OPEN_CELL) else cell_gap(cell)
        wanted = fit.numbers and panel.numbers
        numbers = wanted and _numbers_fit(panel, cell - gap, fit)
        shaded = panel.shade is not None and (panel.shade.always or (wanted and not numbers))
        return cls(cell, gap, numbers, shaded)


class CellsPainter(Painter):
    """Cells on the ground, the outlines of marks above them."""

    def __init__(self, panel: Grid | Block, place: Place, look: Look, fit: Fit) -> None:
        super().__init__(panel, place, look, fit)
        self._panel = panel
        self.state = GridState.of(panel)
        self._fitted = Fitted.of(panel, place.cell, fit)
        self.sheets = Sheets.of(panel, self._fitted.cell, fit)
        self._scale = look.theme.scale(panel.shade.scale) if self._fitted.shaded and panel.shade else None
        self._size = self._number_size()
        if self.sheets.captions:
            width, height = self.sheets.extent.width, self.sheets.extent.height
            self.lay(("sheets",), Item("", Box(0, 0, width, height).grown(1), self._draw_sheets))
        for at in np.ndindex(panel.values.shape):
            self._lay(at)
        if self._scale is not None:
            self.lay(("scale",), self._scale_bar())

    @classmethod
    def fitted(cls, panel: Grid | Block, cell: int, fit: Fit) -> Fitted:
        """How the panel's cells are drawn where the stage's have the side `cell`."""
        return Fitted.of(panel, cell, fit)

    @classmethod
    def measure(cls, panel: Grid | Block, cell: int, fit: Fit) -> Extent:
        """All sheets with their captions."""
        return Sheets.of(panel, own_cell(panel, cell, fit), fit).extent

    @classmethod
    def label(cls, panel: Grid | Block, cell: int, fit: Fit) -> str:
        """The panel's label; it says so where the cells are larger than the others."""
        return _with_size(panel.label, own_cell(panel, cell, fit) != cell, fit)

    def worded(self, text: str) -> str:
        """As the first label."""
        return _with_size(text, self.side != self.place.cell, self.fit)

    @classmethod
    def details(cls, panel: Grid | Block, cell: int, fit: Fit) -> int:
        """Numbers, and whole captions."""
        return Fitted.of(panel, cell, fit).numbers + Sheets.of(panel, cell, fit).captions_fit

    @classmethod
    def room_below(cls, panel: Grid | Block, cell: int, fit: Fit) -> int:
        """Room for the scale, where cells are coloured by value."""
        return fit.tx(_SCALE_HEIGHT) if Fitted.of(panel, cell, fit).shaded else 0

    @classmethod
    def colors(cls, panel: Grid | Block, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """Fills, hatches and inks of every role, the scale where cells are coloured by value, outlines."""
        fitted = Fitted.of(panel, cell, fit)
        colors = Colors(solid=[theme.mark(mark.role) for mark in panel.marks])
        shade = panel.shade if fitted.shaded else None
        if shade:
            colors.solid.append(theme.halo)
            scale = [_color(color) for color in theme.scale(shade.scale)]
            colors.solid += scale
            colors.ramps += [(color, ink_on(color)) for color in scale[:: SCALE_LEVELS // 3] if fitted.numbers]
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
        if isinstance(panel, Block):
            colors.solid.append(theme.page["faint"])
            colors.ramps.append((theme.page["ground"], theme.page["faint"]))
        return colors

    @property
    def side(self) -> int:
        """Pixels from one cell to the next."""
        return self._fitted.cell

    def update(self, change: Change) -> None:
        """Take a cell's new value, role or note, or a mark's new place."""
        if not isinstance(change, Cell | MoveMark):
            super().update(change)
            return
        self.state.apply(change)
        if isinstance(change, Cell):
            self._lay(place_of(change))

    def floats(self) -> dict[Slot, Item]:
        """The outlines of marks; zero cells hide one."""
        found: dict[Slot, Item] = {}
        for name, mark in self.state.marks.items():
            if mark.rows and mark.columns:
                x, y = self.sheets.corner(mark.channel or 0)
                at = x + round(mark.column * self.side), y + round(mark.row * self.side)
                size = mark.columns * self.side, mark.rows * self.side
                # Without a channel it stands on every sheet.
                found["mark", name] = self._outline(mark.role, mark.channel is None, size)._replace(at=at)
        return found

    def _outline(self, role: str, everywhere: bool, size: Shape) -> Item:
        """Rings around cells."""
        corners = map(self.sheets.corner, range(self.sheets.count if everywhere else 1))
        spans = [Box(x, y, x + round(size[0]), y + round(size[1])) for x, y in corners]
        rings = [ring for span in spans for ring in self._rings(role, span)]

        def draw(pen: Pen) -> None:
            for box, width, color in rings:
                pen.frame(*box[:2], box.width, box.height, color, width)

        left, top = zip(*(box[:2] for box, *_ in rings), strict=True)
        right, bottom = zip(*(box[2:] for box, *_ in rings), strict=True)
        box = Box(min(left), min(top), max(right), max(bottom))
        reshaped = partial(self._outline, role, everywhere)
        return Item((role, everywhere), box, draw, shape=size, reshaped=reshaped, glides=True)

    def _rings(self, role: str, span: Box) -> Iterator[tuple[Box, int, Color]]:
        """What the outline of some cells consists of, lowest first."""
        width = self.look.px(2) if role == "boundary" else self.look.px(3)
        if self._fitted.shaded and role != "boundary":
            # On a picture, a dark line alone is lost in the dark: a light one beside it is not.
            yield span.grown(width // 2 + 1), width + 2, self.look.theme.halo
        yield span.grown(width // 2), width, self.look.theme.mark(role)

    def _lay(self, at: tuple[int, ...]) -> None:
        x, y = self.sheets.corner(at[0] if len(at) == 3 else 0)
        seen, side = self._seen(at), self.side
        corner = x + at[-1] * side, y + at[-2] * side
        draw = partial(self._draw_cell, seen)
        self.lay(("cell", *at), Item(seen, Box(0, 0, side, side), draw, corner, covers=1, tile=True))

    def _seen(self, at: tuple[int, ...]) -> tuple[str, str, str, int]:
        """What is seen of a cell: its role, number and note, and its level on the scale, −1 for none."""
        value, role = float(self.state.values[at]), str(self.state.roles[at])
        note = self.state.notes.get(at, "") if self._fitted.numbers else ""
        text = in_cell(value, self._panel.digits) if self._fitted.numbers and not math.isnan(value) else ""
        return role, text, note, self._level(value) if self._scale is not None else -1

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
        return dataclasses.replace(style, fill=fill, ink=ink_on(fill))

    def _draw_cell(self, seen: tuple[str, str, str, int], pen: Pen) -> None:
        role, text, note, level = seen
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
        """The number in the middle of the cell; above a note in the lower right corner, if that fits there."""
        side, near, clear = self._fitted.cell, self._fitted.gap // 2, self.look.px(_CLEAR)
        line = self.look.typesetter.line(text, self._size)
        baseline, edge = (side + line.ascent) // 2, side - near - clear
        least = self.fit.least
        for size in dict.fromkeys((max(least, _NOTE_SHARE * side), least)) if note else ():
            small = self.look.typesetter.line(note, size)
            above = edge - self.look.typesetter.line("0", size).ascent - clear
            if small.width <= edge - near and above >= near + line.ascent:
                baseline = min(baseline, above)
                pen.text(small, edge - small.width, edge, style.ink)
                break
        pen.text(line, (side - line.width) // 2, baseline, style.ink)

    def _number_size(self) -> float:
        """The size at which the widest number of the panel fits its cell."""
        least, shade, scale = self.fit.least, self._panel.shade, self.fit.scale
        usual = min(_NUMBER_SIZE * self.look.unit, _LARGEST_SHARE * self.side)
        size = max(least, usual, min(_SHARE * scale, _LARGEST_SHARE) * self.side)
        known = self._panel.values[np.isfinite(self._panel.values)]
        values = {*known.tolist()[:1024], *((shade.lo, shade.hi) if shade else ())}
        texts = {in_cell(value, self._panel.digits) for value in values}
        widest = max((self.look.typesetter.line(text, size).width for text in texts), default=1)
        inner = self.side - self._fitted.gap
        room = min(_FILLED * inner, inner - 2 * self.look.px(_CLEAR))
        return max(least, size * min(1.0, room / max(1, widest)))

    def _draw_sheets(self, pen: Pen) -> None:
        """Lines from sheet to sheet, which tell that neighbours belong together, and the captions."""
        page, sheets, near = self.look.theme.page, self.sheets, self._fitted.gap // 2
        for channel in range(sheets.count):
            x, y = sheets.corner(channel)
            if sheets.drop and channel + 1 < sheets.count:
                following = sheets.corner(channel + 1)
                for low in (near, sheets.height - near):
                    ends = (x + sheets.width, y + low), (following[0], following[1] + low)
                    pen.polyline(np.array(ends, np.float64), page["faint"], 1.2 * self.look.unit)
            if self._fitted.shaded:
                # The lightest values are as light as the page.
                pen.rect(x - 1, y - 1, sheets.width + 2, sheets.height + 2, page["faint"])
            pen.text(*sheets.caption(channel), page["muted"])

    def _scale_bar(self) -> Item:
        """A bar of the scale's colours between its two ends."""
        shade, scale, page, px = self._panel.shade, self._scale, self.look.theme.page, self.fit.tx
        assert shade is not None
        assert scale is not None
        # Three figures are enough to read a colour by.
        digits = min(self._panel.digits, max(0, 2 - math.floor(math.log10(max(abs(shade.lo), abs(shade.hi)) or 1))))
        low, high = (
            self.look.typesetter.line(in_cell(v, digits), self.fit.size(TICK_SIZE)) for v in (shade.lo, shade.hi)
        )
        bar = min(px(120), max(px(48), self.place.width - low.width - high.width - px(12)))
        height, width = max(low.ascent, px(_SCALE_BAR)) + px(6), low.width + high.width + bar + px(12)
        baseline, start = height - px(3), low.width + px(6)
        top = baseline - px(_SCALE_BAR) + 1
        edges = np.linspace(0, bar, SCALE_LEVELS + 1).round().astype(int).tolist()

        def draw(pen: Pen) -> None:
            pen.text(low, 0, baseline, page["muted"])
            pen.rect(start - 1, top - 1, bar + 2, px(_SCALE_BAR) + 2, page["muted"])
            for color, left, right in zip(scale, edges, edges[1:], strict=False):
                pen.rect(start + left, top, right - left, px(_SCALE_BAR), _color(color))
            pen.text(high, start + bar + px(6), baseline, page["muted"])

        under = self.place.label.count("\n") * px(LABEL_LEADING)
        y = self.place.label_baseline - self.place.y + px(10) + under
        return Item("", Box(0, 0, width, height), draw, ((self.place.width - width) // 2, y))


def cell_gap(cell: int) -> int:
    """Pixels between two cells: none where cells are tiny."""
    return 0 if cell < 8 else 1 if cell < 14 else max(2, round(cell / 24))


def ink_on(fill: Color) -> Color:
    """Black or white, whichever is read better on a colour."""
    black, white = (0, 0, 0), (255, 255, 255)
    return black if contrast(black, fill) >= contrast(white, fill) else white


def _numbers_fit(panel: Grid | Block, room: int, fit: Fit) -> bool:
    size = LEAST_TEXT * fit.unit
    if panel.shade is None:
        return True
    texts = widest_in_cell(panel.shade.lo, panel.shade.hi, panel.digits)
    widest = max(fit.typesetter.line(text, size).width for text in texts)
    return widest <= room - fit.px(_CLEAR) and room >= 1.05 * size


def _with_size(label: str, larger: bool, fit: Fit) -> str:
    return label + ("\n" + phrase(fit.lang, "enlarged") if larger else "")


def _color(values: Pixels) -> Color:
    return int(values[0]), int(values[1]), int(values[2])


PAINTER = CellsPainter
