"""Stations that data passes: their maps as small pictures, numbers and bars; arrows turn round on the way back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.notation import number
from cnnviz.render.canvas import Box, Look
from cnnviz.render.palette import Pixels
from cnnviz.render.panels._cell import as_color
from cnnviz.render.panels._interpolation import interpolated
from cnnviz.render.panels._station_bodies import MAP_GAP, TEXT_LINE, row_parts
from cnnviz.render.panels._station_lines import OUTLINES, arrow, outline, past
from cnnviz.render.panels._stations import arrange_stations
from cnnviz.render.panels.base import LEAST_TEXT, Colors, Extent, Fit, Item, Painter, Place, Slot, Way, around, changed
from cnnviz.render.pen import Pen
from cnnviz.render.theme import Theme
from cnnviz.storyboard import LayerView, Maps, SetLayerView, Values

# Colours of a scale that a figure has: three scales share the palette.
_LEVELS = {"gray": 12, "sequential": 14, "diverging": 17}
# The greys of a picture, and how strong a tint of it may be.
_GREYS, _TINTS = 8, (0.0, 0.3, 0.55, 0.8)
_LARGEST_NUMBER = 24
_KEY_OVERHANG = 8


class MapsPainter(Painter):
    """Maps are ground; outlines, arrows and notes are above it."""

    def __init__(self, panel: Maps, place: Place, look: Look, fit: Fit) -> None:
        super().__init__(panel, place, look, fit)
        self._arrangement = arrange_stations(panel, place.width, place.height, fit)
        self.fit = self._arrangement.fit
        self._size = self.fit.size(LEAST_TEXT)
        # As they are now.
        self._stations = {station.name: station for station in panel.stations}
        self._seats = dict(zip(self._stations, self._arrangement.seats, strict=True))
        self._parts = {station.name: self._boxes(station) for station in panel.stations}
        self.lay(("texts",), Item("", self.whole, self._draw_texts))
        for station in panel.stations:
            self._lay(station)

    @classmethod
    def measure(cls, panel: Maps, cell: int, fit: Fit) -> Extent:
        """All the room that there is."""
        return Extent(width=fit.px(400), height=min(fit.px(300), fit.height - fit.px(40)), stretch=1.0)

    @classmethod
    def colors(cls, panel: Maps, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """The scales' colours, the outlines', and what texts need on the page and on the grounds of groups."""
        own = [station.shade.scale for station in panel.stations if station.shade is not None]
        colors = Colors(solid=[theme.cell("pending").fill, theme.cell("output").fill])
        for scale in (*own, *(key.scale for key in panel.key)):
            colors.solid += map(as_color, _ramp(theme, scale))
        if any(station.picture is not None for station in panel.stations):
            colors.solid += map(as_color, _tints(theme).reshape(-1, 3))
        lines = [theme.line(role) for role, *_ in OUTLINES.values()]
        colors.add(theme.page["ground"], *lines)
        colors.add(theme.page["band"], *lines, theme.page["ink"], theme.page["muted"])
        return colors

    def _draw_texts(self, pen: Pen) -> None:
        """Grounds of groups, the names under the stations, and the key."""
        page, typeset = self.look.theme.page, self.look.typesetter
        for box, group, baseline in self._arrangement.grounds:
            pen.rect(*box[:2], box.width, box.height, page["band"])
            pen.text(typeset.line(group, self._size), box.left + self.look.px(8), baseline, page["muted"])
        for seat in self._seats.values():
            for text, baseline in seat.texts:
                line = typeset.fitting(text, self._size, seat.room, self._size)
                pen.text(line, seat.centre - line.width // 2, baseline, page["ink"])
            if seat.body.left_out:
                line = typeset.line(f"+{seat.body.left_out}", self._size)
                pen.text(line, seat.centre - line.width // 2, seat.area.bottom - self.look.px(3), page["muted"])
        self._draw_key(pen)

    def _draw_key(self, pen: Pen) -> None:
        """Above the last station, where there is room: what each scale is for, its colours, and its ends."""
        px, tx, seat = self.look.px, self.fit.tx, list(self._seats.values())[-1]
        line, thick, apart = tx(TEXT_LINE), tx(8), tx(6)
        high = 2 * line + thick + px(2)
        y = seat.box.top - len(self._panel.key) * (high + apart)
        if not self.fit.numbers or y < 0:
            return
        half = min(seat.room // 2 + px(_KEY_OVERHANG), self.place.width - seat.centre)
        left = seat.centre - half
        for key in self._panel.key:
            texts = [(key.text, 0.5, y + line - tx(4))]
            texts += [(end, n / (len(key.ends) - 1), y + 2 * line + thick - px(1)) for n, end in enumerate(key.ends)]
            for text, share, baseline in texts:
                set_text = self.look.typesetter.fitting(text, self._size, 2 * half, self.fit.least)
                at = left + round((2 * half - set_text.width) * share)
                pen.text(set_text, at, baseline, self.look.theme.page["muted"])
            ramp = _ramp(self.look.theme, key.scale)
            pen.image(
                np.tile(ramp[np.arange(2 * half) * len(ramp) // (2 * half)], (thick, 1, 1)), left, y + line + px(1)
            )
            pen.frame(left, y + line + px(1), 2 * half, thick, self.look.theme.line("edge"), 1)
            y += high + apart

    def floats(self) -> dict[Slot, Item]:
        """Outlines, arrows, ways past stations, and sizes or the notes in their place."""
        now, look = self._stations, self.look
        pairs = zip(pairwise(now.values()), self._arrangement.paths, strict=True)
        found: dict[Slot, Item] = {("outline", n): outline(s.role, self._seats[n].box, look) for n, s in now.items()}
        found |= {("arrow", a.name): arrow(a.role, b.role, path, look) for (a, b), path in pairs}
        joined = {name: station for name, station in now.items() if station.residual or station.branches}
        found |= {("past", name): past(station, self._seats[name].box, look) for name, station in joined.items()}
        return found | {("note", name): self._note(station) for name, station in now.items()}

    def update(self, change: Any) -> None:
        """Take a station's new role and note; bring its new values into the background."""
        self._stations[change.station] = station = self._after(change)
        if change.values is not None:
            self._lay(station)

    def _after(self, change: SetLayerView) -> LayerView:
        """A station with what a change brings."""
        station: LayerView = changed(self._stations[change.station], change, "role", "note", "values", "shade")
        return station

    def _lay(self, station: LayerView) -> None:
        item = Item("", self._seats[station.name].box, lambda pen: self._draw(pen, station), covers=1)
        self.lay(("values", station.name), item)

    def _boxes(self, station: LayerView) -> list[Box]:
        """Where each map, each number as a cell, each swatch or bar, or the total of a station stands."""
        seat = self._seats[station.name]
        (left, top, right, _), body, (tall, wide) = seat.area, seat.body, seat.body.tile
        if station.form == "total":
            return [seat.area]
        if station.form != "maps":
            names, numbers = row_parts(station, tall, self.fit)
            thin = max(1, tall // 5)
            tops = (top + place * tall + thin // 2 for place in range(len(station.values)))
            return [Box(left + names, y, right - numbers, y + max(1, tall - thin)) for y in tops]
        maps, rows = station.values.ndim == 3, -(-body.shown // body.columns)
        gap, inset = self.look.px(MAP_GAP) if maps else 0, 1 if not maps and wide > 4 else 0
        # Maps read like a text; numbers run down one column and then the next.
        cells = (divmod(n, body.columns) if maps else (n % rows, n // rows) for n in range(body.shown))
        one = Box(left, top, left + wide - inset, top + tall - inset)
        return [one.moved(column * (wide + gap), row * (tall + gap)) for row, column in cells]

    def ways(self, written: Sequence[SetLayerView]) -> list[Way]:
        """What stations are given on its way from the station before, on the way back from the one behind."""
        return [way for change in written if change.values is not None for way in self._way(change)]

    def _way(self, change: SetLayerView) -> Iterator[Way]:
        names, station = list(self._seats), self._after(change)
        back, place = self._stations[station.name].role == "gradient", names.index(station.name)
        source = place + 1 if back else place - 1
        if not 0 <= source < len(names):
            return
        sources, ends = self._parts[names[source]], self._parts[station.name]
        x, y = self.place.x, self.place.y
        if station.form == "total":
            # To where nothing is written any more.
            blank = Item("blank", self._seats[station.name].box, lambda pen: self._clear(pen, station), (x, y))
            yield Way(blank, blank)
        for n, end in enumerate(ends):
            start, own = sources[(2 * n + 1) * len(sources) // (2 * len(ends))], end.seen_from(*end[:2])
            item = Item("part", own.grown(1), partial(self._draw_part, station=station, place=n, box=own))
            left, top = (start.left + start.right - end.width) // 2, (start.top + start.bottom - end.height) // 2
            yield Way(item._replace(at=(left + x, top + y)), item._replace(at=(end.left + x, end.top + y)))

    def _draw(self, pen: Pen, station: LayerView) -> None:
        """All parts of a station; of rows, their names before and their texts behind them."""
        parts, area = self._parts[station.name], self._seats[station.name].area
        if station.form != "maps":
            self._clear(pen, station)
        for place, box in enumerate(parts):
            self._draw_part(pen, station, place, box)
        if station.form not in ("numbers", "bars"):
            return
        tall = area.height // len(parts)
        for place, (box, value) in enumerate(zip(parts, station.values, strict=True)):
            texts = [(station.lines[place], box.left - self.look.px(6))] if box.left > area.left else []
            if box.right < area.right and not np.isnan(value):
                texts.append((number(float(value), station.digits), area.right))
            for text, right in texts:
                line = self.look.typesetter.line(text, self._size, bold=place == station.marked)
                baseline = area.top + place * tall + (tall + self.fit.tx(10)) // 2
                pen.text(line, right - line.width, baseline, self.look.theme.page["ink"])

    def _clear(self, pen: Pen, station: LayerView) -> None:
        """Take away what was written: all within the outline, since letters may hang over their room."""
        box, ground = self._seats[station.name].box, "band" if station.group else "ground"
        pen.rect(*box[:2], box.width, box.height, self.look.theme.page[ground])

    def _draw_part(self, pen: Pen, station: LayerView, place: int, box: Box) -> None:
        """A map as a picture, a number as a cell, a swatch, a bar or a text."""
        theme, value, pending = self.look.theme, station.values[place], self.look.theme.cell("pending").fill
        (x, y, *_), wide, tall = box, box.width, box.height
        if station.form == "total":
            text = "?" if np.isnan(value) else number(float(value), station.digits)
            size = self.fit.size(_LARGEST_NUMBER)
            line = self.look.typesetter.fitting(text if self.fit.numbers else "", size, wide, self.fit.least, bold=True)
            pen.text(line, x + (wide - line.width) // 2, y + (tall + line.ascent) // 2, theme.page["result"])
            return
        if np.ndim(value) == 2:
            # Where a map is as light as the page, the line tells how far it goes.
            pen.frame(x - 1, y - 1, wide + 2, tall + 2, theme.line("edge"), 1)
        known = np.isfinite(value).all()
        if station.form == "bars" or not known:
            pen.rect(x, y, wide, tall, pending)
        if station.form == "bars" and known:
            color = theme.line("result") if place == station.marked else theme.cell("output").fill
            pen.rect(x, y, round(float(np.clip(value, 0, 1)) * wide), tall, color)
        elif known:
            pen.image(self._picture(station, np.atleast_2d(value), tall, wide), x, y)

    def _picture(self, station: LayerView, values: Values, rows: int, columns: int) -> Pixels:
        """The colours of a map, (rows, columns, 3)."""
        if station.picture is None and rows % len(values):
            # Cells that are no whole pixels would look ragged.
            at = (
                (np.arange(side) + 0.5) * n / side - 0.5 for side, n in zip((rows, columns), values.shape, strict=True)
            )
            values = interpolated(values, *at)
        if station.picture is not None:
            grey, tint = _levels(station.picture, 0, 1, _GREYS), _levels(values, 0, 1, len(_TINTS))
            colors: Pixels = _tints(self.look.theme)[grey, tint]
        else:
            assert station.shade is not None
            ramp = _ramp(self.look.theme, station.shade.scale)
            colors = ramp[_levels(values, station.shade.lo, station.shade.hi, len(ramp))]
        down, across = (np.arange(side) * n // side for side, n in zip((rows, columns), colors.shape[:2], strict=True))
        found: Pixels = colors[down[:, None], across]
        return found

    def _note(self, station: LayerView) -> Item:
        seat, note = self._seats[station.name], station.note if self.fit.numbers else ""
        line = self.look.typesetter.fitting(note or station.size, self._size, seat.room, self._size)
        color = self.look.theme.line("gradient") if note else self.look.theme.page["muted"]
        x = seat.centre - line.width // 2
        box = around([(line, x, seat.baseline)])
        return Item((note, color), box, lambda pen: pen.text(line, x, seat.baseline, color))


def _levels(values: Values, lo: float, hi: float, count: int) -> npt.NDArray[np.int_]:
    """Values from `lo` to `hi` as levels from 0 on."""
    share = (values - lo) / (hi - lo) if hi > lo else np.full(values.shape, 0.5)
    return np.rint(np.clip(share, 0, 1) * (count - 1)).astype(int)


def _tints(theme: Theme) -> Pixels:
    """The colours of a picture that is tinted, (greys, tints, 3)."""
    greys, share = theme.scale("gray", _GREYS)[:, None, :], np.array(_TINTS)[None, :, None]
    mixed: Pixels = np.rint(greys * (1 - share) + np.array(theme.line("gradient")) * share).astype(np.uint8)
    return mixed


def _ramp(theme: Theme, scale: str) -> Pixels:
    """A scale's colours, as many of them as the palette has room for; an odd number has the middle one itself."""
    return theme.scale(scale, _LEVELS[scale])


PAINTER = MapsPainter
