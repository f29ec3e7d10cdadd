"""How long each step stays: as long as it takes to read while it is new, shorter once its kind is known."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable

from cnnviz.limits import MAX_SECONDS
from cnnviz.record import Record
from cnnviz.storyboard import Step
from cnnviz.words.plain import spoken

OPENING = 1.2
"""Seconds of the question before the first step."""

# Seconds to find a text and for each of its letters, and what nobody waits longer for.
_FIND, _LETTER, _LONGEST = 1.2, 0.05, 3.0
# So many steps of a kind are read.
_READ = 2
_WORDS = re.compile(r"[^\W\d_]{2,}")
_SHORTEST = 0.02


class Timing(Record, kw_only=True):
    """Seconds of an ordinary step, and of the last one; where steps are for `reading`, new ones stay longer."""

    step: float
    hold: float
    reading: bool = False

    @property
    def opening(self) -> float:
        """Seconds of the question before the first step."""
        return OPENING if self.reading else min(OPENING, self.step)

    def seconds(self, steps: Iterable[Step], count: int) -> list[float]:
        """How long each of `count` steps stays."""
        clock = Clock(self, count)
        return [clock.seconds(step, place) for place, step in enumerate(steps)]


class Clock:
    """Tells of one step after another how long it stays, in hundredths of a second as GIF has them.

    They are rounded on the running total, so that many short steps do not drift.
    """

    def __init__(self, timing: Timing, count: int) -> None:
        self._timing, self._count = timing, count
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._wanted, self._given = 0.0, 0

    def seconds(self, step: Step, place: int) -> float:
        """The seconds of a step, not rounded."""
        if place == self._count - 1:
            return min(MAX_SECONDS, max(self._timing.hold, _SHORTEST))
        usual = self._timing.step * step.beats
        if not self._timing.reading or step.beats < 1:
            return min(MAX_SECONDS, usual)
        kind = tuple(_WORDS.findall(str(step.caption)))
        self._seen[kind] += 1
        if self._seen[kind] > _READ and step.beats == 1:
            return usual
        return max(usual, min(_LONGEST, _FIND + _LETTER * len(spoken(step.caption))))

    def opening(self) -> int:
        """The milliseconds of the picture before the first step."""
        return 10 * round(100 * self._timing.opening)

    def take(self, step: Step, place: int) -> int:
        """The milliseconds of a step."""
        self._wanted += self.seconds(step, place)
        centiseconds = max(2, round(self._wanted * 100) - self._given)
        self._given += centiseconds
        return centiseconds * 10

    def stretch(self, milliseconds: int, least: float) -> int:
        """The milliseconds of the step just taken where they may not be less; later steps do not make up for it."""
        more = max(0, math.ceil(least / 10) - milliseconds // 10)
        self._given += more
        self._wanted += more / 100
        return milliseconds + 10 * more
