"""Blocks: the channels of one map as sheets side by side, those of a single row in a slight staircase."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnviz.render.canvas import Look
from cnnviz.render.palette import Pixels
from cnnviz.render.panels._cells import CellsPainter
from cnnviz.render.panels.base import LEAST_TEXT, Colors, Extent, Fit, Place
from cnnviz.render.pen import Pen
from cnnviz.render.text import Line
from cnnviz.render.theme import Theme
from cnnviz.storyboard import Block, Grid
from cnnviz.words.plain import phrase

_GAP, _ROW_GAP = 20, 6
# Pixels between two captions.
_APART = 6
_DROP, _MOST_DROP = 8, 24
_CAPTION_BASELINE, _CAPTION_HEIGHT = 16, 20
_ONE_ROW = 4


@dataclass(frozen=True)
class _Sheets:
    """Where the sheets stand: how many side by side, a sheet's size, from one to the next, and down each stair."""

    count: int
    columns: int
    width: int
    height: int
    pitch: tuple[int, int]
    drop: int

    @classmethod
    def of(cls, panel: Block, cell: int, fit: Fit) -> _Sheets:
        count, rows, columns = panel.values.shape
        across = min(count, panel.columns or _balanced(count))
        stairs = across - 1 if across == count else 0
        drop = min(fit.px(_DROP), fit.px(_MOST_DROP) // stairs) if stairs else 0
        width, height = columns * cell, rows * cell
        pitch = width + fit.px(_GAP), height + fit.tx(_CAPTION_HEIGHT) + fit.px(_ROW_GAP)
        return cls(count, across, width, height, pitch, drop)

    def corner(self, channel: int) -> tuple[int, int]:
        """The upper left corner of a sheet."""
        row, column = divmod(channel, self.columns)
        return column * self.pitch[0], row * self.pitch[1] + column * self.drop

    def extent(self, fit: Fit) -> Extent:
        """The room for all of them and the captions under them."""
        rows = -(-self.count // self.columns)
        return Extent(
            width=(self.columns - 1) * self.pitch[0] + self.width,
            height=rows * self.pitch[1] - fit.px(_ROW_GAP) + (self.columns - 1) * self.drop,
        )


class BlockPainter(CellsPainter):
    """Paints the channels of a map; lines from corner to corner tell that neighbours belong together."""

    beyond = (_GAP - _APART) // 2 + 1

    def __init__(self, panel: Block, place: Place, look: Look, fit: Fit) -> None:
        self._block = panel
        self._sheets = _Sheets.of(panel, place.cell, fit)
        super().__init__(panel, place, look, fit)

    @classmethod
    def measure(cls, panel: Block, cell: int, fit: Fit) -> Extent:
        """All sheets with their captions."""
        return _Sheets.of(panel, cell, fit).extent(fit)

    @classmethod
    def colors(cls, panel: Grid | Block, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """Those of the cells, and of the lines between the sheets."""
        colors = super().colors(panel, cell, fit, theme, step_roles)
        colors.solid.append(theme.page["faint"])
        colors.ramps.append((theme.page["ground"], theme.page["faint"]))
        return colors

    def corner(self, channel: int | None) -> tuple[int, int]:
        """Where the sheet of a channel begins."""
        return self._sheets.corner(channel or 0)

    def channels(self, channel: int | None) -> Sequence[int | None]:
        """All of them, where a mark names none."""
        return [channel] if channel is not None else range(self._sheets.count)

    def _background(self, width: int, height: int) -> Pixels:
        picture = Pen.sheet(width, height, self.look.theme.page["ground"]).picture
        self.draw_under(Pen(picture, origin=(-self._beside, -self._margin)))
        return self.look.palette.index(picture)

    def draw_under(self, pen: Pen) -> None:
        """Draw the lines between the sheets, and the captions."""
        page, sheets = self.look.theme.page, self._sheets
        for channel in range(sheets.count):
            x, y = sheets.corner(channel)
            if sheets.drop and channel + 1 < sheets.count:
                following = sheets.corner(channel + 1)
                near = self._fitted.gap // 2
                for low in (near, sheets.height - near):
                    ends = (x + sheets.width, y + low), (following[0], following[1] + low)
                    pen.polyline(np.array(ends, np.float64), page["faint"], 1.2 * self.look.unit)
            if self._fitted.shaded:
                # The lightest values are as light as the page.
                pen.rect(x - 1, y - 1, sheets.width + 2, sheets.height + 2, page["faint"])
            line = self._caption(channel)
            left = x + (sheets.width - line.width) // 2
            pen.text(line, left, y + sheets.height + self.fit.tx(_CAPTION_BASELINE), page["muted"])

    def sheet_text(self, channel: int | None) -> str:
        """What stands under a sheet."""
        return _whole_caption(self._block, channel or 0, self.fit.lang)

    @classmethod
    def details(cls, panel: Grid | Block, cell: int, fit: Fit) -> int:
        """Numbers, and whole captions."""
        shown = super().details(panel, cell, fit)
        if isinstance(panel, Block):
            room = _Sheets.of(panel, cell, fit).pitch[0] - fit.px(_APART)
            texts = [_whole_caption(panel, channel, fit.lang) for channel in range(panel.shape[0])]
            shown += all(fit.typesetter.line(text, fit.least).width <= room for text in texts)
        return shown

    def _caption(self, channel: int) -> Line:
        """The caption of a sheet, its last word alone where there is no room for all of it."""
        whole = self.sheet_text(channel)
        size, least = self.fit.size(LEAST_TEXT), self.fit.least
        for text in (whole, whole.rpartition(" ")[2]):
            for smaller in dict.fromkeys((size, (size + least) / 2, least)):
                line = self.look.typesetter.line(text, smaller)
                if line.width <= self._sheets.pitch[0] - self.look.px(_APART):
                    return line
        return self.look.typesetter.line("", size)


def _whole_caption(panel: Block, channel: int, lang: str) -> str:
    return panel.captions[channel] if panel.captions else phrase(lang, "channel {n}").replace("{n}", str(channel + 1))



def _balanced(count: int) -> int:
    """Sheets side by side: all of few, else about twice as many as there are rows, the last row not much shorter."""
    if count <= _ONE_ROW:
        return count
    rows = -(-count // math.ceil(math.sqrt(2 * count)))
    return -(-count // rows)


PAINTER = BlockPainter
