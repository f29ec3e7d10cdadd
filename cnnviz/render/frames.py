"""A storyboard becomes a stream of frames: the page once, then for each step only what it changes."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from cnnviz.limits import MAX_SECONDS
from cnnviz.render.canvas import Box, Canvas, Look, apart, hull
from cnnviz.render.flashes import LEAST_MILLISECONDS, FlashGuard
from cnnviz.render.layout import (
    FORMULA_SIZE,
    MARGIN,
    NOTE_GAP,
    TEXT_SIZE,
    TITLE_GAP,
    TITLE_SIZE,
    Layout,
    arrange,
    counter_text,
)
from cnnviz.render.palette import MOST_COLORS, Palette, Pixels, build_clear_palette, build_palette, key_color
from cnnviz.render.panels import painter_class
from cnnviz.render.panels.base import LEAST_TEXT, Painter
from cnnviz.render.pen import Pen
from cnnviz.render.text import Line, Typesetter
from cnnviz.render.theme import Color, Theme
from cnnviz.storyboard import Change, Relabel, Step, Storyboard

_PROGRESS = 3
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
        self, storyboard: Storyboard, theme: Theme, width: int, timing: Timing, *, numbers: bool = True,
        font_scale: float = 1.0, tween: int = 0, transparent: bool = False, colors: int = MOST_COLORS,
    ) -> None:  # fmt: skip
        self.storyboard = storyboard
        self.tween = tween
        self.timing = timing
        self.theme = theme
        self._numbers = numbers
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

    def __iter__(self) -> Iterator[Frame]:
        canvas, page, painters = self._begun()
        clock, guard = _Clock(self.timing, self.storyboard.count), FlashGuard(self.palette, self.layout.width)
        moved = [Box(0, 0, self.layout.width, self.layout.height)]
        shown: Pixels | None = None
        for place, (step, following) in enumerate(_with_next(self.storyboard.steps())):
            lasts = clock.take(step, place)
            boxes = page.show(step, place, canvas) + _applied(painters, step.changes, canvas)
            painted = apart(moved + boxes)
            if lasts < LEAST_MILLISECONDS:
                lasts = clock.stretch(lasts, guard.least(shown, canvas.pixels, painted))
            gliding = self._gliding(painters, following)
            count = min(self.tween, (lasts - _LEAST_SETTLED) // GLIDE_MILLISECONDS) if gliding else 0
            yield _frame(canvas, painted, lasts - count * GLIDE_MILLISECONDS, step_milliseconds=lasts)
            moved, shown = [], _kept(shown, canvas.pixels, painted)
            for number in range(1, count + 1):
                boxes = [b for p, changes in gliding for b in p.glide(changes, _eased(number / (count + 1)), canvas)]
                moved += boxes
                yield _frame(canvas, apart(boxes), GLIDE_MILLISECONDS, settled=False)

    def stills(self, places: Collection[int]) -> Iterator[Pixels]:
        """The pictures of these steps, in order, one array all along; what is between two of them is drawn at once."""
        canvas, page, painters = self._begun()
        wanted, waiting = set(places), list[Change]()
        for place, step in enumerate(islice(self.storyboard.steps(), max(wanted) + 1)):
            waiting += step.changes
            if place in wanted:
                _applied(painters, waiting, canvas)
                page.show(step, place, canvas)
                yield canvas.pixels
                waiting = []

    def _begun(self) -> tuple[Canvas, Page, dict[str, Painter]]:
        """A canvas with all as it is before the first step, and those who go on painting it."""
        canvas = Canvas(self.layout.width, self.layout.height, self._look)
        page = Page(self.storyboard, self.layout, self._look, self._numbers)
        page.paint(canvas)
        return canvas, page, self._painters(canvas)

    def _painters(self, canvas: Canvas) -> dict[str, Painter]:
        """The painters of all panels, which have painted these as they are before the first step."""
        painters = {
            panel.name: painter_class(panel.kind)(panel, self.layout.places[panel.name], self._look, self.layout.fit)
            for panel in self.storyboard.panels()
        }
        for painter in painters.values():
            painter.paint(canvas)
            if painter.place.label:
                painter.paint_label(canvas, painter.place.label)
        return painters

    def _gliding(self, painters: Mapping[str, Painter], following: Step | None) -> list[tuple[Painter, list[Change]]]:
        """The painters of which something glides to where the next step has it, with its changes."""
        if not self.tween or following is None:
            return []
        changes = _by_panel(following.changes)
        return [(painters[name], those) for name, those in changes.items() if painters[name].glides(those)]


def _frame(canvas: Canvas, painted: tuple[Box, ...], milliseconds: int, **more: Any) -> Frame:
    return Frame(canvas.pixels, hull(painted) or Box(0, 0, 1, 1), milliseconds, painted=painted, **more)


def _kept(shown: Pixels | None, pixels: Pixels, painted: Iterable[Box]) -> Pixels:
    """The picture before with what was painted since: far less to copy than all of it."""
    if shown is None:
        return pixels.copy()
    for box in painted:
        shown[box.slices] = pixels[box.slices]
    return shown


def _with_next(steps: Iterable[Step]) -> Iterator[tuple[Step, Step | None]]:
    """Each step with the one that follows it."""
    before: Step | None = None
    for step in steps:
        if before is not None:
            yield before, step
        before = step
    if before is not None:
        yield before, None


def _applied(painters: Mapping[str, Painter], given: Iterable[Change], canvas: Canvas) -> list[Box]:
    """Bring changes in; returns the boxes painted."""
    boxes: list[Box] = []
    for name, changes in _by_panel(given).items():
        labels = [change.label for change in changes if isinstance(change, Relabel)]
        # Each label covers the one before it.
        boxes += [painters[name].paint_label(canvas, painters[name].worded(label)) for label in labels[-1:]]
        if rest := [change for change in changes if not isinstance(change, Relabel)]:
            boxes += painters[name].apply(rest, canvas)
    return boxes


def _by_panel(given: Iterable[Change]) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    for change in given:
        found.setdefault(change.panel, []).append(change)
    return found


def _eased(share: float) -> float:
    """Slow at both ends."""
    return share * share * (3 - 2 * share)


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


class Page:
    """What stands around the stage: title, settings, and the band with caption, formula, counter and progress."""

    def __init__(self, storyboard: Storyboard, layout: Layout, look: Look, captions: bool) -> None:
        self._storyboard, self._layout, self._look, self._captions = storyboard, layout, look, captions
        self._caption_ends, self._done = layout.width, 0

    @property
    def band_top(self) -> int:
        """Where the band begins."""
        return self._layout.lines.band

    def paint(self, canvas: Canvas) -> None:
        """Everything that stays."""
        page, width, top = self._look.theme.page, self._layout.width, self.band_top
        head = Pen.sheet(width, self._layout.lines.head, page["ground"])
        band = Pen.sheet(width, self._layout.height - top, page["band"])
        self.draw(head, band)
        canvas.draw(head, 0, 0)
        canvas.draw(band, 0, top)

    def draw(self, head: Pen, band: Pen) -> None:
        """Draw the title and the settings on the head, the formula and the convention on the band."""
        board, look, px, lines = self._storyboard, self._look, self._look.px, self._layout.lines
        page, unit, fitting = look.theme.page, look.unit, look.typesetter.fitting
        width, top = self._layout.width, self.band_top
        room, least = width - 2 * px(MARGIN), LEAST_TEXT * unit
        title = fitting(board.title, TITLE_SIZE * unit * lines.title_scale, room, least, bold=True)
        head.text(title, px(MARGIN), lines.title, page["ink"])
        left = room - title.width - px(TITLE_GAP)
        if board.settings and left > px(60):
            settings = fitting(board.settings, TEXT_SIZE * unit * lines.title_scale, left, least)
            head.text(settings, width - px(MARGIN) - settings.width, lines.settings, page["muted"])
        free = room - self._layout.counter - px(NOTE_GAP)
        formula = fitting(board.formula, FORMULA_SIZE * unit * lines.formula_scale, free, least)
        band.text(formula, px(MARGIN), lines.formula - top, page["muted"])
        if board.code:
            code = fitting(_literal(board.code), lines.code, room, least)
            head.text(code, px(MARGIN), lines.note(0), page["ink"])
        if self._layout.note_in_head:
            note = fitting(board.convention, lines.convention, room, least)
            # Behind the line of a program, or under it.
            beside = board.code and lines.under == 1
            left = width - px(MARGIN) - note.width if beside else px(MARGIN)
            head.text(note, left, lines.note(lines.under - 1), page["muted"])
        else:
            note = look.typesetter.line(board.convention, LEAST_TEXT * unit * lines.formula_scale)
            band.text(note, px(MARGIN) + formula.width + px(NOTE_GAP), lines.formula - top, page["muted"])

    def caption(self, step: Step) -> tuple[Line, int, int]:
        """A step's caption, where it begins and its baseline."""
        look, px, lines = self._look, self._look.px, self._layout.lines
        room = self._layout.width - 2 * px(MARGIN)
        line = look.typesetter.fitting(step.caption, lines.size(TEXT_SIZE), room, LEAST_TEXT * look.unit)
        return line, px(MARGIN), lines.caption

    def write_caption(self, pen: Pen, step: Step) -> None:
        """Write a step's caption, with the page's corner at the pen's origin."""
        page = self._look.theme.page
        pen.text(*self.caption(step), page["ink"], page["result"])

    def show(self, step: Step, place: int, canvas: Canvas) -> list[Box]:
        """The caption of a step, its number and the progress line."""
        look, px, lines = self._look, self._look.px, self._layout.lines
        page, width = look.theme.page, self._layout.width
        boxes = [self._progress(place, canvas)]
        right = width - px(MARGIN)
        if self._captions:
            line, left, baseline = self.caption(step)
            top = baseline - lines.px(23)
            # As far as this caption or the one before it goes: a short one leaves most of the band alone.
            ends, self._caption_ends = self._caption_ends, min(width, left + line.width + px(TITLE_GAP))
            box = Box(0, top, max(ends, self._caption_ends), top + lines.px(32))
            boxes.append(canvas.write(line, box, left, lines.px(23), page["band"], page["ink"], page["result"]))
        counter, x, baseline = self.counter(place)
        top = baseline - lines.px(16)
        box = Box(right - self._layout.counter, top, right, top + lines.px(22))
        boxes.append(canvas.write(counter, box, x - box.left, lines.px(16), page["band"], page["muted"], page["muted"]))
        return boxes

    def counter(self, place: int) -> tuple[Line, int, int]:
        """The number of a step, where it begins and its baseline."""
        look, px = self._look, self._look.px
        text = counter_text(place + 1, self._storyboard.count, self._storyboard.counter)
        line = look.typesetter.line(text, LEAST_TEXT * look.unit * self._layout.lines.formula_scale)
        return line, self._layout.width - px(MARGIN) - line.width, self._layout.lines.formula

    def progress(self, place: int) -> Box:
        """The line at the lower edge, as far as it has come with a step."""
        width, height = self._layout.width, self._layout.height
        return Box(0, height - self._look.px(_PROGRESS), width * (place + 1) // self._storyboard.count, height)

    def _progress(self, place: int, canvas: Canvas) -> Box:
        done = self.progress(place)
        box, self._done = Box(self._done, done.top, done.right, done.bottom), done.right
        canvas.pixels[box.slices] = self._look.palette.index_of(self._look.theme.page["accent"])
        return box


def _literal(code: str) -> str:
    """A line of a program as a text in which two powers are no strong part."""
    return code.replace("**", "*\u200b*") if code.count("**") > 1 else code


def _inks(
    storyboard: Storyboard, layout: Layout, theme: Theme, most: int, *, transparent: bool
) -> tuple[Theme, Palette]:
    """What to draw with: the theme and the palette, the ground in a colour of its own where it is to be left out."""
    if not transparent:
        return theme, build_palette(*_colors(storyboard, layout, theme), most)
    solid, ramps = _colors(storyboard, layout, theme)
    keyed = theme.on(key_color([*solid, *(color for pair in ramps for color in pair)]))
    return keyed, build_clear_palette(
        *_colors(storyboard, layout, keyed), ground=keyed.page["ground"], shown=theme.page["ground"],
        most=most if most < MOST_COLORS else None,
    )  # fmt: skip


def _colors(storyboard: Storyboard, layout: Layout, theme: Theme) -> tuple[list[Color], list[tuple[Color, Color]]]:
    page = theme.page
    solid = [page[key] for key in ("ground", "band", "ink", "muted", "accent", "result")]
    ramps = [
        (page["ground"], page["ink"]), (page["ground"], page["muted"]), (page["band"], page["ink"]),
        (page["band"], page["muted"]), (page["band"], page["result"]),
    ]  # fmt: skip
    for panel in storyboard.panels():
        colors = painter_class(panel.kind).colors(panel, layout.cell, layout.fit, theme, storyboard.step_roles)
        solid += colors.solid
        ramps += colors.ramps
    return solid, ramps
