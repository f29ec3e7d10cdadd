"""GIF, PNG, APNG and WebP: their blocks, without decoding a pixel.

Pillow tells how long an animation plays only by decoding every frame of it.
"""

from __future__ import annotations

import os
import struct
import zlib
from typing import BinaryIO
from xml.etree import ElementTree

from cnnviz.reading._told import KEYS, MOST_TEXT, Broken, Told, exactly, text_of

_XMP = {
    "source": "Comment", "CreatorTool": "Software", "title": "Title", "AltTextAccessibility": "Description",
    "description": "Caption",
}  # fmt: skip


def gif(file: BinaryIO) -> Told:
    """A GIF: the command is its first comment, the other texts are lines of the second."""
    width, height, flags = struct.unpack("<6xHHB2x", exactly(file, 13))
    _skip(file, _table(flags))
    comments: list[bytes] = []
    frames = centiseconds = 0
    while (kind := exactly(file, 1)) != b";":
        if kind == b"!":
            label = exactly(file, 1)
            # A third comment is not ours, nor need a hundred MB of them be kept.
            data = _sub_blocks(file, keep=label == b"\xf9" or (label == b"\xfe" and len(comments) < 2))
            if label == b"\xf9" and len(data) >= 3:
                centiseconds += int.from_bytes(data[1:3], "little")
            elif label == b"\xfe":
                comments.append(data)
        elif kind == b",":
            _skip(file, _table(exactly(file, 9)[8]) + 1)
            _sub_blocks(file, keep=False)
            frames += 1
        else:
            raise Broken("is a broken GIF")
    texts = {"Comment": text_of(comments[0])} if comments else {}
    for line in text_of(b"\n".join(comments[1:])).split("\n"):
        key, colon, text = line.partition(": ")
        if colon and key in KEYS:
            texts[key] = text
    return Told(format="gif", texts=texts, size=(width, height), frames=frames, milliseconds=10 * centiseconds)


def _table(flags: int) -> int:
    """The length of the colour table that flags announce."""
    return 3 * (2 << (flags & 7)) if flags & 0x80 else 0


def _skip(file: BinaryIO, count: int) -> None:
    file.seek(count, os.SEEK_CUR)


def _sub_blocks(file: BinaryIO, *, keep: bool) -> bytes:
    data = b""
    while count := exactly(file, 1)[0]:
        if not keep:
            _skip(file, count)
        elif len(data) < MOST_TEXT:
            data += exactly(file, count)
        else:
            raise Broken("holds a text that is too long")
    return data


def png(file: BinaryIO) -> Told:
    """A PNG or APNG: its texts stand in chunks of their own."""
    exactly(file, 8)
    size, texts, frames, milliseconds, animated = (0, 0), {}, 0, 0.0, False
    while True:
        length, kind = struct.unpack(">I4s", exactly(file, 8))
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
        exactly(file, 4)
    texts = {key: text for key, text in texts.items() if key in KEYS}
    name, count = ("apng", frames) if animated else ("png", 1)
    return Told(format=name, texts=texts, size=size, frames=count, milliseconds=round(milliseconds))


def _chunk(file: BinaryIO, length: int) -> bytes:
    if length > MOST_TEXT:
        raise Broken("holds a text that is too long")
    return exactly(file, length)


def _png_text(kind: bytes, data: bytes) -> tuple[str, str]:
    key, _, rest = data.partition(b"\0")
    if kind == b"tEXt":
        return key.decode("latin-1"), rest.decode("latin-1")
    packed, rest = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    if packed:
        rest = zlib.decompressobj().decompress(rest, MOST_TEXT)
    return key.decode("latin-1"), text_of(rest)


def webp(file: BinaryIO) -> Told:
    """A WebP: its texts are an XMP packet."""
    whole = int.from_bytes(exactly(file, 12)[4:8], "little") + 8
    if file.seek(0, os.SEEK_END) < whole:
        raise Broken("is cut short: it ends in the middle")
    file.seek(12)
    size, texts, frames, milliseconds = (0, 0), {}, 0, 0
    while file.tell() + 8 <= whole:
        kind, length = struct.unpack("<4sI", exactly(file, 8))
        after = file.tell() + length + length % 2
        if kind == b"VP8X":
            numbers = exactly(file, 10)
            size = _number(numbers[4:7]) + 1, _number(numbers[7:10]) + 1
        elif kind == b"ANMF":
            frames += 1
            milliseconds += _number(exactly(file, 15)[12:15])
        elif kind == b"XMP ":
            texts = _xmp(_chunk(file, length))
        file.seek(after)
    return Told(format="webp", texts=texts, size=size, frames=max(1, frames), milliseconds=milliseconds)


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _xmp(packet: bytes) -> dict[str, str]:
    if b"<!" in packet:
        raise Broken("holds a text with definitions of its own, which cnnviz does not write")
    texts = {}
    for element in ElementTree.fromstring(packet).iter():
        key = _XMP.get(element.tag.rpartition("}")[2])
        if key:
            texts[key] = "".join(element.itertext())
    return texts
