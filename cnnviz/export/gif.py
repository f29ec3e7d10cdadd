"""GIF as a stream, with one global palette, exact delays, and only the changed rectangle of each frame.

An imageio plugin, because imageio's own do not write this: its Pillow plugin keeps all frames in memory and gives each
its own palette, and its PyAV plugin has a fixed frame rate. Pillow's GIF encoder makes the image blocks, this module
the few bytes around them. The format: GIF89a specification, sections 17 to 27.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, pairwise
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from cnnviz.export import Job, Written
from cnnviz.export._amount import affordable, tween_of
from cnnviz.export._patches import Patch, patches, where
from cnnviz.export._plugin import AnimationPlugin, Frames, save
from cnnviz.limits import MAX_PIXELS
from cnnviz.render.canvas import Box, apart, hull
from cnnviz.render.frames import Frame
from cnnviz.render.palette import Pixels

SUPPORTED_OPTIONS = ("transparent",)
HAS_PIXELS = True
AUTOPLAYS = True
_SHORT_RUN = 12
_SHORTEST_DELAY = 20
"""Milliseconds between two blocks of the same picture: the shortest delay that every browser supports."""
_KEEP, _CLEAR = 1, 2
"""Disposal methods: leave this frame, or clear its rectangle to transparent, before drawing the next one."""


def write(job: Job, file: BinaryIO) -> Written:
    """Write the animation."""
    film = affordable(job, tween_of(job), MAX_PIXELS)
    return save(GifPlugin, job, film, file)


class GifPlugin(AnimationPlugin):
    """Write GIF: `iio.imwrite("x.gif", frames, plugin=cnnviz.GifPlugin, duration=100)`."""

    grain = 10

    def encode(self, film: Frames, file: BinaryIO, *, once: bool, texts: Mapping[str, str]) -> int:
        """Write a whole file; `once` omits the loop block."""
        file.write(_head(film, once, texts))
        lasts = 0
        for block, milliseconds in _transparent(film, once) if film.palette.alphas is not None else _opaque(film):
            file.write(block)
            lasts += milliseconds
        file.write(b";")
        return lasts


def _head(film: Frames, once: bool, texts: Mapping[str, str]) -> bytes:
    colors = film.palette.colors if film.palette.alphas is None else film.palette.colors[: film.palette.ground]
    # One more index than there are colours: it stands for "unchanged".
    bits = max(2, len(colors).bit_length())
    table = colors.tobytes().ljust(3 << bits, b"\0")
    screen = struct.pack("<6sHHBBB", b"GIF89a", *film.size, 0x80 | 0x70 | (bits - 1), 0, 0)
    # LibreOffice looks for it only right after the colour table.
    loop = b"" if once else b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    # The first comment is just the command, so that it is easy to copy.
    more = "\n".join(f"{key}: {text}" for key, text in texts.items() if key != "Comment")
    return screen + table + loop + _comment(texts.get("Comment", "")) + _comment(more)


def _comment(text: str) -> bytes:
    return b"!\xfe" + _sub_blocks(text.encode("utf-8", "surrogateescape")) if text else b""


def _sub_blocks(data: bytes) -> bytes:
    parts = [data[start : start + 255] for start in range(0, len(data), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def _long_runs(same: npt.NDArray[np.bool_], parts: Sequence[Box]) -> None:
    """In parts of a mask, drop runs of unchanged pixels too short to be worth a switch to "unchanged" and back."""
    sizes = [(part.bottom - part.top, part.right - part.left + 2) for part in parts]
    # All rows are joined into one, with a changed pixel at both ends of each to separate runs.
    line, at, blocks = np.zeros(sum(rows * columns for rows, columns in sizes), np.bool_), 0, []
    for part, (rows, columns) in zip(parts, sizes, strict=True):
        blocks.append(line[at : (at := at + rows * columns)].reshape(rows, columns)[:, 1:-1])
        blocks[-1][:] = same[part.slices]
    edges = np.flatnonzero(line[1:] != line[:-1]) + 1
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    short = lengths < _SHORT_RUN
    starts, lengths = starts[short], lengths[short]
    before = np.cumsum(lengths) - lengths
    line[np.arange(lengths.sum()) + np.repeat(starts - before, lengths)] = False
    for part, block in zip(parts, blocks, strict=True):
        same[part.slices] = block


def _with_long_runs(patch: Patch) -> Patch:
    """The patch, redrawing short unchanged runs, which occur only close to changes."""
    height, width = patch.same.shape
    wider = [Box(part.left - _SHORT_RUN, part.top, part.right + _SHORT_RUN, part.bottom) for part in patch.parts]
    parts = apart(part.clip(width, height) for part in wider) if width >= _SHORT_RUN else (Box(0, 0, width, height),)
    _long_runs(patch.same, parts)
    return replace(patch, parts=parts)


def _opaque(film: Frames) -> Iterator[tuple[bytes, int]]:
    """Blocks of an opaque film, each drawn over the previous ones, with their durations."""
    unchanged, moved = len(film.palette.colors), False
    for number, (patch, following) in enumerate(_with_next(film, film.size)):
        if not number:
            yield _block(patch.box, patch.pixels, patch.milliseconds, _KEEP, None), patch.milliseconds
            continue
        left, moved, all_unchanged = patch.milliseconds, moved or patch.moving, patch.sparse(unchanged)
        pixels = _with_long_runs(patch).sparse(unchanged)
        # A step without gliding is one block, and so is the last picture.
        wholes = _wholes(patch, film.band) if moved and following else [patch.box]
        for box in wholes:
            lasts = left if box is wholes[-1] else _SHORTEST_DELAY
            part = box.seen_from(*patch.box[:2]).slices
            ways = (found[part] for found in (pixels, all_unchanged, patch.pixels))
            yield min((_block(box, found, lasts, _KEEP, unchanged) for found in ways), key=len), lasts
            left -= lasts


def _wholes(patch: Patch, band: int) -> list[Box]:
    """Boxes that can be updated one by one without looking unfinished: the stage, and each text below it."""
    parts = [part.moved(*patch.box[:2]) for part in patch.parts]
    stage, rest = hull(part for part in parts if part.top < band), [part for part in parts if part.top >= band]
    return [stage, *rest] if stage and len(rest) * _SHORTEST_DELAY < patch.milliseconds else [patch.box]


def _transparent(film: Frames, once: bool) -> Iterator[tuple[bytes, int]]:
    """Blocks of a transparent film, with their durations.

    Drawing cannot make a pixel transparent again; only the disposal of a frame can, for its whole rectangle. So the
    frame before pixels are cleared must include them, and the next one redraws the rectangle.
    """
    clear = film.palette.ground
    whole = Box(0, 0, *film.size)
    picture = np.full((whole.bottom, whole.right), clear, np.uint8)
    dropped: Box | None = whole
    for patch, following in _with_next(_hard(film), film.size):
        picture[patch.box.slices] = patch.pixels
        same = np.ones(picture.shape, np.bool_)
        same[patch.box.slices] = patch.same
        if dropped is not None:
            same[dropped.slices] = False
        if following is not None:
            gone = where(~following.same & (following.pixels == clear), following.box)
        else:
            # Programs differ in whether they clear the last frame before looping.
            gone = None if once else whole
        box = hull(part for part in (patch.box, dropped, gone) if part is not None) or whole
        _long_runs(same, [box])
        pixels = np.where(same[box.slices], np.uint8(clear), picture[box.slices])
        disposal = _KEEP if gone is None else _CLEAR
        yield _block(box, pixels, patch.milliseconds, disposal, clear), patch.milliseconds
        dropped = None if gone is None else box


def _hard(film: Frames) -> Iterator[Frame]:
    """Frames with only opaque and transparent pixels: half-transparent edges of text would become light rims."""
    pixels = np.empty((film.size[1], film.size[0]), np.uint8)
    for frame in film:
        pixels[frame.changed.slices] = film.palette.hard[frame.pixels[frame.changed.slices]]
        yield replace(frame, pixels=pixels)


def _with_next(frames: Iterable[Frame], size: tuple[int, int]) -> Iterator[tuple[Patch, Patch | None]]:
    return pairwise(chain(patches(frames, size), [None]))  # type: ignore[list-item]


def _block(box: Box, pixels: Pixels, milliseconds: int, disposal: int, transparent: int | None) -> bytes:
    """A graphic control extension and an image block, in which the index `transparent` is not drawn."""
    clear = 0 if transparent is None else transparent
    flags = disposal << 2 | (transparent is not None)
    control = struct.pack("<3sBHBx", b"!\xf9\x04", flags, milliseconds // 10, clear)
    height, width = pixels.shape
    place = struct.pack("<sHHHHB", b",", box.left, box.top, width, height, 0)
    image = Image.frombuffer("P", (width, height), np.ascontiguousarray(pixels), "raw", "P", 0, 1)
    # Pillow's own GIF writer always starts with nine-bit codes, which takes up to a tenth more bytes.
    bits = max(2, int(pixels.max()).bit_length())
    return control + place + bytes([bits]) + image.tobytes("gif", "P", bits) + b"\0"
