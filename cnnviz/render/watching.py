"""A film that tells how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cnnviz.render.frames import Film, Frame

Watch = Callable[[int, int], None]
"""What is told the number of the step just drawn, from 1, and how many there are."""


class Watched(Film):
    """The same film, but each step that it draws is told; it begins again with whoever has it drawn anew."""

    def __init__(self, film: Film, watch: Watch) -> None:
        vars(self).update(vars(film))
        self._film, self._watch = film, watch

    def __iter__(self) -> Iterator[Frame]:
        steps = 0
        for frame in self._film:
            if frame.settled:
                steps += 1
                self._watch(steps, self.storyboard.count)
            yield frame
