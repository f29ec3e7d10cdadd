"""A storyboard becomes a stream of frames: the page once, then for each step only what it changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnnviz.limits import MAX_SECONDS
from cnnviz.render.canvas import Box, Canvas, Look, hull
from cnnviz.render.layout import FORMULA_SIZE, MARGIN, NOTE_GAP, Layout, arrange, counter_text
from cnnviz.render.palette import Palette, Pixels, build_palette
from cnnviz.render.panels import painter_class
from cnnviz.render.panels.base import LEAST_TEXT
from cnnviz.render.pen import Pen
from cnnviz.render.text import Line, Typesetter
from cnnviz.render.theme import Theme
from cnnviz.storyboard import Relabel, Step, Storyboard

_BAND_TOP, _CAPTION_BASELINE, _FORMULA_BASELINE, _HEIGHT = 462, 489, 524, 540
_PROGRESS = 3
_HEAD, _NOTE_BASELINE = 74, 69


@dataclass(frozen=True)
class Frame:
    """One picture of the stream: palette indices (one array all along), the box that changed, how long it stays."""

    pixels: Pixels
    changed: Box
    milliseconds: int


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds of an ordinary step, and of the last one."""

    step: float
    hold: float


class Film:
    """The frames of a storyboard; iterating renders them anew, one at a time."""

    def __init__(
        self, storyboard: Storyboard, theme: Theme, width: int, timing: Timing, *, numbers: bool = True,
        font_scale: float = 1.0, tween: int = 0,
    ) -> None:  # fmt: skip
        self.storyboard = storyboard
        self.tween = tween
        self.timing = timing
        self.theme = theme
        self._numbers = numbers
        typesetter = Typesetter()
        self.layout = arrange(storyboard, typesetter, width, numbers)
        self.palette = _palette(storyboard, self.layout, theme)
        self._look = Look(theme=theme, palette=self.palette, typesetter=typesetter, unit=self.layout.fit.unit)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.layout.width, self.layout.height

    def __iter__(self) -> Iterator[Frame]:
        canvas = Canvas(self.layout.width, self.layout.height, self._look)
        page = Page(self.storyboard, self.layout, self._look, self._numbers)
        page.paint(canvas)
        painters = {
            panel.name: painter_class(panel.kind)(panel, self.layout.places[panel.name], self._look, self.layout.fit)
            for panel in self.storyboard.panels()
        }
        for painter in painters.values():
            painter.paint(canvas)
            if painter.place.label:
                painter.paint_label(canvas, painter.place.label)
        whole = Box(0, 0, self.layout.width, self.layout.height)
        clock = _Clock(self.timing, self.storyboard.count)
        for place, step in enumerate(self.storyboard.steps()):
            boxes = page.show(step, place, canvas)
            for name, painter in painters.items():
                changes = [change for change in step.changes if change.panel == name]
                boxes += [painter.paint_label(canvas, c.label) for c in changes if isinstance(c, Relabel)]
                if rest := [change for change in changes if not isinstance(change, Relabel)]:
                    boxes += painter.apply(rest, canvas)
            box = hull(boxes) or Box(0, 0, 1, 1)
            yield Frame(canvas.pixels, whole if place == 0 else box, clock.take(step, place))


class _Clock:
    """Rounds to GIF's hundredths of a second on the running total, so that many short steps do not drift."""

    def __init__(self, timing: Timing, count: int) -> None:
        self._timing, self._count = timing, count
        self._wanted, self._given = 0.0, 0

    def take(self, step: Step, place: int) -> int:
        last = place == self._count - 1
        self._wanted += min(MAX_SECONDS, max(self._timing.hold, 0.02) if last else self._timing.step * step.beats)
        centiseconds = max(2, round(self._wanted * 100) - self._given)
        self._given += centiseconds
        return centiseconds * 10


class Page:
    """What stands around the stage: title, settings, and the band with caption, formula, counter and progress."""

    def __init__(self, storyboard: Storyboard, layout: Layout, look: Look, captions: bool) -> None:
        self._storyboard, self._layout, self._look, self._captions = storyboard, layout, look, captions

    @property
    def band_top(self) -> int:
        """Where the band begins."""
        return self._look.px(_BAND_TOP)

    def paint(self, canvas: Canvas) -> None:
        """Everything that stays."""
        page, width, top = self._look.theme.page, self._layout.width, self.band_top
        head = Pen.sheet(width, self._look.px(_HEAD), page["ground"])
        band = Pen.sheet(width, self._layout.height - top, page["band"])
        self.draw(head, band)
        canvas.draw(head, 0, 0)
        canvas.draw(band, 0, top)

    def draw(self, head: Pen, band: Pen) -> None:
        """Draw the title and the settings on the head, the formula and the convention on the band."""
        board, look, px = self._storyboard, self._look, self._look.px
        page, unit = look.theme.page, look.unit
        width, top = self._layout.width, self.band_top
        room = width - 2 * px(MARGIN)
        title = look.typesetter.fitting(board.title, 28 * unit, room, LEAST_TEXT * unit, bold=True)
        head.text(title, px(MARGIN), px(48), page["ink"])
        left = room - title.width - px(32)
        if board.settings and left > px(60):
            settings = look.typesetter.fitting(board.settings, 18 * unit, left, LEAST_TEXT * unit)
            head.text(settings, width - px(MARGIN) - settings.width, px(45), page["muted"])
        free = room - self._layout.counter - px(NOTE_GAP)
        formula = look.typesetter.fitting(board.formula, FORMULA_SIZE * unit, free, LEAST_TEXT * unit)
        band.text(formula, px(MARGIN), px(_FORMULA_BASELINE) - top, page["muted"])
        note = look.typesetter.line(board.convention, LEAST_TEXT * unit)
        if self._layout.note_in_head:
            head.text(note, px(MARGIN), px(_NOTE_BASELINE), page["muted"])
        else:
            band.text(note, px(MARGIN) + formula.width + px(NOTE_GAP), px(_FORMULA_BASELINE) - top, page["muted"])

    def caption(self, step: Step) -> tuple[Line, int, int]:
        """A step's caption, where it begins and its baseline."""
        look, px = self._look, self._look.px
        room = self._layout.width - 2 * px(MARGIN)
        line = look.typesetter.fitting(step.caption, 18 * look.unit, room, LEAST_TEXT * look.unit)
        return line, px(MARGIN), px(_CAPTION_BASELINE)

    def write_caption(self, pen: Pen, step: Step) -> None:
        """Write a step's caption, with the page's corner at the pen's origin."""
        page = self._look.theme.page
        pen.text(*self.caption(step), page["ink"], page["result"])

    def show(self, step: Step, place: int, canvas: Canvas) -> list[Box]:
        """The caption of a step, its number and the progress line."""
        look, px = self._look, self._look.px
        page, unit, width = look.theme.page, look.unit, self._layout.width
        boxes = [self._progress(place, canvas)]
        right = width - px(MARGIN)
        if self._captions:
            line, left, baseline = self.caption(step)
            top = baseline - px(23)
            box = Box(0, top, width, top + px(32))
            boxes.append(canvas.write(line, box, left, px(23), page["band"], page["ink"], page["result"]))
        counter = look.typesetter.line(counter_text(place + 1, self._storyboard.count), LEAST_TEXT * unit)
        top = px(_FORMULA_BASELINE) - px(16)
        box = Box(right - self._layout.counter, top, right, top + px(22))
        x = self._layout.counter - counter.width
        boxes.append(canvas.write(counter, box, x, px(16), page["band"], page["muted"], page["muted"]))
        return boxes

    def _progress(self, place: int, canvas: Canvas) -> Box:
        width, height = self._layout.width, self._layout.height
        done = width * (place + 1) // self._storyboard.count
        before = width * place // self._storyboard.count
        box = Box(before, height - self._look.px(_PROGRESS), done, height)
        canvas.pixels[box.slices] = self._look.palette.index_of(self._look.theme.page["accent"])
        return box


def _palette(storyboard: Storyboard, layout: Layout, theme: Theme) -> Palette:
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
    return build_palette(solid, ramps)
