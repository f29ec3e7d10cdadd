"""Where everything stands, in whole pixels: cells of one size all over the stage, labels under their panels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cnnviz.errors import UsageError
from cnnviz.record import Record
from cnnviz.render.lines import BareLines, Lines
from cnnviz.render.panels import painter_class
from cnnviz.render.panels.base import LABEL_LEADING, Fit, Place, text_scales
from cnnviz.render.text import Typesetter
from cnnviz.storyboard import Panel, Storyboard

MARGIN = 40
_LARGEST_CELL, _LARGER = 84, 1.2
# Of a bare figure, whose grids fill the frame.
_BARE_CELL = 120
# Cells of this side are large enough, whatever else might give way to them.
_GOOD_CELL = 46
_DEFAULT_WIDTH = 960
_GAP, _WIDEST_GAP = 18, 48
# What larger texts leave of the cells, and the cells for which they give way above and below the stage.
_KEPT_CELL, _LEAST_CELL, _LEAST_SHARE = 0.85, 24, 0.75
# Between two panels that stand one under the other.
_STACKED = 14
_FEW = 4
# Labels of one line leave more height, where there is width for them.
_OVERHANG = 1.4
# What gives way, the least first, where cells have less than a share of the side that they then have.
_GIVING_WAY = (
    {"tight": 0.9},
    {"label_width": 240},
    {"enlarged": 26},
    {"tight": 0.8, "label_width": 160, "enlarged": 0},
)
_ENOUGH = 0.8

Row = tuple[Panel, ...]


class Layout(Record, kw_only=True):
    """A frame's size, the side of its cells, what panels were measured with, and their places by name.

    `lines` tells what stands above and below the stage.
    """

    width: int
    height: int
    cell: int
    fit: Fit
    places: Mapping[str, Place]
    lines: Lines


def arrange(
    storyboard: Storyboard, typesetter: Typesetter, width: int, numbers: bool, font_scale: float = 1.0
) -> Layout:
    """Find the largest cell for which the whole stage fits, and put the panels in place.

    Where texts are to be larger, they are so as far as the stage can do without the room. Raises UsageError where not
    even cells of one pixel fit.
    """
    usual, shown = _arranged(storyboard, typesetter, width, numbers, 1.0)
    if _overflows(usual):
        raise UsageError(
            f"so many cells do not fit a picture {width} px wide, where none can be smaller than a pixel: "
            "use a larger --width or fewer cells"
        )
    cell = math.ceil(min(_LEAST_SHARE * usual.cell, usual.fit.px(_LEAST_CELL)))
    for scale in text_scales(font_scale):
        found, details = _arranged(storyboard, typesetter, width, numbers, scale, cell)
        if details >= max(0, shown):
            return found
    return usual


def _overflows(layout: Layout) -> bool:
    """Whether cells that cannot be smaller reach into the band or beyond the frame."""
    return layout.cell == 1 and any(
        place.y + place.height > layout.lines.band or place.x + place.width > layout.width
        for place in layout.places.values()
    )


def _arranged(
    storyboard: Storyboard, typesetter: Typesetter, width: int, numbers: bool, scale: float, least: int = 1
) -> tuple[Layout, int]:
    """The layout for texts of one size above and below the stage, on it as near to that as it has room for, and what
    it shows of what may be left out; −1 where it does not fit.
    """
    unit = width / _DEFAULT_WIDTH
    under = (storyboard.point != "") + (storyboard.code != "")
    lines = BareLines(unit=unit) if storyboard.bare else Lines(unit=unit, scale=scale, under=under)
    fit = Fit(
        typesetter=typesetter,
        unit=unit,
        height=lines.stage_height,
        numbers=numbers,
        bare=storyboard.bare,
        scale=scale,
        lang=storyboard.lang,
    )
    arranger, cell = _shrink_to_fit(_Arranger(storyboard.rows, fit, width, lines.stage_top), least)
    shown = arranger.details(cell)
    for text in text_scales(scale):
        other = arranger.measured(text=text)
        found = other.largest(math.ceil(_KEPT_CELL * cell))
        if (details := other.details(found)) >= max(0, shown):
            arranger, cell, shown = other, found, details
            break
    layout = Layout(
        width=width,
        # 16:9, and even as video wants it.
        height=2 * round(width * 9 / 32),
        cell=cell,
        fit=arranger.fit,
        places=arranger.places(cell),
        lines=lines,
    )
    return layout, shown


def _shrink_to_fit(usual: _Arranger, least: int) -> tuple[_Arranger, int]:
    """Who arranges the stage, and its largest cells: as usual, unless these are much smaller than they need be."""
    cell = usual.largest(least)
    wider = usual.measured(overhang=_OVERHANG)
    if (larger := wider.largest(cell)) > cell:
        usual, cell = wider, larger
    if cell >= usual.fit.px(_GOOD_CELL):
        return usual, cell
    others = (usual.measured(**changes) for changes in _GIVING_WAY)
    found = [(other, other.largest(least)) for other in others if other.fits(int(cell / _ENOUGH) + 1)]
    most = max((cell for _, cell in found), default=0)
    return next((pair for pair in found if pair[1] >= _ENOUGH * most), (usual, cell))


class _Stack:
    """Panels that stand one under the other, mostly a single one, where the stage's cells have the side `cell`."""

    def __init__(self, panels: Row, cell: int, fit: Fit) -> None:
        self.panels, self.kind = panels, panels[0].kind
        painters = [painter_class(panel.kind) for panel in panels]
        drawn = list(zip(painters, panels, strict=True))
        self.extents = [painter.measure(panel, cell, fit) for painter, panel in drawn]
        self.labels = [painter.label(panel, cell, fit) for painter, panel in drawn]
        self.details = sum(painter.details(panel, cell, fit) for painter, panel in drawn)
        told = zip(self.labels, self.extents, strict=True)
        lines = [fit.label_lines(label, extent.width) if label else [] for label, extent in told]
        # Under each panel: its label, and what stands below that.
        self.under = [
            (fit.label_room + (len(own) - 1) * fit.tx(LABEL_LEADING) if own else 0)
            + painter.room_below(panel, cell, fit)
            for own, (painter, panel) in zip(lines, drawn, strict=True)
        ]
        widths = [extent.width for extent in self.extents] + [line.width for own in lines for line in own]
        self.width, self.stretch = max(0, *widths), self.extents[0].stretch
        # All but what stands under the last panel.
        self.gap = fit.px(_STACKED)
        self.height = sum(extent.height for extent in self.extents) + sum(self.under[:-1])
        self.height += self.gap * (len(panels) - 1)


class _Arranger:
    def __init__(self, rows: tuple[Row, ...], fit: Fit, width: int, top: int) -> None:
        self._stacks, self.fit, self._width, self._top = [_stacks(row) for row in rows], fit, width, top
        self._panels = rows
        self._room = width - 2 * fit.px(MARGIN)
        self._most = fit.px(_BARE_CELL if fit.bare else _LARGEST_CELL * min(fit.scale, _LARGER))

    def measured(self, **changes: Any) -> _Arranger:
        """The same measured in another way."""
        return _Arranger(self._panels, replace(self.fit, **changes), self._width, self._top)

    def largest(self, least: int = 1) -> int:
        """The side of the largest cells for which the stage holds everything; `least` where there are none."""
        return next((cell for cell in range(self._most, least, -1) if self.fits(cell)), least)

    def details(self, cell: int) -> int:
        """How much of what may be left out is shown in cells of that side; −1 where the stage is too small for them."""
        return sum(stack.details for row in self._rows(cell) for stack in row) if self.fits(cell) else -1

    def fits(self, cell: int) -> bool:
        """Whether the stage holds everything with cells of this side."""
        rows = self._rows(cell)
        return sum(map(_least_height, rows)) <= self.fit.height and all(
            sum(_slots(row, rows)) + self.fit.px(_GAP) * (len(row) - 1) <= self._room for row in rows
        )

    def places(self, cell: int) -> dict[str, Place]:
        """The places of all panels; rows with panels that stretch share the height that is left."""
        rows = self._rows(cell)
        # All labels stand below the tallest body, if there is room.
        heights = [_body(row) + max(stack.under[-1] for stack in row) for row in rows]
        if sum(heights) > self.fit.height:
            heights = [_least_height(row) for row in rows]
        stretching = [any(stack.stretch for stack in row) for row in rows]
        spare = max(0, self.fit.height - sum(heights))
        if any(stretching):
            share = spare // sum(stretching)
            heights = [height + share * grows for height, grows in zip(heights, stretching, strict=True)]
            spare = 0
        between = spare / (len(heights) + 1)
        y = self._top + between
        found: dict[str, Place] = {}
        for row, height in zip(rows, heights, strict=True):
            found |= self._row_places(row, _slots(row, rows), cell, round(y), height)
            y += height + between
        return found

    def _rows(self, cell: int) -> list[list[_Stack]]:
        return [[_Stack(panels, cell, self.fit) for panels in row] for row in self._stacks]

    def _row_places(
        self, row: Sequence[_Stack], slots: list[int], cell: int, top: int, height: int
    ) -> dict[str, Place]:
        stretch = sum(stack.stretch for stack in row)
        spare = self._room - sum(slots)
        # Many gaps would leave a plot little.
        widest = _GAP if stretch and len(row) > _FEW else _WIDEST_GAP
        gap = min(self.fit.px(widest), spare // max(1, len(row) - 1))
        spare -= gap * (len(row) - 1)
        if stretch:
            wider = [int(spare * stack.stretch / stretch) for stack in row]
            slots = [slot + more for slot, more in zip(slots, wider, strict=True)]
            spare -= sum(wider)
        body = max(height - max(stack.under[-1] for stack in row), _body(row))
        x = (self._width - self._room + spare) // 2
        found = {}
        for stack, slot in zip(row, slots, strict=True):
            # Panels that stretch take all the height that their label leaves, in a stack the same each.
            y = top if stack.stretch else top + (body - stack.height) // 2
            room = min(body, height - stack.under[-1])
            share = (room - stack.gap * (len(stack.panels) - 1)) // len(stack.panels)
            for panel, extent, label, under in zip(stack.panels, stack.extents, stack.labels, stack.under, strict=True):
                width, tall = (slot, share) if extent.stretch else (extent.width, extent.height)
                found[panel.name] = Place(
                    x=x + (slot - width) // 2,
                    y=y,
                    width=width,
                    height=tall,
                    cell=cell,
                    label=label,
                    label_baseline=y + tall + self.fit.px(8 + 17 * self.fit.text),
                )
                y += tall + under + stack.gap
            x += slot + gap
        return found


def _body(row: Sequence[_Stack]) -> int:
    return max(stack.height for stack in row)


def _least_height(row: Sequence[_Stack]) -> int:
    """A label may stand beside a body that is taller than its own, for all of them share their middle."""
    body = _body(row)
    return max(body, *((body + stack.height + 1) // 2 + stack.under[-1] for stack in row))


def _slots(row: Sequence[_Stack], rows: Iterable[Sequence[_Stack]]) -> list[int]:
    """The widths of a row's stacks; rows of the same kinds of panels stand in columns."""
    alike = (other for other in rows if [stack.kind for stack in other] == [stack.kind for stack in row])
    return [max(stack.width for stack in column) for column in zip(*alike, strict=True)]


def _stacks(row: Row) -> list[Row]:
    """The panels of a row from left to right, those that stand one under the other together."""
    found: list[Row] = []
    for panel in row:
        if panel.under:
            found[-1] = (*found[-1], panel)
        else:
            found.append((panel,))
    return found
