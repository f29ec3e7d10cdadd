"""MP4 and WebM, by PyAV."""

from __future__ import annotations

from typing import Any, BinaryIO

from cnnviz.errors import CnnvizError
from cnnviz.installation import install_hint
from cnnviz.reading._told import Broken, Told

_TAGS = {
    "title": "Title", "description": "Description", "synopsis": "Caption", "comment": "Comment", "software": "Software",
}  # fmt: skip
_MICROSECONDS = 1000
_NEARLY = 50
"""Milliseconds by which a container's length and its last frame's end may differ."""


def mp4(file: BinaryIO) -> Told:
    """An MP4."""
    return _video(file, "mp4", "mp4")


def webm(file: BinaryIO) -> Told:
    """A WebM."""
    return _video(file, "webm", "matroska")


def _video(file: BinaryIO, name: str, container: str) -> Told:
    av = _library(name)
    try:
        # Its format is given: FFmpeg's guess could be one that names other files.
        with av.open(file, format=container, metadata_errors="surrogateescape") as opened:
            stream = opened.streams.video[0]
            tags = {key.lower(): text for key, text in opened.metadata.items()}
            size, milliseconds = (stream.width, stream.height), round((opened.duration or 0) / _MICROSECONDS)
            packets = [packet for packet in opened.demux(stream) if packet.size]
            end = max(float((packet.pts + packet.duration) * packet.time_base) for packet in packets)
    except (av.FFmpegError, AttributeError, LookupError, TypeError, ValueError):
        raise Broken(f"is a broken .{name}") from None
    if 1000 * end < milliseconds - _NEARLY:
        raise Broken("is cut short: it ends in the middle")
    texts = {key: tags[tag] for tag, key in _TAGS.items() if tag in tags}
    return Told(format=name, texts=texts, size=size, frames=len(packets), milliseconds=milliseconds)


def _library(name: str) -> Any:
    try:
        import av
    except ImportError:
        hint = install_hint("cnnviz[video]")
        raise CnnvizError(f".{name} needs PyAV, which is not installed: {hint}") from None
    return av
