"""A film that is rendered once and shown several times: to the writers of several formats."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from cnnviz.render.frames import Film, Frame

_QUICK = 1


class CachedFilm(Film):
    """A film that keeps, packed, what changes in each frame.

    Whoever iterates first has the frames drawn; others get what is kept and have drawn only what is not there yet.
    """

    def __init__(self, film: Film) -> None:
        # The same film, laid out already: only how its frames come about differs.
        vars(self).update(vars(film))
        self._source = iter(film)
        self._kept: list[tuple[Frame, bytes]] = []

    def __iter__(self) -> Iterator[Frame]:
        width, height = self.size
        pixels, place = np.zeros((height, width), np.uint8), 0
        while place < len(self._kept) or self._draw():
            frame, packed = self._kept[place]
            at, found = 0, np.frombuffer(zlib.decompress(packed), np.uint8)
            for box in frame.parts:
                part = found[at : (at := at + box.width * box.height)]
                pixels[box.slices] = part.reshape(box.height, box.width)
            yield replace(frame, pixels=pixels)
            place += 1

    def _draw(self) -> bool:
        """Draw one more frame and keep it; False at the film's end."""
        frame = next(self._source, None)
        if frame is None:
            return False
        packed = zlib.compress(b"".join(frame.pixels[box.slices].tobytes() for box in frame.parts), _QUICK)
        self._kept.append((replace(frame, pixels=np.empty(0, np.uint8)), packed))
        return True
