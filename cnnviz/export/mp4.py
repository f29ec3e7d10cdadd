"""H.264 in MP4, the video that every program plays: 4:2:0, even sizes, the index before the pictures."""

from __future__ import annotations

from typing import BinaryIO

from cnnviz.export import Job, Written
from cnnviz.export._video import VideoPlugin, write_video

HAS_PIXELS = True
_RATE_FACTOR = 24
# No frames from the future, so that the first has time 0; a short look ahead bounds the memory. A window comes back
# to cells that earlier frames hold, a row away: more of them, searched wider, save a third for a tenth of the time.
# Without x264's `aq-mode`, which makes flat areas finer, letters get these bits. `cpu-independent`: x264's faster code
# for `mbtree` gives other bytes on other processors, and with AVX-512 reads memory that was never set.
_ENCODER = {
    "preset": "faster",
    "bf": "0",
    "rc-lookahead": "10",
    "motion-est": "umh",
    "aq-mode": "0",
    "x264-params": "mixed-refs=1:cpu-independent=1",
}
# Earlier frames to look at: as many as level 4.1 keeps, which every device has (ITU-T H.264, table A-1).
_MOST_EARLIER, _KEPT_BLOCKS = 8, 32768


def write(job: Job, file: BinaryIO) -> Written:
    """Write the video."""
    return write_video(Mp4Plugin, job, file)


class Mp4Plugin(VideoPlugin):
    """Write MP4: `iio.imwrite("x.mp4", frames, plugin=cnnviz.Mp4Plugin, duration=100)`."""

    container, codec = "mp4", "libx264"

    def options(self, width: int, height: int) -> dict[str, str]:
        """Constant quality."""
        blocks = -(-width // 16) * -(-height // 16)
        earlier = max(1, min(_MOST_EARLIER, _KEPT_BLOCKS // blocks))
        return _ENCODER | {"crf": str(_RATE_FACTOR), "refs": str(earlier)}
