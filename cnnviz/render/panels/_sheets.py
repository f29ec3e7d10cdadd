"""Where the channels of a map stand: as sheets of cells side by side."""

from __future__ import annotations

import math

from cnnviz.record import Record
from cnnviz.render.canvas import Box, Look
from cnnviz.render.panels.base import ENLARGED_CELL, LABEL_SIZE, Extent, Fit
from cnnviz.render.pen import Pen
from cnnviz.render.text import TextLine
from cnnviz.storyboard import Block, Grid
from cnnviz.words.plain import phrase

BAR_HEIGHT = 54
"""Pixels of the room for bars above a row of cells."""

_GAP, _HELD_GAP, _ROW_GAP = 20, 6, 6
# Pixels between two captions.
_APART = 6
_CAPTION_BASELINE, _CAPTION_HEIGHT = 19, 24
_ONE_ROW = 4
_SIGN_SIZE = 20
HELD = 3
"""Pixels from sheets that are held together to the frame around them."""

# Cells a little smaller than they could be are no reason to give up the common scale; kernels of several channels are
# wide, and enlarged only where their numbers would be lost.
_TINY, _TINIEST = 0.7, 0.5


def own_cell(panel: Grid | Block, cell: int, fit: Fit) -> int:
    """The side of the panel's cells: the stage's, or larger where the grid may be enlarged."""
    if panel.enlarge and cell < (_TINY if isinstance(panel, Grid) else _TINIEST) * fit.px(ENLARGED_CELL):
        return max(cell, min(fit.px(fit.enlarged), (fit.height - fit.label_room) // max(panel.shape[-2:])))
    return cell


class Sheets(Record):
    """Where the sheets stand: their captions, how many side by side, a cell's side, a sheet's size, the distance from
    one to the next.

    Each has room `under` it for its caption. A grid is one sheet without a caption; `above` it may be room for bars,
    and `before` it for an indent.
    """

    captions: tuple[str, ...]
    columns: int
    side: int
    width: int
    height: int
    pitch: tuple[int, int]
    under: int
    fit: Fit
    above: int = 0
    before: int = 0

    @classmethod
    def of(cls, panel: Grid | Block, cell: int, fit: Fit) -> Sheets:
        """For cells of that side."""
        rows, columns = panel.values.shape[-2:]
        width, height = columns * cell, rows * cell
        if isinstance(panel, Grid):
            above, before = fit.px(BAR_HEIGHT) if panel.bars else 0, panel.indent * cell
            return cls((), 1, cell, width, height, (width, height), 0, fit, above, before)
        count = panel.values.shape[0]
        numbered = phrase(fit.lang, "channel {n}")
        captions = panel.captions or tuple(numbered.replace("{n}", str(n)) for n in range(1, count + 1))
        across = min(count, panel.columns or _balanced(count))
        under = fit.tx(_CAPTION_HEIGHT) if any(captions) else 0
        apart = _HELD_GAP if panel.held and not panel.signs else _GAP
        below = fit.px(_ROW_GAP) + (fit.px(_HELD_GAP) if panel.held and under else 0)
        pitch = width + fit.px(apart), height + under + below
        return cls(captions, across, cell, width, height, pitch, under, fit)

    @property
    def count(self) -> int:
        """How many there are."""
        return max(1, len(self.captions))

    def corner(self, channel: int) -> tuple[int, int]:
        """The upper left corner of a sheet."""
        row, column = divmod(channel, self.columns)
        return self.before + column * self.pitch[0], self.above + row * self.pitch[1]

    def box(self, channel: int) -> Box:
        """The cells of a sheet."""
        return Box(0, 0, self.width, self.height).moved(*self.corner(channel))

    def cell_corner(self, at: tuple[int, ...]) -> tuple[int, int]:
        """The upper left corner of a cell."""
        x, y = self.corner(at[0] if len(at) == 3 else 0)
        return x + at[-1] * self.side, y + at[-2] * self.side

    @property
    def extent(self) -> Extent:
        """The room for all of them and the captions under them."""
        rows = -(-self.count // self.columns)
        return Extent(
            width=self.before + (self.columns - 1) * self.pitch[0] + self.width,
            height=self.above + (rows - 1) * self.pitch[1] + self.height + self.under,
        )

    @property
    def captions_fit(self) -> bool:
        """Whether there are captions, and room for all of them as they are."""
        return bool(self.captions) and all(map(self._fits, self.captions))

    def _fits(self, text: str) -> bool:
        return self.fit.typesetter.line(text, self.fit.least).width <= self._room

    def caption(self, channel: int) -> tuple[TextLine, int, int]:
        """A sheet's caption, or its last word where there is no room for all of it; where it begins, its baseline."""
        whole, (x, y) = self.captions[channel], self.corner(channel)
        text = next(filter(self._fits, (whole, whole.rpartition(" ")[2])), "")
        line = self.fit.typesetter.fitting(text, self.fit.size(LABEL_SIZE), self._room, self.fit.least)
        return line, x + (self.width - line.width) // 2, y + self.height + self.fit.tx(_CAPTION_BASELINE)

    def draw(self, pen: Pen, panel: Block, look: Look, framed: bool) -> None:
        """The frame around sheets that are held together, the captions, and signs between."""
        page = look.theme.page
        if panel.held:
            last = self.corner(self.count - 1)
            around = Box(0, 0, self.extent.width, last[1] + self.height).grown(look.px(HELD))
            pen.frame(*around[:2], around.width, around.height, page["faint"], look.px(1.5))
        for channel in range(self.count):
            x, y = self.corner(channel)
            if framed:
                # The lightest values are as light as the page.
                pen.rect(x - 1, y - 1, self.width + 2, self.height + 2, page["faint"])
            pen.text(*self.caption(channel), page["muted"])
            if channel < len(panel.signs) and not self.fit.bare:
                line = look.typesetter.line(panel.signs[channel], self.fit.size(_SIGN_SIZE))
                middle = x + (self.width + self.pitch[0] - line.width) // 2
                pen.text(line, middle, y + (self.height + line.ascent) // 2, page["muted"])

    @property
    def _room(self) -> int:
        return self.pitch[0] - self.fit.px(_APART)


def _balanced(count: int) -> int:
    """Sheets side by side: all of few, else about twice as many as there are rows, the last row not much shorter."""
    if count <= _ONE_ROW:
        return count
    rows = -(-count // math.ceil(math.sqrt(2 * count)))
    return -(-count // rows)
