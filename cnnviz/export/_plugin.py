"""The animated formats as imageio plugins: films go in as they are, anyone's RGB frames with one palette for all."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Protocol

import numpy as np
from imageio.core.imopen import imopen
from imageio.core.request import RETURN_BYTES
from imageio.core.v3_plugin_api import PluginV3

from cnnviz.errors import UsageError
from cnnviz.export import Job, Written
from cnnviz.render.canvas import Box
from cnnviz.render.frames import Film, Frame
from cnnviz.render.palette import Palette

_COLORS = 255


class Frames(Protocol):
    """Frames in one palette: a `Film`, or what `RgbFilm` makes of arrays."""

    @property
    def size(self) -> tuple[int, int]: ...

    @property
    def palette(self) -> Palette: ...

    @property
    def band(self) -> int: ...

    def __iter__(self) -> Iterator[Frame]: ...


class AnimationPlugin(PluginV3):
    """An imageio plugin that writes an animation."""

    grain = 1
    """Milliseconds that delays are multiples of."""
    milliseconds = 0
    """How long plays what was written."""

    def write(
        self,
        ndimage: Any,
        *,
        duration: float | Sequence[float] = 100,
        loop: int = 0,
        texts: Mapping[str, str] | None = None,
    ) -> bytes | None:
        """Write RGB frames: arrays (height, width, 3) of uint8, in a list, an iterator or an array of them all.

        `duration` is in milliseconds, for all frames or for each; `loop=1` plays once, `loop=0` forever. All frames
        share one palette of at most 255 colours: exact where they have no more, else by median cut. `texts` are kept in
        the file by PNG's keywords, such as Title. Raises UsageError.
        """
        film = ndimage if hasattr(ndimage, "palette") else RgbFilm(ndimage, duration, self.grain)
        file: Any = self.request.get_file()
        self.milliseconds = self.encode(film, file, once=loop == 1, texts=texts or {})
        return bytes(file.getvalue()) if self.request.raw_uri == RETURN_BYTES else None

    @abstractmethod
    def encode(self, film: Frames, file: BinaryIO, *, once: bool, texts: Mapping[str, str]) -> int:
        """Write a whole file; returns how many milliseconds it plays."""


def save(plugin: type[AnimationPlugin], job: Job, film: Film, file: BinaryIO) -> Written:
    """Write a job's film through imageio."""
    out: Any
    with imopen(file, "w", plugin=plugin) as out:
        out.write(film, loop=int(job.once), texts=job.metadata())
    return Written(size=film.size, steps=job.storyboard.count, milliseconds=out.milliseconds)


class RgbFilm:
    """Arrays as frames in one palette; raises UsageError for what is no RGB picture."""

    def __init__(self, frames: Any, duration: float | Sequence[float], grain: int = 1) -> None:
        from PIL import Image

        try:
            array = np.asarray(frames if isinstance(frames, np.ndarray) else list(frames))
        except ValueError:
            raise UsageError("frames must be arrays of the same shape") from None
        if array.dtype != np.uint8 or array.ndim not in (3, 4) or array.shape[-1] != 3 or not array.size:
            raise UsageError(f"frames of shape {array.shape} and type {array.dtype}: use (height, width, 3) of uint8")
        height, width, _ = array.shape[-3:]
        self.size, self.band = (width, height), height
        whole: Any = Image.fromarray(array.reshape(-1, width, 3))
        if whole.getcolors(_COLORS) is None:
            whole = whole.quantize(_COLORS, Image.Quantize.MEDIANCUT).convert("RGB")
        self._frames = np.asarray(whole).reshape(-1, height, width, 3)
        self._milliseconds = _delays(duration, len(self._frames), grain)
        self.palette = Palette(np.array(sorted(color for _, color in whole.getcolors(_COLORS)), np.uint8))

    def __iter__(self) -> Iterator[Frame]:
        for frame, milliseconds in zip(self._frames, self._milliseconds, strict=True):
            yield Frame(self.palette.index(frame), Box(0, 0, *self.size), milliseconds)


def _delays(duration: float | Sequence[float], count: int, grain: int) -> list[int]:
    """Whole delays; rounding errors do not add up."""
    each = [duration] * count if isinstance(duration, int | float) else list(duration)
    if len(each) != count or not all(0 < one < float("inf") for one in each):
        raise UsageError(f"duration {duration}: give positive milliseconds, one number or {count} of them")
    ends = np.round(np.cumsum([0, *each]) / grain).astype(int) * grain
    return [max(grain, int(one)) for one in np.diff(ends)]
