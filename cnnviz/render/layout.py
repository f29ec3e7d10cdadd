"""Where everything stands, in whole pixels: cells of one size all over the stage, labels under their panels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cnnviz.render.panels import painter_class
from cnnviz.render.panels.base import LABEL_LEADING, LABEL_SIZE, LEAST_TEXT, Extent, Fit, Place
from cnnviz.render.text import Typesetter
from cnnviz.storyboard import Panel, Storyboard

MARGIN = 40
FORMULA_SIZE = 17
NOTE_GAP = 26
_LARGEST_CELL = 46
_DEFAULT_WIDTH = 960
_STAGE_TOP, _STAGE_BOTTOM = 70, 456
_NOTE_HEIGHT = 12
_GAP, _WIDEST_GAP = 24, 48
_LABEL_DROP, _LABEL_HEIGHT = 23, 30

Row = tuple[Panel, ...]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A frame's size, the side of its cells, what panels were measured with, and their places by name.

    `counter` is the width kept for the step's number; `note_in_head` tells that the convention found no room behind
    the formula and stands under the title.
    """

    width: int
    height: int
    cell: int
    fit: Fit
    places: Mapping[str, Place]
    counter: int
    note_in_head: bool


def frame_size(width: int) -> tuple[int, int]:
    """Width and height in pixels: 16:9, the height even as video wants it."""
    return width, 2 * round(width * 9 / 32)


def arrange(storyboard: Storyboard, typesetter: Typesetter, width: int, numbers: bool) -> Layout:
    """Find the largest cell for which the whole stage fits, and put the panels in place."""
    unit = width / _DEFAULT_WIDTH
    counter = typesetter.line(counter_text(storyboard.count, storyboard.count), LEAST_TEXT * unit).width
    note = typesetter.line(storyboard.convention, LEAST_TEXT * unit).width
    formula = typesetter.line(storyboard.formula, FORMULA_SIZE * unit).width
    in_head = note > 0 and formula + note + counter > width - round((2 * MARGIN + 2 * NOTE_GAP) * unit)
    top = _STAGE_TOP + (_NOTE_HEIGHT if in_head else 0)
    stage = round((_STAGE_BOTTOM - top) * unit)
    fit = Fit(typesetter=typesetter, unit=unit, height=stage, numbers=numbers)
    arranger = _Arranger(storyboard.rows, fit, width, round(top * unit))
    cell = arranger.fit.px(_LARGEST_CELL)
    while cell > 1 and not arranger.fits(cell):
        cell -= 1
    size = frame_size(width)
    return Layout(
        width=size[0], height=size[1], cell=cell, fit=fit, places=arranger.places(cell), counter=counter,
        note_in_head=in_head,
    )  # fmt: skip


def counter_text(step: int, count: int) -> str:
    """What the corner says of the step."""
    return f"step {step} of {count}"


class _Arranger:
    def __init__(self, rows: tuple[Row, ...], fit: Fit, width: int, top: int) -> None:
        self._rows, self.fit, self._width, self._top = rows, fit, width, top
        self._room = width - 2 * fit.px(MARGIN)

    def fits(self, cell: int) -> bool:
        """Whether the stage holds everything with cells of this side."""
        height = sum(self._height(row, cell) for row in self._rows)
        return height <= self.fit.height and all(
            sum(self._slot(panel, cell) for panel in row) + self.fit.px(_GAP) * (len(row) - 1) <= self._room
            for row in self._rows
        )

    def places(self, cell: int) -> dict[str, Place]:
        """The places of all panels; rows with panels that stretch share the height that is left."""
        heights = [self._height(row, cell) for row in self._rows]
        stretching = [any(self._extent(panel, cell).stretch for panel in row) for row in self._rows]
        spare = max(0, self.fit.height - sum(heights))
        if any(stretching):
            share = spare // sum(stretching)
            heights = [height + share * grows for height, grows in zip(heights, stretching, strict=True)]
            spare = 0
        between = spare / (len(heights) + 1)
        y = self._top + between
        found: dict[str, Place] = {}
        for row, height in zip(self._rows, heights, strict=True):
            found |= self._row_places(row, cell, round(y), height)
            y += height + between
        return found

    def _row_places(self, row: Row, cell: int, top: int, height: int) -> dict[str, Place]:
        slots = [self._slot(panel, cell) for panel in row]
        stretch = [self._extent(panel, cell).stretch for panel in row]
        spare = self._room - sum(slots)
        gap = min(self.fit.px(_WIDEST_GAP), spare // max(1, len(row) - 1))
        spare -= gap * (len(row) - 1)
        if sum(stretch):
            slots = [slot + int(spare * part / sum(stretch)) for slot, part in zip(slots, stretch, strict=True)]
            spare = self._room - sum(slots) - gap * (len(row) - 1)
        body = height - self._under(row, cell)
        x = (self._width - self._room + spare) // 2
        found = {}
        for panel, slot in zip(row, slots, strict=True):
            extent = self._extent(panel, cell)
            width, tall = (slot, body) if extent.stretch else (extent.width, extent.height)
            y = top + (body - tall) // 2
            found[panel.name] = Place(
                x=x + (slot - width) // 2, y=y, width=width, height=tall, cell=cell,
                label=painter_class(panel.kind).label(panel, cell, self.fit),
                label_baseline=y + tall + self.fit.px(_LABEL_DROP),
            )  # fmt: skip
            x += slot + gap
        return found

    def _extent(self, panel: Panel, cell: int) -> Extent:
        return painter_class(panel.kind).measure(panel, cell, self.fit)

    def _slot(self, panel: Panel, cell: int) -> int:
        label = painter_class(panel.kind).label(panel, cell, self.fit)
        size = LABEL_SIZE * self.fit.unit
        wide = [self.fit.typesetter.line(part, size).width for part in label.split("\n") if part]
        return max(self._extent(panel, cell).width, *wide, 0)

    def _under(self, row: Row, cell: int) -> int:
        """Pixels under the bodies of a row: labels, and what stands below them."""
        below = 0
        for panel in row:
            painter = painter_class(panel.kind)
            label = painter.label(panel, cell, self.fit)
            lines = self.fit.px(_LABEL_HEIGHT) + label.count("\n") * self.fit.px(LABEL_LEADING) if label else 0
            below = max(below, lines + painter.room_below(panel, cell, self.fit))
        return below

    def _height(self, row: Row, cell: int) -> int:
        return max(self._extent(panel, cell).height for panel in row) + self._under(row, cell)
