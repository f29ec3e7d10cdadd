"""Where the stations of a maps panel stand: in one row, or in two or three with the last stations at their right.

Stations of several rows stand in columns, so that blocks of as many layers are alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, pairwise

from cnnviz.render.canvas import Box
from cnnviz.render.panels._station_bodies import (
    TEXT_LINE,
    Body,
    map_columns,
    maps_body,
    other_body,
    strip_cell,
    text_width,
    wrapped,
    zooms,
)
from cnnviz.render.panels.base import LABEL_SIZE, LEAST_TEXT, TICK_SIZE, Fit, text_scales
from cnnviz.storyboard import Maps

_PAD, _GAP, _LEAST_ARROW, _WIDEST_GAP, _GROUP_PAD, _TURN, _ASIDE = 5, 10, 17, 44, 7, 13, 16
_GROUP_LINE, _UNDER, _CHANNEL, _EDGE, _PAST, _PAST_GAP = 18, 4, 8, 3, 16, 9
_SIZES = range(150, 3, -3)
# What a second and a third row must gain to be preferred.
_WORTH = (1.0, 0.8, 0.7)
# No further row where maps are as long as this in the mean.
_LARGE_ENOUGH = 30
_WHOLE, _SHORT_TEXT = 1 << 20, 44
_KEPT_SIZE = 0.6
# What stands at the end has room under it.
_END_LINES = 2
# How much larger than the smallest all texts are where there is room.
_READABLE = (LABEL_SIZE / LEAST_TEXT, TICK_SIZE / LEAST_TEXT)

Point = tuple[int, int]
Span = tuple[int, int]


@dataclass(frozen=True)
class Seat:
    """A station's place: its body's corner, the box of its outline, the lines under it, the baseline of its size.

    `room` is the width in which its texts must stay, `top` the top of the tallest station of its row.
    """

    body: Body
    box: Box
    x: int
    y: int
    centre: int
    texts: tuple[tuple[str, int], ...]
    baseline: int
    top: int
    slot: Span
    row: int
    room: int


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
    fit: Fit
    whole: bool
    size: int


@dataclass(frozen=True)
class _Plan:
    """A way to set the stations: which stand in each row and aside of them, on how many lines their titles are."""

    rows: tuple[Span, ...]
    aside: Span | None
    lines: int
    longest_text: int
    bodies: tuple[Body, ...]

    @property
    def size(self) -> int:
        """How large the maps are."""
        return sum(max(body.tile) for body in self.bodies)


def arrange_stations(panel: Maps, width: int, height: int, fit: Fit) -> Arrangement:
    """Find the way in which the maps are largest and every text fits; texts are cut only where there is none.

    Where texts are to be larger, they are as large as leaves the maps most of their size.
    """
    usual = _Arranger(panel, width, height, replace(fit, text=1.0)).arrangement()
    for scale in (*(_READABLE[0] * scale for scale in text_scales(fit.text)), *_READABLE):
        found = _Arranger(panel, width, height, replace(fit, text=scale)).arrangement()
        if found.whole and found.size >= _KEPT_SIZE * usual.size:
            return found
    return usual


class _Arranger:
    def __init__(self, panel: Maps, width: int, height: int, fit: Fit) -> None:
        self._stations, self._fit, self._height = panel.stations, fit, height
        self._edge = fit.px(_EDGE)
        self._width = width - 2 * self._edge
        self._ending = _ending(panel) or len(panel.stations)
        self._grouped = any(s.group for s in panel.stations)
        self._pictures = sum(s.values.ndim == 3 for s in panel.stations)
        self._lead = next((place for place, s in enumerate(panel.stations) if s.group), 0)
        self._titles = {
            lines: [
                wrapped(s.title, max(lines, _END_LINES) if place >= self._ending else lines, fit)
                for place, s in enumerate(panel.stations)
            ]
            for lines in (1, 2, 3)
        }
        self._texts = {
            lines: [
                max(text_width(text, fit) for text in (*title, station.size, station.widest))
                for title, station in zip(titles, self._stations, strict=True)
            ]
            for lines, titles in self._titles.items()
        }
        self._bodies = cache(self._bodies_at)
        self._other_body = cache(lambda place, most, room: other_body(self._stations[place], most, room, fit))

    def arrangement(self) -> Arrangement:
        """Set the stations as the best plan has them."""
        plan = self._best()
        seats: dict[int, Seat] = {}
        end = self._edge + self._width
        share, channel = self._share(len(plan.rows)), self._fit.px(_CHANNEL)
        turn = self._fit.px(_TURN) if plan.aside else 0
        split = end - self._aside(plan)
        for row in range(len(plan.rows)):
            across, down = (self._edge + turn, split - turn), (row * (share + channel), share)
            seats |= self._seat_row(plan, plan.rows, row, across, down)
        if plan.aside:
            across = split + self._fit.px(_ASIDE), end
            seats |= self._seat_row(plan, (plan.aside,), 0, across, (0, self._height))
        ordered = tuple(seats[place] for place in range(len(self._stations)))
        paths = tuple(
            self._path(a, b, (a.row + 1) * (share + channel) - channel // 2 - 1) for a, b in pairwise(ordered)
        )
        whole = plan.longest_text == _WHOLE
        return Arrangement(ordered, paths, tuple(self._grounds(ordered, plan)), self._fit, whole, plan.size)

    def _best(self) -> _Plan:
        for longest in (_WHOLE, self._fit.tx(_SHORT_TEXT)):
            plans: list[_Plan] = []
            for rows in (1, 2, 3):
                if max((plan.size for plan in plans), default=0) < self._fit.px(_LARGE_ENOUGH) * self._pictures:
                    found = (self._plan(rows, lines, longest) for lines in (1, 2, 3))
                    plans += [plan for plan in found if plan is not None]
            if plans:
                return max(plans, key=lambda plan: _WORTH[len(plan.rows) - 1] * plan.size)
        whole = (0, len(self._stations))
        return _Plan((whole,), None, 1, self._fit.tx(_SHORT_TEXT), self._bodies(_SIZES[-1], 1, 1))

    def _plan(self, rows: int, lines: int, longest: int) -> _Plan | None:
        """The plan with the largest maps that fits, in rows that cut as few groups as can be."""
        last = len(self._stations) if rows == 1 else self._ending % len(self._stations)
        aside = None if rows == 1 else (last, len(self._stations))
        room = self._width - (2 * self._fit.px(_TURN) if aside else 0)
        low, high = (self._share(n) - self._around(lines, n) for n in (rows, 1))

        def plans(bodies: tuple[Body, ...], ways: Iterable[tuple[Span, ...]]) -> Iterator[_Plan]:
            for way in ways:
                plan = _Plan(way, aside, lines, longest, bodies)
                if self._span(plan, way) <= room - self._aside(plan):
                    yield plan

        # Only where the texts alone fit is there anything to search for.
        ways = (tuple(pairwise((0, *breaks, last))) for breaks in combinations(range(1, last), rows - 1))
        open_ways = [plan.rows for plan in plans((Body(0, 0),) * len(self._stations), ways)]
        least = min(map(self._cut_groups, open_ways), default=0)
        open_ways = [way for way in open_ways if self._cut_groups(way) == least]
        for size in _SIZES if open_ways and min(low, high) > 0 else ():
            bodies = self._bodies(size, low, high)
            if all(b.height <= (high if aside and place >= last else low) for place, b in enumerate(bodies)):
                for plan in plans(bodies, open_ways):
                    return plan
        return None

    def _cut_groups(self, rows: Sequence[Span]) -> int:
        ends = ((self._stations[end - 1], self._stations[end]) for _, end in rows[:-1])
        return sum(before.group == after.group for before, after in ends)

    def _share(self, rows: int) -> int:
        """The height of one of so many rows."""
        return (self._height - (rows - 1) * self._fit.px(_CHANNEL)) // rows

    def _label(self, rows: int) -> int:
        """Pixels for the names of groups, or for lines past stations; three rows have none to spare for names."""
        past = self._fit.px(_PAST if any(s.residual or s.branches for s in self._stations) else 2)
        return self._fit.tx(_GROUP_LINE) if self._grouped and rows < 3 else past

    def _below(self, lines: int, rows: int) -> int:
        """Pixels from a body's outline down to the end of its texts."""
        lines = max(lines, _END_LINES) if rows == 1 else lines
        return self._fit.px(_UNDER) + (lines + 1) * self._fit.tx(TEXT_LINE)

    def _around(self, lines: int, rows: int) -> int:
        return self._label(rows) + self._below(lines, rows) + 2 * self._fit.px(_PAD)

    def _bodies_at(self, size: int, low: int, high: int) -> tuple[Body, ...]:
        zoom, cell = zooms(self._stations, self._fit.unit * size), strip_cell(self._fit.unit * size, self._fit)
        columns = map_columns(self._stations, zoom, low, self._fit)
        return tuple(
            maps_body(station, zoom[max(station.values.shape[1:])], columns[station.values.shape[0]], self._fit)
            if station.values.ndim == 3
            else self._other_body(place, *((cell, low) if station.form == "maps" else (0, high)))
            for place, station in enumerate(self._stations)
        )

    def _text(self, plan: _Plan, place: int) -> int:
        return min(plan.longest_text, self._texts[plan.lines][place])

    def _slot(self, plan: _Plan, place: int) -> int:
        arrow = self._fit.px(_LEAST_ARROW) - self._fit.px(_GAP)
        return max(plan.bodies[place].width + 2 * self._fit.px(_PAD) + arrow, self._text(plan, place))

    def _gap(self, place: int) -> int:
        """The least room between a station and the next."""
        a, b = self._stations[place], self._stations[place + 1]
        edges = (bool(a.group) + bool(b.group)) if a.group != b.group else 0
        lines = sum(s.residual or s.branches > 0 for s in (a, b))
        return self._fit.px(_GAP) + edges * self._fit.px(_GROUP_PAD) + lines * self._fit.px(_PAST_GAP)

    def _columns(self, plan: _Plan, rows: Sequence[Span]) -> list[tuple[int, int]]:
        """The room in front of each column and its width; the first block of every row begins in the same one."""
        found: dict[int, tuple[int, int]] = {}
        for row, (first, last) in enumerate(rows):
            for place in range(first, last):
                column = place - first + (self._lead if row else 0)
                before = self._gap(place - 1) if place > first else self._group_pad(place)
                gap, width = found.get(column, (0, 0))
                found[column] = max(gap, before), max(width, self._slot(plan, place))
        return [found[column] for column in sorted(found)]

    def _group_pad(self, place: int) -> int:
        return self._fit.px(_GROUP_PAD) if self._stations[place].group else 0

    def _span(self, plan: _Plan, rows: Sequence[Span]) -> int:
        """The width of rows whose stations stand in columns."""
        return sum(map(sum, self._columns(plan, rows))) + max(self._group_pad(last - 1) for _, last in rows)

    def _aside(self, plan: _Plan) -> int:
        """The width of what stands right of the rows, and its distance from them."""
        return self._span(plan, (plan.aside,)) + self._fit.px(_ASIDE) if plan.aside else 0

    def _seat_row(
        self, plan: _Plan, rows: Sequence[Span], row: int, across: Span, down: Span
    ) -> Iterator[tuple[int, Seat]]:
        """Set one of several rows into the room, spread as far as looks well; yields places and seats."""
        fit, (first, last), columns = self._fit, rows[row], self._columns(plan, rows)
        spare = across[1] - across[0] - self._span(plan, rows)
        wider = max(0, min(spare // max(1, len(columns) - 1), fit.px(_WIDEST_GAP)))
        x = across[0] + max(0, spare - wider * (len(columns) - 1)) // 2
        pad, line = fit.px(_PAD), fit.tx(TEXT_LINE)
        label = self._label(len(plan.rows))
        tallest = max(plan.bodies[place].height for start, end in rows for place in range(start, end)) + 2 * pad
        top = down[0] + max(0, down[1] - label - tallest - self._below(plan.lines, len(rows))) // 2 + label
        baseline = top + tallest + fit.px(_UNDER) + fit.tx(TEXT_LINE - 4)
        lead = self._lead if row else 0
        for column, (before, slot) in enumerate(columns[: lead + last - first]):
            x += before + (wider if column else 0)
            if (place := first + column - lead) >= first:
                body, centre = plan.bodies[place], x + slot // 2
                # A total stands lower, for the key is above it.
                share = 0.6 if self._stations[place].form == "total" else 0.5
                left, up = centre - body.width // 2, top + int((tallest - body.height) * share)
                titles = self._titles[plan.lines][place]
                yield (
                    place,
                    Seat(
                        body=body,
                        box=Box(left - pad, up - pad, left + body.width + pad, up + body.height + pad),
                        x=left,
                        y=up,
                        centre=centre,
                        texts=tuple((text, baseline + n * line) for n, text in enumerate(titles)),
                        baseline=baseline + len(titles) * line,
                        top=top,
                        slot=(x, x + slot),
                        row=row if rows is plan.rows else len(plan.rows),
                        room=max(slot, self._text(plan, place)),
                    ),
                )
            x += slot

    def _path(self, a: Seat, b: Seat, channel: int) -> tuple[Point, ...]:
        """Straight to the next station, or between the rows to the start of the lower one."""
        fit = self._fit
        y = (a.box.top + a.box.bottom) // 2
        start, end = a.box.right + fit.px(3), b.box.left - fit.px(3)
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

    def _grounds(self, seats: Sequence[Seat], plan: _Plan) -> Iterator[Ground]:
        """The ground of each run of stations in one row and group; the group's name stands on the first of them."""
        fit, named = self._fit, {""}
        label, named_at = self._label(len(plan.rows)), fit.tx(_GROUP_LINE - 4)
        runs: dict[tuple[int, str], list[Seat]] = {}
        for seat, station in zip(seats, self._stations, strict=True):
            runs.setdefault((seat.row, station.group), []).append(seat)
        for (_, group), members in runs.items():
            if not group:
                continue
            top = members[0].top - label
            box = Box(
                members[0].slot[0] - fit.px(_GROUP_PAD),
                top,
                members[-1].slot[1] + fit.px(_GROUP_PAD),
                members[0].baseline + fit.tx(5),
            )
            text = group if label > fit.px(_PAST) and group not in named else ""
            yield Ground(box, text, top + named_at)
            named.add(group)


def _ending(panel: Maps) -> int:
    """Where the stations begin that are no maps; 0 where they are not the end."""
    forms = [station.form == "maps" for station in panel.stations]
    first = forms.index(False) if False in forms else 0
    return 0 if any(forms[first:]) else first
