"""Tables of short texts and formulas: as large as fits, thin rules between rows, selected entries on a tint."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from cnnviz.render.canvas import Box, Look
from cnnviz.render.panels.base import LEAST_TEXT, Colors, Extent, Fit, Item, Painter, Place, Shape, Slot, Way
from cnnviz.render.pen import Pen
from cnnviz.render.text import TextLine
from cnnviz.render.theme import Color, Theme
from cnnviz.storyboard import Curve, SetEntry, Table

_STAGE_WIDTH = 880
# Pixels left and right of a text, above and below it, at most: where there is room, and where cells want some.
_ROOMY, _USUAL = (23, 17), (14, 9)
_LEAST_PAD_X, _LEAST_PAD_Y = 5, 1
# Pixels between two columns.
_APART = 24
_LEADING = 0.35
_RULE, _BAR = 2, 3
_LETTERS = "Hg"
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


class TablePainter(Painter):
    """Header and rules are ground, each entry has a slot; a newline breaks an entry's text."""

    def __init__(self, panel: Table, place: Place, look: Look, fit: Fit) -> None:
        super().__init__(panel, place, look, fit)
        self._fitted = fitted(panel, fit)
        plain = tuple(("plain",) * len(panel.header) for _ in panel.entries)
        self._texts = [list(row) for row in panel.entries]
        self._roles = [list(row) for row in panel.roles or plain]
        self.lay(("rules",), Item("", self.whole, self._draw_rules))

    @classmethod
    def measure(cls, panel: Table, cell: int, fit: Fit) -> Extent:
        """The size of all its rows and columns."""
        found = fitted(panel, fit)
        return Extent(width=found.columns[-1], height=found.rows[-1])

    @classmethod
    def colors(cls, panel: Table, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """Inks on the page and on the tint of selected entries, rules."""
        page, lines = theme.page, [theme.line(curve.role) for row in panel.sketches for curve in row]
        colors = Colors(solid=[theme.line("grid"), theme.line("axis"), theme.mark("window")])
        colors.add(page["ground"], page["ink"], page["muted"], page["result"], *lines)
        for style in map(theme.cell, _TINTS.values()):
            colors.add(style.fill, style.fill, style.ink, page["result"], *lines)
        return colors

    def _draw_rules(self, pen: Pen) -> None:
        theme, rows, width = self.look.theme, self._fitted.rows, self._fitted.columns[-1]
        for column, text in enumerate(self._panel.header):
            self._write(pen, text, 0, column, theme.page["muted"], bold=True)
        for edge in rows[2:]:
            pen.rect(0, edge - 1, width, 1, theme.line("grid"))
        pen.rect(0, rows[1] - self.look.px(_RULE), width, self.look.px(_RULE), theme.line("axis"))

    def floats(self) -> dict[Slot, Item]:
        """Tints of whole rows or of single entries, which travel from one to another, and every entry."""
        lit, count = [], len(self._panel.header)
        for row, roles in enumerate(self._roles):
            spans = [(0, count)] if len(set(roles)) == 1 else [(column, column + 1) for column in range(count)]
            lit += [self._lit(row, *span) for span in spans if roles[span[0]] in _TINTS]
        found: dict[Slot, Item] = {("lit", place): item for place, item in enumerate(lit)}
        return found | {at: self._entry(*at) for at in np.ndindex(len(self._texts), count)}

    def ways(self, written: Sequence[SetEntry]) -> list[Way]:
        """Texts on their way from other entries."""
        return [way for change in written if (way := self._way(change))]

    def _way(self, change: SetEntry) -> Way | None:
        if change.origin is None or not self._texts[change.origin[0]][change.origin[1]]:
            return None
        start, end, entry = self._box(*change.origin), self._box(change.row, change.column), self._entry(*change.origin)

        def draw(pen: Pen) -> None:
            # On a ground of its own, since it goes over rules and question marks.
            pen.rect(*start[:2], start.width, start.height, self.look.theme.cell("lit").fill)
            entry.draw(pen)

        item = entry._replace(draw=draw, at=(self.place.x, self.place.y))
        x, y = end.left - start.left, end.top - start.top
        return Way(item, item._replace(at=(self.place.x + x, self.place.y + y)))

    def update(self, change: Any) -> None:
        """Take an entry's new text or role."""
        if change.text is not None:
            self._texts[change.row][change.column] = change.text
        if change.role is not None:
            self._roles[change.row][change.column] = change.role

    def _box(self, row: int, column: int) -> Box:
        columns, rows = self._fitted.columns, self._fitted.rows
        return Box(columns[column], rows[row + 1], columns[column + 1], rows[row + 2])

    def _lit(self, row: int, first: int, end: int) -> Item:
        """The tint of some entries of a row; a bar marks where the row begins, a second cue beside the colour."""
        box, other = self._box(row, first), self._box(row, end - 1)
        tint = self._tint(self._roles[row][first], first == 0, (other.right - box.left, box.height - 1))
        return tint._replace(at=box[:2])

    def _tint(self, role: str, bar: bool, size: Shape) -> Item:
        width, height = map(round, size)

        def draw(pen: Pen) -> None:
            pen.rect(0, 0, width, height, self.look.theme.cell(_TINTS[role]).fill)
            if bar:
                pen.rect(0, 0, self.look.px(_BAR), height, self.look.theme.mark("window"))

        reshaped = partial(self._tint, role, bar)
        return Item((role, bar), Box(0, 0, width, height), draw, shape=size, reshaped=reshaped, glides=True)

    def _entry(self, row: int, column: int) -> Item:
        role, box, theme = self._roles[row][column], self._box(row, column), self.look.theme
        text = "?" if role == "asked" else self._texts[row][column]
        ink = theme.cell(_TINTS[role]).ink if role in _TINTS else theme.page["result" if role == "strong" else "ink"]

        def draw(pen: Pen) -> None:
            self._write(pen, text, row + 1, column, ink, bold=role == "strong")
            if self._panel.sketches and column == len(self._panel.header) - 1:
                self._sketch(pen, self._panel.sketches[row], box)

        return Item((text, role), box, draw)

    def _sketch(self, pen: Pen, curves: Sequence[Curve], box: Box) -> None:
        """Draw curves over the axes, all as large as the entry allows."""
        near, pad, axis = self.look.px(5), self._fitted.pad, self.look.theme.line("axis")
        left, right, top, bottom = box.left + pad, box.right - pad, box.top + near, box.bottom - near
        x, y = (np.concatenate([getattr(curve, name) for curve in curves]) for name in ("x", "y"))
        x_ends, y_ends = (np.nanmin(x), np.nanmax(x)), (min(0.0, np.nanmin(y)), np.nanmax(y))
        pen.rect(left, round(np.interp(0, y_ends, (bottom - 1, top))), right - left, 1, axis)
        pen.rect(round(np.interp(0, x_ends, (left, right))), top, 1, bottom - top, axis)
        for curve in curves:
            across, down = np.interp(curve.x, x_ends, (left, right)), np.interp(curve.y, y_ends, (bottom - 1, top))
            for part in np.split(np.stack([across, down], axis=1), np.flatnonzero(np.isnan(curve.y))):
                pen.polyline(part, self.look.theme.line(curve.role), 2.2 * self.look.unit, curve.style)

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
        usual = self.look.typesetter.line(_LETTERS, fitted.size * unit)
        if len(lines) == 1 and lines[0].ascent + lines[0].descent <= 1.3 * (usual.ascent + usual.descent):
            middle = (fitted.rows[row] + fitted.rows[row + 1]) / 2
            pen.text(lines[0], left, round(middle + usual.ascent / 2), ink, self.look.theme.page["result"])
            return
        y = (fitted.rows[row] + fitted.rows[row + 1] - _height(lines, leading)) // 2
        for line in lines:
            pen.text(line, left, y + line.ascent, ink, self.look.theme.page["result"])
            y += line.ascent + line.descent + leading


def fitted(panel: Table, fit: Fit) -> _Fitted:
    """The largest text with which the table fits the stage; at worst it is cut."""
    rows = (panel.header, *panel.entries)
    return _fitted(rows, panel.size * fit.scale, bool(panel.sketches), bool(panel.label), fit)


@lru_cache(maxsize=64)
def _fitted(rows: Texts, size: float, sketched: bool, labelled: bool, fit: Fit) -> _Fitted:
    width, height = fit.px(_STAGE_WIDTH), fit.height - (fit.label_room if labelled else 0)
    most_x, most_y = map(fit.px, _ROOMY if fit.tight == 1 else _USUAL)
    while True:
        size = max(size, LEAST_TEXT)
        widths, heights = _measured(rows, size, sketched, fit)
        pad_x, pad_y = (width - sum(widths)) // (2 * len(widths)), (height - sum(heights)) // (2 * len(heights))
        # Columns that run together are worse than a smaller text.
        if size == LEAST_TEXT or (2 * pad_x >= fit.px(_APART) and pad_y >= fit.px(_LEAST_PAD_Y)):
            break
        size -= 1
    pad_x, pad_y = max(fit.px(_LEAST_PAD_X), min(pad_x, most_x)), max(fit.px(_LEAST_PAD_Y), min(pad_y, most_y))
    columns = list(itertools.accumulate((wide + 2 * pad_x for wide in widths), initial=0))
    if columns[-1] > width:
        columns = [edge * width // columns[-1] for edge in columns]
    edges = itertools.accumulate((tall + 2 * pad_y for tall in heights), initial=0)
    return _Fitted(size=size, pad=pad_x, columns=tuple(columns), rows=tuple(edges))


def _measured(rows: Texts, size: float, sketched: bool, fit: Fit) -> tuple[list[int], list[int]]:
    """The widths of columns and the heights of rows for a text size, with room for sketches or none."""
    least = fit.typesetter.line(_LETTERS, size * fit.unit)
    widths, heights = [0] * len(rows[0]), []
    for place, row in enumerate(rows):
        height = max(least.ascent + least.descent, fit.px(_SKETCH[1]) if sketched and place else 0)
        for column, text in enumerate(row):
            lines = [fit.typesetter.line(part, size * fit.unit, bold=place == 0) for part in text.split("\n")]
            widths[column] = max(widths[column], *(line.width for line in lines))
            height = max(height, _height(lines, round(_LEADING * size * fit.unit)))
        # With the rule under it.
        heights.append(height + 1)
    if sketched:
        widths[-1] = max(widths[-1], fit.px(_SKETCH[0]))
    return widths, heights


def _height(lines: Sequence[TextLine], leading: int) -> int:
    return sum(line.ascent + line.descent for line in lines) + leading * (len(lines) - 1)


PAINTER = TablePainter
