"""The stage of a vector file: the markup of single steps, in whatever language a format is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from cnnviz.export import Job
from cnnviz.export.png import spread
from cnnviz.limits import MAX_SECONDS
from cnnviz.render.canvas import Look
from cnnviz.render.frames import Film, Page, settled
from cnnviz.render.markup import Language, Scribe
from cnnviz.render.scenery import scenery
from cnnviz.words.plain import listed, phrase, spoken

_GAP = 60
"""Between the steps of a sheet: this part of a step's width, as in .png."""

_ENDS = (".", "?", "!", "。", "？", "！")
# Seconds of a step of which three to the second are no flicker.
_CALM = 1 / 3


class Stage:
    """A figure drawn in a language of markup; `spots` are its slots' places."""

    def __init__(self, film: Film, language: Language, gliding: bool = False) -> None:
        self.film, self._language = film, language
        self.figure = scenery(film, gliding=gliding, defs=language)
        scribe = Scribe()
        fit = replace(film.layout.fit, typesetter=scribe)
        look = Look(theme=film.theme, palette=film.palette, typesetter=scribe, unit=fit.unit)
        self._page = Page(film.storyboard, film.layout, look, fit.numbers)
        self.spots = [
            (layer.x, layer.y) if not layer.pitch
            else (layer.x + place % layer.columns * layer.pitch, layer.y + place // layer.columns * layer.pitch)
            for layer in self.figure.layers for place in range(len(layer.slots))
        ]  # fmt: skip

    def ground(self, width: int, height: int) -> str:
        """A rectangle of the page's colour."""
        pen = self._language.pen()
        pen.rect(0, 0, width, height, self.film.theme.page["ground"])
        return pen.take()

    def fills(self) -> Iterator[list[int]]:
        """What the slots hold after each step; one list all along."""
        held = list(self.figure.initial)
        for beat in self.figure.beats:
            for slot, fragment in beat.changes:
                held[slot] = fragment
            yield held

    def counter(self, place: int) -> str:
        """A step's number."""
        pen = self._language.pen()
        pen.text(*self._page.counter(place), self.film.theme.page["muted"])
        return pen.take()

    def progress(self, place: int) -> str:
        """How far the animation has come."""
        pen, box = self._language.pen(), self._page.progress(place)
        pen.rect(box.left, box.top, box.right - box.left, box.bottom - box.top, self.film.theme.page["accent"])
        return pen.take()

    def steps(self, places: Sequence[int]) -> Iterator[tuple[int, str]]:
        """The steps at these places, in their order, each as markup without the ground."""
        wanted = set(places)
        for place, held in enumerate(self.fills()):
            if place in wanted:
                yield place, self._step(place, held)

    def _step(self, place: int, held: Sequence[int]) -> str:
        found, run, spot = [self.figure.page], "", (0, 0)
        for number, at in zip(held, self.spots, strict=True):
            if not number:
                continue
            if at != spot:
                found.append(self._language.moved(run, *spot))
                run, spot = "", at
            run += self.figure.fragments[number]
        found.append(self._language.moved(run, *spot))
        caption = self.figure.fragments[self.figure.beats[place].caption]
        return "".join([*found, caption, self.counter(place), self.progress(place)])

    def said(self, place: int) -> str:
        """The caption of a step as words; nothing where it is not shown."""
        caption = self.figure.beats[place].step.caption
        return spoken(caption) if self.film.layout.fit.numbers else ""

    def begins(self) -> list[float]:
        """When each step begins, in seconds, and when the last one ends."""
        timing, beats = self.film.timing, self.figure.beats
        lasts = [timing.step * beat.step.beats for beat in beats[:-1]]
        if min(lasts, default=_CALM) < _CALM:
            # Such steps may flash: then the film, which sees them, tells how long they are to last.
            return list(accumulate((frame.milliseconds / 1000 for frame in settled(self.film)), initial=0.0))
        return list(accumulate([*lasts, min(MAX_SECONDS, max(timing.hold, 0.02))], initial=0.0))


class Sheet:
    """The steps that a still shows, and where each stands: in rows, or alone."""

    def __init__(self, job: Job, size: tuple[int, int]) -> None:
        if job.sheet is None:
            self.places, self.size = [job.still_place()], size
            self.spots = [(0, 0)]
            return
        count, (width, height) = job.storyboard.count, size
        self.places = spread(count, min(count, job.sheet[0] * job.sheet[1]))
        columns = min(job.sheet[1], len(self.places))
        gap = max(2, width // _GAP)
        turns = [divmod(place, columns) for place in range(len(self.places))]
        self.spots = [(gap + column * (width + gap), gap + row * (height + gap)) for row, column in turns]
        self.size = columns * (width + gap) + gap, (turns[-1][0] + 1) * (height + gap) + gap


def words_of(job: Job, stage: Stage, place: int | None = None) -> str:
    """A figure in words: its alt text, its settings and formula, and what the step at `place` says."""
    board = job.storyboard
    comma, semicolon = phrase(board.lang, ", "), phrase(board.lang, "; ")
    parts = [board.alt, listed(board.settings, comma), listed(board.formula, semicolon)]
    if place is not None:
        parts.append(stage.said(place))
    return " ".join(part if part.endswith(_ENDS) else part + "." for part in parts if part)


