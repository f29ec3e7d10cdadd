"""What a painter of panels does: it says what room and colours it needs, paints once, then only what changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cnnviz.render.canvas import Box, Canvas, Look
from cnnviz.render.pen import Pen
from cnnviz.render.text import Typesetter
from cnnviz.render.theme import Color, Theme
from cnnviz.storyboard import Change

LEAST_TEXT = 14
"""Pixels of the smallest text at the default width."""

LABEL_SIZE = 16
LABEL_LEADING = 21


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What panels are measured with: the typesetter, the scale of lengths, the stage's height, numbers or none."""

    typesetter: Typesetter
    unit: float
    height: int
    numbers: bool

    def px(self, length: float) -> int:
        """Pixels of a length that is given for the default width."""
        return max(1, round(length * self.unit))


@dataclass(frozen=True, kw_only=True)
class Extent:
    """The room that a panel's body needs, in pixels; with `stretch` > 0 it shares what is left, in that proportion."""

    width: int
    height: int
    stretch: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a panel stands: its corner and size in pixels, the side of the stage's cells, its label and that
    one's baseline."""

    x: int
    y: int
    width: int
    height: int
    cell: int
    label: str = ""
    label_baseline: int = 0


@dataclass
class Colors:
    """The colours that a figure needs: solid ones, and pairs between which edges are smoothed."""

    solid: list[Color] = field(default_factory=list)
    ramps: list[tuple[Color, Color]] = field(default_factory=list)


class Painter:
    """Paints one panel."""

    def __init__(self, panel: Any, place: Place, look: Look, fit: Fit) -> None:
        self.place = place
        self.look = look
        self.fit = fit
        self._label_size = 0, 1

    @classmethod
    def measure(cls, panel: Any, cell: int, fit: Fit) -> Extent:
        """The room for the panel's body, where the stage's cells have the side `cell`."""
        raise NotImplementedError

    @classmethod
    def label(cls, panel: Any, cell: int, fit: Fit) -> str:
        """The text under the panel."""
        return str(panel.label)

    @classmethod
    def room_below(cls, panel: Any, cell: int, fit: Fit) -> int:
        """Pixels wanted under the label."""
        return 0

    @classmethod
    def colors(cls, panel: Any, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """The colours that the panel needs, those of roles that steps bring in included; the label's are known."""
        raise NotImplementedError

    def paint(self, canvas: Canvas) -> None:
        """Paint the panel's body as it is before the first step."""
        raise NotImplementedError

    def apply(self, changes: Sequence[Change], canvas: Canvas) -> list[Box]:
        """Bring changes in; returns the boxes of the canvas that were painted anew."""
        raise NotImplementedError

    def paint_label(self, canvas: Canvas, text: str) -> Box:
        """Write a label under the panel, centred, over the one that was there; returns the box painted."""
        place, px, page = self.place, self.look.px, self.look.theme.page
        lines = [self.look.typesetter.line(part, LABEL_SIZE * self.look.unit) for part in text.split("\n")]
        width = max(self._label_size[0], place.width, *(line.width for line in lines)) + 2 * px(3)
        rows = max(self._label_size[1], len(lines))
        self._label_size = max(line.width for line in lines), len(lines)
        pen = Pen.sheet(width, px(26) + px(LABEL_LEADING) * (rows - 1), page["ground"])
        for row, line in enumerate(lines):
            pen.text(line, (width - line.width) // 2, px(19) + row * px(LABEL_LEADING), page["muted"])
        return canvas.draw(pen, place.x + (place.width - width) // 2, place.label_baseline - px(19))
