"""What stills and animations of vectors have in common: the steps that they show, when, and the figure in words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from cnnviz.export import Job
from cnnviz.export.png import spread
from cnnviz.render.frames import Film, settled
from cnnviz.render.markup import MarkupPen
from cnnviz.storyboard import Step
from cnnviz.words.plain import listed, phrase, spoken

_GAP = 60
"""Between the steps of a sheet: this part of a step's width, as in .png."""

_ENDS = (".", "?", "!", "。", "？", "！")
# Seconds of a step of which three to the second are no flicker.
_CALM = 1 / 3


class Sheet:
    """The steps that a still shows, and where each stands: in rows, or alone."""

    def __init__(self, job: Job, size: tuple[int, int]) -> None:
        if job.sheet is None:
            self.places, self.size, self.spots = [job.still_place()], size, [(0, 0)]
            return
        count, (width, height) = job.storyboard.count, size
        self.places = spread(count, min(count, job.sheet[0] * job.sheet[1]))
        columns = min(job.sheet[1], len(self.places))
        gap = max(2, width // _GAP)
        turns = [divmod(place, columns) for place in range(len(self.places))]
        self.spots = [(gap + column * (width + gap), gap + row * (height + gap)) for row, column in turns]
        self.size = columns * (width + gap) + gap, (turns[-1][0] + 1) * (height + gap) + gap

    def draw(self, job: Job, film: Film, pen: MarkupPen) -> str:
        """Draw its steps, on the ground if that is wanted; returns what is said of a single one."""
        if not job.transparent:
            pen.rect(0, 0, *self.size, film.theme.page["ground"])
        stage, caption = film.stage(), ""
        for (_, step), spot in zip(stage.at(self.places), self.spots, strict=True):
            stage.draw(pen.at(*spot))
            caption = step.caption
        return words_of(job, spoken(caption) if len(self.places) == 1 and film.layout.fit.numbers else "")


def words_of(job: Job, caption: str = "") -> str:
    """A figure in words: its alt text, its settings and formula, and what a step says."""
    board = job.storyboard
    comma, semicolon = phrase(board.lang, ", "), phrase(board.lang, "; ")
    parts = [board.alt, listed(board.settings, comma), listed(board.formula, semicolon), caption]
    return " ".join(part if part.endswith(_ENDS) else part + "." for part in parts if part)


def begins_of(film: Film, steps: Sequence[Step]) -> list[float]:
    """When each step begins, in seconds, and when the last one ends."""
    timing = film.timing
    lasts = timing.seconds(steps, len(steps))
    if min(lasts[:-1], default=_CALM) < _CALM:
        # Such steps may flash: then the film, which sees them, tells how long they are to last.
        return list(accumulate((frame.milliseconds / 1000 for frame in settled(film)), initial=0.0))
    return list(accumulate(lasts, initial=0.0))
