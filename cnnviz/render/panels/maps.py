"""Stations that data passes: their maps as small pictures, numbers and bars; arrows turn round on the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from cnnviz.notation import number
from cnnviz.render.canvas import Box, Look
from cnnviz.render.panels._station_bodies import MAP_GAP, TEXT_LINE, row_parts
from cnnviz.render.panels._stations import Point, Seat, arrange_stations
from cnnviz.render.panels.base import LEAST_TEXT, Colors, Extent, Fit, Item, Painter, Place, Shape, Slot
from cnnviz.render.pen import Pen
from cnnviz.render.theme import SCALE_LEVELS, Color, Theme
from cnnviz.storyboard import Change, Maps, SetStation, Shade, Station

# Role: the line's role, its width, its style.
_OUTLINES = {
    "idle": ("edge", 1.5, "solid"),
    "active": ("forward", 4.5, "solid"),
    "done": ("forward", 1.5, "solid"),
    "gradient": ("gradient", 4.5, "dashed"),
    "returned": ("gradient", 1.5, "dashed"),
    "updated": ("result", 3.0, "solid"),
}
_LIT = ("active", "gradient")
_ON_THE_WAY_BACK = ("gradient", "returned")
_HEAD = 9
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
        for role, _, _ in dict.fromkeys(_OUTLINES.values()):
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
                    line, seat.centre - line.width // 2, seat.y + seat.body.height - self.look.px(3), page["muted"]
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
            found["arrow", a] = self._arrow(a, b, path)
        found |= {
            ("past", name): self._past(station, self._seats[name])
            for name, station in self._stations.items()
            if station.residual or station.branches
        }
        found |= {("note", name): self._note(station) for name, station in self._stations.items()}
        return found

    def update(self, change: Change) -> None:
        """Take a station's new role and note; bring its new values into the background."""
        if not isinstance(change, SetStation):
            super().update(change)
            return
        name = change.station
        self._roles[name] = change.role or self._roles[name]
        if change.note is not None:
            self._notes[name] = change.note
        if change.values is not None:
            station = self._stations[name]
            self._lay(station, change.values, change.shade or station.shade)

    def _lay(self, station: Station, values: npt.NDArray[np.float64], shade: Shade | None) -> None:
        seat = self._seats[station.name]
        draw: Callable[..., None] = {"maps": self._draw_maps, "total": self._draw_total}.get(
            station.form, self._draw_rows
        )
        item = Item("", seat.box, lambda pen: draw(pen, station, seat, values, shade), covers=1)
        self.lay(("values", station.name), item)

    def _draw_maps(
        self, pen: Pen, station: Station, seat: Seat, values: npt.NDArray[np.float64], shade: Shade | None
    ) -> None:
        """Each map as a picture of its own, or each number as a cell of one colour."""
        body = seat.body
        tall, wide = body.tile
        gap = self.look.px(MAP_GAP) if values.ndim == 3 else 0
        maps = values if values.ndim == 3 else values[:, None, None]
        rows = -(-body.shown // body.columns)
        for place, one in enumerate(maps[: body.shown]):
            # Maps read like a text; numbers run down one column and then the next.
            row, column = divmod(place, body.columns) if values.ndim == 3 else (place % rows, place // rows)
            x, y = seat.x + column * (wide + gap), seat.y + row * (tall + gap)
            if values.ndim == 3:
                # Where a map is as light as the page, the line tells how far it goes.
                pen.frame(x - 1, y - 1, wide + 2, tall + 2, self.look.theme.line("edge"), 1)
            inset = 1 if values.ndim == 1 and wide > 4 else 0
            colors = self._colored(one, shade, station.picture)
            if colors is None:
                pen.rect(x, y, wide - inset, tall - inset, self.look.theme.cell("pending").fill)
                continue
            at_rows = np.arange(tall) * one.shape[0] // tall
            at_columns = np.arange(wide) * one.shape[1] // wide
            picture = colors[at_rows[:, None], at_columns[None, :]]
            pen.image(picture[: tall - inset, : wide - inset], x, y)

    def _draw_rows(
        self, pen: Pen, station: Station, seat: Seat, values: npt.NDArray[np.float64], shade: Shade | None
    ) -> None:
        """A swatch or a bar for each number, its name before it, its text behind it; the one that counts in a frame."""
        px, body = self.look.px, seat.body
        tall = body.tile[0]
        self._clear(pen, station, seat)
        names, numbers = row_parts(station, tall, self.fit)
        left = seat.x + names
        wide, thick = seat.x + body.width - numbers - left, max(1, tall - max(1, tall // 5))
        for place, value in enumerate(values.tolist()):
            top, marked = seat.y + place * tall, place == station.marked
            known = not np.isnan(value)
            baseline = top + (tall + self.fit.tx(10)) // 2
            fill = self.look.theme.cell("pending").fill
            if station.form == "numbers" and (colors := self._colored(np.array([[value]]), shade)) is not None:
                fill = _color(colors[0, 0])
            pen.rect(left, top + (tall - thick) // 2, wide, thick, fill)
            if station.form == "bars" and known:
                long = round(min(1.0, max(0.0, value)) * wide)
                color = self.look.theme.line("result") if marked else self.look.theme.cell("output").fill
                pen.rect(left, top + (tall - thick) // 2, long, thick, color)
            if names:
                self._write(pen, station.lines[place], left - px(6), baseline, bold=marked)
            if numbers and known:
                self._write(pen, number(value, station.digits), seat.x + body.width, baseline, bold=marked)

    def _clear(self, pen: Pen, station: Station, seat: Seat) -> None:
        """Take away what was written: all within the outline, since letters may hang over their room."""
        page, box = self.look.theme.page, seat.box
        ground = page["band" if station.group else "ground"]
        pen.rect(box.left, box.top, box.right - box.left, box.bottom - box.top, ground)

    def _write(self, pen: Pen, text: str, right: int, baseline: int, *, bold: bool) -> None:
        """A text that ends at `right`."""
        line = self.look.typesetter.line(text, self.fit.size(LEAST_TEXT), bold=bold)
        pen.text(line, right - line.width, baseline, self.look.theme.page["ink"])

    def _draw_total(
        self, pen: Pen, station: Station, seat: Seat, values: npt.NDArray[np.float64], shade: Shade | None
    ) -> None:
        """One number, as large as it may be."""
        page, body = self.look.theme.page, seat.body
        self._clear(pen, station, seat)
        if np.isnan(values).any() or not self.fit.numbers:
            return
        text = number(float(values[0]), station.digits)
        line = self.look.typesetter.fitting(text, self.fit.size(_LARGEST_NUMBER), body.width, self.fit.least, bold=True)
        baseline = seat.y + (body.height + line.ascent) // 2
        pen.text(line, seat.x + (body.width - line.width) // 2, baseline, page["result"])

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
        """Around every station; a single one that is lit travels from station to station."""
        lit = [name for name, role in self._roles.items() if role in _LIT]
        found: dict[Slot, Item] = {}
        for name, seat in self._seats.items():
            size = seat.box.width, seat.box.height
            slot: Slot = ("lit",) if lit == [name] else ("outline", name)
            found[slot] = self._outline(self._roles[name], size)._replace(at=seat.box[:2])
        return found

    def _outline(self, role: str, size: Shape) -> Item:
        line, width, style = _OUTLINES[role]
        stroke = max(1, round(width * self.look.unit))
        color, out = self.look.theme.line(line), stroke // 2
        right, bottom = (round(side) + out for side in size)
        near, far = stroke - stroke // 2, stroke // 2
        corners = np.array((far - out, far - out, right - near, bottom - near))
        ring = corners[[[0, 1], [2, 1], [2, 3], [0, 3], [0, 1]]]

        def draw(pen: Pen) -> None:
            if style == "solid":
                pen.frame(-out, -out, right + out, bottom + out, color, stroke)
            else:
                _draw_dashes(pen, ring, color, stroke)

        box = Box(-out, -out, right, bottom).grown(stroke + 1)
        return Item(role, box, draw, shape=size, reshaped=partial(self._outline, role), glides=role in _LIT)

    def _arrow(self, a: str, b: str, path: Sequence[Point]) -> Item:
        """Forward, or turned round where the way back has led through it."""
        back = self._roles[a] in _ON_THE_WAY_BACK
        passed = back or "idle" not in (self._roles[a], self._roles[b])
        fresh = self._roles[a] == "gradient" if back else self._roles[b] == "active"
        color = self.look.theme.line(("gradient" if back else "forward") if passed else "edge")
        stroke = self.look.px(3.5 if fresh else 2)
        points = path[::-1] if back else path
        head = self.look.px(_HEAD)
        (x, y), (before_x, before_y) = points[-1], points[-2]
        along = (x > before_x) - (x < before_x), (y > before_y) - (y < before_y)
        neck = x - along[0] * head, y - along[1] * head
        side = along[1] * head * 0.6, along[0] * head * 0.6
        triangle = np.array([(x, y), (neck[0] + side[0], neck[1] + side[1]), (neck[0] - side[0], neck[1] - side[1])])
        across, down = zip(*points, strict=True)
        # On whole pixels.
        line = np.array((*points[:-1], neck)) + stroke % 2 / 2

        def draw(pen: Pen) -> None:
            if back and len(points) > 2:
                _draw_dashes(pen, line.astype(int), color, stroke)
            else:
                pen.polyline(line, color, stroke)
            pen.polygon(triangle + 0.5, color)

        box = Box(min(across), min(down), max(across), max(down)).grown(head + 2)
        return Item((color, stroke, back), box, draw)

    def _past(self, station: Station, seat: Seat) -> Item:
        """The ways past a station: its input's to a +, or those of branches to where they are joined."""
        px, box = self.look.px, seat.box
        color = self.look.theme.line("edge" if self._roles[station.name] == "idle" else "forward")
        y, left, right = (box.top + box.bottom) // 2, box.left - px(13), box.right + px(9)
        stroke, arm, radius = px(2), px(4), px(7)
        heights = [11] if station.residual else [12, 8, 4][: station.branches - 1]
        tops = [box.top - px(height) for height in heights]
        lines = [np.array([(left, y), (left, top), (right, top), (right, y)]) + stroke % 2 / 2 for top in tops]
        turn = np.linspace(0, 2 * np.pi, 33)
        ring = np.stack([right + radius * np.cos(turn), y + radius * np.sin(turn)], axis=1)
        across, up = [(right - arm, y), (right + arm, y)], [(right, y - arm), (right, y + arm)]
        apart = px(2)
        sign = [across, up] if station.residual else [[(x + side, y) for x, y in up] for side in (-apart, apart)]

        def draw(pen: Pen) -> None:
            for line in lines:
                pen.polyline(line, color, stroke)
            pen.polygon(ring, self.look.theme.page["ground"])
            pen.polyline(ring, color, stroke)
            for ends in sign:
                pen.polyline(np.array(ends), color, stroke)

        return Item((color,), Box(left, min(tops), right, y).grown(radius + stroke + 1), draw)

    def _note(self, station: Station) -> Item:
        seat, note = self._seats[station.name], self._notes[station.name] if self.fit.numbers else ""
        size = self.fit.size(LEAST_TEXT)
        line = self.look.typesetter.fitting(note or station.size, size, seat.room, size)
        color = self.look.theme.line("gradient") if note else self.look.theme.page["muted"]
        x = seat.centre - line.width // 2
        box = Box(x, seat.baseline - line.ascent, x + line.width, seat.baseline + line.descent)
        return Item((note, color), box.grown(2), lambda pen: pen.text(line, x, seat.baseline, color))


def _draw_dashes(pen: Pen, points: npt.NDArray[np.int_], color: Color, stroke: int) -> None:
    """A dashed line through whole pixels, along the axes: the same dashes wherever it is cut."""
    for a, b in pairwise(points):
        (left, top), (right, bottom) = np.minimum(a, b).tolist(), np.maximum(a, b).tolist()
        across, long = top == bottom, max(right - left, bottom - top) + stroke
        for start in range(0, long, 4 * stroke + max(3, 3 * stroke)):
            end = min(start + 4 * stroke, long)
            x, y = (left + start, top) if across else (left, top + start)
            wide, tall = (end - start, stroke) if across else (stroke, end - start)
            pen.rect(x - stroke // 2, y - stroke // 2, wide, tall, color)


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
