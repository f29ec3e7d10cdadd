"""The chunks of a PNG of palette indices, after the PNG specification, third edition.

Pillow writes such a PNG too, but an animated one only from a list of all frames, each of them a whole copy.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

import numpy as np

from cnnviz.render.palette import Palette, Pixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_DEPTH, _PALETTE_COLOR = 8, 3


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    """Length, kind, data and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def start(size: tuple[int, int], palette: Palette, texts: Mapping[str, str], clear: bool = False) -> bytes:
    """All that stands before the pixels; `clear` adds a transparent colour behind the others."""
    head = chunk(b"IHDR", struct.pack(">2I5B", *size, _DEPTH, _PALETTE_COLOR, 0, 0, 0))
    colors = chunk(b"PLTE", palette.colors.tobytes() + bytes(3 * clear))
    opaque = b"\xff" * len(palette.colors) if palette.alphas is None else palette.alphas.tobytes()
    alphas = chunk(b"tRNS", opaque + bytes(clear)) if clear or palette.alphas is not None else b""
    return SIGNATURE + head + b"".join(_text(key, text) for key, text in texts.items()) + colors + alphas


def packed(pixels: Pixels, level: int) -> bytes:
    """Rows of indices, each led by a zero for "no filter", compressed."""
    height, width = pixels.shape
    rows = np.zeros((height, width + 1), np.uint8)
    rows[:, 1:] = pixels
    return zlib.compress(rows.data, level)


def _text(key: str, text: str) -> bytes:
    # Uncompressed, and neither a language nor a translated keyword.
    return chunk(b"iTXt", key.encode("ascii") + b"\0\0\0\0\0" + text.encode("utf-8", "surrogateescape"))
