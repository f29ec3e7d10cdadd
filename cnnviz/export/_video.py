"""Videos by PyAV: each frame has its own time, so a held step is one frame, not many.

imageio plugins of their own: its PyAV plugin numbers frames by a fixed rate, so that a step could be held only by
repeating it, and sets no options of the encoder.
"""

from __future__ import annotations

import io
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from cnnviz.export import Job, Written
from cnnviz.export._amount import affordable
from cnnviz.export._plugin import AnimationPlugin, Frames, save
from cnnviz.installation import load_extra
from cnnviz.limits import MAX_WHOLE_PIXELS, TWEEN
from cnnviz.render.palette import Pixels

if TYPE_CHECKING:
    from av.video.stream import VideoStream

_INDEX_BYTES, _PACKET_BYTES = 1024, 20
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

    @abstractmethod
    def options(self, width: int, height: int) -> dict[str, str]:
        """The encoder's options."""

    def encode(self, film: Frames, file: BinaryIO, *, once: bool, texts: Mapping[str, str]) -> int:
        """Write a whole file."""
        av, planes = _library(self.container), _planes_of(film)
        durations: dict[int | None, int] = {}
        packets, total = [], 0
        # In memory, for PyAV only prints what a file's own write raises. Bit-exact: no encoder's version, no date, no
        # random identity in the file.
        written, bit_exact = io.BytesIO(), {"fflags": "+bitexact"}
        with av.open(
            written, "w", format=self.container, container_options=bit_exact, metadata_errors="surrogateescape"
        ) as container:
            container.metadata.update({_TAGS[key]: text for key, text in texts.items()})
            stream = _stream(container.add_stream(self.codec, options=self.options(*film.size)), film)
            for frame in film:
                picture = av.VideoFrame.from_ndarray(planes(frame.pixels), format="yuv420p")
                picture.pts, picture.time_base = total, _TICK
                packets += stream.encode(picture)
                durations[total] = frame.milliseconds
                total += frame.milliseconds
            packets += stream.encode()
            if self.container == "mp4":
                # Room for the index at the beginning, so that a web page can play the file while it loads.
                said = len("".join(texts.values()).encode(errors="surrogateescape"))
                container.container_options["moov_size"] = str(_INDEX_BYTES + said + _PACKET_BYTES * len(packets))
            for packet in packets:
                # Between frames times would do, but the last one has none behind it.
                packet.duration = durations[packet.pts]
                container.mux(packet)
        file.write(written.getvalue())
        return total


def write_video(plugin: type[VideoPlugin], job: Job, file: BinaryIO) -> Written:
    """Write a job's film, its sides rounded up to even numbers."""
    _library(plugin.container)
    film = affordable(job, TWEEN, MAX_WHOLE_PIXELS)
    return replace(save(plugin, job, film, file), size=_even(film.size))


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


def _planes_of(film: Frames) -> Callable[[Pixels], Pixels]:
    """What makes of a picture luma, and at half the size both chromas, one after the other as PyAV takes them.

    FFmpeg would do so too, but not in the same bytes on every processor.
    """
    rgb = film.palette.colors / 255
    luma = rgb @ _LUMA
    blue, red = (rgb[:, 2] - luma) / (2 - 2 * _LUMA[2]), (rgb[:, 0] - luma) / (2 - 2 * _LUMA[0])
    levels = np.round(16 + 219 * luma).astype(np.uint8)
    chromas = [(128 + 224 * part).astype(np.float32) for part in (blue, red)]
    width, height = film.size
    padding = [(0, height % 2), (0, width % 2)]

    def planes(pixels: Pixels) -> Pixels:
        pixels = np.pad(pixels, padding, mode="edge")
        corners = [pixels[top::2, left::2] for top in (0, 1) for left in (0, 1)]
        # Added one after the other: a third of the time of a mean over two axes.
        halves = [np.round(sum(chroma[corner] for corner in corners) / 4).astype(np.uint8) for chroma in chromas]
        return np.concatenate([levels[pixels], np.concatenate(halves).reshape(-1, pixels.shape[1])])

    return planes
