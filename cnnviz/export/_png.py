"""The chunks of a PNG of palette indices, after the PNG specification, third edition.

Pillow writes such a PNG too, but an animated one only from a list of all frames, each of them a whole copy.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from cnnviz.export import Job
from cnnviz.render.palette import Pixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_DEPTH, _PALETTE_COLOR = 8, 3


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    """Length, kind, data and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def start(size: tuple[int, int], colors: npt.NDArray[np.uint8], texts: Mapping[str, str], clear: bool = False) -> bytes:
    """All that stands before the pixels; `clear` adds a transparent colour behind the others."""
    head = chunk(b"IHDR", struct.pack(">2I5B", *size, _DEPTH, _PALETTE_COLOR, 0, 0, 0))
    palette = chunk(b"PLTE", colors.tobytes() + bytes(3 * clear))
    alphas = chunk(b"tRNS", b"\xff" * len(colors) + b"\0") if clear else b""
    return SIGNATURE + head + b"".join(_text(key, text) for key, text in texts.items()) + palette + alphas


def packed(pixels: Pixels, level: int) -> bytes:
    """Rows of indices, each led by a zero for "no filter", compressed."""
    height, width = pixels.shape
    rows = np.zeros((height, width + 1), np.uint8)
    rows[:, 1:] = pixels
    return zlib.compress(rows.data, level)


def still(pixels: Pixels, colors: npt.NDArray[np.uint8], texts: Mapping[str, str], level: int = 9) -> bytes:
    """A whole PNG of one picture."""
    height, width = pixels.shape
    return start((width, height), colors, texts) + chunk(b"IDAT", packed(pixels, level)) + chunk(b"IEND")


def texts_of(job: Job) -> dict[str, str]:
    """What a picture says of itself, by PNG's own keywords: the picture in words, and the command that makes it."""
    return {"Description": job.storyboard.alt, "Comment": job.command}


def _text(key: str, text: str) -> bytes:
    # Uncompressed, and neither a language nor a translated keyword.
    return chunk(b"iTXt", key.encode("ascii") + b"\0\0\0\0\0" + text.encode("utf-8", "surrogateescape"))
