"""Grids of cells: each distinct cell is drawn once and copied afterwards, so a step costs what it changes."""

from __future__ import annotations

from cnnviz.render.panels._cells import CellsPainter, Fitted
from cnnviz.render.panels.base import ENLARGED_CELL, Extent, Fit
from cnnviz.storyboard import Block, Grid
from cnnviz.words.plain import phrase

# Cells a little smaller than they could be are no reason to give up the common scale.
_TINY = 0.7


class GridPainter(CellsPainter):
    """Paints one grid."""

    @classmethod
    def fitted(cls, panel: Grid | Block, cell: int, fit: Fit) -> Fitted:
        """As the stage's cells, or larger where the grid may be enlarged."""
        if isinstance(panel, Grid) and panel.enlarge and cell < _TINY * fit.px(ENLARGED_CELL):
            cell = max(cell, min(fit.px(fit.enlarged), (fit.height - fit.label_room) // max(panel.shape)))
        return Fitted.of(panel, cell, fit)

    @classmethod
    def measure(cls, panel: Grid, cell: int, fit: Fit) -> Extent:
        """Rows and columns of square cells."""
        own = cls.fitted(panel, cell, fit).cell
        return Extent(width=panel.shape[1] * own, height=panel.shape[0] * own)

    @classmethod
    def label(cls, panel: Grid, cell: int, fit: Fit) -> str:
        """The panel's label; it says so where the cells are larger than the others."""
        return _told(panel.label, cls.fitted(panel, cell, fit).cell != cell, fit)

    def worded(self, text: str) -> str:
        """As the first label."""
        return _told(text, self.side != self.place.cell, self.fit)

    def corner(self, channel: int | None) -> tuple[int, int]:
        """A grid is one sheet."""
        return 0, 0


def _told(label: str, larger: bool, fit: Fit) -> str:
    return label + ("\n" + phrase(fit.lang, "enlarged") if larger else "")


PAINTER = GridPainter
