"""Text as coverage masks: plain, **strong** and $mathtext$ pieces on one line, each word rasterised once.

Words go through matplotlib's FreeType binding directly, a fifth of the time of the Agg renderer's text path;
mathtext, several milliseconds a formula, goes through its parser, but for the indices of captions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cnnviz.locking import synchronized
from cnnviz.record import Record
from cnnviz.render.agg import DPI, DRAWS_GLYPHS, formula_cover, glyph_cover
from cnnviz.render.fonts import Face, font_of, is_wide, lacks_weight, open_face
from cnnviz.render.mpl import FORCE_AUTOHINT, KERNING_UNFITTED, TARGET_LIGHT, FT2Font

Mask = npt.NDArray[np.uint8]

_PART = re.compile(r"(\$[^$]+\$|\*\*.+?\*\*)")
_WORD = re.compile(r"\S+|\s+")
# The end of a caption, which is what it is there for.
_RESULT = re.compile(r"(.{2,})( (?:[=≈]|\$=\$|\$\\approx\$) )(\*\*.+?\*\*)$")
# `$y_{2,3}$`, new at every step: put together from single glyphs instead of parsed anew.
_INDEXED = re.compile(r"\$([A-Za-z])_\{([0-9,]+)\}\$")
_SUBSCRIPT_SCALE, _SUBSCRIPT_DROP = 0.7, 0.28
# Computer Modern is drawn smaller than DejaVu Sans at the same size.
_MATH_SCALE = 1.12
_KEPT, _KEPT_COVERS = 4096, 512
_NO_INK: Mask = np.zeros((0, 0), np.uint8)
# Glyphs stand at quarters of a pixel: at whole ones letters crowd here and gape there. Only their heights are hinted.
_PHASES = 4 if DRAWS_GLYPHS else 1
_HINTING = TARGET_LIGHT if DRAWS_GLYPHS else FORCE_AUTOHINT


class Piece(Record):
    """A rasterised piece of text: ink coverage, its place from the line's start and baseline, and how far it goes."""

    mask: Mask
    left: int
    top: int
    advance: float


class Placed(NamedTuple):
    """A piece at its place on a line, `drop` pixels below the baseline."""

    piece: Piece
    x: float
    drop: int
    strong: bool


class Part(NamedTuple):
    """A word, a blank or a formula of a line, and how it is set."""

    text: str
    size: float
    bold: bool
    math: bool = False
    drop: float = 0.0
    strong: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class TextLine:
    """A typeset line: its parts and their pieces, width, height above and depth below the baseline in pixels."""

    pieces: tuple[Placed, ...]
    width: int
    ascent: int
    descent: int
    parts: tuple[Part, ...] = ()


@lru_cache(maxsize=_KEPT_COVERS)
def covers_of(line: TextLine) -> list[tuple[Mask, int, int, bool]]:
    """What a line covers, its **strong** pieces apart: each as one mask with its place, and whether it is strong."""
    found = []
    for strong in (False, True):
        inked = [
            (math.floor(placed.x) + placed.piece.left, placed.drop + placed.piece.top, placed.piece.mask)
            for placed in line.pieces
            if placed.strong == strong and placed.piece.mask.size
        ]
        if inked:
            left, top = min(x for x, _, _ in inked), min(y for _, y, _ in inked)
            found.append((_joined(inked, left, top), left, top, strong))
    return found


def _joined(inked: Sequence[tuple[int, int, Mask]], left: int, top: int) -> Mask:
    """Masks at their places on one mask that begins at (left, top)."""
    right, bottom = max(x + m.shape[1] for x, _, m in inked), max(y + m.shape[0] for _, y, m in inked)
    found = np.zeros((bottom - top, right - left), np.uint8)
    for x, y, mask in inked:
        part = found[y - top : y - top + mask.shape[0], x - left : x - left + mask.shape[1]]
        np.maximum(part, mask, out=part)
    return found


class Typesetter:
    """Sets lines of text; words, formulas and whole lines are remembered, since captions and figures repeat theirs."""

    def line(self, text: str, size: float, bold: bool = False) -> TextLine:
        """Set one line at `size` pixels."""
        return _line(text, size, bold)

    def fitting(self, text: str, size: float, width: float, least: float, bold: bool = False) -> TextLine:
        """Set one line at `size` pixels, or as much smaller, down to `least`, as lets it fit `width`; then cut it."""
        size = self.size_within(text, size, width, least, bold)
        line = self.line(text, size, bold)
        while line.width > width and len(text) > 1:
            text = _shortened(text)
            line = self.line(text, size, bold)
        return line

    def size_within(self, text: str, size: float, width: float, least: float, bold: bool = False) -> float:
        """The size, or as much smaller, down to `least`, as lets the text fit."""
        line = self.line(text, size, bold)
        if line.width <= width:
            return size
        # Formulas do not grow in proportion to their size: the estimate may be half a pixel too large.
        size = max(least, math.floor(size * width / line.width * 2) / 2)
        while size > least and self.line(text, size, bold).width > width:
            size = max(least, size - 0.5)
        return size


@lru_cache(maxsize=_KEPT)
def _line(text: str, size: float, bold: bool) -> TextLine:
    x, placed, ascent, descent = 0.0, [], 0, 0
    parts = tuple(_parts_of(text, size, bold))
    for part in parts:
        at, phase = _quarter(x)
        piece = (_formula_or_words if part.math else _word)(part.text, part.size, part.bold, phase)
        drop = round(part.drop)
        placed.append(Placed(piece, at + phase / _PHASES, drop, part.strong))
        x += piece.advance
        ascent = max(ascent, -piece.top - drop)
        descent = max(descent, piece.top + piece.mask.shape[0] + drop)
    return TextLine(tuple(placed), math.ceil(x), ascent, descent, parts)


def _quarter(x: float) -> tuple[int, int]:
    """The place nearest to x at which a glyph can stand: whole pixels, and quarters."""
    return divmod(round(x * _PHASES), _PHASES)


@lru_cache(maxsize=_KEPT)
def _word(text: str, size: float, bold: bool, phase: int) -> Piece:
    """A word from its glyphs: numbers change from step to step, their digits do not."""
    x, before, inked = 0.0, "", []
    for sign in text:
        x += _kerning(before, sign, size, bold) if before else 0.0
        at, own_phase = _quarter(x + phase / _PHASES)
        glyph = _glyph(sign, size, bold, own_phase)
        if glyph.mask.size:
            inked.append((at + glyph.left, glyph.top, glyph.mask))
        x, before = x + glyph.advance, sign
    if not inked:
        return Piece(_NO_INK, 0, 0, x)
    left, top = min(at for at, _, _ in inked), min(at for _, at, _ in inked)
    return Piece(_joined(inked, left, top), left, top, x)


@lru_cache(maxsize=_KEPT)
@synchronized
def _glyph(sign: str, size: float, bold: bool, phase: int) -> Piece:
    face = font_of(sign, bold)
    font = _sized(face, size)
    advance = font.load_char(ord(sign), flags=_HINTING).linearHoriAdvance / 65536
    if sign.isspace():
        return Piece(_NO_INK, 0, 0, advance)
    if DRAWS_GLYPHS:
        cover, left, top = glyph_cover(font, font.get_char_index(ord(sign)), phase / _PHASES, 0, _HINTING)
        mask = np.array(cover, np.uint8)
    else:
        font.set_text(sign, 0.0, flags=_HINTING)
        font.draw_glyphs_to_bitmap(antialiased=True)
        mask = np.asarray(font.get_image()).copy()
        left, top = round(font.get_bitmap_offset()[0] / 64), mask.shape[0] - round(font.get_descent() / 64)
    if lacks_weight(face, bold):
        mask = _thickened(mask, max(1, round(size / 16)))
    return Piece(mask, left, -top, advance)


@lru_cache(maxsize=_KEPT)
@synchronized
def _kerning(before: str, sign: str, size: float, bold: bool) -> float:
    face = font_of(before, bold)
    if face != font_of(sign, bold):
        return 0.0
    font = _sized(face, size)
    pair = font.get_char_index(ord(before)), font.get_char_index(ord(sign))
    return font.get_kerning(*pair, KERNING_UNFITTED) / 64


def _sized(face: Face, size: float) -> FT2Font:
    font = open_face(face)
    font.set_size(size, DPI)
    return font


def _thickened(mask: Mask, by: int) -> Mask:
    """A glyph whose strokes are some pixels wider."""
    wider = np.pad(mask, [(0, 0), (0, by)])
    thick: Mask = np.maximum.reduce([np.roll(wider, shift, axis=1) for shift in range(by + 1)])
    return thick


@lru_cache(maxsize=_KEPT)
def _formula_or_words(text: str, size: float, bold: bool, phase: int) -> Piece:
    """A formula; where a user's text only happens to hold two dollar signs, its words as they stand."""
    found = formula_cover(text, size, bold, phase / _PHASES)
    if found is None:
        return _word(text, size, bold, phase)
    ink, left, baseline, width = found
    in_rows, in_columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(in_rows):
        return Piece(_NO_INK, 0, 0, width)
    cut = ink[in_rows[0] : in_rows[-1] + 1, in_columns[0] : in_columns[-1] + 1].copy()
    return Piece(cut, int(in_columns[0]) - left, int(in_rows[0]) - baseline, width)


def _parts_of(text: str, size: float, bold: bool) -> Iterator[Part]:
    """The parts of a text in the order in which a line has their pieces."""
    for part in _PART.split(text):
        if indexed := _INDEXED.fullmatch(part):
            yield Part(f"${indexed[1]}$", size * _MATH_SCALE, bold, math=True)
            for sign in indexed[2]:
                small = size * _MATH_SCALE * _SUBSCRIPT_SCALE
                # In braces no space follows a comma.
                source = "${,}$" if sign == "," else f"${sign}$"
                yield Part(source, small, bold, math=True, drop=size * _SUBSCRIPT_DROP)
        elif part.startswith("$") and (part.isascii() or not any(map(is_wide, part))):
            yield Part(part, size * _MATH_SCALE, bold, math=True)
        else:
            strong = part.startswith("**")
            inner = part[2:-2] if strong else part
            if strong and inner.startswith("$") and inner.endswith("$"):
                yield Part(inner, size * _MATH_SCALE, bold, math=True, strong=True)
                continue
            for word in _WORD.findall(inner):
                yield Part(word, size, bold or strong, strong=strong)


def _shortened(text: str) -> str:
    """Drop the last word, or the last one before the result, and put an ellipsis there; never half a formula."""
    found = _RESULT.match(text)
    head, sign, result = found.groups() if found else (text, "", "")
    parts = [part for part in _PART.split(head.removesuffix("…")) if part]
    last = parts.pop()
    if last[0] != "$" and not last.startswith("**"):
        parts.append(_without_last_word(last.rstrip()))
    return "".join(parts).rstrip() + "…" + sign + result


def _without_last_word(text: str) -> str:
    """A text up to its last blank or sign that takes a square; where it is one word, without its last letter."""
    for place in range(len(text) - 1, -1, -1):
        if text[place] == " ":
            return text[:place]
        if is_wide(text[place]):
            return text[: place if place == len(text) - 1 else place + 1]
    return text[:-1]
