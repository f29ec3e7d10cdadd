"""What stands around the stage: title and settings above it, below it the band with caption, formula and counter."""

from __future__ import annotations

from itertools import islice
from typing import Any

from cnnviz.render.canvas import Box, Look
from cnnviz.render.layout import MARGIN, Layout
from cnnviz.render.lines import NOTE_SIZE, TEXT_SIZE, TITLE_SIZE
from cnnviz.render.panels.base import LEAST_TEXT, Item, Painter, Place, Slot, around
from cnnviz.render.pen import Pen
from cnnviz.render.text import TextLine
from cnnviz.storyboard import Step, Storyboard

_PROGRESS, _TITLE_GAP, _NOTE_GAP = 3, 32, 26
# Steps whose captions tell how large all of them can be.
_TRIED, _READ = 24, 18
_SMALLEST_TITLE, _UNDER_TITLE = 0.8, 0.65


class _Part(Painter):
    def __init__(self, board: Storyboard, layout: Layout, look: Look, top: int, bottom: int) -> None:
        super().__init__(board, Place(x=0, y=top, width=layout.width, height=bottom - top), look, layout.fit)
        self._board, self._layout = board, layout
        self._room, self._least = layout.width - 2 * look.px(MARGIN), LEAST_TEXT * look.unit

    def _fitting(self, text: str, size: float, room: float, *, bold: bool = False) -> TextLine:
        return self.look.typesetter.fitting(text, size, room, self._least, bold)

    def _share(self, *lines: TextLine, gap: int, least: float) -> float:
        """The share of their sizes at which texts have room on one line: both give way alike."""
        room = self._room - self.look.px(gap)
        share = min(1.0, room / max(1, sum(line.width for line in lines)))
        return max(least / self._layout.lines.scale, share)


class Head(_Part):
    """The title and the settings, and under them the point and a line of a program."""

    def __init__(self, board: Storyboard, layout: Layout, look: Look) -> None:
        super().__init__(board, layout, look, 0, layout.lines.head)
        if not board.bare:
            self.lay(("head",), Item("", self.whole, self._draw))

    def _draw(self, pen: Pen) -> None:
        board, look, px, lines = self._board, self.look, self.look.px, self._layout.lines
        page, margin = look.theme.page, px(MARGIN)
        right, line = self._layout.width - margin, look.typesetter.line
        size, smaller = lines.size(TITLE_SIZE), lines.size(TEXT_SIZE)
        both = line(board.title, size, bold=True), line(board.settings, smaller)
        share = self._share(*both, gap=_TITLE_GAP, least=_SMALLEST_TITLE)
        size *= share
        title = self._fitting(board.title, size, self._room, bold=True)
        pen.text(title, margin, lines.title, page["ink"])
        left = self._room - title.width - px(_TITLE_GAP)
        if board.settings and left > px(60):
            settings = self._fitting(board.settings, smaller * share, left)
            pen.text(settings, right - settings.width, lines.settings, page["muted"])
        # What stands under the title does not outgrow it.
        size = max(NOTE_SIZE * look.unit, min(lines.size(NOTE_SIZE), _UNDER_TITLE * size))
        for row, text in enumerate(filter(None, (board.point, _literal(board.code)))):
            pen.text(self._fitting(text, size, self._room), margin, lines.note(row), page["ink"])


class Band(_Part):
    """The step's caption, the formula, the step's number, and how far the animation has come."""

    def __init__(self, board: Storyboard, layout: Layout, look: Look) -> None:
        super().__init__(board, layout, look, layout.lines.band, layout.height)
        self._step, self._number = Step(), 0
        self._size = layout.lines.size(TEXT_SIZE)
        last, line, size = self._count(board.count), look.typesetter.line, layout.lines.size(NOTE_SIZE)
        self.small = size * self._share(line(board.formula, size), line(last, size), gap=_NOTE_GAP, least=1)
        self._free = self._room - line(last, self.small).width - look.px(_NOTE_GAP)
        if self.fit.numbers and not board.bare:
            for step in islice(board.steps(), _TRIED):
                self._shrink_for(step.caption)
        if not board.bare:
            self.lay(("band",), Item("", self.whole, self._draw))

    def _draw(self, pen: Pen) -> None:
        look, px, lines, top = self.look, self.look.px, self._layout.lines, self.place.y
        page = look.theme.page
        pen.rect(0, 0, self.place.width, self.place.height, page["band"])
        formula = self._fitting(self._board.formula, self.small, self._free)
        pen.text(formula, px(MARGIN), lines.formula - top, page["muted"])

    def show(self, step: Step, number: int) -> None:
        """Tell of a step, counted from 0."""
        self._step, self._number = step, number
        self._shrink_for(step.caption)

    def _shrink_for(self, caption: str) -> None:
        """Captions are of one size: that of the longest but for those that are too long to be read from afar then."""
        least = min(self._size, _READ * self.look.unit)
        self._size = self.look.typesetter.size_within(caption, self._size, self._room, least)

    def floats(self) -> dict[Slot, Item]:
        """Caption, counter and progress."""
        if self._board.bare:
            return {}
        found: dict[Slot, Item] = {("caption",): self.caption()} if self.fit.numbers else {}
        return {**found, ("counter",): self.counter(), ("progress",): self.progress()}

    def caption(self) -> Item:
        """The caption of the step."""
        page, lines = self.look.theme.page, self._layout.lines
        line = self._fitting(self._step.caption, self._size, self._room)
        return self._text(self._step.caption, line, self.look.px(MARGIN), lines.caption, page["ink"], page["result"])

    def counter(self) -> Item:
        """The number of the step."""
        text = self._count(self._number + 1)
        line = self.look.typesetter.line(text, self.small)
        x = self._layout.width - self.look.px(MARGIN) - line.width
        return self._text(text, line, x, self._layout.lines.formula, self.look.theme.page["muted"])

    def _count(self, step: int) -> str:
        return self._board.counter.replace("{n}", str(step)).replace("{count}", str(self._board.count))

    def _text(self, key: str, line: TextLine, x: int, baseline: int, *colors: Any) -> Item:
        y = baseline - self.place.y
        return Item((key, x), around([(line, x, y)]), lambda pen: pen.text(line, x, y, *colors))

    def progress(self) -> Item:
        """The line at the lower edge, as far as the animation has come."""
        height = self.look.px(_PROGRESS)
        done = self._layout.width * (self._number + 1) // self._board.count
        box = Box(0, self.place.height - height, done, self.place.height)
        color = self.look.theme.page["accent"]
        return Item(done, box, lambda pen: pen.rect(*box[:2], box.width, box.height, color))


def _literal(code: str) -> str:
    """A line of a program as a text in which two powers are no strong part."""
    return code.replace("**", "*\u200b*") if code.count("**") > 1 else code
