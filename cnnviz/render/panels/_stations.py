"""Where the stations of a maps panel stand: in one row, or in two with those that end the way at their right."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

from cnnviz.notation import number
from cnnviz.render.canvas import Box
from cnnviz.render.panels.base import LEAST_TEXT, Fit
from cnnviz.storyboard import Maps, Station

MOST_MAPS, MOST_CELLS = 8, 256
"""Maps and numbers of a station that are drawn; a note says how many more there are."""

_PAD, _GAP, _WIDEST_GAP, _GROUP_PAD, _TURN = 7, 17, 44, 8, 16
_LINE, _GROUP_LINE, _UNDER = 17, 22, 8
_LARGEST, _STEP, _MAP_GAP, _MOST_ROWS = 150, 2, 4, 4
_ROW, _SWATCH, _BAR, _TOTAL = 26, 18, 62, (78, 58)

Point = tuple[int, int]


@dataclass(frozen=True)
class Body:
    """How a station is drawn: `tiles` of one size in columns, or rows of numbers or bars; and how many are left out."""

    width: int
    height: int
    tile: tuple[int, int] = (0, 0)
    columns: int = 1
    shown: int = 1
    left_out: int = 0


@dataclass(frozen=True)
class Seat:
    """A station's place: its body's corner, the box of its outline, the lines under it, the baseline of its note."""

    body: Body
    box: Box
    x: int
    y: int
    centre: int
    texts: tuple[tuple[str, int], ...]
    note_baseline: int
    slot: tuple[int, int]
    row: int


@dataclass(frozen=True)
class Ground:
    """The ground of a group or a part of it, with the text at its top."""

    box: Box
    text: str
    baseline: int


@dataclass(frozen=True)
class Arrangement:
    """The seats in order, the paths between them, the grounds of groups."""

    seats: tuple[Seat, ...]
    paths: tuple[tuple[Point, ...], ...]
    grounds: tuple[Ground, ...]


@dataclass(frozen=True)
class _Plan:
    """A way to set the stations: the first and last of each row, then of what stands right of two rows; body sizes."""

    rows: tuple[tuple[int, int], ...]
    aside: tuple[int, int] | None
    lines: int
    bodies: tuple[Body, ...]
    size: int


def arrange_stations(panel: Maps, width: int, height: int, fit: Fit) -> Arrangement:
    """Find the way in which the maps are largest and every text fits; the roomiest that there is where none does."""
    return _Arranger(panel, width, height, fit).arrangement()


def wrapped(title: str, lines: int, fit: Fit) -> tuple[str, ...]:
    """The words of a title on at most so many lines, the longest of them as short as can be."""
    words = title.split(" ")
    best: tuple[int, tuple[str, ...]] = (1 << 30, ())
    for cuts in combinations(range(1, len(words)), min(lines, len(words)) - 1):
        ends = (0, *cuts, len(words))
        parts = tuple(" ".join(words[a:b]) for a, b in zip(ends, ends[1:], strict=False))
        best = min(best, (max(text_width(part, fit) for part in parts), parts))
    return best[1]


def text_width(text: str, fit: Fit) -> int:
    """Pixels of a small text."""
    return fit.typesetter.line(text, LEAST_TEXT * fit.unit).width if text else 0


class _Arranger:
    def __init__(self, panel: Maps, width: int, height: int, fit: Fit) -> None:
        self._stations, self._fit, self._width, self._height = panel.stations, fit, width, height
        self._ending = [s.form != "maps" for s in panel.stations].index(True) if self._has_ending() else None
        self._label = fit.px(_GROUP_LINE) if any(s.group for s in panel.stations) else fit.px(2)
        self._noted = fit.px(_LINE) if any(s.widest for s in panel.stations) else 0
        self._titles = {
            lines: [wrapped(s.title, lines, fit) for s in panel.stations] for lines in (1, 2, 3)
        }  # fmt: skip
        self._texts = {
            lines: [max(text_width(t, fit) for t in (*title, s.size, s.widest))
                    for title, s in zip(titles, self._stations, strict=True)]
            for lines, titles in self._titles.items()
        }  # fmt: skip
        self._body_of = cache(self._body)

    def _has_ending(self) -> bool:
        forms = [station.form != "maps" for station in self._stations]
        first = forms.index(True) if True in forms else len(forms)
        return 0 < first < len(forms) and all(forms[first:])

    def arrangement(self) -> Arrangement:
        plan = self._best()
        seats: dict[int, Seat] = {}
        aside = self._span(plan, *plan.aside) + self._fit.px(2 * _GAP) if plan.aside else 0
        turn = self._fit.px(_TURN) if len(plan.rows) > 1 else 0
        share = self._height // len(plan.rows)
        for row, (first, last) in enumerate(plan.rows):
            left, right = turn, self._width - aside - turn
            seats |= self._seat_row(plan, first, last, (left, right), (row * share, share), row)
        if plan.aside:
            seats |= self._seat_row(
                plan, *plan.aside, (self._width - aside + self._fit.px(2 * _GAP), self._width),
                (0, self._height), len(plan.rows),
            )  # fmt: skip
        ordered = tuple(seats[place] for place in range(len(self._stations)))
        channel = share + self._fit.px(1)
        paths = tuple(self._path(a, b, channel) for a, b in zip(ordered, ordered[1:], strict=False))
        return Arrangement(ordered, paths, tuple(self._grounds(ordered)))

    def _best(self) -> _Plan:
        best: _Plan | None = None
        for rows in (1, 2) if self._ending else (1,):
            for lines in (1, 2, 3):
                if (plan := self._largest(rows, lines, best.size if best else 0)) is not None:
                    best = plan
        return best or self._plan(2 if self._ending else 1, 3, _STEP, self._splits()[0] if self._ending else None)

    def _largest(self, rows: int, lines: int, beat: int) -> _Plan | None:
        for size in range(_LARGEST, beat, -_STEP):
            for split in self._splits() if rows == 2 else [None]:
                plan = self._plan(rows, lines, size, split)
                if plan is not None and self._fits(plan):
                    return plan
        return None

    def _splits(self) -> list[int]:
        """Where a second row may start: in front of a group first, then anywhere."""
        assert self._ending is not None
        places = range(1, self._ending)
        starts = [k for k in places if self._stations[k].group != self._stations[k - 1].group]
        middle = self._ending / 2
        return sorted(starts, key=lambda k: abs(k - middle)) + sorted(
            (k for k in places if k not in starts), key=lambda k: abs(k - middle)
        )

    def _plan(self, rows: int, lines: int, size: int, split: int | None) -> _Plan:
        count = len(self._stations)
        below = self._below(lines)
        high = self._height - self._label - below
        if split is None or self._ending is None:
            return _Plan(((0, count),), None, lines, self._bodies(size, high, high), size)
        low = self._height // rows - self._label - below - self._fit.px(4)
        spans = ((0, split), (split, self._ending))
        return _Plan(spans, (self._ending, count), lines, self._bodies(size, low, high), size)

    def _below(self, lines: int) -> int:
        """Pixels from a body's outline down to the end of its texts."""
        return self._fit.px(_UNDER) + (lines + 1) * self._fit.px(_LINE) + self._noted

    def _bodies(self, size: int, maps: int, others: int) -> tuple[Body, ...]:
        pad = 2 * self._fit.px(_PAD)
        return tuple(
            self._body_of(place, size, (maps if station.form == "maps" else others) - pad)
            for place, station in enumerate(self._stations)
        )

    def _body(self, place: int, size: int, room: int) -> Body:
        station, fit = self._stations[place], self._fit
        if station.form == "total":
            return Body(fit.px(_TOTAL[0]), fit.px(_TOTAL[1]))
        if station.form in ("numbers", "bars"):
            return _rows_body(station, room, fit)
        if station.values.ndim == 1:
            return _strip(len(station.values), room, fit)
        return self._maps_body(station, size, room)

    def _maps_body(self, station: Station, size: int, room: int) -> Body:
        channels, gap = station.values.shape[0], self._fit.px(_MAP_GAP)
        shown = min(channels, MOST_MAPS)
        rest = self._fit.px(_LINE) if channels > shown else 0
        tile = self._tile(station.values.shape[1:], size)
        rows = max(1, min(shown, _MOST_ROWS, (room - rest + gap) // (tile[0] + gap)))
        columns = math.ceil(shown / rows)
        rows = math.ceil(shown / columns)
        wide, tall = columns * (tile[1] + gap) - gap, rows * (tile[0] + gap) - gap + rest
        return Body(wide, tall, tile, columns, shown, channels - shown)

    def _tile(self, shape: tuple[int, ...], size: int) -> tuple[int, int]:
        """A map's rows and columns in pixels: whole ones for each cell where they can be, smaller maps smaller."""
        sides = sorted({max(s.values.shape[1:]) for s in self._stations if s.values.ndim == 3}, reverse=True)
        before = 1 << 30
        for side in sides:
            wanted = min(before, self._fit.unit * size * math.sqrt(side / sides[0]))
            zoom = max(1, min(round(wanted / side), before // side)) if wanted >= 0.75 * side else wanted / side
            before = min(before, round(zoom * side))
            if side == max(shape):
                break
        return max(1, round(zoom * shape[0])), max(1, round(zoom * shape[1]))

    def _slot(self, plan: _Plan, place: int) -> int:
        return max(plan.bodies[place].width + 2 * self._fit.px(_PAD), self._texts[plan.lines][place])

    def _gap(self, place: int) -> int:
        """The least room between a station and the next."""
        a, b = self._stations[place], self._stations[place + 1]
        edges = (bool(a.group) + bool(b.group)) if a.group != b.group else 0
        return self._fit.px(_GAP) + edges * self._fit.px(_GROUP_PAD)

    def _span(self, plan: _Plan, first: int, last: int) -> int:
        ends = bool(self._stations[first].group) + bool(self._stations[last - 1].group)
        slots = sum(self._slot(plan, place) for place in range(first, last))
        return slots + sum(self._gap(place) for place in range(first, last - 1)) + ends * self._fit.px(_GROUP_PAD)

    def _fits(self, plan: _Plan) -> bool:
        pad = 2 * self._fit.px(_PAD)
        rows = len(plan.rows)
        for place, body in enumerate(plan.bodies):
            aside = plan.aside is not None and place >= plan.aside[0]
            room = self._height // (1 if aside else rows) - self._label - self._below(plan.lines) - pad
            if body.height > room - (self._fit.px(4) if rows > 1 and not aside else 0):
                return False
        turns = 2 * self._fit.px(_TURN) if rows > 1 else 0
        aside_width = self._span(plan, *plan.aside) + self._fit.px(2 * _GAP) if plan.aside else 0
        return all(self._span(plan, *row) + turns + aside_width <= self._width for row in plan.rows)

    def _seat_row(
        self, plan: _Plan, first: int, last: int, across: tuple[int, int], down: tuple[int, int], row: int
    ) -> Iterator[tuple[int, Seat]]:
        """Set a row of stations into the room, spread as far as looks well; yields places and seats."""
        fit, count = self._fit, last - first
        spare = across[1] - across[0] - self._span(plan, first, last)
        wider = max(0, min(spare // max(1, count - 1), fit.px(_WIDEST_GAP)))
        x = across[0] + max(0, spare - wider * (count - 1)) // 2
        x += fit.px(_GROUP_PAD) if self._stations[first].group else 0
        pad = fit.px(_PAD)
        tallest = max(plan.bodies[place].height for place in range(first, last)) + 2 * pad
        whole = self._label + tallest + self._below(plan.lines)
        top = down[0] + max(0, down[1] - whole) // 2 + self._label
        for place in range(first, last):
            body, slot = plan.bodies[place], self._slot(plan, place)
            centre = x + slot // 2
            left, up = centre - body.width // 2, top + (tallest - body.height) // 2
            baseline = top + tallest + fit.px(_UNDER) + fit.px(_LINE) - fit.px(4)
            words = [*self._titles[plan.lines][place], self._stations[place].size]
            texts = tuple((text, baseline + line * fit.px(_LINE)) for line, text in enumerate(words))
            yield place, Seat(
                body, Box(left - pad, up - pad, left + body.width + pad, up + body.height + pad), left, up, centre,
                texts, baseline + (plan.lines + 1) * fit.px(_LINE), (x, x + slot), row,
            )  # fmt: skip
            x += slot + wider + (self._gap(place) if place + 1 < last else 0)

    def _path(self, a: Seat, b: Seat, channel: int) -> tuple[Point, ...]:
        """Straight to the next station, or between the rows to the start of the lower one."""
        fit = self._fit
        y = (a.box.top + a.box.bottom) // 2
        away = fit.px(3)
        start, end = a.box.right + away, b.box.left - away
        if b.box.left > a.box.right:
            inset = fit.px(12)
            there = min(max(y, b.box.top + inset), b.box.bottom - inset)
            if there == y or a.row == b.row:
                return (start, y), (end, y)
            middle = b.slot[0] - fit.px(_GAP)
            return (start, y), (middle, y), (middle, there), (end, there)
        there = (b.box.top + b.box.bottom) // 2
        out, back = a.slot[1] + fit.px(_TURN), b.slot[0] - fit.px(_TURN)
        return (start, y), (out, y), (out, channel), (back, channel), (back, there), (end, there)

    def _grounds(self, seats: Sequence[Seat]) -> Iterator[Ground]:
        fit, seen = self._fit, set()
        first = 0
        while first < len(seats):
            group, last = self._stations[first].group, first
            while last + 1 < len(seats) and self._stations[last + 1].group == group and seats[last + 1].row == seats[
                first
            ].row:
                last += 1
            if group:
                members = seats[first : last + 1]
                top = min(s.box.top for s in seats if s.row == seats[first].row) - self._label
                box = Box(
                    members[0].slot[0] - fit.px(_GROUP_PAD), top, members[-1].slot[1] + fit.px(_GROUP_PAD),
                    members[0].note_baseline + fit.px(4 if self._noted else 4 - _LINE),
                )  # fmt: skip
                yield Ground(box, "" if group in seen else group, top + fit.px(_LINE))
                seen.add(group)
            first = last + 1


def _rows_body(station: Station, room: int, fit: Fit) -> Body:
    """A row for each number, with a swatch or a bar, and its text where there is room."""
    count = len(station.values)
    tall = max(2, min(fit.px(_ROW), room // count))
    wide = fit.px(_SWATCH if station.form == "numbers" else _BAR)
    if rows_written(tall, fit):
        names = max((text_width(name, fit) for name in station.lines), default=0)
        wide += names + (fit.px(6) if names else 0)
        if fit.numbers:
            wide += number_width(station, fit) + fit.px(6)
    return Body(wide, count * tall, (tall, wide), 1, count)


def number_width(station: Station, fit: Fit) -> int:
    """Pixels of the widest number that the shade of a station promises; bars go from 0 to 1."""
    ends = (station.shade.lo, station.shade.hi) if station.shade is not None else (0.0, 1.0)
    return max(text_width(number(value, station.digits), fit) for value in ends)


def rows_written(tall: int, fit: Fit) -> bool:
    """Whether rows of this height hold a text."""
    return tall >= fit.px(LEAST_TEXT + 1)


def _strip(count: int, room: int, fit: Fit) -> Body:
    """Numbers as cells in columns."""
    shown = min(count, MOST_CELLS)
    room -= fit.px(_LINE) if count > shown else 0
    side = fit.px(12) if shown * fit.px(12) <= room else fit.px(8) if shown <= 64 else fit.px(5)
    rows = max(1, min(shown, room // side))
    columns = math.ceil(shown / rows)
    tall = side * math.ceil(shown / columns) + (fit.px(_LINE) if count > shown else 0)
    return Body(columns * side, tall, (side, side), columns, shown, count - shown)
