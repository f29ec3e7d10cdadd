"""The outlines of glyphs, of whatever kind of font file, and the small font that holds those that a figure uses."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen

from cnnviz.locking import synchronized
from cnnviz.render.fonts import Face, open_face
from cnnviz.render.mpl import NO_HINTING, NO_SCALE, Outline

if TYPE_CHECKING:
    from matplotlib.ft2font import GlyphIndexType

Stroke = tuple[int, tuple[tuple[float, float], ...]]
"""One step of an outline in the font's units: 1 moves, 2 is a line, 3 and 4 are curves with one and two handles."""

_WHOLE = NO_SCALE | NO_HINTING
# Of an em: how far a curve of one kind may be from the curve of another kind that takes its place.
_ERROR = 0.0005


@dataclass(frozen=True)
class Embedded:
    """A font to put into a file: TrueType, what its glyphs advance and where it reaches, in thousandths of an em."""

    name: str
    data: bytes
    widths: tuple[int, ...]
    box: tuple[int, int, int, int]
    ascent: int
    descent: int


def glyph_of(face: Face, sign: str) -> int:
    """The number of a sign's glyph."""
    return int(open_face(face).get_char_index(ord(sign)))


def units(face: Face) -> int:
    """Units to the em."""
    return int(open_face(face).units_per_EM)


@lru_cache(maxsize=4096)
@synchronized
def advance(face: Face, glyph: int) -> float:
    """How far a glyph goes, in ems."""
    loaded = open_face(face).load_glyph(cast("GlyphIndexType", glyph), flags=_WHOLE)
    return float(loaded.horiAdvance / units(face))


@lru_cache(maxsize=4096)
@synchronized
def outline(face: Face, glyph: int) -> tuple[Stroke, ...]:
    """The steps of a glyph's contours, y up; each contour begins with a move and is closed."""
    font = open_face(face)
    font.load_glyph(cast("GlyphIndexType", glyph), flags=_WHOLE)
    vertices, codes = font.get_path()
    # It takes all coordinates for sixty-fourths.
    segments = Outline(vertices * 64, codes).iter_segments(simplify=False)
    strokes = ((int(code), tuple(map(tuple, points.reshape(-1, 2).tolist()))) for points, code in segments)
    return tuple(stroke for stroke in strokes if stroke[0] != Outline.CLOSEPOLY)


def embedded(face: Face, glyphs: Sequence[int]) -> Embedded:
    """A font of these glyphs in their order, from number 1 on; number 0 is empty."""
    font = open_face(face)
    unit = units(face)
    builder = FontBuilder(unit, isTTF=True)
    names = [".notdef", *(f"g{place}" for place in range(1, len(glyphs) + 1))]
    builder.setupGlyphOrder(names)
    numbers = dict(zip(names, [None, *glyphs], strict=True))
    builder.setupGlyf({name: _drawn(face, glyph, unit) for name, glyph in numbers.items()})
    wide = {name: 0 if glyph is None else round(advance(face, glyph) * unit) for name, glyph in numbers.items()}
    table = builder.font["glyf"]
    builder.setupHorizontalMetrics({name: (wide[name], getattr(table[name], "xMin", 0)) for name in names})
    builder.setupHorizontalHeader(ascent=font.ascender, descent=font.descender)
    # No time of making: the same glyphs are the same bytes.
    builder.font.recalcTimestamp = False
    builder.updateHead(created=0, modified=0)
    file = io.BytesIO()
    builder.save(file)

    def thousandths(length: float) -> int:
        return round(1000 * length / unit)

    left, bottom, right, top = map(thousandths, font.bbox)
    return Embedded(
        name=font.postscript_name,
        data=file.getvalue(),
        widths=tuple(thousandths(wide[name]) for name in names[1:]),
        box=(left, bottom, right, top),
        ascent=thousandths(font.ascender),
        descent=thousandths(font.descender),
    )


def _drawn(face: Face, glyph: int | None, unit: int) -> object:
    pen = TTGlyphPen(None)
    strokes = () if glyph is None else outline(face, glyph)
    # TrueType turns the other way round, and has no curves with two handles.
    cubic = any(kind == 4 for kind, _ in strokes)
    draws = Cu2QuPen(pen, _ERROR * unit, reverse_direction=True) if cubic else pen
    for number, (kind, points) in enumerate(strokes):
        whole = [(round(x), round(y)) for x, y in points]
        if kind == 1:
            if number:
                draws.closePath()
            draws.moveTo(*whole)
        else:
            {2: draws.lineTo, 3: draws.qCurveTo, 4: draws.curveTo}[kind](*whole)
    if strokes:
        draws.closePath()
    return pen.glyph()
