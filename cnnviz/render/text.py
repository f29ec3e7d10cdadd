"""Text as coverage masks: plain, **strong** and $mathtext$ pieces on one line, each word rasterised once.

Words go through matplotlib's FreeType binding directly, a fifth of the time of the Agg renderer's text path;
mathtext, several milliseconds a formula, goes through its parser, but for the indices of captions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import FT2Font, LoadFlags

Mask = npt.NDArray[np.uint8]

# 72 dots to the inch: a point is a pixel.
_DPI = 72
_PART = re.compile(r"(\$[^$]+\$|\*\*.+?\*\*)")
_WORD = re.compile(r"\S+|\s+")
# The end of a caption, which is what it is there for.
_RESULT = re.compile(r"(.{2,})( [=≈] )(\*\*.+?\*\*)$")
# `$y_{2,3}$`, new at every step: put together from single glyphs instead of parsed anew.
_INDEXED = re.compile(r"\$([A-Za-z])_\{([0-9,]+)\}\$")
_SUBSCRIPT_SCALE, _SUBSCRIPT_DROP = 0.7, 0.28
# Computer Modern is drawn smaller than DejaVu Sans at the same size.
_MATH_SCALE = 1.12
_KEPT_PIECES = 4096
# Stems on whole pixels: crisper on a projector, and fewer shades for the file to carry.
_HINTING = LoadFlags.FORCE_AUTOHINT


@dataclass(frozen=True)
class Piece:
    """A rasterised piece of text: ink coverage, its place from the line's start and baseline, and how far it goes."""

    mask: Mask
    left: int
    top: int
    advance: float


@dataclass(frozen=True)
class Placed:
    """A piece at its place on a line, `drop` pixels below the baseline."""

    piece: Piece
    x: int
    drop: int
    strong: bool


@dataclass(frozen=True)
class Line:
    """A typeset line: its pieces, width, height above and depth below the baseline in pixels."""

    pieces: tuple[Placed, ...]
    width: int
    ascent: int
    descent: int


@dataclass(frozen=True)
class _Part:
    text: str
    size: float
    bold: bool
    math: bool = False
    drop: float = 0.0
    strong: bool = False


class Typesetter:
    """Sets lines of text and remembers the pieces, since captions repeat theirs."""

    def __init__(self, family: str = "DejaVu Sans") -> None:
        self._family = family
        self._pieces: dict[tuple[str, float, bool, bool], Piece] = {}
        self._files: dict[bool, str] = {}
        self._scratch = RendererAgg(8, 8, _DPI)

    def line(self, text: str, size: float, bold: bool = False) -> Line:
        """Set one line at `size` pixels."""
        x, placed, ascent, descent = 0.0, [], 0, 0
        for part in _parts(text, size, bold):
            piece = self._piece(part)
            drop = round(part.drop)
            placed.append(Placed(piece, round(x), drop, part.strong))
            x += piece.advance
            ascent = max(ascent, -piece.top - drop)
            descent = max(descent, piece.top + piece.mask.shape[0] + drop)
        return Line(tuple(placed), math.ceil(x), ascent, descent)

    def fitting(self, text: str, size: float, width: float, least: float, bold: bool = False) -> Line:
        """Set one line at `size` pixels, or as much smaller, down to `least`, as lets it fit `width`; then cut it."""
        line = self.line(text, size, bold)
        if line.width <= width:
            return line
        # Hinted widths do not grow in proportion to the size: the estimate may be half a pixel too large.
        smaller = max(least, math.floor(size * width / line.width * 2) / 2)
        line = self.line(text, smaller, bold)
        while line.width > width and smaller > least:
            smaller = max(least, smaller - 0.5)
            line = self.line(text, smaller, bold)
        while line.width > width and len(text) > 1:
            text = _shortened(text)
            line = self.line(text, smaller, bold)
        return line

    def _piece(self, part: _Part) -> Piece:
        key = part.text, part.size, part.bold, part.math
        if key not in self._pieces:
            if len(self._pieces) >= _KEPT_PIECES:
                self._pieces.clear()
            self._pieces[key] = self._formula(part) if part.math else self._word(part)
        return self._pieces[key]

    def _word(self, part: _Part) -> Piece:
        font = self._set(part.text, part)
        advance, descent = font.get_width_height()[0] / 64, font.get_descent() / 64
        if not part.text.strip():
            # A lone blank has no ink to measure by: two letters with and without it do.
            advance = self._advance(f"n{part.text}n", part) - self._advance("nn", part)
            return Piece(np.zeros((0, 0), np.uint8), 0, 0, advance)
        font.draw_glyphs_to_bitmap(antialiased=True)
        mask = np.asarray(font.get_image()).copy()
        left = round(font.get_bitmap_offset()[0] / 64)
        return Piece(mask, left, round(descent) - mask.shape[0], advance)

    def _advance(self, text: str, part: _Part) -> float:
        return self._set(text, part).get_width_height()[0] / 64

    def _set(self, text: str, part: _Part) -> FT2Font:
        if part.bold not in self._files:
            self._files[part.bold] = findfont(self._font(part))
        font = get_font(self._files[part.bold])
        font.set_size(part.size, _DPI)
        font.set_text(text, 0.0, flags=_HINTING)
        return font

    def _formula(self, part: _Part) -> Piece:
        font = self._font(part)
        width, height, descent = self._scratch.get_text_width_height_descent(part.text, font, True)
        margin = 2 + math.ceil(part.size / 4)
        rows, columns = math.ceil(height) + 2 * margin, math.ceil(width) + 2 * margin
        baseline = rows - margin - math.ceil(descent)
        renderer = RendererAgg(columns, rows, _DPI)
        renderer.draw_text(renderer.new_gc(), margin, baseline, part.text, font, 0, ismath=True)
        ink = np.asarray(renderer.buffer_rgba())[..., 3]
        in_rows, in_columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
        if not len(in_rows):
            return Piece(np.zeros((0, 0), np.uint8), 0, 0, float(width))
        cut = ink[in_rows[0] : in_rows[-1] + 1, in_columns[0] : in_columns[-1] + 1].copy()
        return Piece(cut, int(in_columns[0]) - margin, int(in_rows[0]) - baseline, float(width))

    def _font(self, part: _Part) -> FontProperties:
        weight = "bold" if part.bold else "normal"
        return FontProperties(family=self._family, size=part.size, weight=weight, math_fontfamily="cm")


def _parts(text: str, size: float, bold: bool) -> Iterator[_Part]:
    for part in _PART.split(text):
        if indexed := _INDEXED.fullmatch(part):
            yield _Part(f"${indexed[1]}$", size * _MATH_SCALE, bold, math=True)
            for sign in indexed[2]:
                small = size * _MATH_SCALE * _SUBSCRIPT_SCALE
                yield _Part(f"${sign}$", small, bold, math=True, drop=size * _SUBSCRIPT_DROP)
        elif part.startswith("$"):
            yield _Part(part, size * _MATH_SCALE, bold, math=True)
        else:
            strong = part.startswith("**")
            for word in _WORD.findall(part[2:-2] if strong else part):
                yield _Part(word, size, bold or strong, strong=strong)


def _shortened(text: str) -> str:
    """Drop the last word, or the last one before the result, and put an ellipsis there; never half a formula."""
    found = _RESULT.match(text)
    head, sign, result = found.groups() if found else (text, "", "")
    parts = [part for part in _PART.split(head.removesuffix("…")) if part]
    last = parts.pop()
    if last[0] != "$" and not last.startswith("**"):
        head, space, _ = last.rstrip().rpartition(" ")
        parts.append(head if space else last[:-1])
    return "".join(parts).rstrip() + "…" + sign + result
