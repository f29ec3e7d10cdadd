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
from cnnviz.render.text import TextLine
from cnnviz.render.theme import SCALE_LEVELS, CellStyle, Color, Theme, contrast
from cnnviz.storyboard import Block, Cell, Change, Grid, Mark, MoveMark
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
# What a cell is under a window: the window's own fill, which moves with it, while the cell beneath stays what it is.
_BODY = {"kernel": "kernel", "kernel_on_padding": "kernel", "neighbour": "neighbour"}
_SINGLED_OUT = {"winner": "winner", "selected": "centre"}
"""A cell under a window with a fill of its own, and the mark around it."""

# Pixels from sheets that are held together to the frame around them.
_HELD = 3

_RIMMED = ("padding", "zero")


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
    """Cells on the ground; above them windows, then numbers, and the outlines of marks.

    A window is one body of fills and notes that moves over cells with their own fill. Cells of padding have a rim of
    their fill above it.
    """

    def __init__(self, panel: Grid | Block, place: Place, look: Look, fit: Fit) -> None:
        super().__init__(panel, place, look, fit)
        self._panel = panel
        self.state = GridState.of(panel)
        self._fitted = Fitted.of(panel, place.cell, fit)
        self.sheets = Sheets.of(panel, self._fitted.cell, fit)
        self._scale = look.theme.scale(panel.shade.scale) if self._fitted.shaded and panel.shade else None
        self._size = self._number_size()
        self._windows = [mark.name for mark in panel.marks if mark.name.startswith("window")]
        self._has_bodies = bool(self._windows) and not self._fitted.shaded and not (panel.roles == "pending").all()
        self._own = panel.roles.astype(object)
        self._above: dict[Slot, Item] = {}
        self._lines: dict[Slot, Item] = {}
        if self._has_bodies and self._fitted.gap:
            self._lines["lines",] = self._grid_lines()
        if self.sheets.captions:
            width, height = self.sheets.extent.width, self.sheets.extent.height
            self.lay(("sheets",), Item("", Box(0, 0, width, height).grown(1), self._draw_sheets))
        for at in np.ndindex(panel.values.shape):
            self._lay(at)
        if self._scale is not None and not fit.bare:
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
        return fit.tx(_SCALE_HEIGHT) if Fitted.of(panel, cell, fit).shaded and not fit.bare else 0

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
    def name(self) -> str:
        """The panel's name."""
        return self._panel.name

    @property
    def side(self) -> int:
        """Pixels from one cell to the next."""
        return self._fitted.cell

    def update(self, change: Change) -> None:
        """Take a cell's new value, role or note, or a mark's new place."""
        if not isinstance(change, Cell | MoveMark):
            super().update(change)
            return
        if isinstance(change, Cell):
            at = place_of(change)
            covered = self._has_bodies and change.role in (*_BODY, "selected", "winner")
            if change.role is not None and not covered:
                self._own[at] = change.role
            self.state.apply(change)
            self._lay(at)
        else:
            self.state.apply(change)
            if self._has_bodies and change.mark in self._windows:
                self._keep_winners()

    def _keep_winners(self) -> None:
        """A cell that won its window keeps its colour where no window covers it any more."""
        windows = [self.state.marks[name] for name in self._windows]
        for at in map(tuple, np.argwhere((self.state.roles == "winner") & (self._own != "winner")).tolist()):
            if not any(_covers(mark, at) for mark in windows):
                self._own[at] = "winner"
                self._lay(at)

    def floats(self) -> dict[Slot, Item]:
        """Windows, numbers, and the outlines of marks; zero cells hide one."""
        found = dict(self._bodies()) if self._has_bodies else {}
        notes = {slot: item for slot, item in found.items() if slot[0] == "notes"}
        found = {slot: item for slot, item in found.items() if slot not in notes} | self._lines | self._above | notes
        for name, mark in self.state.marks.items():
            if mark.rows and mark.columns:
                x, y = self.sheets.corner(mark.channel or 0)
                at = x + round(mark.column * self.side), y + round(mark.row * self.side)
                size = mark.columns * self.side, mark.rows * self.side
                # Without a channel it stands on every sheet.
                outline = self._outline(mark.role, mark.channel is None, size)
                # Around a result there is nothing to move: it flies there.
                still = (name, mark.role) == ("current", "result") or name == "winner"
                found["mark", name] = outline._replace(at=at, glides=not still, pauses=name == "winner")
        return found

    def box_of(self, name: str) -> Box | None:
        """The cells in a mark, on the page; nothing where it is hidden or on all sheets."""
        mark = self.state.marks[name]
        if not mark.rows or not mark.columns or (mark.channel is None and self.sheets.count > 1):
            return None
        x, y = self.sheets.corner(mark.channel or 0)
        left, top = self.place.x + x + round(mark.column * self.side), self.place.y + y + round(mark.row * self.side)
        return Box(left, top, left + mark.columns * self.side, top + mark.rows * self.side)

    def cell_box(self, at: tuple[int, ...]) -> Box:
        """A cell on the page."""
        x, y = self.sheets.corner(at[0] if len(at) == 3 else 0)
        left, top = self.place.x + x + at[-1] * self.side, self.place.y + y + at[-2] * self.side
        return Box(left, top, left + self.side, top + self.side)

    def tile(self, at: tuple[int, ...]) -> Item:
        """A cell with its number, on the page, for one that is on its way."""
        parts = [part for part in (self.ground["cell", *at], self._above.get(("number", *at))) if part is not None]

        def draw(pen: Pen) -> None:
            for part in parts:
                part.draw(pen)

        box = self.cell_box(at)
        return Item("tile", Box(0, 0, self.side, self.side), draw, (box.left, box.top), glides=True)

    def question(self, at: tuple[int, ...]) -> Item:
        """A question mark in a cell, on the page."""
        line, box = self.look.typesetter.line("?", self._size), self.cell_box(at)
        style = self._style(str(self._own[at]), -1)
        x, baseline = (self.side - line.width) // 2, self._baseline(line)
        return Item("?", Box(0, 0, self.side, self.side), lambda pen: pen.text(line, x, baseline, style.ink), box[:2])

    def numbers(self) -> Iterator[Box]:
        """What a line would cross, on the page: numbers that are not above it, captions, sheets that are not marked."""
        if getattr(self._panel, "held", False):
            marked = {mark.channel for mark in self.state.marks.values() if mark.rows}
            yield from (box.moved(self.place.x, self.place.y) for box in self.sheets.apart(marked))
        if self._fitted.numbers and not self._has_bodies:
            yield from (self.cell_box(tuple(at)) for at in np.argwhere(np.isfinite(self.state.values)).tolist())

    def _bodies(self) -> Iterator[tuple[Slot, Item]]:
        """The fills and notes of windows, and the fill of a cell that is singled out."""
        for name in self._windows:
            if (mark := self.state.marks[name]).rows:
                yield from self._body(mark)
        for role, name in _SINGLED_OUT.items():
            around = self.state.marks.get(name)
            if around is None or not around.rows:
                continue
            place = int(around.row), int(around.column)
            whole = place if self.state.roles.ndim == 2 else (around.channel or 0, *place)
            if self.state.roles[whole] == role:
                draw = partial(self._draw_cell, (role, "", "", -1))
                box = self.cell_box(whole)
                at = box.left - self.place.x, box.top - self.place.y
                item = Item(("fill", role), Box(0, 0, self.side, self.side), draw, at)
                # The centre of a window goes with it, its maximum is found anew.
                yield ("singled", name), item._replace(glides=name == "centre", pauses=name == "winner")

    def _body(self, mark: Mark) -> Iterator[tuple[Slot, Item]]:
        """A window's fill and its notes, counted from the window's corner."""
        row, column = int(mark.row), int(mark.column)
        sheets = range(self.sheets.count) if mark.channel is None else (mark.channel,)
        left, top = first = self.sheets.corner(sheets[0])
        filled: list[tuple[int, int, str]] = []
        noted: list[tuple[int, int, str]] = []
        for channel in sheets:
            x, y = self.sheets.corner(channel)
            for r, c in np.ndindex(mark.rows, mark.columns):
                place = (row + r, column + c) if self.state.roles.ndim == 2 else (channel, row + r, column + c)
                if min(place) < 0 or any(n >= most for n, most in zip(place, self.state.roles.shape, strict=True)):
                    continue
                role, spot = str(self.state.roles[place]), (x - left + c * self.side, y - top + r * self.side)
                if role in (*_BODY, "winner", "selected"):
                    filled.append((*spot, _BODY.get(role, "kernel")))
                if note := self.state.notes.get(place, "") if self._fitted.numbers else "":
                    noted.append((*spot, note))
        if any(role == "neighbour" for *_, role in filled):
            filled = [(x, y, "neighbour") for x, y, _ in filled]
        at = first[0] + column * self.side, first[1] + row * self.side
        if filled:
            hatched = self._style(filled[0][2], -1).hatch is not None
            whole = len(sheets) == 1 and len(filled) == mark.rows * mark.columns and not hatched
            size = (mark.columns * self.side, mark.rows * self.side)
            item = self._block(filled[0][2], size) if whole else self._fills(tuple(filled))
            yield ("body", mark.name), item._replace(at=at)
        if noted and (size_of_notes := self._note_size([note for *_, note in noted])):
            yield ("notes", mark.name), self._notes(tuple(noted), size_of_notes)._replace(at=at)

    def _block(self, role: str, size: Shape) -> Item:
        """The fill of a window without holes."""
        width, height, fill = round(size[0]), round(size[1]), self._style(role, -1).fill

        def draw(pen: Pen) -> None:
            pen.rect(0, 0, width, height, fill)

        reshaped = partial(self._block, role)
        return Item(("body", role), Box(0, 0, width, height), draw, shape=size, reshaped=reshaped, glides=True)

    def _grid_lines(self) -> Item:
        """The gaps between cells, above windows: what moves below them changes less of the picture."""
        gap, near, ground = self._fitted.gap, self._fitted.gap // 2, self.look.theme.page["ground"]
        (width, height), side, corners = (self.sheets.width, self.sheets.height), self.side, self._corners()

        def draw(pen: Pen) -> None:
            for x, y in corners:
                for at in range(0, width + 1, side):
                    pen.rect(x + at - gap + near, y, gap, height, ground)
                for at in range(0, height + 1, side):
                    pen.rect(x, y + at - gap + near, width, gap, ground)

        return Item("lines", self.whole.grown(gap), draw)

    def _corners(self) -> list[tuple[int, int]]:
        return [self.sheets.corner(channel) for channel in range(self.sheets.count)]

    def _fills(self, filled: tuple[tuple[int, int, str], ...]) -> Item:
        def draw(pen: Pen) -> None:
            for x, y, role in filled:
                self._draw_cell((role, "", "", -1), pen.at(x, y))

        right, bottom = max(x for x, *_ in filled) + self.side, max(y for _, y, _ in filled) + self.side
        return Item(("body", filled), Box(0, 0, right, bottom), draw, glides=True)

    def _notes(self, noted: tuple[tuple[int, int, str], ...], size: float) -> Item:
        edge, ink = self._edge, self._style("kernel", -1).ink

        def draw(pen: Pen) -> None:
            for x, y, note in noted:
                small = self.look.typesetter.line(note, size)
                pen.text(small, x + edge - small.width, y + edge, ink)

        right, bottom = max(x for x, *_ in noted) + self.side, max(y for _, y, _ in noted) + self.side
        return Item(("notes", noted), Box(0, 0, right, bottom), draw, glides=True)

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
        if self._has_bodies:
            self._set_above(at, corner, seen)
            seen = (seen[0], "", "", seen[3])
        draw = partial(self._draw_cell, seen)
        self.lay(("cell", *at), Item(seen, Box(0, 0, side, side), draw, corner, covers=1, tile=True))

    def _set_above(self, at: tuple[int, ...], corner: tuple[int, int], seen: tuple[str, str, str, int]) -> None:
        """What is drawn above windows of a cell: its number, and the rim of padding."""
        role, text, note, level = seen
        rim = self._has_bodies and role in _RIMMED
        box = Box(0, 0, self.side, self.side)
        if rim or text:

            def draw(pen: Pen) -> None:
                style, near = self._style(role, level), self._fitted.gap // 2
                if rim:
                    inner = self.side - self._fitted.gap
                    pen.frame(near, near, inner, inner, style.fill, self.look.px(3))
                if text:
                    self._write(pen, text, note, style)

            self._above["number", *at] = Item(seen, box, draw, corner)
        else:
            self._above.pop(("number", *at), None)

    def _seen(self, at: tuple[int, ...]) -> tuple[str, str, str, int]:
        """What is seen of a cell: its role, number and note, and its level on the scale, −1 for none."""
        value, role = float(self.state.values[at]), str(self._own[at])
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
        if style.hatch and inner > 3 and not self.fit.bare:
            # At the spacing of the side the strokes of neighbouring cells meet.
            spacing = side / math.sqrt(2) / max(1, side // 14)
            pen.hatch(near, near, inner, inner, style.hatch, spacing, 1.6 * self.look.unit, style.strokes)
        if text:
            self._write(pen, text, note, style)

    def _write(self, pen: Pen, text: str, note: str, style: CellStyle) -> None:
        """The number in the middle of the cell; above a note in the lower right corner, if that fits there."""
        line, size = self.look.typesetter.line(text, self._size), self._note_size([note]) if note else 0
        pen.text(line, (self.side - line.width) // 2, self._baseline(line, size), style.ink)
        # A window carries the notes of its cells itself.
        if size and not self._has_bodies:
            small = self.look.typesetter.line(note, size)
            pen.text(small, self._edge - small.width, self._edge, style.ink)

    @property
    def _edge(self) -> int:
        """Where a note ends, and its baseline."""
        return self.side - self._fitted.gap // 2 - self.look.px(_CLEAR)

    def _baseline(self, line: TextLine, note_size: float = 0) -> int:
        """The baseline of a number: in the middle, or above a note."""
        middle = (self.side + line.ascent) // 2
        return min(middle, self._above_note(note_size)) if note_size else middle

    def _above_note(self, size: float) -> int:
        """The lowest baseline of a number that leaves room for a note of a size under it."""
        return self._edge - self.look.typesetter.line("0", size).ascent - self.look.px(_CLEAR)

    def _note_size(self, notes: Sequence[str]) -> float:
        """The size at which all notes of a window fit under the numbers; 0 for none."""
        near, least = self._fitted.gap // 2, self.fit.least
        number = self.look.typesetter.line("0", self._size).ascent
        for size in dict.fromkeys((max(least, _NOTE_SHARE * self.side), least)):
            widths = (self.look.typesetter.line(note, size).width for note in dict.fromkeys(notes))
            if max(widths) <= self._edge - near and self._above_note(size) >= near + number:
                return size
        return 0

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
        if getattr(self._panel, "held", False):
            width, height = sheets.extent.width, sheets.height
            around = Box(0, 0, width, height).grown(self.look.px(_HELD))
            pen.frame(*around[:2], around.width, around.height, page["faint"], self.look.px(1.5))
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

        under = (len(self.fit.label_lines(self.place.label)) - 1) * px(LABEL_LEADING)
        y = self.place.label_baseline - self.place.y + px(10) + under if self.place.label else self.place.height + px(4)
        return Item("", Box(0, 0, width, height), draw, ((self.place.width - width) // 2, y))


def _covers(mark: Mark, at: tuple[int, ...]) -> bool:
    row, column = at[-2:]
    here = mark.channel is None or len(at) == 2 or mark.channel == at[0]
    return here and 0 <= row - mark.row < mark.rows and 0 <= column - mark.column < mark.columns


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
