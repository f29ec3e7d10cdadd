"""Lines of text and formulas, one under the other; a step sets only the lines that it changes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from cnnviz.render.canvas import Box, Look
from cnnviz.render.panels.base import Colors, Extent, Fit, Item, Painter, Place, Slot, changed
from cnnviz.render.pen import Pen
from cnnviz.render.text import TextLine
from cnnviz.render.theme import Theme
from cnnviz.storyboard import Equation, Row

_ABOVE, _BELOW, _WHITE = 0.85, 0.3, 0.6
"""Shares of the size: an ordinary line above and below its baseline, and what stays white between two lines."""

_EDGE = 3


class EquationPainter(Painter):
    """Writes lines from the panel's left edge on, each in the ink of its role, **strong** parts in the result's."""

    def __init__(self, panel: Equation, place: Place, look: Look, fit: Fit) -> None:
        super().__init__(panel, place, look, fit)
        self._rows = {row.name: row for row in panel.lines}
        tops = itertools.accumulate(map(sum, reaches := _reaches(panel, fit)), initial=0.0)
        self._baselines = {
            row.name: round(top + above) for row, top, (above, _) in zip(panel.lines, tops, reaches, strict=False)
        }

    @classmethod
    def measure(cls, panel: Equation, cell: int, fit: Fit) -> Extent:
        """As wide as the longest text now or, by `widest`, later; a blank line is as tall as the tallest of these."""
        texts = [row.text for row in panel.lines] + list(panel.widest)
        width = max((_typeset(text, panel, fit).width for text in texts if text), default=0)
        return Extent(width=width + 2 * fit.px(_EDGE), height=round(sum(map(sum, _reaches(panel, fit)))))

    @classmethod
    def colors(cls, panel: Equation, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """The inks of all roles on the page, those of steps that name a line's role included."""
        of_steps = [role for role in step_roles if role in theme.lines or role in theme.page]
        inks = [theme.line(role) for role in (*(row.role for row in panel.lines), *of_steps, "result")]
        colors = Colors()
        colors.add(theme.page["ground"], *inks)
        return colors

    def floats(self) -> dict[Slot, Item]:
        """The lines that are not blank."""
        return {("row", name): self._item(row) for name, row in self._rows.items() if row.text}

    def update(self, change: Any) -> None:
        """Take a line's new text or role."""
        self._rows[change.row] = changed(self._rows[change.row], change, "text", "role")

    def _item(self, row: Row) -> Item:
        theme, x = self.look.theme, self.look.px(_EDGE)
        room = self.place.width - 2 * x
        line = self.look.typesetter.fitting(row.text, _size(self._panel, self.fit), room, self.fit.least)

        def draw(pen: Pen) -> None:
            pen.text(line, x, 0, theme.line(row.role), theme.page["result"])

        box = Box(0, -line.ascent - x, self.place.width, line.descent + x)
        return Item((row.text, row.role), box, draw, (0, self._baselines[row.name]))


def _typeset(text: str, panel: Equation, fit: Fit) -> TextLine:
    return fit.typesetter.line(text, _size(panel, fit))


def _size(panel: Equation, fit: Fit) -> float:
    return max(min(fit.size(panel.size), fit.least), fit.size(panel.size) * fit.tight)


def _reaches(panel: Equation, fit: Fit) -> list[tuple[float, float]]:
    """Pixels that each line takes above and below its baseline; a blank one as much as the tallest that may come."""
    size = _size(panel, fit)
    found = []
    for row in panel.lines:
        lines = [_typeset(text, panel, fit) for text in ((row.text,) if row.text else panel.widest)]
        above = max([_ABOVE * size, *(line.ascent for line in lines)])
        below = max([_BELOW * size, *(line.descent for line in lines)])
        found.append((above + _WHITE * size / 2, below + _WHITE * size / 2))
    return found


PAINTER = EquationPainter
