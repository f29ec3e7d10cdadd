"""Operators between panels."""

from __future__ import annotations

from collections.abc import Sequence

from cnnviz.render.canvas import Look
from cnnviz.render.panels.base import Colors, Extent, Fit, Item, Painter, Place, around
from cnnviz.render.theme import Theme
from cnnviz.storyboard import Operator


class OperatorPainter(Painter):
    """Writes one operator, which never changes."""

    def __init__(self, panel: Operator, place: Place, look: Look, fit: Fit) -> None:
        super().__init__(panel, place, look, fit)
        line, color = look.typesetter.line(panel.text, panel.size * look.unit), look.theme.page["muted"]
        box = around([(line, 0, line.ascent)])
        self.lay(("operator",), Item("", box, lambda pen: pen.text(line, 0, line.ascent, color)))

    @classmethod
    def measure(cls, panel: Operator, cell: int, fit: Fit) -> Extent:
        """The size of its text."""
        line = fit.typesetter.line(panel.text, panel.size * fit.unit)
        return Extent(width=line.width, height=line.ascent + line.descent)

    @classmethod
    def colors(cls, panel: Operator, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """Muted ink on the page."""
        return Colors(ramps=[(theme.page["ground"], theme.page["muted"])])


PAINTER = OperatorPainter
