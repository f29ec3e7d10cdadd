"""Stations that data passes: their maps as small pictures, numbers and bars; arrows turn round on the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from cnnviz.notation import number
from cnnviz.render.canvas import Box, Look
from cnnviz.render.panels._station_bodies import MAP_GAP, TEXT_LINE, row_parts
from cnnviz.render.panels._station_lines import OUTLINES, arrow, outline, past
from cnnviz.render.panels._stations import Seat, arrange_stations
from cnnviz.render.panels.base import LEAST_TEXT, Colors, Extent, Fit, Item, Painter, Place, Slot, Way
from cnnviz.render.pen import Pen
from cnnviz.render.theme import SCALE_LEVELS, Color, Theme
from cnnviz.storyboard import Change, LayerView, Maps, SetLayerView, Shade

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
        self._panel = panel
        self._arrangement = arrange_stations(panel, place.width, place.height, fit)
        self.fit = self._arrangement.fit
        self._seats = dict(zip((s.name for s in panel.stations), self._arrangement.seats, strict=True))
        self._stations = {station.name: station for station in panel.stations}
        self._roles = {station.name: station.role for station in panel.stations}
        self._notes = {station.name: station.note for station in panel.stations}
        self._ramps: dict[str, npt.NDArray[np.uint8]] = {}
        self.lay(("texts",), Item("", self.whole, self._draw_texts))
        for station in panel.stations:
            self._lay(station, station.values, station.shade)

    @classmethod
    def measure(cls, panel: Maps, cell: int, fit: Fit) -> Extent:
        """All the room that there is."""
        return Extent(width=fit.px(400), height=min(fit.px(300), fit.height - fit.px(40)), stretch=1.0)

    @classmethod
    def colors(cls, panel: Maps, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """The scales' colours, the outlines', and what texts need on the page and on the grounds of groups."""
        ground, band = theme.page["ground"], theme.page["band"]
        own = [station.shade.scale for station in panel.stations if station.shade is not None]
        colors = Colors(solid=[theme.cell("pending").fill, theme.cell("output").fill])
        for scale in dict.fromkeys([*own, *(key.scale for key in panel.key)]):
            colors.solid += [_color(level) for level in _ramp(theme, scale)]
        if any(station.picture is not None for station in panel.stations):
            colors.solid += [_color(tint) for tint in _tints(theme).reshape(-1, 3)]
        for role, _, _ in dict.fromkeys(OUTLINES.values()):
            colors.solid.append(theme.line(role))
            colors.ramps += [(ground, theme.line(role)), (band, theme.line(role))]
        colors.ramps += [(band, theme.page["ink"]), (band, theme.page["muted"])]
        return colors

    def _draw_texts(self, pen: Pen) -> None:
        """Grounds of groups, the names under the stations, and the key."""
        page, size = self.look.theme.page, self.fit.size(LEAST_TEXT)
        for ground in self._arrangement.grounds:
            box = ground.box
            pen.rect(box.left, box.top, box.right - box.left, box.bottom - box.top, page["band"])
            if ground.text:
                pen.text(
                    self.look.typesetter.line(ground.text, size),
                    box.left + self.look.px(8),
                    ground.baseline,
                    page["muted"],
                )
        for seat in self._seats.values():
            for text, baseline in seat.texts:
                line = self.look.typesetter.fitting(text, size, seat.room, size)
                pen.text(line, seat.centre - line.width // 2, baseline, page["ink"])
            if seat.body.left_out:
                line = self.look.typesetter.line(f"+{seat.body.left_out}", size)
                pen.text(
                    line,
                    seat.centre - line.width // 2,
                    seat.area.top + seat.body.height - self.look.px(3),
                    page["muted"],
                )
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
            self._write_at(pen, key.text, 0.5, y + line - tx(4), left, half)
            ramp = _ramp(self.look.theme, key.scale)
            for n, color in enumerate(ramp):
                start, end = (left + 2 * half * edge // len(ramp) for edge in (n, n + 1))
                pen.rect(start, y + line + px(1), end - start, thick, _color(color))
            pen.frame(left, y + line + px(1), 2 * half, thick, self.look.theme.line("edge"), 1)
            for n, text in enumerate(key.ends):
                self._write_at(pen, text, n / (len(key.ends) - 1), y + 2 * line + thick - px(1), left, half)
            y += high + apart

    def _write_at(self, pen: Pen, text: str, share: float, baseline: int, left: int, half: int) -> None:
        """A text of the key at a share of its width."""
        line = self.look.typesetter.fitting(text, self.fit.size(LEAST_TEXT), 2 * half, self.fit.least)
        pen.text(line, left + round((2 * half - line.width) * share), baseline, self.look.theme.page["muted"])

    def floats(self) -> dict[Slot, Item]:
        """Outlines, arrows, and sizes or the notes in their place."""
        found = self._outlines()
        names = list(self._seats)
        for a, b, path in zip(names, names[1:], self._arrangement.paths, strict=False):
            found["arrow", a] = arrow(self._roles[a], self._roles[b], path, self.look)
        found |= {
            ("past", name): past(station, self._roles[name], self._seats[name].box, self.look)
            for name, station in self._stations.items()
            if station.residual or station.branches
        }
        found |= {("note", name): self._note(station) for name, station in self._stations.items()}
        return found

    def update(self, change: Change) -> None:
        """Take a station's new role and note; bring its new values into the background."""
        if not isinstance(change, SetLayerView):
            super().update(change)
            return
        name = change.station
        self._roles[name] = change.role or self._roles[name]
        if change.note is not None:
            self._notes[name] = change.note
        if change.values is not None:
            station = self._stations[name]
            self._lay(station, change.values, change.shade or station.shade)

    def _lay(self, station: LayerView, values: npt.NDArray[np.float64], shade: Shade | None) -> None:
        seat = self._seats[station.name]
        draw: Callable[..., None] = {"maps": self._draw_maps, "total": self._draw_total}.get(
            station.form, self._draw_rows
        )
        item = Item("", seat.box, lambda pen: draw(pen, station, seat, values, shade), covers=1)
        self.lay(("values", station.name), item)

    def _parts(self, name: str) -> list[Box]:
        """Where each map, each number as a cell, each swatch or bar, or the total of a station stands."""
        station, seat = self._stations[name], self._seats[name]
        body, maps = seat.body, station.values.ndim == 3
        tall, wide = body.tile
        if station.form == "total":
            return [Box(seat.area.left, seat.area.top, seat.area.left + body.width, seat.area.top + body.height)]
        if station.form != "maps":
            names, numbers = row_parts(station, tall, self.fit)
            left, right, thin = seat.area.left + names, seat.area.left + body.width - numbers, max(1, tall // 5)
            tops = (seat.area.top + place * tall + thin // 2 for place in range(len(station.values)))
            return [Box(left, top, right, top + max(1, tall - thin)) for top in tops]
        gap, inset = self.look.px(MAP_GAP) if maps else 0, 1 if not maps and wide > 4 else 0
        rows = -(-body.shown // body.columns)
        # Maps read like a text; numbers run down one column and then the next.
        cells = (divmod(n, body.columns) if maps else (n % rows, n // rows) for n in range(body.shown))
        corners = (
            (seat.area.left + column * (wide + gap), seat.area.top + row * (tall + gap)) for row, column in cells
        )
        return [Box(x, y, x + wide - inset, y + tall - inset) for x, y in corners]

    def ways(self, written: Sequence[SetLayerView]) -> list[Way]:
        """What stations are given on its way from the station before, on the way back from the one behind."""
        return [way for change in written for way in self._way(change)]

    def _way(self, change: SetLayerView) -> Iterator[Way]:
        names = list(self._seats)
        back, place = self._roles[change.station] == "gradient", names.index(change.station)
        if change.values is None or not (0 if back else 1) <= place < len(names) - back:
            return
        station, values = self._stations[change.station], change.values
        path = self._arrangement.paths[place if back else place - 1][:: -1 if back else 1]
        sources, ends = self._parts(names[place + 1 if back else place - 1]), self._parts(change.station)
        if station.form == "total":
            # Along the arrow, not over numbers and the key, to where nothing is written any more.
            seat, corner = self._seats[change.station], (self.place.x, self.place.y)
            left = self._seats[names[place - 1]].box.right
            sources = [ends[0]._replace(left=left, right=left + ends[0].width)]
            blank = Item("blank", seat.box, lambda pen: self._clear(pen, station, seat), corner)
            yield Way(blank, blank)
        x, y = self.place.x, self.place.y
        for n, end in enumerate(ends):
            start, (half, high) = sources[n * len(sources) // len(ends)], (end.width // 2, end.height // 2)
            item = self._part(station, end, values[n], change.shade)
            middle = (start.left + start.right) // 2, (start.top + start.bottom) // 2
            # Between two rows along the line, else straight.
            at = [(left + x - half, top + y - high) for left, top in (middle, *path[1:-1])]
            yield Way(item._replace(at=at[0]), item._replace(at=(end.left + x, end.top + y)), None, tuple(at[1:]))

    def _part(self, station: LayerView, box: Box, value: npt.NDArray[np.float64], shade: Shade | None) -> Item:
        """One of a station's parts with its value, at the corner."""
        own = Box(0, 0, box.width, box.height)
        return Item("part", own.grown(1), lambda pen: self._draw_part(pen, station, own, value, shade))

    def _draw_part(
        self,
        pen: Pen,
        station: LayerView,
        box: Box,
        value: npt.NDArray[np.float64],
        shade: Shade | None,
        *,
        marked: bool = False,
    ) -> None:
        """A map as a picture, a number as a cell, a swatch, a bar or a text."""
        (x, y, *_), wide, tall = box, box.width, box.height
        if station.form == "total":
            self._write_total(pen, station, box, float(value))
            return
        if np.ndim(value) == 2:
            # Where a map is as light as the page, the line tells how far it goes.
            pen.frame(x - 1, y - 1, wide + 2, tall + 2, self.look.theme.line("edge"), 1)
        if station.form == "bars":
            long = 0 if np.isnan(value) else round(min(1.0, max(0.0, float(value))) * wide)
            pen.rect(x, y, wide, tall, self.look.theme.cell("pending").fill)
            theme = self.look.theme
            pen.rect(x, y, long, tall, theme.line("result") if marked else theme.cell("output").fill)
            return
        one = np.atleast_2d(value)
        colors = self._colored(one, shade or station.shade, station.picture)
        if colors is None:
            pen.rect(x, y, wide, tall, self.look.theme.cell("pending").fill)
            return
        if tall % one.shape[0] and station.picture is None:
            # Cells that are no whole pixels would look ragged.
            smooth = _stretched(_stretched(one, tall).T, wide).T
            colors = self._colored(smooth, shade or station.shade)
            assert colors is not None
        at_rows, at_columns = (
            np.arange(side) * n // side for side, n in zip((tall, wide), colors.shape[:2], strict=True)
        )
        pen.image(colors[at_rows[:, None], at_columns[None, :]], x, y)

    def _draw_maps(
        self, pen: Pen, station: LayerView, seat: Seat, values: npt.NDArray[np.float64], shade: Shade | None
    ) -> None:
        """Each map as a picture of its own, or each number as a cell of one colour."""
        for box, one in zip(self._parts(station.name), values, strict=False):
            self._draw_part(pen, station, box, one, shade)

    def _draw_rows(
        self, pen: Pen, station: LayerView, seat: Seat, values: npt.NDArray[np.float64], shade: Shade | None
    ) -> None:
        """A swatch or a bar for each number, its name before it, its text behind it; the one that counts in a frame."""
        px, body = self.look.px, seat.body
        tall = body.tile[0]
        self._clear(pen, station, seat)
        names, numbers = row_parts(station, tall, self.fit)
        for place, (box, value) in enumerate(zip(self._parts(station.name), values, strict=True)):
            marked, baseline = place == station.marked, seat.area.top + place * tall + (tall + self.fit.tx(10)) // 2
            self._draw_part(pen, station, box, value, shade, marked=marked)
            if names:
                self._write(pen, station.lines[place], box.left - px(6), baseline, bold=marked)
            if numbers and not np.isnan(value):
                self._write(
                    pen, number(float(value), station.digits), seat.area.left + body.width, baseline, bold=marked
                )

    def _clear(self, pen: Pen, station: LayerView, seat: Seat) -> None:
        """Take away what was written: all within the outline, since letters may hang over their room."""
        page, box = self.look.theme.page, seat.box
        ground = page["band" if station.group else "ground"]
        pen.rect(box.left, box.top, box.right - box.left, box.bottom - box.top, ground)

    def _write(self, pen: Pen, text: str, right: int, baseline: int, *, bold: bool) -> None:
        """A text that ends at `right`."""
        line = self.look.typesetter.line(text, self.fit.size(LEAST_TEXT), bold=bold)
        pen.text(line, right - line.width, baseline, self.look.theme.page["ink"])

    def _draw_total(
        self, pen: Pen, station: LayerView, seat: Seat, values: npt.NDArray[np.float64], shade: Shade | None
    ) -> None:
        """One number, as large as it may be."""
        self._clear(pen, station, seat)
        self._write_total(pen, station, self._parts(station.name)[0], float(values[0]))

    def _write_total(self, pen: Pen, station: LayerView, box: Box, value: float) -> None:
        if not self.fit.numbers:
            return
        text = "?" if np.isnan(value) else number(value, station.digits)
        size = self.fit.size(_LARGEST_NUMBER)
        line = self.look.typesetter.fitting(text, size, box.width, self.fit.least, bold=True)
        x, baseline = box.left + (box.width - line.width) // 2, box.top + (box.height + line.ascent) // 2
        pen.text(line, x, baseline, self.look.theme.page["result"])

    def _colored(
        self, values: npt.NDArray[np.float64], shade: Shade | None, picture: npt.NDArray[np.float64] | None = None
    ) -> npt.NDArray[np.uint8] | None:
        """What values look like, None where they are not known yet."""
        if np.isnan(values).any():
            return None
        if picture is not None:
            parts = (picture, _GREYS), (values, len(_TINTS))
            grey, tint = (np.rint(np.clip(part, 0, 1) * (count - 1)).astype(int) for part, count in parts)
            tinted: npt.NDArray[np.uint8] = _tints(self.look.theme)[grey, tint]
            return tinted
        if shade is None:
            return None
        if shade.scale not in self._ramps:
            self._ramps[shade.scale] = _ramp(self.look.theme, shade.scale)
        ramp = self._ramps[shade.scale]
        span = shade.hi - shade.lo
        at = (values - shade.lo) / span if span > 0 else np.full(values.shape, 0.5)
        levels: npt.NDArray[np.uint8] = ramp[np.rint(np.clip(at, 0, 1) * (len(ramp) - 1)).astype(int)]
        return levels

    def _outlines(self) -> dict[Slot, Item]:
        """Around every station."""
        return {
            ("outline", name): outline(self._roles[name], seat.box, self.look) for name, seat in self._seats.items()
        }

    def _note(self, station: LayerView) -> Item:
        seat, note = self._seats[station.name], self._notes[station.name] if self.fit.numbers else ""
        size = self.fit.size(LEAST_TEXT)
        line = self.look.typesetter.fitting(note or station.size, size, seat.room, size)
        color = self.look.theme.line("gradient") if note else self.look.theme.page["muted"]
        x = seat.centre - line.width // 2
        box = Box(x, seat.baseline - line.ascent, x + line.width, seat.baseline + line.descent)
        return Item((note, color), box.grown(2), lambda pen: pen.text(line, x, seat.baseline, color))


def _stretched(values: npt.NDArray[np.float64], rows: int) -> npt.NDArray[np.float64]:
    """As many rows, each between two of the values' own."""
    at = np.clip((np.arange(rows) + 0.5) * len(values) / rows - 0.5, 0, len(values) - 1)
    above = at.astype(int)
    below, share = np.minimum(above + 1, len(values) - 1), (at - above)[:, None]
    mixed: npt.NDArray[np.float64] = values[above] * (1 - share) + values[below] * share
    return mixed


def _tints(theme: Theme) -> npt.NDArray[np.uint8]:
    """The colours of a picture that is tinted, (greys, tints, 3)."""
    greys, share = theme.scale("gray", _GREYS)[:, None, :], np.array(_TINTS)[None, :, None]
    mixed: npt.NDArray[np.uint8] = np.rint(greys * (1 - share) + np.array(theme.line("gradient")) * share).astype(
        np.uint8
    )
    return mixed


def _ramp(theme: Theme, scale: str) -> npt.NDArray[np.uint8]:
    """A scale's colours, as many of them as the palette has room for; an odd number has the middle one itself."""
    return theme.scale(scale, _LEVELS.get(scale, SCALE_LEVELS // 3))


def _color(values: npt.NDArray[np.uint8]) -> Color:
    return int(values[0]), int(values[1]), int(values[2])


PAINTER = MapsPainter
