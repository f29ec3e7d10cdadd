"""Where the stations of a maps panel stand: in one row, or in two or three with the last stations at their right.

Stations of several rows stand in columns, so that blocks of as many layers are alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, groupby, pairwise

from cnnviz.render.canvas import Box
from cnnviz.render.panels._station_bodies import TEXT_LINE, Body, bodies_of, text_width, wrapped
from cnnviz.render.panels.base import LABEL_SIZE, LEAST_TEXT, TICK_SIZE, Fit, text_scales
from cnnviz.storyboard import LayerView, Maps

_PAD, _GAP, _LEAST_ARROW, _WIDEST_GAP, _GROUP_PAD, _TURN, _ASIDE = 5, 10, 17, 44, 7, 13, 16
_GROUP_LINE, _UNDER, _CHANNEL, _EDGE, _PAST, _PAST_GAP = 18, 4, 8, 3, 16, 9
_SIZES = range(150, 3, -3)
# No further row where maps are as long as this in the mean.
_LARGE_ENOUGH = 30
_SHORT_TEXT = 44
_KEPT_SIZE = 0.6
# How much larger than the smallest all texts are where there is room.
_READABLE = (LABEL_SIZE / LEAST_TEXT, TICK_SIZE / LEAST_TEXT)

Point = tuple[int, int]
Span = tuple[int, int]


@dataclass(frozen=True)
class Seat:
    """A station's place: the boxes of its body and of its outline, the lines under it, the baseline of its size.

    `slot` is its column, `room` the width in which its texts must stay, `top` that of the tallest station of its row.
    """

    body: Body
    area: Box
    box: Box
    centre: int
    texts: tuple[tuple[str, int], ...]
    baseline: int
    top: int
    slot: Span
    row: int
    room: int


@dataclass(frozen=True)
class Arrangement:
    """The seats in order, the paths between them, the grounds of groups with a name and its baseline."""

    seats: tuple[Seat, ...]
    paths: tuple[tuple[Point, ...], ...]
    grounds: tuple[tuple[Box, str, int], ...]
    fit: Fit


def arrange_stations(panel: Maps, width: int, height: int, fit: Fit) -> Arrangement:
    """Find the way in which the maps are largest and every text fits; texts are cut only where there is none.

    Where texts are to be larger, they are as large as leaves the maps most of their size.
    """
    usual = _best(panel, width, height, replace(fit, text=1.0))
    for scale in (*(_READABLE[0] * scale for scale in text_scales(fit.text)), *_READABLE):
        found = _best(panel, width, height, replace(fit, text=scale))
        if not found.cut and found.size >= _KEPT_SIZE * usual.size:
            return found.arrangement()
    return usual.arrangement()


def _best(panel: Maps, width: int, height: int, fit: Fit) -> _Setting:
    """As few rows as leave the maps large enough, with titles on as many lines as leave them the largest."""
    pictures = sum(s.values.ndim == 3 for s in panel.stations)
    rows = range(1, min(3, _ending(panel.stations)) + 1)
    for cut in (False, True):
        found: list[_Setting] = []
        for count in rows:
            settings = (_Setting(panel.stations, width, height, fit, count, lines, cut) for lines in (1, 2, 3))
            found += [setting for setting in settings if setting.fits]
            if any(setting.size >= fit.px(_LARGE_ENOUGH) * pictures for setting in found):
                break
        if found:
            return max(found, key=lambda setting: setting.size)
    return _Setting(panel.stations, width, height, fit, 1, 1, True)


class _Setting:
    """Stations in some rows, the last ones aside of several, with titles on some lines; maps as large as fits."""

    def __init__(
        self, stations: Sequence[LayerView], width: int, height: int, fit: Fit, rows: int, lines: int, cut: bool
    ) -> None:
        self._stations, self._fit, self._width, self._height, self.cut = stations, fit, width, height, cut
        last = _ending(stations) if rows > 1 else len(stations)
        self._rows = _broken(stations[:last], rows)
        self._aside = ((last, len(stations)),) if last < len(stations) else ()
        self._lead = next((place for place, s in enumerate(stations) if s.group), 0)
        # What stands at the end has room under it.
        self._titles = [wrapped(s.title, lines if s.form == "maps" else max(lines, 2), fit) for s in stations]
        texts = ((*title, s.size, s.widest) for title, s in zip(self._titles, stations, strict=True))
        wide = [max(text_width(text, fit) for text in each) for each in texts]
        self._texts = [min(each, fit.tx(_SHORT_TEXT)) for each in wide] if cut else wide
        past = any(s.residual or s.branches for s in stations)
        # Three rows have no height to spare for the names of groups.
        self._named = rows < 3 and any(s.group for s in stations)
        self._label = fit.tx(_GROUP_LINE) if self._named else fit.px(_PAST if past else 2)
        self.fits = any(map(self._fits, _SIZES))

    def _fits(self, size: int) -> bool:
        """Whether all have room where the largest map is about so long."""
        blocks = [block for block in (self._rows, self._aside) for first, last in block for _ in range(first, last)]
        rooms = [self._share(block) - self._label - self._below(block) - 2 * self._fit.px(_PAD) for block in blocks]
        self._bodies = bodies_of(self._stations, self._fit.unit * size, rooms, self._fit)
        low = all(body.height <= room for body, room in zip(self._bodies, rooms, strict=True))
        left, right = self._sides()
        return low and self._span(self._rows) <= right - left

    @property
    def size(self) -> int:
        """How large the maps are."""
        return sum(max(body.tile) for body in self._bodies)

    def arrangement(self) -> Arrangement:
        """The stations in their seats."""
        fit, (left, right) = self._fit, self._sides()
        end = self._width - fit.px(_EDGE)
        seats = [*self._seats(self._rows, left, right, 0)]
        if self._aside:
            seats += self._seats(self._aside, end - self._span(self._aside), end, len(self._rows))
        paths = tuple(self._path(a, b) for a, b in pairwise(seats))
        return Arrangement(tuple(seats), paths, tuple(self._grounds(seats)), fit)

    def _sides(self) -> tuple[int, int]:
        """Where the room of the rows begins and ends: of several with room for the lines from one to the next."""
        px = self._fit.px
        turn = px(_TURN) if len(self._rows) > 1 else 0
        aside = self._span(self._aside) + px(_ASIDE) if self._aside else 0
        return px(_EDGE) + turn, self._width - px(_EDGE) - turn - aside

    def _share(self, block: Sequence[Span]) -> int:
        """The height of one of so many rows."""
        return (self._height - (len(block) - 1) * self._fit.px(_CHANNEL)) // len(block)

    def _below(self, block: Sequence[Span]) -> int:
        """Pixels from a body's outline down to the end of its texts."""
        lines = max(len(self._titles[place]) for row in block for place in range(*row))
        return self._fit.px(_UNDER) + (lines + 1) * self._fit.tx(TEXT_LINE)

    def _slot(self, place: int) -> int:
        arrow = self._fit.px(_LEAST_ARROW) - self._fit.px(_GAP)
        return max(self._bodies[place].width + 2 * self._fit.px(_PAD) + arrow, self._texts[place])

    def _gap(self, place: int) -> int:
        """The least room between a station and the one before it."""
        a, b = self._stations[place - 1 : place + 1]
        edges = (bool(a.group) + bool(b.group)) if a.group != b.group else 0
        lines = sum(s.residual or s.branches > 0 for s in (a, b))
        return self._fit.px(_GAP) + edges * self._fit.px(_GROUP_PAD) + lines * self._fit.px(_PAST_GAP)

    def _group_pad(self, place: int) -> int:
        return self._fit.px(_GROUP_PAD) if self._stations[place].group else 0

    def _columns(self, block: Sequence[Span]) -> list[tuple[int, int]]:
        """The room in front of each column and its width; the first block of every row begins in the same one."""
        found: dict[int, tuple[int, int]] = {}
        for row, (first, last) in enumerate(block):
            for column, place in enumerate(range(first, last), self._lead if row else 0):
                before = self._gap(place) if place > first else self._group_pad(place)
                gap, width = found.get(column, (0, 0))
                found[column] = max(gap, before), max(width, self._slot(place))
        return [found[column] for column in sorted(found)]

    def _span(self, block: Sequence[Span]) -> int:
        """The width of rows whose stations stand in columns."""
        return sum(map(sum, self._columns(block))) + max(self._group_pad(last - 1) for _, last in block)

    def _seats(self, block: Sequence[Span], left: int, right: int, above: int) -> Iterator[Seat]:
        """Set rows into the room, spread as far as looks well; so many stand elsewhere."""
        fit, columns, share = self._fit, self._columns(block), self._share(block)
        spare = right - left - self._span(block)
        wider = max(0, min(spare // max(1, len(columns) - 1), fit.px(_WIDEST_GAP)))
        x, slots = left + max(0, spare - wider * (len(columns) - 1)) // 2 - wider, list[Span]()
        for before, width in columns:
            slots.append((x + before + wider, x + before + wider + width))
            x = slots[-1][1]
        pad, line = fit.px(_PAD), fit.tx(TEXT_LINE)
        tallest = max(self._bodies[place].height for row in block for place in range(*row)) + 2 * pad
        inset = self._label + max(0, share - self._label - tallest - self._below(block)) // 2
        for row, (first, last) in enumerate(block):
            top = row * (share + fit.px(_CHANNEL)) + inset
            baseline = top + tallest + fit.px(_UNDER) + fit.tx(TEXT_LINE - 4)
            for place, slot in zip(range(first, last), slots[self._lead if row else 0 :], strict=False):
                body, titles, centre = self._bodies[place], self._titles[place], (slot[0] + slot[1]) // 2
                # A total stands lower, for the key is above it.
                down = int((tallest - body.height) * (0.6 if self._stations[place].form == "total" else 0.5))
                area = Box(0, 0, body.width, body.height).moved(centre - body.width // 2, top + down)
                yield Seat(
                    body=body,
                    area=area,
                    box=area.grown(pad),
                    centre=centre,
                    texts=tuple((text, baseline + n * line) for n, text in enumerate(titles)),
                    baseline=baseline + len(titles) * line,
                    top=top,
                    slot=slot,
                    row=above + row,
                    room=max(slot[1] - slot[0], self._texts[place]),
                )

    def _path(self, a: Seat, b: Seat) -> tuple[Point, ...]:
        """Straight to the next station, or between the rows to the start of the lower one."""
        px = self._fit.px
        y = (a.box.top + a.box.bottom) // 2
        start, end = a.box.right + px(3), b.box.left - px(3)
        if b.box.left > a.box.right:
            there = min(max(y, b.box.top + px(12)), b.box.bottom - px(12))
            if there == y or a.row == b.row:
                return (start, y), (end, y)
            middle = b.slot[0] - px(_GAP)
            return (start, y), (middle, y), (middle, there), (end, there)
        there = (b.box.top + b.box.bottom) // 2
        channel = (a.row + 1) * (self._share(self._rows) + px(_CHANNEL)) - px(_CHANNEL) // 2 - 1
        out, back = a.slot[1] + px(_TURN), b.slot[0] - px(_TURN)
        return (start, y), (out, y), (out, channel), (back, channel), (back, there), (end, there)

    def _grounds(self, seats: Sequence[Seat]) -> Iterator[tuple[Box, str, int]]:
        """The ground of each run of stations in one row and group; the group's name stands on the first of them."""
        fit, named = self._fit, set[str]()
        places = range(len(seats))
        for (_, group), run in groupby(places, lambda place: (seats[place].row, self._stations[place].group)):
            if group:
                members = [seats[place] for place in run]
                first, last = members[0], members[-1]
                top, pad = first.top - self._label, fit.px(_GROUP_PAD)
                box = Box(first.slot[0] - pad, top, last.slot[1] + pad, first.baseline + fit.tx(5))
                text = group if self._named and group not in named else ""
                yield box, text, top + fit.tx(_GROUP_LINE - 4)
                named.add(group)


def _broken(stations: Sequence[LayerView], rows: int) -> tuple[Span, ...]:
    """Rows of about as many stations each, rather a little longer ones than a group that is cut."""

    def cost(way: Sequence[Span]) -> int:
        cut: int = sum(stations[end - 1].group == stations[end].group for _, end in way[:-1])
        return max(end - start for start, end in way) + 2 * cut

    last = len(stations)
    ways = (tuple(pairwise((0, *breaks, last))) for breaks in combinations(range(1, last), rows - 1))
    return min(ways, key=cost)


def _ending(stations: Sequence[LayerView]) -> int:
    """Where the stations begin that are no maps; behind all of them where these are not the end, or all."""
    forms = [station.form == "maps" for station in stations]
    first = forms.index(False) if False in forms else len(forms)
    return first if first and not any(forms[first:]) else len(forms)
