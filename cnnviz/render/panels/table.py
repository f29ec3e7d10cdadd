"""Tables of short texts and formulas: as large as fits, thin rules between rows, selected entries on a tint."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np

from cnnviz.render.canvas import Box, Look
from cnnviz.render.panels.base import LEAST_TEXT, Colors, Extent, Fit, Item, Painter, Place, Shape, Slot, Way
from cnnviz.render.pen import Pen
from cnnviz.render.text import TextLine
from cnnviz.render.theme import Color, Theme
from cnnviz.storyboard import Change, Curve, SetEntry, Table

_STAGE_WIDTH = 880
_PAD_X, _PAD_Y, _LEAST_PAD_X, _LEAST_PAD_Y = 14.0, 9.0, 5.0, 1.0
# Pixels between two columns.
_APART = 24
_SHARES = 2.0, 1.5, 1.0, 0.75, 0.5, 0.25, 0.0
_LEADING = 0.35
# Pixels from a text on its way to the edge of its ground.
_CLEAR = 6
_RULE, _BAR = 2, 3
_USUAL = "Hg"
# What an entry's ground is coloured as.
_TINTS = {"selected": "lit", "refused": "selected"}
# The least width and height of a sketch.
_SKETCH = 96, 30

Texts = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class _Fitted:
    """The size of a table's text, and the pixels at which its columns and rows (the header first) begin and end."""

    size: float
    pad: int
    columns: tuple[int, ...]
    rows: tuple[int, ...]

    @classmethod
    def of(cls, panel: Table, fit: Fit, *, sketched: bool = False) -> _Fitted:
        """The largest text with the widest paddings with which the table fits the stage; at worst it is cut."""
        rows = (panel.header, *panel.entries)
        height = fit.height - (fit.label_room if panel.label else 0)
        size = max(panel.size * fit.scale, LEAST_TEXT)
        while True:
            # Paddings give way first, each as far as its direction needs, then the text; wide ones to cells as well.
            found = [_arranged(rows, size, share, fit, sketched) for share in _SHARES if share <= 1 or fit.tight == 1]
            # Columns that run together are worse than a smaller text.
            open_ = [each for each in found if 2 * each.pad >= fit.px(_APART)] if size > LEAST_TEXT else found
            across = next((each for each in open_ if each.columns[-1] <= fit.px(_STAGE_WIDTH)), None)
            down = next((each for each in found if each.rows[-1] <= height), None)
            if across and down:
                return replace(across, rows=down.rows)
            if size <= LEAST_TEXT:
                return found[-1].narrowed(fit.px(_STAGE_WIDTH))
            # Formulas take long to set: from large sizes it goes down in larger steps.
            size = max(LEAST_TEXT, size - 0.5) if size <= panel.size else max(panel.size, size - 2)

    def narrowed(self, width: int) -> _Fitted:
        """With columns that share `width`, in proportion to what they want."""
        if self.columns[-1] <= width:
            return self
        columns = tuple(edge * width // self.columns[-1] for edge in self.columns)
        return _Fitted(size=self.size, pad=self.pad, columns=columns, rows=self.rows)


class TablePainter(Painter):
    """Header and rules are ground, each entry has a slot; a newline breaks an entry's text."""

    def __init__(self, panel: Table, place: Place, look: Look, fit: Fit) -> None:
        super().__init__(panel, place, look, fit)
        self._panel = panel
        self._fitted = _fitted(panel, fit)
        plain = tuple(("plain",) * len(panel.header) for _ in panel.entries)
        self._texts = [list(row) for row in panel.entries]
        self._roles = [list(row) for row in panel.roles or plain]
        self.lay(("rules",), Item("", self.whole, self._draw_rules))

    @classmethod
    def measure(cls, panel: Table, cell: int, fit: Fit) -> Extent:
        """The size of all its rows and columns."""
        fitted = _fitted(panel, fit)
        return Extent(width=fitted.columns[-1], height=fitted.rows[-1])

    @classmethod
    def colors(cls, panel: Table, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """Inks on the page and on the tint of selected entries, rules."""
        page, tint = theme.page, theme.cell("lit")
        tints = [(style.fill, style.ink) for style in map(theme.cell, _TINTS.values())]
        solid = [theme.line("grid"), theme.line("axis"), theme.mark("window"), *(fill for fill, _ in tints)]
        inks = [(page["ground"], page[key]) for key in ("ink", "muted", "result")]
        lines = [theme.line(role) for role in dict.fromkeys(curve.role for row in panel.sketches for curve in row)]
        solid, inks = solid + lines, inks + [(ground, line) for ground in (page["ground"], tint.fill) for line in lines]
        return Colors(solid=solid, ramps=[*inks, *tints, (tint.fill, page["result"])])

    def _draw_rules(self, pen: Pen) -> None:
        theme, rows, width = self.look.theme, self._fitted.rows, self._fitted.columns[-1]
        for column, text in enumerate(self._panel.header):
            self._write(pen, text, 0, column, theme.page["muted"], bold=True)
        for edge in rows[2:]:
            pen.rect(0, edge - 1, width, 1, theme.line("grid"))
        pen.rect(0, rows[1] - self.look.px(_RULE), width, self.look.px(_RULE), theme.line("axis"))

    def floats(self) -> dict[Slot, Item]:
        """The tint of a row that is selected or refused alone, and every entry."""
        rows = [row for row, roles in enumerate(self._roles) if len(set(roles)) == 1 and roles[0] in _TINTS]
        found: dict[Slot, Item] = {("lit",): self._lit(rows[0])} if len(rows) == 1 else {}
        for row, column in np.ndindex(len(self._texts), len(self._panel.header)):
            found[row, column] = self._entry(row, column, tinted=[row] == rows)
        return found

    def ways(self, written: Sequence[SetEntry]) -> list[Way]:
        """Texts on their way from other entries."""
        return [way for change in written if (way := self._way(change))]

    def _way(self, change: SetEntry) -> Way | None:
        if change.origin is None or not (text := self._texts[change.origin[0]][change.origin[1]]):
            return None
        start, end = self._box(*change.origin), self._box(change.row, change.column)
        x, y, near, size = self.place.x, self.place.y, self.look.px(_CLEAR), self._fitted.size * self.look.unit
        usual, width = self.look.typesetter.line(_USUAL, size), self.look.typesetter.line(text, size).width + 2 * near
        height, entry = usual.ascent + usual.descent + near, self._entry(*change.origin, tinted=True)

        def draw(pen: Pen) -> None:
            # On a ground of its own, since it goes over rules and question marks.
            left, top = start.left + self._fitted.pad - near, (start.top + start.bottom - height) // 2
            pen.rect(left, top, width, height, self.look.theme.cell("lit").fill)
            entry.draw(pen)

        # At first it would stand on the text that it is a copy of.
        away = int(np.clip(end.top - start.top, -height, height))
        item = entry._replace(draw=draw, at=(x, y + away))
        return Way(item, item._replace(at=(x + end.left - start.left, y + end.top - start.top)))

    def update(self, change: Change) -> None:
        """Take an entry's new text or role."""
        if not isinstance(change, SetEntry):
            super().update(change)
            return
        if change.text is not None:
            self._texts[change.row][change.column] = change.text
        if change.role is not None:
            self._roles[change.row][change.column] = change.role

    def _box(self, row: int, column: int) -> Box:
        columns, rows = self._fitted.columns, self._fitted.rows
        return Box(columns[column], rows[row + 1], columns[column + 1], rows[row + 2])

    def _lit(self, row: int) -> Item:
        """The tint of a whole row, which travels from row to row."""
        first = self._box(row, 0)
        return self._tinted(self._roles[row][0], (first.height,))._replace(at=(0, first.top))

    def _tinted(self, role: str, height: Shape) -> Item:
        box = Box(0, 0, self._fitted.columns[-1], round(height[0]))
        draw = partial(self._tint, box=box, role=role, first=True)
        return Item(role, box, draw, shape=height, reshaped=partial(self._tinted, role), glides=True)

    def _entry(self, row: int, column: int, *, tinted: bool = False) -> Item:
        """An entry, on a tint of its own if it is selected and not `tinted` with its row."""
        role, box = self._roles[row][column], self._box(row, column)
        text = "?" if role == "asked" else self._texts[row][column]

        def draw(pen: Pen) -> None:
            ink = self.look.theme.page["result" if role == "strong" else "ink"]
            if role in _TINTS:
                ink = self.look.theme.cell(_TINTS[role]).ink
                if not tinted:
                    self._tint(pen, box, role, first=column == 0)
            self._write(pen, text, row + 1, column, ink, bold=role == "strong")
            if self._panel.sketches and column == len(self._panel.header) - 1:
                self._sketch(pen, self._panel.sketches[row], box)

        return Item((text, role, tinted), box, draw)

    def _sketch(self, pen: Pen, curves: Sequence[Curve], box: Box) -> None:
        """Draw curves over the axes, all as large as the entry allows."""
        x, y = (np.concatenate([getattr(curve, axis) for curve in curves]) for axis in ("x", "y"))
        x_ends, y_ends = (np.nanmin(x), np.nanmax(x)), (min(0.0, np.nanmin(y)), np.nanmax(y))
        near = self.look.px(5)
        left, right = box.left + self._fitted.pad, box.right - self._fitted.pad
        down = box.bottom - near - 1, box.top + near
        across, along = np.interp(0, x_ends, (left, right)), np.interp(0, y_ends, down)
        axis = self.look.theme.line("axis")
        pen.rect(left, round(along), right - left, 1, axis)
        pen.rect(round(across), box.top + near, 1, box.bottom - box.top - 2 * near, axis)
        for curve in curves:
            points = [
                np.interp(curve.x, x_ends, (left, right)),
                np.interp(curve.y, y_ends, (box.bottom - near - 1, box.top + near)),
            ]
            gaps = np.flatnonzero(np.isnan(curve.y))
            for part in np.split(np.stack(points, axis=1), gaps):
                pen.polyline(part, self.look.theme.line(curve.role), 2.2 * self.look.unit, curve.style)

    def _tint(self, pen: Pen, box: Box, role: str, *, first: bool) -> None:
        """Fill an entry, and mark where its row begins, a second cue beside the colour."""
        fill = self.look.theme.cell(_TINTS[role]).fill
        pen.rect(box.left, box.top, box.right - box.left, box.bottom - box.top - 1, fill)
        if first:
            bar = self.look.px(_BAR)
            pen.rect(box.left, box.top, bar, box.bottom - box.top - 1, self.look.theme.mark("window"))

    def _write(self, pen: Pen, text: str, row: int, column: int, ink: Color, *, bold: bool) -> None:
        """Write an entry's lines, in the middle between its row's rules."""
        fitted, unit = self._fitted, self.look.unit
        left, room = fitted.columns[column] + fitted.pad, fitted.columns[column + 1] - fitted.columns[column]
        lines = [
            self.look.typesetter.fitting(part, fitted.size * unit, room - fitted.pad, LEAST_TEXT * unit, bold)
            for part in text.split("\n")
        ]
        leading = round(_LEADING * fitted.size * unit)
        # Lines of ordinary height stand on one baseline along a row, whatever their letters.
        usual = self.look.typesetter.line(_USUAL, fitted.size * unit)
        if len(lines) == 1 and lines[0].ascent + lines[0].descent <= 1.3 * (usual.ascent + usual.descent):
            middle = (fitted.rows[row] + fitted.rows[row + 1]) / 2
            pen.text(lines[0], left, round(middle + usual.ascent / 2), ink, self.look.theme.page["result"])
            return
        y = (fitted.rows[row] + fitted.rows[row + 1] - _height(lines, leading)) // 2
        for line in lines:
            pen.text(line, left, y + line.ascent, ink, self.look.theme.page["result"])
            y += line.ascent + line.descent + leading


def _height(lines: Sequence[TextLine], leading: int) -> int:
    return sum(line.ascent + line.descent for line in lines) + leading * (len(lines) - 1)


def _fitted(panel: Table, fit: Fit) -> _Fitted:
    return _fitted_once(replace(panel, sketches=()), bool(panel.sketches), fit)


@lru_cache(maxsize=64)
def _fitted_once(panel: Table, sketched: bool, fit: Fit) -> _Fitted:
    return _Fitted.of(panel, fit, sketched=sketched)


@lru_cache(maxsize=64)
def _arranged(rows: Texts, size: float, share: float, fit: Fit, sketched: bool) -> _Fitted:
    """Edges of columns and rows for a text size and a share of the usual paddings, with room for sketches or none."""
    pad_x = fit.px(_LEAST_PAD_X + share * (_PAD_X - _LEAST_PAD_X))
    pad_y = fit.px(_LEAST_PAD_Y + share * (_PAD_Y - _LEAST_PAD_Y))
    widths, heights = [0] * len(rows[0]), []
    for place, row in enumerate(rows):
        least = fit.typesetter.line(_USUAL, size * fit.unit)
        height = least.ascent + least.descent
        for column, text in enumerate(row):
            lines = [fit.typesetter.line(part, size * fit.unit, bold=place == 0) for part in text.split("\n")]
            widths[column] = max(widths[column], *(line.width for line in lines))
            height = max(height, _height(lines, round(_LEADING * size * fit.unit)))
        heights.append(max(height, fit.px(_SKETCH[1]) if sketched and place else 0) + 2 * pad_y + 1)
    if sketched:
        widths[-1] = max(widths[-1], fit.px(_SKETCH[0]))
    columns = itertools.accumulate((width + 2 * pad_x for width in widths), initial=0)
    return _Fitted(size=size, pad=pad_x, columns=tuple(columns), rows=tuple(itertools.accumulate(heights, initial=0)))


PAINTER = TablePainter
