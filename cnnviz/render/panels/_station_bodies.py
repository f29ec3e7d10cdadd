"""How large the stations of a maps panel are: tiles of maps, strips of numbers, rows of bars; and their texts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from cnnviz.notation import number
from cnnviz.render.panels.base import LEAST_TEXT, Fit
from cnnviz.storyboard import LayerView

MOST_MAPS, MOST_CELLS = 12, 512
"""Maps and numbers of a station that are drawn; a note says how many more there are."""

MAP_GAP = 3
"""Pixels between two maps."""

TEXT_LINE = 16
"""Pixels from one small text to the next."""

_MOST_ROWS = 4
_ROW, _SWATCH, _BAR, _TOTAL, _AIR = 26, 16, 40, (60, 48), 6


@dataclass(frozen=True)
class Body:
    """What a station draws: tiles of (rows, columns) pixels in columns, how many of them, how many are left out."""

    width: int
    height: int
    tile: tuple[int, int] = (0, 0)
    columns: int = 1
    shown: int = 1
    left_out: int = 0


def _zooms(stations: Iterable[LayerView], largest: float) -> dict[int, float]:
    """Pixels a cell for each side that maps have: whole ones from two on, and smaller maps smaller.

    The largest map is to be about `largest` pixels long, one of a quarter of its cells half as long.
    """
    sides = sorted({max(s.values.shape[1:]) for s in stations if s.values.ndim == 3}, reverse=True)
    before, found = math.inf, {}
    for side in sides:
        wanted = min(before, largest * (side / sides[0]) ** 0.35)
        whole = wanted // side
        found[side] = whole if whole >= 2 else wanted / side
        before = found[side] * side
    return found


def bodies_of(stations: Sequence[LayerView], largest: float, rooms: Sequence[int], fit: Fit) -> list[Body]:
    """What stations draw where the largest map is about so many pixels long, each within its room's height.

    Stations of as many maps have them in as many columns, so that a map is found in the same place throughout a
    network: the largest maps decide, so many under one another as there is room for.
    """
    zoom, gap, columns = _zooms(stations, largest), fit.px(MAP_GAP), dict[int, int]()
    tiles = {
        place: tuple(max(1, round(zoom[max(s.values.shape[1:])] * side)) for side in s.values.shape[1:])
        for place, s in enumerate(stations)
        if s.values.ndim == 3
    }
    for place in sorted(tiles, key=lambda place: -tiles[place][0]):
        channels, (tall, wide) = len(stations[place].values), tiles[place]
        # Maps that are wide stand in fewer columns.
        longer = max(1, round(wide / tall))
        shown, rows = min(channels, MOST_MAPS), _MOST_ROWS if longer == 1 else 2 * _MOST_ROWS
        most = max(1, min(shown, rows, (rooms[place] - _rest(channels, fit) + gap) // (tall + gap)))
        columns.setdefault(channels, _columns(shown, most, longer))
    found = []
    for place, (station, room) in enumerate(zip(stations, rooms, strict=True)):
        count = len(station.values)
        if place in tiles:
            tall, wide = tiles[place]
            shown, across = min(count, MOST_MAPS), columns[count]
            down = math.ceil(shown / across)
            height = down * (tall + gap) - gap + _rest(count, fit)
            found.append(Body(across * (wide + gap) - gap, height, (tall, wide), across, shown, count - shown))
        elif station.form == "total":
            found.append(Body(fit.tx(_TOTAL[0]), fit.tx(_TOTAL[1])))
        elif station.form == "maps":
            found.append(_strip(count, min(fit.px(12), max(1, round(largest / 4))), room, fit))
        else:
            found.append(_rows_body(station, room, fit))
    return found


def _rest(channels: int, fit: Fit) -> int:
    """Pixels of the note how many maps are left out."""
    return fit.tx(TEXT_LINE) if channels > MOST_MAPS else 0


def _columns(count: int, most: int, wide: int) -> int:
    """Columns with few empty places in at most so many rows, and not too wide for places that are `wide`."""
    grids = [(rows, math.ceil(count / rows)) for rows in range(most, 0, -1)]
    return min(grids, key=lambda grid: grid[0] * grid[1] - count + max(0, wide * grid[1] - grid[0]))[1]


def _rows_body(station: LayerView, room: int, fit: Fit) -> Body:
    """A row for each number, with a swatch or a bar, and its text where there is room."""
    count = len(station.values)
    tall = max(2, min(fit.tx(_ROW), room // count))
    wide = sum(row_parts(station, tall, fit)) + fit.px(_SWATCH if station.form == "numbers" else _BAR)
    return Body(wide, count * tall, (tall, wide), 1, count)


def row_parts(station: LayerView, tall: int, fit: Fit) -> tuple[int, int]:
    """Pixels of the names in front of the rows and of the numbers behind them, the air beside them included."""
    if tall < fit.tx(LEAST_TEXT + 1):
        return 0, 0
    # In bold, as the one that counts is.
    names = max((text_width(name, fit, bold=True) for name in station.lines), default=0)
    ends = (station.shade.lo, station.shade.hi) if station.shade is not None else (0.0, 1.0)
    texts = [number(value, station.digits) for value in ends] if fit.numbers else []
    numbers = max((text_width(text, fit, bold=True) for text in texts), default=0)
    return names and names + fit.px(_AIR), numbers and numbers + fit.px(_AIR)


def _strip(count: int, most: int, room: int, fit: Fit) -> Body:
    """Numbers as cells in columns."""
    shown = min(count, MOST_CELLS)
    rest = fit.tx(TEXT_LINE) if count > shown else 0
    room -= rest
    side = min(most, fit.px(12) if shown * fit.px(12) <= room else fit.px(8) if shown <= 64 else fit.px(5))
    columns = math.ceil(shown / max(1, min(shown, room // side)))
    return Body(columns * side, side * math.ceil(shown / columns) + rest, (side, side), columns, shown, count - shown)


def wrapped(title: str, lines: int, fit: Fit) -> tuple[str, ...]:
    """The words of a title on at most so many lines, the longest of them as short as can be."""
    words = title.split(" ")
    found = []
    for cuts in combinations(range(1, len(words)), min(lines, len(words)) - 1):
        parts = tuple(" ".join(words[a:b]) for a, b in pairwise((0, *cuts, len(words))))
        found.append((max(text_width(part, fit) for part in parts), parts))
    return min(found)[1]


def text_width(text: str, fit: Fit, *, bold: bool = False) -> int:
    """Pixels of a small text."""
    return fit.typesetter.line(text, fit.size(LEAST_TEXT), bold=bold).width if text else 0
