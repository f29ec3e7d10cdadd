"""How long each step is shown: long enough to read while its kind is new, then shorter."""

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

# Reading time in seconds: to find a text, for each letter, and at most.
_FIND, _LETTER, _LONGEST = 1.2, 0.05, 3.0
# How many steps of a kind are read.
_READ = 2
_WORDS = re.compile(r"[^\W\d_]{2,}")
_SHORTEST = 0.02


class Timing(Record, kw_only=True):
    """Seconds of an ordinary step and of the last one; with `reading`, steps of a new kind are longer."""

    step: float
    hold: float
    reading: bool = False

    @property
    def opening(self) -> float:
        """Seconds of the question before the first step."""
        return OPENING if self.reading else min(OPENING, self.step)

    def seconds(self, steps: Iterable[Step], count: int) -> list[float]:
        """The seconds of each of `count` steps."""
        clock = Clock(self, count)
        return [clock.seconds(step, place) for place, step in enumerate(steps)]


class Clock:
    """The duration of each step in turn, in hundredths of a second as in GIF.

    The running total is rounded, so that many short steps do not drift.
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
        """Lengthen the step just taken to at least `least` milliseconds, without shortening later ones."""
        more = max(0, math.ceil(least / 10) - milliseconds // 10)
        self._given += more
        self._wanted += more / 100
        return milliseconds + 10 * more
