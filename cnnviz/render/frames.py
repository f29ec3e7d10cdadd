"""A storyboard becomes a stream of frames: the page once, then for each step only what it changes."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from cnnviz.limits import MAX_SECONDS
from cnnviz.render.canvas import Box, Look, hull
from cnnviz.render.flashes import LEAST_MILLISECONDS, FlashGuard
from cnnviz.render.layout import Layout, arrange
from cnnviz.render.palette import MOST_COLORS, Palette, Pixels, build_clear_palette, build_palette, key_color
from cnnviz.render.panels import painter_class
from cnnviz.render.raster import Raster
from cnnviz.render.stage import FigureStage, SlotChange
from cnnviz.render.text import Typesetter
from cnnviz.render.theme import Color, Theme
from cnnviz.storyboard import Step, Storyboard

GLIDE_MILLISECONDS, _LEAST_SETTLED = 40, 20
"""How long a picture stays in which a window glides, and the least time that is left for what it glides from."""


@dataclass(frozen=True)
class Frame:
    """One picture of the stream: palette indices (one array all along), the box that changed, how long it stays.

    `painted` are the parts of the box that were painted, where these are known: no two of them have a pixel in common,
    and no other pixel changed. Between `settled` pictures, each of them a step, a window may glide; `changed` and
    `painted` of a settled one tell what differs from the settled one before as well, and `step_milliseconds` how long
    it stays where no window glides after it.
    """

    pixels: Pixels
    changed: Box
    milliseconds: int
    settled: bool = True
    step_milliseconds: int | None = None
    painted: tuple[Box, ...] = ()

    @property
    def parts(self) -> tuple[Box, ...]:
        """Boxes without a common pixel, outside of which nothing changed."""
        return self.painted or (self.changed,)


def settled(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames of a film as they are without pictures in which a window glides."""
    for frame in frames:
        if frame.settled:
            yield replace(frame, milliseconds=frame.step_milliseconds or frame.milliseconds)


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds of an ordinary step, and of the last one."""

    step: float
    hold: float


class Film:
    """The frames of a storyboard; iterating renders them anew, one at a time."""

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
        transparent: bool = False,
        colors: int = MOST_COLORS,
    ) -> None:
        self.storyboard, self.theme, self.timing, self.tween = storyboard, theme, timing, tween
        typesetter = Typesetter()
        self.layout = arrange(storyboard, typesetter, width, numbers, font_scale)
        drawn, self.palette = _inks(storyboard, self.layout, theme, colors, transparent=transparent)
        self._look = Look(theme=drawn, palette=self.palette, typesetter=typesetter, unit=self.layout.fit.unit)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.layout.width, self.layout.height

    @property
    def ground(self) -> int:
        """The palette index of the page's ground."""
        return self.palette.index_of(self._look.theme.page["ground"])

    def stage(self) -> FigureStage:
        """All that is drawn, before the first step, in the theme's own colours."""
        return FigureStage(self.storyboard, self.layout, replace(self._look, theme=self.theme))

    def __iter__(self) -> Iterator[Frame]:
        stage, raster = self._begun()
        clock, guard = _Clock(self.timing, self.storyboard.count), FlashGuard(self.palette, self.layout.width)
        painted: tuple[Box, ...] = (Box(0, 0, *self.size),)
        shown: Pixels | None = None
        lasts = 0
        for place, step in stage.steps():
            changes, moved = stage.changes(), tuple[Box, ...]()
            if place:
                moves = [change for change in changes if change.moves] if self.tween else []
                count = min(self.tween, (lasts - _LEAST_SETTLED) // GLIDE_MILLISECONDS) if moves else 0
                yield _settled(raster, painted, lasts, count)
                for frame in _gliding(raster, moves, count):
                    moved += frame.painted
                    yield frame
            painted = raster.show(changes, moved) if place else raster.draw(changes)
            lasts = clock.take(step, place)
            if lasts < LEAST_MILLISECONDS:
                lasts = clock.stretch(lasts, guard.least(shown, raster.pixels, painted))
            shown = _kept(shown, raster.pixels, painted)
        yield _settled(raster, painted, lasts, 0)

    def stills(self, places: Collection[int]) -> Iterator[Pixels]:
        """The pictures of these steps, in order, one array all along; what is between two of them is drawn at once."""
        stage, raster = self._begun()
        for number, _ in enumerate(stage.at(places)):
            raster.show(stage.changes()) if number else raster.draw(stage.changes())
            yield raster.pixels

    def _begun(self) -> tuple[FigureStage, Raster]:
        stage = FigureStage(self.storyboard, self.layout, self._look)
        return stage, Raster(stage, self._look, self.size)


def _settled(raster: Raster, painted: tuple[Box, ...], lasts: int, glides: int) -> Frame:
    changed = hull(painted) or Box(0, 0, 1, 1)
    shorter = lasts - glides * GLIDE_MILLISECONDS
    return Frame(raster.pixels, changed, shorter, step_milliseconds=lasts, painted=painted)


def _gliding(raster: Raster, moves: list[SlotChange], count: int) -> Iterator[Frame]:
    for number in range(1, count + 1):
        share = number / (count + 1)
        # Slow at both ends.
        painted = raster.move(moves, share * share * (3 - 2 * share))
        yield Frame(raster.pixels, hull(painted) or Box(0, 0, 1, 1), GLIDE_MILLISECONDS, False, painted=painted)


def _kept(shown: Pixels | None, pixels: Pixels, painted: Iterable[Box]) -> Pixels:
    """The picture before with what was painted since: far less to copy than all of it."""
    if shown is None:
        return pixels.copy()
    for box in painted:
        shown[box.slices] = pixels[box.slices]
    return shown


class _Clock:
    """Rounds to GIF's hundredths of a second on the running total, so that many short steps do not drift."""

    def __init__(self, timing: Timing, count: int) -> None:
        self._timing, self._count = timing, count
        self._wanted, self._given = 0.0, 0

    def take(self, step: Step, place: int) -> int:
        """The milliseconds of a step."""
        last = place == self._count - 1
        self._wanted += min(MAX_SECONDS, max(self._timing.hold, 0.02) if last else self._timing.step * step.beats)
        centiseconds = max(2, round(self._wanted * 100) - self._given)
        self._given += centiseconds
        return centiseconds * 10

    def stretch(self, milliseconds: int, least: float) -> int:
        """The milliseconds of the step just taken where they may not be less; later steps do not make up for it."""
        more = max(0, math.ceil(least / 10) - milliseconds // 10)
        self._given += more
        self._wanted += more / 100
        return milliseconds + 10 * more


def _inks(
    storyboard: Storyboard, layout: Layout, theme: Theme, most: int, *, transparent: bool
) -> tuple[Theme, Palette]:
    """What to draw with: the theme and the palette, the ground in a colour of its own where it is to be left out."""
    solid, ramps = _colors(storyboard, layout, theme)
    if not transparent:
        return theme, build_palette(solid, ramps, most)
    keyed = theme.on(key_color([*solid, *(color for pair in ramps for color in pair)]))
    fewer = most if most < MOST_COLORS else None
    ground, shown = keyed.page["ground"], theme.page["ground"]
    return keyed, build_clear_palette(*_colors(storyboard, layout, keyed), ground=ground, shown=shown, most=fewer)


def _colors(storyboard: Storyboard, layout: Layout, theme: Theme) -> tuple[list[Color], list[tuple[Color, Color]]]:
    page = theme.page
    solid = [page[key] for key in ("ground", "band", "ink", "muted", "accent", "result")]
    pairs = (("ground", "ink"), ("ground", "muted"), ("band", "ink"), ("band", "muted"), ("band", "result"))
    ramps = [(page[under], page[over]) for under, over in pairs]
    for panel in storyboard.panels():
        colors = painter_class(panel.kind).colors(panel, layout.cell, layout.fit, theme, storyboard.step_roles)
        solid += colors.solid
        ramps += colors.ramps
    return solid, ramps
