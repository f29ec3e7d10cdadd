"""VP9 in WebM, for web pages: 4:2:0, even sizes."""

from __future__ import annotations

from typing import BinaryIO

from cnnviz.export import Job, Written
from cnnviz.export._video import VideoPlugin, write_video

HAS_PIXELS = True
_RATE_FACTOR = 20
# The slower deadlines save a tenth of the bytes and take three times as long.
_ENCODER = {
    "deadline": "realtime",
    "cpu-used": "6",
    "tune-content": "screen",
    "b": "0",
    "lag-in-frames": "0",
}


def write(job: Job, file: BinaryIO) -> Written:
    """Write the video."""
    return write_video(WebmPlugin, job, file)


class WebmPlugin(VideoPlugin):
    """Write WebM: `iio.imwrite("x.webm", frames, plugin=cnnviz.WebmPlugin, duration=100)`."""

    container, codec = "webm", "libvpx-vp9"

    def options(self, width: int, height: int) -> dict[str, str]:
        """Constant quality."""
        return _ENCODER | {"crf": str(_RATE_FACTOR)}
