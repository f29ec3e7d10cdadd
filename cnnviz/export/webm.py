"""VP9 in WebM, for web pages: 4:2:0, even sizes."""

from __future__ import annotations

from typing import BinaryIO

from cnnviz.export import Job, Written
from cnnviz.export._video import Recipe, write_video

SHRINKS = ("effort", "width")
_RATE_FACTOR, _COARSER = 20, 8
# The slower deadlines save a tenth of the bytes and take three times as long.
_ENCODER = {
    "deadline": "realtime", "cpu-used": "6", "tune-content": "screen", "b": "0", "lag-in-frames": "0",
}  # fmt: skip


def write(job: Job, file: BinaryIO) -> Written:
    """Write the video."""
    encoder = _ENCODER | {"crf": str(_RATE_FACTOR + _COARSER * job.effort)}
    return write_video(job, file, Recipe(container="webm", codec="libvpx-vp9", encoder=lambda *_: encoder))
