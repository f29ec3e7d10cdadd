"""What a painter of panels does: it says what room and colours it needs, paints once, then only what changes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cnnviz.render.canvas import Box, Canvas, Look
from cnnviz.render.pen import Pen
from cnnviz.render.text import Line, Typesetter
from cnnviz.render.theme import Color, Theme
from cnnviz.storyboard import Change

LEAST_TEXT = 14
"""Pixels of the smallest text at the default width."""

ENLARGED_CELL = 46
LABEL_SIZE = 16
LABEL_LEADING = 21
# Behind a space outside of a formula, or a comma that has none after it.
_BREAKS = re.compile(r"(?<= )(?=(?:[^$]*\$[^$]*\$)*[^$]*$)|(?<=[，、：；])")


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What panels are measured with: the typesetter, the scale of lengths, the stage's height, numbers or none.

    `scale` is how much larger texts are wanted that make room for themselves, `text` how much larger all others are;
    `lang` is the language of the few words that are the renderer's own. What gives way where cells would be too small:
    grids that may be enlarged have cells of `enlarged`, lines of labels are no longer than `label_width` (if not 0),
    and lines of formulas are `tight` times as large as usual.
    """

    typesetter: Typesetter
    unit: float
    height: int
    numbers: bool
    lang: str = "en"
    scale: float = 1.0
    text: float = 1.0
    enlarged: int = ENLARGED_CELL
    label_width: int = 0
    tight: float = 1.0

    @property
    def least(self) -> float:
        """The pixels of the smallest text."""
        return LEAST_TEXT * self.unit

    def size(self, pixels: float) -> float:
        """The size of a text that is given for the default width and the default size of texts."""
        return pixels * self.unit * self.text

    def tx(self, length: float) -> int:
        """Pixels of a length that grows with the texts."""
        return max(1, round(length * self.unit * self.text))

    @property
    def label_room(self) -> int:
        """Pixels under a panel for a label of one line."""
        return self.px(11 + 19 * self.text)

    def px(self, length: float) -> int:
        """Pixels of a length that is given for the default width."""
        return max(1, round(length * self.unit))

    def label_lines(self, text: str) -> list[Line]:
        """The lines of a label, those that are too long broken."""
        return [self._label_line(part) for line in text.split("\n") for part in self._broken(line)]

    def _label_line(self, text: str) -> Line:
        return self.typesetter.line(text, self.size(LABEL_SIZE))

    def _broken(self, line: str) -> list[str]:
        if not self.label_width or self._label_line(line).width <= self.px(self.label_width):
            return [line]
        found = [""]
        for word in _BREAKS.split(line):
            longer = found[-1] + word
            if found[-1] and self._label_line(longer.rstrip()).width > self.px(self.label_width):
                found.append(word)
            else:
                found[-1] = longer
        return [part.rstrip() for part in found]


def text_scales(most: float) -> list[float]:
    """How much larger texts may be, from `most` down to what is more than usual."""
    return [round(most - step / 10, 2) for step in range(math.ceil((most - 1) * 10 - 1e-9))]


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

    def worded(self, text: str) -> str:
        """A label that a step brings, with the painter's own words."""
        return text

    @classmethod
    def details(cls, panel: Any, cell: int, fit: Fit) -> int:
        """How many kinds of what cells of that side may have no room for are shown."""
        return 0

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

    def glides(self, changes: Sequence[Change]) -> bool:
        """Whether changes move something that can glide to its new place."""
        return False

    def glide(self, changes: Sequence[Change], share: float, canvas: Canvas) -> list[Box]:
        """Show what glides on a share of its way to where changes, not yet applied, have it; returns the boxes."""
        return []

    def paint_label(self, canvas: Canvas, text: str) -> Box:
        """Write a label under the panel, centred, over the one that was there; returns the box painted."""
        place, fit, page = self.place, self.fit, self.look.theme.page
        lines = fit.label_lines(text)
        width = max(self._label_size[0], place.width, *(line.width for line in lines)) + 2 * fit.px(3)
        rows = max(self._label_size[1], len(lines))
        self._label_size = max(line.width for line in lines), len(lines)
        above = fit.px(4 + 15 * fit.text)
        pen = Pen.sheet(width, fit.px(4 + 22 * fit.text) + fit.tx(LABEL_LEADING) * (rows - 1), page["ground"])
        for row, line in enumerate(lines):
            pen.text(line, (width - line.width) // 2, above + row * fit.tx(LABEL_LEADING), page["muted"])
        return canvas.draw(pen, place.x + (place.width - width) // 2, place.label_baseline - above)

    def label_lines(self, text: str) -> Iterator[tuple[Line, int, int]]:
        """The lines of a label under the panel, each with its place on the page and its baseline."""
        for row, line in enumerate(self.fit.label_lines(text)):
            x = self.place.x + (self.place.width - line.width) // 2
            yield line, x, self.place.label_baseline + row * self.fit.tx(LABEL_LEADING)
