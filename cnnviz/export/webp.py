"""Animated WebP as a stream: lossless, and of each frame only the pixels that changed.

imageio's own writers and Pillow collect all frames, and libwebp's animation encoder keeps the whole file in memory.
Here Pillow encodes each rectangle as a still, and the container around them is written frame by frame. The format:
RFC 9649, section 2.7.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from html import escape
from typing import BinaryIO

import numpy as np
from PIL import Image

from cnnviz.export import Job, Written
from cnnviz.export._amount import affordable, tween_of
from cnnviz.export._patches import Patch, patches
from cnnviz.export._plugin import AnimationPlugin, Frames, save
from cnnviz.limits import MAX_PACKED_PIXELS
from cnnviz.render.palette import Pixels

SUPPORTED_OPTIONS = ("transparent",)
HAS_PIXELS = True
AUTOPLAYS = True
_ANIMATED, _XMP, _ALPHA = 0x02, 0x04, 0x10
_DO_NOT_BLEND = 0x02
# libwebp's effort: beyond it files do not shrink (within 1 %), at the least of it they grow twentyfold.
_METHOD, _QUALITY = 2, 50
_PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:iptc="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/">'
    "{texts}</rdf:Description></rdf:RDF></x:xmpmeta>"
)
_SAID, _SAID_IN_A_LANGUAGE = "<{0}>{1}</{0}>", '<{0}><rdf:Alt><rdf:li xml:lang="x-default">{1}</rdf:li></rdf:Alt></{0}>'
# IPTC's photo metadata standard keeps the caption and the text for those who do not see the picture apart.
_PLACES = {
    "Comment": ("dc:source", _SAID),
    "Software": ("xmp:CreatorTool", _SAID),
    "Title": ("dc:title", _SAID_IN_A_LANGUAGE),
    "Description": ("iptc:AltTextAccessibility", _SAID_IN_A_LANGUAGE),
    "Caption": ("dc:description", _SAID_IN_A_LANGUAGE),
}


def write(job: Job, file: BinaryIO) -> Written:
    """Write the animation."""
    film = affordable(job, tween_of(job), MAX_PACKED_PIXELS)
    return save(WebpPlugin, job, film, file)


class WebpPlugin(AnimationPlugin):
    """Write animated, lossless WebP: `iio.imwrite("x.webp", frames, plugin=cnnviz.WebpPlugin, duration=100)`."""

    def encode(self, film: Frames, file: BinaryIO, *, once: bool, texts: Mapping[str, str]) -> int:
        """Write a whole file."""
        width, height = film.size
        opaque = b"\xff" * len(film.palette.colors) if film.palette.alphas is None else film.palette.alphas.tobytes()
        colors, alphas = film.palette.colors.tobytes() + bytes(3), opaque + b"\0"
        begin = file.tell()
        file.write(b"RIFF" + bytes(4) + b"WEBP")
        flags = _little(_ANIMATED | _XMP | _ALPHA, 4)
        file.write(_chunk(b"VP8X", flags + _little(width - 1, 3) + _little(height - 1, 3)))
        file.write(_chunk(b"ANIM", b"\xff\xff\xff\xff" + _little(int(once), 2)))
        lasts = 0
        for patch in patches(film, film.size, grain=2):
            anew = not lasts or patch.clears(film.palette)
            lasts += patch.milliseconds
            pixels = patch.pixels if anew else patch.sparse(len(film.palette.colors))
            file.write(_chunk(b"ANMF", _frame_head(patch, anew) + _encode(pixels, colors, alphas)))
        file.write(_chunk(b"XMP ", _packet(texts)))
        end = file.tell()
        file.seek(begin + 4)
        file.write(_little(end - begin - 8, 4))
        file.seek(end)
        return lasts


def _chunk(kind: bytes, data: bytes) -> bytes:
    return kind + _little(len(data), 4) + data + bytes(len(data) % 2)


def _little(number: int, length: int) -> bytes:
    return number.to_bytes(length, "little")


def _frame_head(patch: Patch, anew: bool) -> bytes:
    height, width = patch.pixels.shape
    numbers = (patch.box.left // 2, patch.box.top // 2, width - 1, height - 1, patch.milliseconds)
    return b"".join(_little(number, 3) for number in numbers) + _little(_DO_NOT_BLEND if anew else 0, 1)


def _encode(pixels: Pixels, colors: bytes, alphas: bytes) -> bytes:
    height, width = pixels.shape
    image = Image.frombuffer("P", (width, height), np.ascontiguousarray(pixels), "raw", "P", 0, 1)
    image.putpalette(colors)
    if any(alphas[index] < 255 for index in np.unique(pixels)):
        image.info["transparency"] = alphas
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", lossless=True, method=_METHOD, quality=_QUALITY)
    # Behind the still's own RIFF header: the bitstream's chunk.
    return buffer.getvalue()[12:]


def _packet(texts: Mapping[str, str]) -> bytes:
    said = []
    for key, text in texts.items():
        name, form = _PLACES[key]
        said.append(form.format(name, escape(text, quote=False)))
    return _PACKET.format(texts="".join(said)).encode("utf-8", "replace")
