"""H.264 in MP4, the video that every program plays: 4:2:0, even sizes, the index before the pictures."""

from __future__ import annotations

from typing import BinaryIO

from cnnviz.export import Job, Written
from cnnviz.export._video import Recipe, write_video

SHRINKS = ("effort", "width")
_RATE_FACTOR, _COARSER = 24, 6
# No frames from the future, so that the first has time 0; a short look ahead bounds the memory. A window comes back
# to cells that earlier frames hold, a row away: more of them, searched wider, save a third for a tenth of the time.
# Flat cells and sharp letters are equally fine: finer flat areas (x264's `aq-mode`) cost letters their bits.
_ENCODER = {
    "preset": "faster", "bf": "0", "rc-lookahead": "10", "refs": "8", "motion-est": "umh", "aq-mode": "0",
    "x264-params": "mixed-refs=1",
}  # fmt: skip


def write(job: Job, file: BinaryIO) -> Written:
    """Write the video."""
    encoder = _ENCODER | {"crf": str(_RATE_FACTOR + _COARSER * job.effort)}
    return write_video(job, file, Recipe(container="mp4", codec="libx264", encoder=encoder, index_bytes=20))
