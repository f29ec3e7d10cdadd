r"""Formulas on one line, such as `$o=\lfloor(i-k)/s\rfloor+1$`, set as mathtext would set them.

Its parser takes longer to be made than most figures to be drawn, and few of them have formulas of another kind.
"""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from cnnviz.render.mpl import KERNING_DEFAULT, NO_HINTING, OWN_FONTS, TEX_SYMBOLS, FT2Font, open_font

_TOKEN = re.compile(
    r"\\,|\{,\}|\\(?:cdot|times|lfloor|rfloor|lceil|rceil|approx|leq|geq)(?![a-z])|[a-zA-Z0-9+\-=()/.,]"
)
_BINARY = {"+", "-", r"\cdot", r"\times"}
_RELATIONS = {"=", r"\approx", r"\leq", r"\geq"}
# Shares of a size: the em of cmsy10.tfm; spaces beside operators and behind commas, and the thin one.
_EM = 1048579 / 2**20
_SPACE, _THIN = 0.2 * _EM, 0.16667 * _EM


class Formula(NamedTuple):
    """As `MathTextParser("path")` gives it: glyphs are (font, size, character, glyph number, x, y), y up."""

    width: float
    height: float
    depth: float
    glyphs: list[tuple[FT2Font, float, int, int, float, float]]
    rects: list[Any]


def line_formula(text: str, size: float, dpi: int) -> Formula | None:
    """A formula of letters, digits, operators and brackets; None for any other."""
    source = text[1:-1]
    if not source.strip() or _TOKEN.sub("", source).strip():
        return None
    x, height, depth = 0.0, 0.0, 0.0
    placed: list[tuple[FT2Font, int, int, float]] = []
    before: tuple[FT2Font, Any] | None = None
    for found in _TOKEN.finditer(source):
        symbol = found[0]
        if symbol == r"\,":
            x, before = x + _THIN * size, None
            continue
        font, character = _font_of(symbol)
        font.set_size(size, dpi)
        number = font.get_char_index(character)
        glyph = font.load_glyph(number, flags=NO_HINTING)
        left, right = _spaces(symbol, source[: found.start()].rstrip()[-1:], source[found.end() :].lstrip()[:1])
        if before and not right:
            x += before[0].get_kerning(before[1], number, KERNING_DEFAULT) / 64
        placed.append((font, character, number, x + left * size))
        x += (left + right) * size + glyph.linearHoriAdvance / 65536
        before = None if right else (font, number)
        height = max(height, glyph.horiBearingY / 64)
        depth = max(depth, (glyph.height - glyph.horiBearingY) / 64)
    up = math.ceil(height) - height
    glyphs = [(font, size, character, number, x, up) for font, character, number, x in placed]
    return Formula(math.ceil(x), math.ceil(height) + math.ceil(depth), math.ceil(depth), glyphs, [])


def _font_of(symbol: str) -> tuple[FT2Font, int]:
    """A font of Computer Modern, and the character that a symbol is there."""
    symbol = symbol.strip("{}").replace("-", "\N{MINUS SIGN}")
    name = "cmr10" if symbol.isdigit() else "cmmi10"
    name, character = TEX_SYMBOLS[symbol] if symbol in TEX_SYMBOLS else (name, ord(symbol))
    return open_font(str(OWN_FONTS / f"{name}.ttf")), character


def _spaces(symbol: str, before: str, after: str) -> tuple[float, float]:
    """The space before and behind a symbol; a comma in braces has none."""
    if symbol in _RELATIONS or (symbol in _BINARY and before not in ("", "(", "=")):
        return _SPACE, _SPACE
    if symbol == "," or (symbol == "." and not (before.isdigit() and after.isdigit())):
        return 0.0, _SPACE
    return 0.0, 0.0
