"""H.264 in MP4, the video that every program plays: 4:2:0, even sizes, the index before the pictures."""

from __future__ import annotations

from typing import BinaryIO

from cnnviz.export import Job, Written
from cnnviz.export._video import Recipe, write_video

SHRINKS = ("effort", "width")
_RATE_FACTOR, _COARSER = 18, 6
# No frames from the future, so that the first has time 0; a short look ahead bounds the memory.
_ENCODER = {"preset": "faster", "tune": "animation", "bf": "0", "rc-lookahead": "10"}


def write(job: Job, file: BinaryIO) -> Written:
    """Write the video."""
    encoder = _ENCODER | {"crf": str(_RATE_FACTOR + _COARSER * job.effort)}
    return write_video(job, file, Recipe(container="mp4", codec="libx264", encoder=encoder, index_bytes=48))
