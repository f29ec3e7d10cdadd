"""Videos by PyAV: each frame has its own time, so a held step is one frame, not many.

imageio plugins of their own: its PyAV plugin numbers frames by a fixed rate, so that a step could be held only by
repeating it, and sets no options of the encoder.
"""

from __future__ import annotations

import io
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from cnnviz.export import Job, Written
from cnnviz.export._amount import affordable
from cnnviz.export._plugin import AnimationPlugin, Frames, save
from cnnviz.installation import load_extra
from cnnviz.limits import MAX_WHOLE_PIXELS, TWEEN
from cnnviz.render.canvas import Box
from cnnviz.render.frames import Frame

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.stream import VideoStream

_INDEX_BYTES = 1024
# MP4 has no place for the software: its own encoder's name would be FFmpeg's.
_TAGS = {
    "Title": "title",
    "Description": "description",
    "Caption": "synopsis",
    "Comment": "comment",
    "Software": "software",
}
_TICK = Fraction(1, 1000)
_BT709 = 1
"""Primaries, transfer and matrix of high-definition video: ITU-T H.273, code point 1 in each of its tables."""
_LIMITED = 1
# Recommendation ITU-R BT.709-6, items 3.2 to 3.4 and 4.6: luma's weights, and levels 16 to 235 and 16 to 240.
_LUMA = np.array([0.2126, 0.7152, 0.0722])


class VideoPlugin(AnimationPlugin):
    """Write a video; its player decides whether it loops."""

    container: str
    codec: str
    """FFmpeg's names."""
    index_bytes = 0
    """What is kept free for each frame in an index at the file's beginning."""

    @abstractmethod
    def options(self, width: int, height: int) -> dict[str, str]:
        """The encoder's options."""

    def encode(
        self,
        film: Frames,
        file: BinaryIO,
        *,
        once: bool,
        texts: Mapping[str, str],
        count: int | None = None,
    ) -> None:
        """Write a whole file; `count` is how many frames there are at most."""
        if count is None:
            count = sum(1 for _ in film)
        av = _library(self.container)
        total = 0
        # Bit-exact: no encoder's version, no date, no random identity in the file.
        options = {"fflags": "+bitexact"}
        if self.index_bytes:
            # Kept free at the file's beginning, so that a web page can play the file while it loads.
            said = len("".join(texts.values()).encode(errors="surrogateescape"))
            room = _INDEX_BYTES + said + self.index_bytes * count
            options["moov_size"] = str(room)
        # In memory, for PyAV only prints what a file's own write raises.
        written = io.BytesIO()
        with av.open(
            written, "w", format=self.container, container_options=options, metadata_errors="surrogateescape"
        ) as container:
            container.metadata.update({_TAGS[key]: text for key, text in texts.items()})
            options = dict(self.options(*film.size))
            stream = _stream(container.add_stream(self.codec, options=options), film)
            planes = _Planes(film)
            durations: dict[int, int] = {}
            for frame in film:
                durations[total] = frame.milliseconds
                container.mux(_lasting(stream.encode(planes.picture(av, frame, total)), durations))
                total += frame.milliseconds
            container.mux(_lasting(stream.encode(), durations))
        file.write(written.getvalue())


def write_video(plugin: type[VideoPlugin], job: Job, file: BinaryIO) -> Written:
    """Write a job's film, its sides rounded up to even numbers."""
    _library(plugin.container)
    film = affordable(job, TWEEN, MAX_WHOLE_PIXELS)
    written = save(plugin, job, film, file, count=job.storyboard.count * (film.tween + 1))
    return replace(written, size=_even(film.size))


def _even(size: tuple[int, int]) -> tuple[int, int]:
    return size[0] + size[0] % 2, size[1] + size[1] % 2


def _library(container: str) -> Any:
    return load_extra("av", "PyAV", "video", f".{container}")


def _stream(stream: VideoStream, film: Frames) -> VideoStream:
    context = stream.codec_context
    stream.width, stream.height = _even(film.size)
    stream.pix_fmt = "yuv420p"
    stream.time_base = context.time_base = _TICK
    context.color_primaries = context.color_trc = context.colorspace = _BT709
    context.color_range = _LIMITED
    # The same bytes on a machine with any number of cores.
    context.thread_count = 1
    return stream


def _lasting(packets: list[Any], durations: dict[int, int]) -> list[Any]:
    """Give packets their durations: between frames times would do, but the last one has none behind it."""
    for packet in packets:
        packet.duration = durations.pop(packet.pts)
    return packets


class _Planes:
    """Luma, and at half the size both chromas, of the film so far; of a frame only what changed is converted."""

    def __init__(self, film: Frames) -> None:
        rgb = film.palette.colors / 255
        luma = rgb @ _LUMA
        blue, red = (rgb[:, 2] - luma) / (2 - 2 * _LUMA[2]), (rgb[:, 0] - luma) / (2 - 2 * _LUMA[0])
        self._luma = np.round(16 + 219 * luma).astype(np.uint8)
        self._chromas = [(128 + 224 * blue).astype(np.float32), (128 + 224 * red).astype(np.float32)]
        self.width, self.height = _even(film.size)
        self._padding = [(0, side % 2) for side in reversed(film.size)]
        # FFmpeg's planes one after the other, as PyAV takes them.
        self._all = np.zeros((self.height * 3 // 2, self.width), np.uint8)
        halves = self._all[self.height :].reshape(2, self.height // 2, self.width // 2)
        self._y, self._uv = self._all[: self.height], halves

    def picture(self, av: Any, frame: Frame, time: int) -> VideoFrame:
        """The frame as PyAV has it, to be shown at `time`."""
        self._convert(frame)
        picture: VideoFrame = av.VideoFrame.from_ndarray(self._all, format="yuv420p")
        picture.pts, picture.time_base = time, _TICK
        return picture

    def _convert(self, frame: Frame) -> None:
        pixels = np.pad(frame.pixels, self._padding, mode="edge") if any(map(any, self._padding)) else frame.pixels
        box = frame.changed
        # Whole blocks of two by two: these share their chroma.
        box = Box(box.left // 2 * 2, box.top // 2 * 2, -(-box.right // 2) * 2, -(-box.bottom // 2) * 2)
        part = pixels[box.slices]
        self._y[box.slices] = self._luma[part]
        # The corners of the blocks, added one after the other: a third of the time of a mean over two axes.
        corners = [part[top::2, left::2] for top in (0, 1) for left in (0, 1)]
        for plane, chroma in zip(self._uv, self._chromas, strict=True):
            blocks = chroma[corners[0]]
            for corner in corners[1:]:
                blocks += chroma[corner]
            blocks /= 4
            plane[box.top // 2 : box.bottom // 2, box.left // 2 : box.right // 2] = np.round(blocks, out=blocks)
