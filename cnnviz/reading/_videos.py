"""MP4 and WebM, by PyAV."""

from __future__ import annotations

from functools import partial
from typing import BinaryIO

from cnnviz.installation import load_extra
from cnnviz.reading._metadata import CorruptFileError, FileMetadata

_TAGS = {
    "title": "Title",
    "description": "Description",
    "synopsis": "Caption",
    "comment": "Comment",
    "software": "Software",
}
_TOLERANCE = 50
"""Milliseconds by which a container's duration and its last frame's end may differ."""


def _video(file: BinaryIO, name: str, container: str) -> FileMetadata:
    av = load_extra("av", "PyAV", "video", f".{name}")
    try:
        # Naming the format keeps FFmpeg from guessing one that refers to other files.
        with av.open(file, format=container, metadata_errors="surrogateescape") as video:
            stream = video.streams.video[0]
            tags = {key.lower(): text for key, text in video.metadata.items()}
            size, milliseconds = (stream.width, stream.height), round((video.duration or 0) / 1000)
            packets = [packet for packet in video.demux(stream) if packet.size]
            end = max(float((packet.pts + packet.duration) * packet.time_base) for packet in packets)
    except (av.FFmpegError, AttributeError, LookupError, TypeError, ValueError):
        raise CorruptFileError(f"is a broken .{name}") from None
    if 1000 * end < milliseconds - _TOLERANCE:
        raise CorruptFileError("is cut short: it ends in the middle")
    texts = {key: tags[tag] for tag, key in _TAGS.items() if tag in tags}
    return FileMetadata(format=name, texts=texts, size=size, frames=len(packets), milliseconds=milliseconds)


mp4 = partial(_video, name="mp4", container="mp4")
webm = partial(_video, name="webm", container="matroska")
