"""What one cell looks like: its fill, its number and its note."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from cnnviz.notation import in_cell, widest_in_cell
from cnnviz.render.canvas import Look
from cnnviz.render.palette import Pixels
from cnnviz.render.panels._fitted import CLEAR, Fitted
from cnnviz.render.panels.base import Fit
from cnnviz.render.pen import Pen
from cnnviz.render.text import TextLine
from cnnviz.render.theme import SCALE_LEVELS, CellStyle, Color, contrast
from cnnviz.storyboard import Block, Grid

# Shares of a cell that the size of its number is, the larger one where texts are to be large, and that of a note.
_SHARE, _LARGEST_SHARE, _NOTE_SHARE = 0.38, 0.52, 0.28
# In small cells a number and a note are as large as this where they fit.
_NUMBER_SIZE = 18
# The share of the cell that a number may take; one that is small then takes all but what keeps it off the walls.
_FILLED = 0.82


class CellFace:
    """Draws the cells of a panel; where windows are `bodied` they carry the notes of their cells themselves."""

    def __init__(self, panel: Grid | Block, fitted: Fitted, look: Look, fit: Fit, *, bodied: bool) -> None:
        self.panel, self.fitted, self.look, self.fit, self.bodied = panel, fitted, look, fit, bodied
        self.side = fitted.cell
        # Where a note ends, and its baseline.
        self._edge = fitted.cell - fitted.gap // 2 - look.px(CLEAR)
        self._largest_note = max(_NUMBER_SIZE * look.unit, _NOTE_SHARE * fitted.cell)
        self.scale = look.theme.scale(panel.shade.scale) if fitted.shaded and panel.shade else None
        self.size = self._number_size()

    def level(self, value: float) -> int:
        """The level of a value on the scale, −1 for none."""
        shade = self.panel.shade
        if shade is None or math.isnan(value):
            return -1
        span = shade.hi - shade.lo
        at = (value - shade.lo) / span if span > 0 else 0.5
        return round(min(1.0, max(0.0, at)) * (SCALE_LEVELS - 1))

    def style(self, role: str, level: int) -> CellStyle:
        """The look of a role, at a level of the scale."""
        style = self.look.theme.cell(role)
        if level < 0 or self.scale is None or style.flat:
            return style
        fill = as_color(self.scale[level])
        return dataclasses.replace(style, fill=fill, ink=ink_on(fill))

    def draw(self, seen: tuple[str, str, str, int], pen: Pen) -> None:
        """Draw a cell of a role, with a number, a note and a level, from its corner."""
        role, text, note, level = seen
        style, near, inner = self.style(role, level), self.fitted.gap // 2, self.side - self.fitted.gap
        pen.rect(near, near, inner, inner, style.fill)
        if style.hatch and not self.fit.bare:
            self.hatch(pen, style.hatch, 1.6 * self.look.unit, 14, style.strokes)
        if text:
            self.write(pen, text, note, style)

    def hatch(self, pen: Pen, color: Color, stroke: float, apart: int, strokes: str = "/") -> None:
        """Draw strokes over the cell from its corner, of some width and at least so many pixels apart."""
        side, near, inner = self.side, self.fitted.gap // 2, self.side - self.fitted.gap
        if inner > 3:
            # At the spacing of the side the strokes of neighbouring cells meet.
            spacing = side / math.sqrt(2) / max(1, side // apart)
            pen.hatch(near, near, inner, inner, color, spacing, stroke, strokes)

    def write(self, pen: Pen, text: str, note: str, style: CellStyle) -> None:
        """The number in the middle of the cell; above a note in the lower right corner, if that fits there."""
        line, size = self.look.typesetter.line(text, self.size), self.note_size([note]) if note else 0
        pen.text(line, (self.side - line.width) // 2, self.baseline(line, noted=size > 0), style.ink)
        # A window carries the notes of its cells itself.
        if size and not self.bodied:
            self.write_note(pen, note, size, style.ink)

    def write_note(self, pen: Pen, note: str, size: float, ink: Color) -> None:
        """A note in the lower right corner."""
        line = self.look.typesetter.line(note, size)
        pen.text(line, self._edge - line.width, self._edge, ink)

    def baseline(self, line: TextLine, *, noted: bool = False) -> int:
        """The baseline of a number: in the middle of the cell, or of what the largest note leaves of it."""
        top, bottom = (self.fitted.gap // 2, self._note_top(self._largest_note)) if noted else (0, self.side)
        return (top + bottom + line.ascent) // 2

    def _note_top(self, size: float) -> int:
        return self._edge - self.look.typesetter.line("0", size).ascent

    def note_size(self, notes: Sequence[str]) -> float:
        """The size at which all notes of a window fit under the numbers; 0 for none."""
        near, clear, size = self.fitted.gap // 2, self.look.px(CLEAR), self._largest_note
        top = near + self.look.typesetter.line("0", self.size).ascent + clear
        while size >= self.fit.least:
            widest = max(self.look.typesetter.line(note, size).width for note in set(notes))
            if widest <= self._edge - near - clear and self._note_top(size) >= top:
                return size
            size -= self.look.unit / 2
        return 0

    def _number_size(self) -> float:
        """The size at which the widest number of the panel fits its cell."""
        least, shade, scale = self.fit.least, self.panel.shade, self.fit.scale
        usual = min(_NUMBER_SIZE * self.look.unit, _LARGEST_SHARE * self.side)
        size = max(least, usual, min(_SHARE * scale, _LARGEST_SHARE) * self.side)
        known = self.panel.values[np.isfinite(self.panel.values)]
        texts = {in_cell(value, self.panel.digits) for value in known.tolist()[:1024]}
        texts |= {*(widest_in_cell(shade.lo, shade.hi, self.panel.digits) if shade else ())}
        widest = max((self.look.typesetter.line(text, size).width for text in texts), default=1)
        inner = self.side - self.fitted.gap
        clear = (inner - 2 * self.look.px(CLEAR)) / max(1, widest)
        share = min(_FILLED * inner / max(1, widest), clear)
        return max(least, size * min(1.0, share), min(usual, size * clear))


def ink_on(fill: Color) -> Color:
    """Black or white, whichever is read better on a colour."""
    black, white = (0, 0, 0), (255, 255, 255)
    return black if contrast(black, fill) >= contrast(white, fill) else white


def as_color(values: Pixels) -> Color:
    """A colour of a scale."""
    return int(values[0]), int(values[1]), int(values[2])
