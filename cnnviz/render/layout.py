"""Where everything stands, in whole pixels: cells of one size all over the stage, labels under their panels."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_WIDTH
from cnnviz.record import Record
from cnnviz.render.lines import FORMULA_SIZE, NOTE_SIZE, TEXT_SIZE, TITLE_SIZE, BareLines, Lines
from cnnviz.render.panels import painter_class
from cnnviz.render.panels.base import ENLARGED_CELL, LABEL_LEADING, Extent, Fit, Place, text_scales
from cnnviz.render.text import TextLine, Typesetter
from cnnviz.storyboard import Panel, Storyboard

MARGIN = 40
TITLE_GAP, NOTE_GAP = 32, 26
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
_WIDER = 80
# Labels of one line leave more height, where there is width for them.
_OVERHANG = 1.4
# What gives way, step by step, where cells have less than a share of the side that they then have: formulas' size,
# the length of labels' lines, the cells of grids that may be enlarged.
_TIGHT, _LABELS, _ENLARGED = (1.0, 0.9, 0.8), (0, 240, 160), (ENLARGED_CELL, 38, 32, 26, 20, 0)
_ENOUGH = 0.8

Row = tuple[Panel, ...]


class Layout(Record, kw_only=True):
    """A frame's size, the side of its cells, what panels were measured with, and their places by name.

    `lines` tells what stands above and below the stage, `counter` is the width kept for the step's number.
    """

    width: int
    height: int
    cell: int
    fit: Fit
    places: Mapping[str, Place]
    lines: Lines
    counter: int


def frame_size(width: int) -> tuple[int, int]:
    """Width and height in pixels: 16:9, the height even as video wants it."""
    return width, 2 * round(width * 9 / 32)


def arrange(
    storyboard: Storyboard, typesetter: Typesetter, width: int, numbers: bool, font_scale: float = 1.0
) -> Layout:
    """Find the largest cell for which the whole stage fits, and put the panels in place.

    Where texts are to be larger, they are so as far as the stage can do without the room. Raises UsageError where not
    even cells of one pixel fit.
    """
    usual = _arranged(storyboard, typesetter, width, numbers, 1.0)
    if _overflows(usual):
        raise UsageError(_too_many(storyboard, typesetter, width, numbers))
    cell = math.ceil(min(_LEAST_SHARE * usual.cell, usual.fit.px(_LEAST_CELL)))
    poorer: Layout | None = None
    for scale in text_scales(font_scale):
        found = _arranged(storyboard, typesetter, width, numbers, scale, cell)
        if not _Arranger(storyboard.rows, found.fit, width, found.lines.stage_top).fits(found.cell):
            continue
        if _details(storyboard, found) >= _details(storyboard, usual):
            return found
        # Numbers and captions are given up only where texts could not be half as much larger as they are to be.
        poorer = poorer or found
        if scale < 1 + (font_scale - 1) / 2:
            break
    return poorer or usual


def _overflows(layout: Layout) -> bool:
    """Whether cells that cannot be smaller reach into the band or beyond the frame."""
    return layout.cell == 1 and any(
        place.y + place.height > layout.lines.band or place.x + place.width > layout.width
        for place in layout.places.values()
    )


def _too_many(storyboard: Storyboard, typesetter: Typesetter, width: int, numbers: bool) -> str:
    """What to say of cells that do not fit, with the width from which they do."""
    wider = range(-(-width // _WIDER) * _WIDER + _WIDER, MAX_WIDTH + 1, _WIDER)
    enough = next((w for w in wider if not _overflows(_arranged(storyboard, typesetter, w, numbers, 1.0))), None)
    instead = f"--width {enough}, or fewer cells" if enough else "fewer cells"
    return f"so many cells do not fit a picture {width} px wide, where none can be smaller than a pixel: use {instead}"


def _details(storyboard: Storyboard, layout: Layout) -> int:
    return sum(painter_class(p.kind).details(p, layout.cell, layout.fit) for p in storyboard.panels())


def _arranged(
    storyboard: Storyboard, typesetter: Typesetter, width: int, numbers: bool, scale: float, least: int = 1
) -> Layout:
    """The layout for texts of one size above and below the stage, on it as near to that as it has room for."""
    unit = width / _DEFAULT_WIDTH
    lines, counter = _lines(storyboard, typesetter, width, scale)
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
    fit = arranger.fit
    shown = max(0, arranger.details(cell))
    for text in text_scales(scale):
        other = _Arranger(storyboard.rows, replace(fit, text=text), width, lines.stage_top)
        found = other.largest(math.ceil(_KEPT_CELL * cell))
        if other.details(found) >= shown:
            arranger, cell = other, found
            break
    size = frame_size(width)
    return Layout(
        width=size[0],
        height=size[1],
        cell=cell,
        fit=arranger.fit,
        places=arranger.places(cell),
        lines=lines,
        counter=counter,
    )


def _shrink_to_fit(usual: _Arranger, least: int) -> tuple[_Arranger, int]:
    """Who arranges the stage, and its largest cells: as usual, unless these are much smaller than they need be."""
    cell = usual.largest(least)
    wider = usual.measured(replace(usual.fit, overhang=_OVERHANG))
    if (larger := wider.largest(cell)) > cell:
        usual, cell = wider, larger
    if cell >= usual.fit.px(_GOOD_CELL):
        return usual, cell
    ends = [usual.giving_way(_TIGHT[-1], width, _ENLARGED[-1]) for width in _LABELS]
    if not any(end.fits(int(cell / _ENOUGH) + 1) for end in ends):
        return usual, cell
    most = max(end.largest(least) for end in ends)
    found = [(cell, usual)]
    # What gives way least comes first.
    steps = itertools.product(*(range(len(ways)) for ways in (_TIGHT, _LABELS, _ENLARGED)))
    for tight, label, enlarged in sorted(steps, key=sum):
        if found[-1][0] >= _ENOUGH * most:
            break
        other = usual.giving_way(_TIGHT[tight], _LABELS[label], _ENLARGED[enlarged])
        found.append((other.largest(least), other))
    cell, arranger = max(found, key=lambda pair: pair[0])
    return arranger, cell


def _lines(storyboard: Storyboard, typesetter: Typesetter, width: int, scale: float) -> tuple[Lines, int]:
    """The lines around the stage, and the width of the counter."""
    unit = width / _DEFAULT_WIDTH
    if storyboard.bare:
        return BareLines(unit=unit), 0
    room = width - 2 * round(MARGIN * unit)
    last = counter_text(storyboard.count, storyboard.count, storyboard.counter)

    def wide(text: str, size: float, bold: bool = False) -> int:
        return typesetter.line(text, size * unit, bold=bold).width

    def title_fits(by: float) -> bool:
        return (
            wide(storyboard.title, TITLE_SIZE * by, bold=True)
            + TITLE_GAP * unit
            + wide(storyboard.settings, TEXT_SIZE * by)
            <= room
        )

    def formula_fits(by: float) -> bool:
        return wide(storyboard.formula, FORMULA_SIZE * by) + NOTE_GAP * unit + wide(last, NOTE_SIZE * by) <= room

    scales = text_scales(scale)
    title = next((by for by in scales if title_fits(by)), 1.0)
    formula = next((by for by in scales if formula_fits(by)), 1.0)
    counter = wide(last, NOTE_SIZE * formula)
    under = (storyboard.point != "") + (storyboard.code != "")
    lines = Lines(unit=unit, scale=scale, title_scale=title, formula_scale=formula, under=under)
    return lines, counter


def counter_text(step: int, count: int, words: str = "step {n} of {count}") -> str:
    """What the corner says of the step, in the storyboard's `words`."""
    return words.replace("{n}", str(step)).replace("{count}", str(count))


class _Arranger:
    def __init__(self, rows: tuple[Row, ...], fit: Fit, width: int, top: int) -> None:
        self._rows, self.fit, self._width, self._top = [_stacks(row) for row in rows], fit, width, top
        self._panels = rows
        self._room = width - 2 * fit.px(MARGIN)
        self.most = fit.px(_BARE_CELL if fit.bare else _LARGEST_CELL * min(fit.scale, _LARGER))

    def giving_way(self, tight: float, label_width: int, enlarged: int) -> _Arranger:
        """The same with what gives way to the cells."""
        return self.measured(replace(self.fit, tight=tight, label_width=label_width, enlarged=enlarged))

    def measured(self, fit: Fit) -> _Arranger:
        """The same measured in another way."""
        return _Arranger(self._panels, fit, self._width, self._top)

    def largest(self, least: int = 1) -> int:
        """The side of the largest cells for which the stage holds everything; `least` where there are none."""
        cell = self.most
        while cell > least and not self.fits(cell):
            cell -= 1
        return cell

    def details(self, cell: int) -> int:
        """How much of what may be left out is shown in cells of that side; −1 where the stage is too small for them."""
        return self._shown(cell) if self.fits(cell) else -1

    def _shown(self, cell: int) -> int:
        return sum(painter_class(panel.kind).details(panel, cell, self.fit) for row in self._panels for panel in row)

    def fits(self, cell: int) -> bool:
        """Whether the stage holds everything with cells of this side."""
        height = sum(self._least_height(row, cell) for row in self._rows)
        return height <= self.fit.height and all(
            sum(self._slots(row, cell)) + self.fit.px(_GAP) * (len(row) - 1) <= self._room for row in self._rows
        )

    def places(self, cell: int) -> dict[str, Place]:
        """The places of all panels; rows with panels that stretch share the height that is left."""
        heights = [self._height(row, cell) for row in self._rows]
        if sum(heights) > self.fit.height:
            heights = [self._least_height(row, cell) for row in self._rows]
        stretching = [any(self._extent(stack[0], cell).stretch for stack in row) for row in self._rows]
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

    def _row_places(self, row: Sequence[Row], cell: int, top: int, height: int) -> dict[str, Place]:
        slots = self._slots(row, cell)
        stretch = [self._extent(stack[0], cell).stretch for stack in row]
        spare = self._room - sum(slots)
        # Many gaps would leave a plot little.
        widest = _GAP if any(stretch) and len(row) > _FEW else _WIDEST_GAP
        gap = min(self.fit.px(widest), spare // max(1, len(row) - 1))
        spare -= gap * (len(row) - 1)
        if sum(stretch):
            slots = [slot + int(spare * part / sum(stretch)) for slot, part in zip(slots, stretch, strict=True)]
            spare = self._room - sum(slots) - gap * (len(row) - 1)
        body = max(height - max(self._under(stack[-1], cell) for stack in row), self._body(row, cell))
        x = (self._width - self._room + spare) // 2
        found = {}
        for stack, slot in zip(row, slots, strict=True):
            # Panels that stretch take all the height that their label leaves, in a stack the same each.
            stretches = self._extent(stack[0], cell).stretch > 0
            y = top if stretches else top + (body - self._tall(stack, cell)) // 2
            room = min(body, height - self._under(stack[-1], cell))
            share = (room - self.fit.px(_STACKED) * (len(stack) - 1)) // len(stack)
            for panel in stack:
                extent = self._extent(panel, cell)
                width, tall = (slot, share) if extent.stretch else (extent.width, extent.height)
                found[panel.name] = Place(
                    x=x + (slot - width) // 2,
                    y=y,
                    width=width,
                    height=tall,
                    cell=cell,
                    label=painter_class(panel.kind).label(panel, cell, self.fit),
                    label_baseline=y + tall + self.fit.px(8 + 17 * self.fit.text),
                )
                y += tall + self._under(panel, cell) + self.fit.px(_STACKED)
            x += slot + gap
        return found

    def _extent(self, panel: Panel, cell: int) -> Extent:
        return painter_class(panel.kind).measure(panel, cell, self.fit)

    def _slots(self, row: Sequence[Row], cell: int) -> list[int]:
        """The widths of a row's stacks; rows of the same kinds of panels stand in columns."""
        kinds = [stack[0].kind for stack in row]
        columns = zip(*(other for other in self._rows if [stack[0].kind for stack in other] == kinds), strict=True)
        return [max(self._slot(stack, cell) for stack in column) for column in columns]

    def _slot(self, stack: Row, cell: int) -> int:
        wide = [self._extent(panel, cell).width for panel in stack]
        return max(*wide, *(line.width for panel in stack for line in self._label_lines(panel, cell)), 0)

    def _label_lines(self, panel: Panel, cell: int) -> list[TextLine]:
        label = painter_class(panel.kind).label(panel, cell, self.fit)
        return self.fit.label_lines(label, self._extent(panel, cell).width) if label else []

    def _under(self, panel: Panel, cell: int) -> int:
        """Pixels under the body of a panel: its label, and what stands below that."""
        lines = self._label_lines(panel, cell)
        label = self.fit.label_room + (len(lines) - 1) * self.fit.tx(LABEL_LEADING) if lines else 0
        return label + painter_class(panel.kind).room_below(panel, cell, self.fit)

    def _tall(self, stack: Row, cell: int) -> int:
        """All of a stack but what stands under its last panel."""
        between = sum(self._under(panel, cell) + self.fit.px(_STACKED) for panel in stack[:-1])
        return between + sum(self._extent(panel, cell).height for panel in stack)

    def _body(self, row: Sequence[Row], cell: int) -> int:
        return max(self._tall(stack, cell) for stack in row)

    def _height(self, row: Sequence[Row], cell: int) -> int:
        """All labels stand below the tallest body."""
        return self._body(row, cell) + max(self._under(stack[-1], cell) for stack in row)

    def _least_height(self, row: Sequence[Row], cell: int) -> int:
        """A label may stand beside a body that is taller than its own, for all of them share their middle."""
        body = self._body(row, cell)
        ends = [(body + self._tall(stack, cell) + 1) // 2 + self._under(stack[-1], cell) for stack in row]
        return max(body, *ends)


def _stacks(row: Row) -> list[Row]:
    """The panels of a row from left to right, those that stand one under the other together."""
    found: list[Row] = []
    for panel in row:
        if panel.under:
            found[-1] = (*found[-1], panel)
        else:
            found.append((panel,))
    return found
