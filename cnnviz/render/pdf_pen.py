"""Drawing as PDF: a pen that takes what the pixels' pen takes and keeps operators of a page, y down.

Texts and formulas are texts, in fonts that hold just their glyphs; a formula also tells how it is said.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.render.fonts import Face, font_of, lacks_weight
from cnnviz.render.markup import MarkupPen
from cnnviz.render.markup import short as _f
from cnnviz.render.mpl import Outline, formula_glyphs
from cnnviz.render.outlines import advance, glyph_of
from cnnviz.render.pen import DASHES, Stamp
from cnnviz.render.text import Part
from cnnviz.render.theme import Color
from cnnviz.words.plain import spoken

_OPERATORS = {1: "m", 2: "l", 4: "c", 79: "h"}
# Codes of Computer Modern that are not Unicode's.
_SIGNS = {("cmsy10", 161): "−", ("cmex10", 165): "⌊", ("cmex10", 166): "⌋"}


class PdfResources:
    """What the pages of a file share: fonts by the names that operators have for them, and images."""

    def __init__(self) -> None:
        self.fonts: dict[Face, dict[tuple[int, str], int]] = {}
        self.images: dict[tuple[tuple[int, ...], bytes], int] = {}

    def pen(self) -> PdfPen:
        """A pen that uses them."""
        return PdfPen(self)

    def code(self, face: Face, glyph: int, character: str) -> str:
        """A glyph as a page names it, and what font it is in."""
        codes = self.fonts.setdefault(face, {})
        return f"<{codes.setdefault((glyph, character), len(codes) + 1):04x}>"

    def font(self, face: Face) -> str:
        """A font as a page names it."""
        self.fonts.setdefault(face, {})
        return f"/F{list(self.fonts).index(face)}"

    def image(self, pixels: npt.NDArray[np.uint8]) -> str:
        """An image as a page names it."""
        key = pixels.shape, pixels.tobytes()
        return f"/I{self.images.setdefault(key, len(self.images))}"


class PdfPen(MarkupPen):
    """Keeps operators of what is drawn."""

    @property
    def _file(self) -> PdfResources:
        resources: PdfResources = self._resources
        return resources

    def rect(self, x: int, y: int, width: int, height: int, color: Color) -> None:
        """Fill a rectangle."""
        self._markup.append(f"{_components(color)} rg\n{self._at(x, y)} {width} {height} re\nf\n")

    def stamp(self, stamp: Stamp, x: int, y: int, color: Color) -> None:
        """Draw a stamp, its origin at a place."""
        stamp.draw(self.at(x, y), color)

    def image(self, pixels: npt.NDArray[np.uint8], x: int, y: int) -> None:
        """An array of pixels as it is, for fields of values."""
        height, width = pixels.shape[:2]
        if pixels.size:
            self._markup.append(
                f"q {width} 0 0 {-height} {self._at(x, y + height)} cm {self._file.image(pixels)} Do Q\n"
            )

    def _path(self, path: Outline, color: Color, stroke: float = 0, style: str = "solid") -> None:
        way = ""
        for points, code in path.iter_segments(simplify=False):
            if code != Outline.CLOSEPOLY:
                way += "".join(f"{self._at(x, y)} " for x, y in np.reshape(points, (-1, 2)).tolist())
            way += f"{_OPERATORS[int(code)]}\n"
        if not stroke:
            self._markup.append(f"{_components(color)} rg\n{way}f\n")
            return
        ends = "0 J 0 j" if style == "square" else "0 J 1 j" if DASHES[style] else "1 J 1 j"
        lengths = " ".join(_f(length * stroke) for length in DASHES[style] or ())
        self._markup.append(f"{_components(color)} RG {_f(stroke, 2)} w {ends} [{lengths}] 0 d\n{way}S\n")

    def _formula(self, part: Part, formula: Any, x: float, y: float, color: Color) -> str:
        """A formula's glyphs and rules, and how it is said."""
        words, before = [], ""
        for font, size, code, glyph, dx, dy in formula_glyphs(formula):
            face = str(font.fname), 0
            sign = _SIGNS.get((font.postscript_name.lower(), code), chr(code))
            look = f"{self._file.font(face)} {_f(size, 2)} Tf "
            place = f"1 0 0 -1 {_f(x + dx, 2)} {_f(y - float(dy), 2)} Tm"
            words.append(f"{look if look != before else ''}{place} {self._file.code(face, glyph, sign)} Tj\n")
            before = look
        rules = "".join(
            f"{_f(x + dx, 2)} {_f(y - float(dy), 2)} {_f(w, 2)} {_f(-float(h), 2)} re f\n"
            for dx, dy, w, h in formula.rects
        )
        body = f"{_ink(part, color)}BT 100 Tz 0 Tr\n{''.join(words)}0 Tr ET\n{rules}"
        return _said(spoken(part.text), body)

    def _words(self, text: str, part: Part, x: float, y: float, width: float, color: Color) -> str:
        """One text, as wide as pixels have it."""
        faces = [font_of(sign, part.bold) for sign in text]
        glyphs = [glyph_of(face, sign) for face, sign in zip(faces, text, strict=True)]
        own = sum(advance(face, glyph) for face, glyph in zip(faces, glyphs, strict=True)) * part.size
        stretch = 100 * width / own if own else 100
        said, before = "", None
        for face, glyph, sign in zip(faces, glyphs, text, strict=True):
            if face != before:
                # A face without a bold one of its own gets thicker strokes.
                thick = f"2 Tr {_f(part.size / 30, 2)} w " if lacks_weight(face, part.bold) else "0 Tr "
                said += f"{thick}{self._file.font(face)} {_f(part.size, 2)} Tf "
            said += f"{self._file.code(face, glyph, sign)} Tj "
            before = face
        said = said.replace("> Tj <", "")
        return f"{_ink(part, color)}BT {_f(stretch, 2)} Tz 1 0 0 -1 {_f(x, 2)} {_f(y, 2)} Tm {said}0 Tr ET\n"

    def _at(self, x: float, y: float) -> str:
        return f"{_f(x + self._shift[0], 2)} {_f(y + self._shift[1], 2)}"


def _said(text: str, body: str) -> str:
    """What is drawn with what stands for it where texts are searched and copied."""
    return f"/Span<</ActualText<feff{text.encode('utf-16-be').hex()}>>>BDC\n{body}EMC\n"


def _ink(part: Part, color: Color) -> str:
    """The colours that fill letters and, of bold ones, draw them."""
    fill = f"{_components(color)} rg\n"
    return fill + fill.upper() if part.bold else fill


def _components(color: Color) -> str:
    return " ".join(_f(value / 255, 4) for value in color)
