"""GIF, PNG, APNG and WebP, block by block: Pillow would decode every frame to tell the duration."""

from __future__ import annotations

import os
import struct
import zlib
from typing import BinaryIO

from cnnviz.reading._metadata import KEYS, MAX_TEXT, CorruptFileError, FileMetadata, decode, marked, read_exactly

_XMP = {
    key: rf"<{tag}>(?:<rdf:Alt><rdf:li[^>]*>)?([^<]*)<"
    for tag, key in {
        "dc:source": "Comment",
        "xmp:CreatorTool": "Software",
        "dc:title": "Title",
        "iptc:AltTextAccessibility": "Description",
        "dc:description": "Caption",
    }.items()
}


def gif(file: BinaryIO) -> FileMetadata:
    """A GIF: the command is its first comment, the other texts are lines of the second."""
    width, height, flags = struct.unpack("<6xHHB2x", read_exactly(file, 13))
    _skip(file, _table(flags))
    comments: list[bytes] = []
    frames = centiseconds = 0
    while (kind := read_exactly(file, 1)) != b";":
        if kind == b"!":
            label = read_exactly(file, 1)
            # Only the first two comments are cnnviz's.
            data = _sub_blocks(file, keep=label == b"\xf9" or (label == b"\xfe" and len(comments) < 2))
            if label == b"\xf9" and len(data) >= 3:
                centiseconds += int.from_bytes(data[1:3], "little")
            elif label == b"\xfe":
                comments.append(data)
        elif kind == b",":
            _skip(file, _table(read_exactly(file, 9)[8]) + 1)
            _sub_blocks(file, keep=False)
            frames += 1
        else:
            raise CorruptFileError("is a broken GIF")
    texts = {"Comment": decode(comments[0])} if comments else {}
    for line in decode(b"\n".join(comments[1:])).split("\n"):
        key, colon, text = line.partition(": ")
        if colon and key in KEYS:
            texts[key] = text
    return FileMetadata(format="gif", texts=texts, size=(width, height), frames=frames, milliseconds=10 * centiseconds)


def _table(flags: int) -> int:
    """The length of a colour table."""
    return 3 * (2 << (flags & 7)) if flags & 0x80 else 0


def _skip(file: BinaryIO, count: int) -> None:
    file.seek(count, os.SEEK_CUR)


def _sub_blocks(file: BinaryIO, *, keep: bool) -> bytes:
    data = b""
    while count := read_exactly(file, 1)[0]:
        if not keep:
            _skip(file, count)
        elif len(data) < MAX_TEXT:
            data += read_exactly(file, count)
        else:
            raise CorruptFileError("holds a text that is too long")
    return data


def png(file: BinaryIO) -> FileMetadata:
    """A PNG or APNG: its texts stand in chunks of their own."""
    read_exactly(file, 8)
    size, texts, frames, milliseconds, animated = (0, 0), {}, 0, 0.0, False
    while True:
        length, kind = struct.unpack(">I4s", read_exactly(file, 8))
        if kind == b"IEND":
            break
        if kind in (b"IHDR", b"acTL", b"fcTL", b"iTXt", b"tEXt"):
            data = _chunk(file, length)
            if kind == b"IHDR":
                size = struct.unpack(">II", data[:8])
            elif kind == b"fcTL":
                frames += 1
                numerator, denominator = struct.unpack(">HH", data[20:24])
                milliseconds += 1000 * numerator / (denominator or 100)
            elif kind in (b"iTXt", b"tEXt"):
                key, text = _png_text(kind, data)
                texts[key] = text
            animated |= kind == b"acTL"
        else:
            _skip(file, length)
        read_exactly(file, 4)
    texts = {key: text for key, text in texts.items() if key in KEYS}
    name, count = ("apng", frames) if animated else ("png", 1)
    return FileMetadata(format=name, texts=texts, size=size, frames=count, milliseconds=round(milliseconds))


def _chunk(file: BinaryIO, length: int) -> bytes:
    if length > MAX_TEXT:
        raise CorruptFileError("holds a text that is too long")
    return read_exactly(file, length)


def _png_text(kind: bytes, data: bytes) -> tuple[str, str]:
    key, _, rest = data.partition(b"\0")
    if kind == b"tEXt":
        return key.decode("latin-1"), rest.decode("latin-1")
    packed, rest = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    if packed:
        rest = zlib.decompressobj().decompress(rest, MAX_TEXT)
    return key.decode("latin-1"), decode(rest)


def webp(file: BinaryIO) -> FileMetadata:
    """A WebP: its texts are an XMP packet."""
    whole = int.from_bytes(read_exactly(file, 12)[4:8], "little") + 8
    if file.seek(0, os.SEEK_END) < whole:
        raise CorruptFileError("is cut short: it ends in the middle")
    file.seek(12)
    size, texts, frames, milliseconds = (0, 0), {}, 0, 0
    while file.tell() + 8 <= whole:
        kind, length = struct.unpack("<4sI", read_exactly(file, 8))
        after = file.tell() + length + length % 2
        if kind == b"VP8X":
            numbers = read_exactly(file, 10)
            size = _number(numbers[4:7]) + 1, _number(numbers[7:10]) + 1
        elif kind == b"ANMF":
            frames += 1
            milliseconds += _number(read_exactly(file, 15)[12:15])
        elif kind == b"XMP ":
            texts = marked(decode(_chunk(file, length)), _XMP)
        file.seek(after)
    return FileMetadata(format="webp", texts=texts, size=size, frames=max(1, frames), milliseconds=milliseconds)


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
