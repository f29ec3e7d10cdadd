"""A film that is rendered once for several formats."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from cnnviz.render.frames import Film, Frame

_FAST = 1


class CachedFilm(Film):
    """A film that keeps the changes of each frame, compressed.

    The first iteration renders the frames; later ones read them from the cache.
    """

    def __init__(self, film: Film) -> None:
        # Share the layout and palette of the original film.
        vars(self).update(vars(film))
        self._source = iter(film)
        self._frames: list[tuple[Frame, bytes]] = []

    def __iter__(self) -> Iterator[Frame]:
        width, height = self.size
        pixels, place = np.zeros((height, width), np.uint8), 0
        while place < len(self._frames) or self._draw():
            frame, packed = self._frames[place]
            at, found = 0, np.frombuffer(zlib.decompress(packed), np.uint8)
            for box in frame.parts:
                part = found[at : (at := at + box.width * box.height)]
                pixels[box.slices] = part.reshape(box.height, box.width)
            yield replace(frame, pixels=pixels)
            place += 1

    def _draw(self) -> bool:
        """Render and keep one more frame; False at the end of the film."""
        frame = next(self._source, None)
        if frame is None:
            return False
        packed = zlib.compress(b"".join(frame.pixels[box.slices].tobytes() for box in frame.parts), _FAST)
        self._frames.append((replace(frame, pixels=np.empty(0, np.uint8)), packed))
        return True
