"""How cells are drawn where a stage's cells have some side: with numbers or colours by value, and how far apart."""

from __future__ import annotations

from cnnviz.notation import widest_in_cell
from cnnviz.record import Record
from cnnviz.render.panels._sheets import own_cell
from cnnviz.render.panels.base import LEAST_TEXT, Fit
from cnnviz.storyboard import Block, Grid

CLEAR = 3
"""Pixels between a text and the walls of its cell, at least."""

# Below this side, gaps between the cells of a picture are more of a grid than of a picture.
_OPEN_CELL = 16


class Fitted(Record):
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


def cell_gap(cell: int) -> int:
    """Pixels between two cells: none where cells are tiny."""
    return 0 if cell < 8 else 1 if cell < 14 else max(2, round(cell / 24))


def _numbers_fit(panel: Grid | Block, room: int, fit: Fit) -> bool:
    size = LEAST_TEXT * fit.unit
    if panel.shade is None:
        return True
    texts = widest_in_cell(panel.shade.lo, panel.shade.hi, panel.digits)
    widest = max(fit.typesetter.line(text, size).width for text in texts)
    return widest <= room - fit.px(CLEAR) and room >= 1.05 * size
