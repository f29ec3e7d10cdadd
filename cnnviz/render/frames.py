"""A storyboard as a stream of frames: the whole page once, then only what each step changes."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from cnnviz.record import Record
from cnnviz.render.canvas import Box, Look, apart, hull
from cnnviz.render.flashes import LEAST_MILLISECONDS, FlashGuard
from cnnviz.render.layout import Layout, arrange
from cnnviz.render.palette import Palette, Pixels, build_clear_palette, build_palette, key_color
from cnnviz.render.panels import painter_class
from cnnviz.render.panels.base import Way, eased
from cnnviz.render.raster import Raster
from cnnviz.render.stage import FigureStage, SlotChange
from cnnviz.render.text import Typesetter
from cnnviz.render.theme import Color, Theme
from cnnviz.render.timing import Clock, Timing
from cnnviz.storyboard import Storyboard

GLIDE_MILLISECONDS = 40
"""Duration of a frame in which something moves."""

_FLIGHT = 2 / 3
"""Frames in which a result flies to its cell, as a share of those in which the window moves."""


class Frame(Record):
    """A frame: palette indices (always the same array), the box that changed, and the duration.

    `painted` are the painted parts of the box, if known: they do not overlap, and no other pixel changed. Each
    `settled` frame is a step; between these a window may glide. `changed` and `painted` of a settled frame also cover
    the differences from the previous settled one, and `step_milliseconds` is its duration without gliding.
    """

    pixels: Pixels
    changed: Box
    milliseconds: int
    settled: bool = True
    step_milliseconds: int | None = None
    painted: tuple[Box, ...] = ()

    @property
    def moving(self) -> bool:
        """Whether something is moving."""
        return not self.settled and self.milliseconds == GLIDE_MILLISECONDS

    @property
    def parts(self) -> tuple[Box, ...]:
        """Boxes without overlaps, outside of which nothing changed."""
        return self.painted or (self.changed,)


def settled(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames of a film without those in which a window glides."""
    for frame in frames:
        if frame.settled:
            yield replace(frame, milliseconds=frame.step_milliseconds or frame.milliseconds)


class Film:
    """The frames of a storyboard, rendered one at a time by each iteration.

    A window moves in the last `tween` frames of a step, if that lasts at least `min_glide_milliseconds`. With an
    `opening` a picture that asks the question comes before the first step.
    """

    def __init__(
        self,
        storyboard: Storyboard,
        theme: Theme,
        width: int,
        timing: Timing,
        *,
        numbers: bool = True,
        font_scale: float = 1.0,
        tween: int = 0,
        min_glide_milliseconds: int = 0,
        opening: bool = False,
        transparent: bool = False,
    ) -> None:
        self.storyboard, self.theme, self.timing = storyboard, theme, timing
        self.tween, self.opening, self._min_glide_milliseconds = tween, opening, min_glide_milliseconds
        typesetter = Typesetter()
        self.layout = arrange(storyboard, typesetter, width, numbers and not storyboard.bare, font_scale)
        drawn = _with_key_color(storyboard, self.layout, theme) if transparent else theme
        self._look = Look(theme=drawn, typesetter=typesetter, unit=self.layout.fit.unit)
        shown = theme.page["ground"] if transparent else None
        # Vector formats need no palette, so it is made on demand.
        self._palette = cache(lambda: _palette(storyboard, self.layout, drawn, shown))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.layout.width, self.layout.height

    @property
    def band(self) -> int:
        """The bottom of the stage, where the lines below it start, in pixels from the top."""
        return self.layout.lines.band

    @property
    def palette(self) -> Palette:
        """The colours of all frames."""
        return self._palette()

    @property
    def ground(self) -> int:
        """The palette index of the page's ground."""
        return self.palette.index_of(self._look.theme.page["ground"])

    def stage(self) -> FigureStage:
        """The stage before the first step, in the theme's own colours."""
        return FigureStage(self.storyboard, self.layout, replace(self._look, theme=self.theme))

    @property
    def prepares(self) -> bool:
        """Whether padding appears after the question."""
        moves = self.tween and 1000 * self.timing.opening >= self._min_glide_milliseconds
        return bool(self.opening and moves and not self.storyboard.bare)

    @property
    def flight(self) -> int:
        """Frames in which a result flies to its cell."""
        return round(_FLIGHT * self.tween)

    def __iter__(self) -> Iterator[Frame]:
        stage, raster = self._start()
        clock, guard = Clock(self.timing, self.storyboard.count), FlashGuard(self.palette, self.layout.width)
        whole = (Box(0, 0, *self.size),)
        painted: tuple[Box, ...] = ()
        shown: Pixels | None = None
        lasts = 0
        for place, step, written in stage.acts(self.prepares):
            changes, moved = stage.changes(), tuple[Box, ...]()
            asked = stage.questions(written) if self.opening and not place else None
            asked = [] if asked and self.storyboard.bare else asked
            if not place:
                raster.draw(changes)
                lasts = max(clock.opening(), 10 * math.ceil(LEAST_MILLISECONDS / 10)) if asked is not None else 0
            gliding = self.tween and lasts and lasts >= self._min_glide_milliseconds
            ways = stage.ways(written) if gliding else []
            ways += [Way(item, item) for item in asked or ()] if ways else []
            stage.land(place, step)
            moves = place > 0 and lasts >= self._min_glide_milliseconds and any(change.moves for change in changes)
            flights = ways or (stage.flights(written) if gliding and not self.storyboard.bare else [])
            # Nothing moves for half of the time.
            room = lasts // 2 // GLIDE_MILLISECONDS
            flies = min(self.tween if ways else self.flight, round(0.4 * room) if moves else room) if flights else 0
            # A result that does not fly appears when the window arrives.
            last = min(self.tween, room - flies) if moves else 0
            glides = last if flies else max(0, last - 1)
            if place:
                yield _settled(raster, painted, lasts, glides + flies)
            elif asked is not None:
                raster.fly(asked)
                moved = tuple(item.reach for item in asked)
                yield Frame(raster.pixels, whole[0], lasts - flies * GLIDE_MILLISECONDS, settled=False)
            for frame in _gliding(raster, changes, glides, last):
                moved += frame.painted
                yield frame
            arrived: tuple[Box, ...] = ()
            if flies and place:
                arrived, changes = raster.show(changes, moved), []
            for frame in _flying(raster, flights, flies, arrived):
                moved += frame.painted
                yield frame
            raster.fly(())
            painted = raster.show([*(changes if place else []), *stage.changes()], moved)
            painted = painted if place else whole
            lasts = clock.take(step, place)
            if lasts < LEAST_MILLISECONDS:
                lasts = clock.stretch(lasts, guard.least(shown, raster.pixels, painted))
            shown = _updated(shown, raster.pixels, painted)
        yield _settled(raster, painted, lasts, 0)

    def stills(self, places: Collection[int]) -> Iterator[Pixels]:
        """The pictures of these steps in order, always in the same array."""
        stage, raster = self._start()
        for number, _ in enumerate(stage.at(places)):
            raster.show(stage.changes()) if number else raster.draw(stage.changes())
            yield raster.pixels

    def _start(self) -> tuple[FigureStage, Raster]:
        stage = FigureStage(self.storyboard, self.layout, self._look)
        return stage, Raster(stage, self.palette, self._look.theme.page["ground"], self.size)


def _settled(raster: Raster, painted: tuple[Box, ...], lasts: int, glides: int) -> Frame:
    changed = hull(painted) or Box(0, 0, 1, 1)
    shorter = lasts - glides * GLIDE_MILLISECONDS
    return Frame(raster.pixels, changed, shorter, step_milliseconds=lasts, painted=painted)


def _gliding(raster: Raster, changes: list[SlotChange], count: int, last: int) -> Iterator[Frame]:
    """The first `count` of the `last` frames in which everything moves to its destination."""
    for number in range(1, count + 1):
        painted = raster.move(changes, eased(number / last))
        yield Frame(raster.pixels, hull(painted) or Box(0, 0, 1, 1), GLIDE_MILLISECONDS, False, painted=painted)


def _flying(raster: Raster, flights: Sequence[Way], count: int, arrived: tuple[Box, ...]) -> Iterator[Frame]:
    """Frames with flying results; the first one includes what was painted where the window arrived."""
    for number in range(count):
        painted = raster.fly([way.at((number + 1) / (count + 1)) for way in flights])
        painted = painted if number else apart((*arrived, *painted))
        yield Frame(raster.pixels, hull(painted) or Box(0, 0, 1, 1), GLIDE_MILLISECONDS, False, painted=painted)


def _updated(shown: Pixels | None, pixels: Pixels, painted: Iterable[Box]) -> Pixels:
    """Copy what was painted into the previous picture, which is faster than copying everything."""
    if shown is None:
        return pixels.copy()
    for box in painted:
        shown[box.slices] = pixels[box.slices]
    return shown


def _with_key_color(storyboard: Storyboard, layout: Layout, theme: Theme) -> Theme:
    """The theme with a ground unlike any other colour, which becomes transparent."""
    solid, ramps = _colors(storyboard, layout, theme)
    return theme.on(key_color([*solid, *(color for pair in ramps for color in pair)]))


def _palette(storyboard: Storyboard, layout: Layout, theme: Theme, shown: Color | None) -> Palette:
    """The palette of a theme; if another colour may be `shown` instead, the ground is transparent."""
    solid, ramps = _colors(storyboard, layout, theme)
    if shown is None:
        return build_palette(solid, ramps)
    return build_clear_palette(solid, ramps, ground=theme.page["ground"], shown=shown)


def _colors(storyboard: Storyboard, layout: Layout, theme: Theme) -> tuple[list[Color], list[tuple[Color, Color]]]:
    page = theme.page
    pairs = [("ground", "muted")]
    if not storyboard.bare:
        pairs += [("ground", "ink"), ("band", "ink"), ("band", "muted"), ("band", "result"), ("accent", "accent")]
    solid = [page[key] for key in dict.fromkeys(key for pair in pairs for key in pair)]
    ramps = [(page[under], page[over]) for under, over in pairs]
    for panel in storyboard.panels():
        colors = painter_class(panel.kind).colors(panel, layout.cell, layout.fit, theme, storyboard.step_roles)
        solid += colors.solid
        ramps += colors.ramps
    return solid, ramps
