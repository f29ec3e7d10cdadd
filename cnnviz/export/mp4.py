"""H.264 in MP4, the video that every program plays: 4:2:0, even sizes, the index before the pictures."""

from __future__ import annotations

from typing import BinaryIO

from cnnviz.export import Job, Written
from cnnviz.export._video import Recipe, write_video

_INDEX_BYTES, _INDEX_BYTES_A_FRAME = 2048, 48


def write(job: Job, file: BinaryIO) -> Written:
    """Write the video."""
    # Room for the index is kept free at the file's beginning, so that a web page can play the file while it loads.
    room = _INDEX_BYTES + 4 * len(job.command + job.storyboard.alt) + _INDEX_BYTES_A_FRAME * job.storyboard.count
    recipe = Recipe(
        container="mp4", codec="libx264", muxer={"moov_size": str(room)},
        # No frames from the future, so that the first has time 0; a short look ahead bounds the memory.
        encoder={"preset": "faster", "tune": "animation", "crf": "18", "bf": "0", "rc-lookahead": "10"},
    )  # fmt: skip
    return write_video(job, file, recipe)
