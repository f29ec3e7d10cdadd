"""Operators between panels."""

from __future__ import annotations

from collections.abc import Sequence

from cnnviz.render.canvas import Box, Canvas, Look
from cnnviz.render.panels.base import Colors, Extent, Fit, Painter, Place
from cnnviz.render.pen import Pen
from cnnviz.render.theme import Theme
from cnnviz.storyboard import Change, Sign

_SIZE = 34


class SignPainter(Painter):
    """Paints one sign; it never changes."""

    def __init__(self, panel: Sign, place: Place, look: Look, fit: Fit) -> None:
        super().__init__(panel, place, look, fit)
        self._text = panel.text

    @classmethod
    def measure(cls, panel: Sign, cell: int, fit: Fit) -> Extent:
        """The size of its text."""
        line = fit.typesetter.line(panel.text, _SIZE * fit.unit)
        return Extent(width=line.width, height=line.ascent + line.descent)

    @classmethod
    def colors(cls, panel: Sign, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """Muted ink on the page."""
        return Colors(ramps=[(theme.page["ground"], theme.page["muted"])])

    def paint(self, canvas: Canvas) -> None:
        """Paint the sign in the middle of its place."""
        page = self.look.theme.page
        line = self.look.typesetter.line(self._text, _SIZE * self.look.unit)
        margin = self.look.px(4)
        width, height = line.width + 2 * margin, line.ascent + line.descent + 2 * margin
        picture = Pen.sheet(width, height, page["ground"]).picture
        pen = Pen(picture, origin=(-margin, -margin))
        self.draw(pen)
        canvas.draw(pen, self.place.x - margin, self.place.y - margin)

    def draw(self, pen: Pen) -> None:
        """Draw the sign, the place's corner at the pen's origin."""
        line = self.look.typesetter.line(self._text, _SIZE * self.look.unit)
        pen.text(line, 0, line.ascent, self.look.theme.page["muted"])

    def apply(self, changes: Sequence[Change], canvas: Canvas) -> list[Box]:
        """Nothing to do."""
        return []


PAINTER = SignPainter
