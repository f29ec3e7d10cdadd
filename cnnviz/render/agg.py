"""matplotlib's compiled drawing by the shortest way: paths and formulas as coverage masks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.locking import synchronized
from cnnviz.render.linear import line_formula
from cnnviz.render.mpl import (
    LOAD_DEFAULT,
    NO_HINTING,
    RENDER_NORMAL,
    Affine2D,
    FontProperties,
    FT2Font,
    Outline,
    RendererAgg,
    backend_renderer,
    formula_glyphs,
    formula_parser,
    plain_style,
)

Mask = npt.NDArray[np.uint8]

DPI = 72
"""Dots to the inch: a point is a pixel."""

_KEPT = 4096
_BLACK = (0.0, 0.0, 0.0)
_UPRIGHT = [[0x10000, 0], [0, 0x10000]]

DRAWS_GLYPHS = RENDER_NORMAL is not None and hasattr(FT2Font, "_render_glyph")
"""Whether glyphs can be drawn one by one, at fractions of a pixel."""


class _Context:
    """What Agg reads of a graphics context: black, without clipping, snapping or hatching."""

    _alpha, _forced_alpha, _antialiased, _rgb = 1.0, False, 1, (*_BLACK, 1.0)
    _cliprect, _joinstyle = None, "round"

    def __init__(self, width: float = 0.0, cap: str = "round", dashes: Sequence[float] = ()) -> None:
        self._linewidth, self._capstyle, self._dashes = width, cap, (0, list(dashes) or None)

    def get_dashes(self) -> tuple[float, list[float] | None]:
        return self._dashes

    def get_clip_path(self) -> tuple[None, None]:
        return None, None

    def get_snap(self) -> None:
        return None

    def get_hatch_color(self) -> tuple[float, ...]:
        return self._rgb

    def get_hatch_linewidth(self) -> float:
        return 1.0

    get_hatch_path = get_sketch_params = get_snap


class _Sheet:
    """An area of `width` by `height` pixels to draw on, y up."""

    def __init__(self, width: int, height: int) -> None:
        self._renderer: Any = RendererAgg(width, height, DPI)

    def path(self, path: Outline, place: Affine2D, context: _Context, *, fill: bool) -> None:
        self._renderer.draw_path(context, path, place, _BLACK if fill else None)

    def image(self, mask: Mask, x: int, y: int) -> None:
        self._renderer.draw_text_image(mask, x, y, 0, _Context())

    def cover(self) -> Mask:
        found = np.asarray(getattr(self._renderer, "buffer_rgba", lambda: self._renderer)())
        return np.asarray(found[..., 3])


def cover_of(
    path: Outline,
    left: int,
    top: int,
    width: int,
    height: int,
    stroke: float = 0.0,
    dashes: Sequence[float] | None = None,
) -> Mask:
    """How much of each pixel of a box a path covers, as a line `stroke` pixels wide, or filled where that is 0."""
    sheet = _Sheet(width, height)
    # Agg counts y from below.
    place = Affine2D().translate(-left, -top).scale(1, -1).translate(0, height)
    sheet.path(path, place, _Context(stroke, "butt" if dashes else "round", dashes or ()), fill=not stroke)
    return sheet.cover()


def _font(size: float, bold: bool) -> FontProperties:
    return FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal", math_fontfamily="cm")


@lru_cache(maxsize=_KEPT)
@synchronized
@plain_style()
def formula_of(text: str, size: float, bold: bool) -> Any:
    """A formula's glyphs and rules as mathtext sets them, y up from the baseline; None for what is no formula."""
    if DRAWS_GLYPHS and (line := line_formula(text, size, DPI)):
        return line
    # The parser remembers but fifty, and the figures of a set repeat theirs; its `parse` imports `backend_agg`.
    parser = formula_parser()
    try:
        if RENDER_NORMAL is not None and hasattr(parser, "_parse_cached"):
            return parser._parse_cached(text, DPI, _font(size, bold), True, NO_HINTING)
        return parser.parse(text, DPI, _font(size, bold))
    except ValueError:
        return None


@synchronized
@plain_style()
def formula_cover(text: str, size: float, bold: bool, shift: float = 0.0) -> tuple[Mask, int, int, float] | None:
    """The pixels of a formula, where its baseline begins on them (x, y), and its width; None for what is no formula.

    It is drawn `shift` pixels, less than one, to the right of there.
    """
    formula = formula_of(text, size, bold)
    if formula is None:
        return None
    width, height, descent = formula[:3]
    margin = 2 + math.ceil(size / 4)
    rows, columns = math.ceil(height) + 2 * margin, math.ceil(width) + 2 * margin
    baseline = rows - margin - math.ceil(descent)
    if DRAWS_GLYPHS:
        cover = _drawn(formula, columns, rows, margin + shift, baseline)
    else:
        cover = _drawn_by_backend(text, _font(size, bold), columns, rows, margin, baseline)
    return cover, margin, baseline, float(width)


def glyph_cover(font: FT2Font, glyph: int, x: float, y: float, flags: Any) -> tuple[Mask, int, int]:
    """The pixels of a glyph (x, y) from the origin, y up; its left edge, and how high its upper one is."""
    # What 3.11 calls them, and its types do not.
    drawing: Any = font
    drawing._set_transform(_UPRIGHT, [round(0x40 * x), round(0x40 * y)])
    bitmap = drawing._render_glyph(glyph, flags, RENDER_NORMAL)
    drawing._set_transform(_UPRIGHT, [0, 0])
    return bitmap.buffer, bitmap.left, bitmap.top


def _drawn(formula: Any, columns: int, rows: int, x: float, baseline: int) -> Mask:
    """As `backend_agg` draws a formula."""
    sheet = _Sheet(columns, rows)
    for font, size, _, glyph, dx, dy in formula_glyphs(formula):
        font.set_size(size, DPI)
        cover, left, top = glyph_cover(font, glyph, x + dx, rows - baseline + dy, LOAD_DEFAULT)
        sheet.image(cover, left, rows - top + cover.shape[0])
    for dx, dy, width, height in formula.rects:
        # Thin rules do not vanish: they grow to a pixel on both sides.
        left, wide = (dx, width) if width >= 1 else (dx - (1 - width) / 2, 1)
        low, tall = (dy, height) if height >= 1 else (dy - (1 - height) / 2, 1)
        corners = [(left, low), (left + wide, low), (left + wide, low + tall), (left, low + tall), (left, low)]
        place = Affine2D().translate(x, rows - baseline)
        sheet.path(Outline(np.array(corners, np.float64), closed=True), place, _Context(), fill=True)
    return sheet.cover()


def _drawn_by_backend(text: str, font: FontProperties, columns: int, rows: int, x: int, baseline: int) -> Mask:
    renderer = backend_renderer(columns, rows, DPI)
    renderer.draw_text(renderer.new_gc(), x, baseline, text, font, 0, ismath=True)
    return np.asarray(renderer.buffer_rgba())[..., 3]
