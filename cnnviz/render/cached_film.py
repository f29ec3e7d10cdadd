"""A film that is rendered once and shown several times: to the writers of several formats."""

from __future__ import annotations

import marshal
import weakref
import zlib
from collections.abc import Iterator
from dataclasses import fields
from tempfile import SpooledTemporaryFile
from typing import Any

import numpy as np

from cnnviz.render.canvas import Box
from cnnviz.render.frames import Film, Frame

_IN_MEMORY = 32 * 2**20
_QUICK = 1
_REST = tuple(field.name for field in fields(Frame) if field.name not in ("pixels", "changed", "painted"))


class CachedFilm(Film):
    """A film that keeps, packed and in a file once there is much of it, what changes in each frame.

    Whoever iterates first has the frames drawn; others get what is kept and have drawn only what is not there yet.
    """

    def __init__(self, film: Film) -> None:
        # The same film, laid out already: only how its frames come about differs.
        vars(self).update(vars(film))
        self._source: Iterator[Frame] = iter(film)
        self._file: Any = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._lengths: list[int] = []

    def __iter__(self) -> Iterator[Frame]:
        width, height = self.size
        pixels = np.zeros((height, width), np.uint8)
        place = offset = 0
        while place < len(self._lengths) or self._record():
            self._file.seek(offset)
            changed, painted, rest, packed = marshal.loads(self._file.read(self._lengths[place]))
            frame = Frame(
                pixels=pixels,
                changed=Box(*changed),
                painted=tuple(Box(*box) for box in painted),
                **dict(zip(_REST, rest, strict=True)),
            )
            at, found = 0, np.frombuffer(zlib.decompress(packed), np.uint8)
            for box in frame.parts:
                rows, columns = box.bottom - box.top, box.right - box.left
                pixels[box.slices] = found[at : (at := at + rows * columns)].reshape(rows, columns)
            yield frame
            offset += self._lengths[place]
            place += 1

    def _record(self) -> bool:
        """Draw one more frame and keep it; False at the film's end."""
        frame = next(self._source, None)
        if frame is None:
            return False
        changed, *painted = (tuple(map(int, box)) for box in (frame.changed, *frame.painted))
        packed = zlib.compress(b"".join(frame.pixels[box.slices].tobytes() for box in frame.parts), _QUICK)
        entry = marshal.dumps((changed, painted, [getattr(frame, name) for name in _REST], packed))
        self._file.seek(0, 2)
        self._file.write(entry)
        self._lengths.append(len(entry))
        return True
