"""Drawing as PDF: a pen that takes what the pixels' pen takes and keeps operators of a page, y down.

Texts and formulas are texts, in fonts that hold just their glyphs; a formula also tells how it is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from cnnviz.render.agg import formula_of
from cnnviz.render.fonts import Face, font_of, lacks_weight
from cnnviz.render.markup import MarkupPen, Run, runs, strokes_across
from cnnviz.render.markup import short as _f
from cnnviz.render.mpl import formula_glyphs
from cnnviz.render.outlines import Stroke, advance, glyph_of, outline, units
from cnnviz.render.pen import DASHES, RIM, Points, Stamp
from cnnviz.render.text import Part, TextLine
from cnnviz.render.theme import Color
from cnnviz.words.plain import spoken

# A circle in four quarters, each with its handles.
_KAPPA = 0.5523
_CIRCLE = (
    *((1, 0), (1, _KAPPA), (_KAPPA, 1), (0, 1), (-_KAPPA, 1), (-1, _KAPPA)),
    *((-1, 0), (-1, -_KAPPA), (-_KAPPA, -1), (0, -1), (_KAPPA, -1), (1, -_KAPPA), (1, 0)),
)
_FILLED = " rg\n"
_SQUARE, _ROUND = "0 J 0 j", "1 J 1 j"
# Short texts are held by their middle, longer ones by their length, as in SVG.
_SHORT = 8
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

    def frame(self, x: int, y: int, width: int, height: int, color: Color, stroke: int) -> None:
        """Outline a rectangle inwards."""
        half = stroke / 2
        way = f"{self._at(x + half, y + half)} {_f(width - stroke)} {_f(height - stroke)} re\n"
        self._path_of(self._stroke(color, stroke, _SQUARE), way)

    def hatch(
        self, x: int, y: int, width: int, height: int, color: Color, spacing: float, stroke: float, strokes: str = "/"
    ) -> None:
        """Strokes across a rectangle, cut at its edges."""
        ends = strokes_across(x, y, width, height, spacing, strokes)
        way = "".join(f"{self._at(*end[:2])} m {self._at(*end[2:])} l\n" for end in ends)
        self._path_of(self._stroke(color, stroke, _ROUND), way)

    def polyline(self, points: Points, color: Color, stroke: float, style: str = "solid") -> None:
        """Draw a line through (n, 2) points."""
        finite = points[np.isfinite(points).all(axis=1)]
        if len(finite) < 2:
            return
        lengths = [length * stroke for length in DASHES[style] or ()]
        ends = f"{_SQUARE[:4]}1 j" if lengths else _ROUND
        self._path_of(self._stroke(color, stroke, ends, lengths), self._way(finite))

    def polygon(self, points: Points, fill: Color) -> None:
        """Fill the area within (n, 2) points."""
        self._path_of(self._fill(fill), self._way(points) + "h\n")

    def disc(self, x: float, y: float, radius: float, fill: Color) -> None:
        """Fill a circle."""
        at = [self._at(x + radius * dx, y + radius * dy) for dx, dy in _CIRCLE]
        curves = "".join(f"{a} {b} {c} c\n" for a, b, c in zip(at[1::3], at[2::3], at[3::3], strict=True))
        self._path_of(self._fill(fill), f"{at[0]} m\n{curves}h\n")

    def stamp(self, stamp: Stamp, x: int, y: int, color: Color) -> None:
        """Draw a stamp, its origin at a place."""
        stamp.draw(self.at(x, y), color)

    def rim(self, line: TextLine, x: int, baseline: int, color: Color) -> None:
        """Draw around where a line is going to be written: strokes alone, since a text would be found twice."""
        look = self._stroke(color, 2 * RIM, _ROUND)
        for face, glyph, size, dx, dy in _glyphs(line):
            at = x + dx + self._shift[0], baseline + dy + self._shift[1]
            if way := _outlined(outline(face, glyph), at, size / units(face)):
                self._path_of(look, way)

    def image(self, pixels: npt.NDArray[np.uint8], x: int, y: int) -> None:
        """An array of pixels as it is, for fields of values."""
        height, width = pixels.shape[:2]
        if pixels.size:
            self._markup.add(f"q {width} 0 0 {-height} {self._at(x, y + height)} cm {self._file.image(pixels)} Do Q\n")

    def _box(self, x: int, y: int, width: int, height: int, color: Color) -> None:
        self._path_of(self._fill(color), f"{self._at(x, y)} {_f(width)} {_f(height)} re\n")

    def _write(self, line: TextLine, x: float, baseline: float, color: Color, strong: Color) -> None:
        alone = len(list(runs(line))) == 1
        for run in runs(line):
            part, placed = run[0]
            ink = self._fill(strong if part.strong else color)
            ink += ink.upper() if part.bold else ""
            left, top = x + placed.x + self._shift[0], baseline + self._shift[1]
            formula = self._formula(part, left, top + round(part.drop)) if part.math else None
            self._markup.add(ink + (formula or self._run(run, left, top, alone=alone)))

    def _formula(self, part: Part, x: float, y: float) -> str | None:
        """A formula's glyphs and rules, and how it is said; None for what is no formula after all."""
        formula = formula_of(part.text, part.size, part.bold)
        if formula is None:
            return None
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
        said = spoken(part.text).encode("utf-16-be").hex()
        return f"/Span<</ActualText<feff{said}>>>BDC\nBT 100 Tz\n{''.join(words)}ET\n{rules}EMC\n"

    def _run(self, run: Run, x: float, y: float, *, alone: bool) -> str:
        """Words of one manner as one text, as wide as pixels have it, or held by its middle."""
        part, text = run[0][0], "".join(part.text for part, _ in run)
        width = run[-1][1].x + run[-1][1].piece.advance - run[0][1].x
        faces = [font_of(sign, part.bold) for sign in text]
        glyphs = [glyph_of(face, sign) for face, sign in zip(faces, text, strict=True)]
        own = sum(advance(face, glyph) for face, glyph in zip(faces, glyphs, strict=True)) * part.size
        stretch = 100.0
        if alone and len(text) <= _SHORT:
            x += (width - own) / 2
        elif own:
            stretch *= width / own
        words, before = [], None
        for face, glyph, sign in zip(faces, glyphs, text, strict=True):
            if face != before:
                # A face without a bold one of its own gets thicker strokes.
                thick = f"2 Tr {_f(part.size / 30, 2)} w " if lacks_weight(face, part.bold) else "0 Tr "
                words.append(f"{thick}{self._file.font(face)} {_f(part.size, 2)} Tf ")
            words.append(f"{self._file.code(face, glyph, sign)} Tj ")
            before = face
        said = "".join(words).replace("> Tj <", "")
        return f"BT {_f(stretch, 2)} Tz 1 0 0 -1 {_f(x, 2)} {_f(y, 2)} Tm {said}0 Tr ET\n"

    def _fill(self, color: Color) -> str:
        return f"{_components(color)}{_FILLED}"

    def _stroke(self, color: Color, width: float, ends: str, dashes: Sequence[float] = ()) -> str:
        lengths = " ".join(_f(length) for length in dashes)
        return f"{_components(color)} RG {_f(width, 2)} w {ends} [{lengths}] 0 d\n"

    def _path_of(self, look: str, way: str) -> None:
        self._markup.path(f"{look}{{}}{'f' if look.endswith(_FILLED) else 'S'}\n", way)

    def _way(self, points: Points) -> str:
        moved = (points + self._shift).round(2).tolist()
        lines = "".join(f"{_f(x, 2)} {_f(y, 2)} l\n" for x, y in moved[1:])
        return f"{_f(moved[0][0], 2)} {_f(moved[0][1], 2)} m\n{lines}"

    def _at(self, x: float, y: float) -> str:
        return f"{_f(x + self._shift[0], 2)} {_f(y + self._shift[1], 2)}"


def _glyphs(line: TextLine) -> Iterable[tuple[Face, int, float, float, float]]:
    """Every glyph of a line: its font, number and size, and where it stands from the line's beginning."""
    for run in runs(line):
        part, placed = run[0]
        formula = formula_of(part.text, part.size, part.bold) if part.math else None
        if formula is not None:
            for font, size, _, glyph, x, y in formula_glyphs(formula):
                yield (str(font.fname), 0), glyph, size, placed.x + x, round(part.drop) - float(y)
            continue
        x = float(placed.x)
        for character in "".join(part.text for part, _ in run):
            face = font_of(character, part.bold)
            yield face, glyph_of(face, character), part.size, x, 0.0
            x += advance(face, glyph_of(face, character)) * part.size


def _components(color: Color) -> str:
    return " ".join(_f(value / 255, 4) for value in color)


def _outlined(strokes: Iterable[Stroke], at: tuple[float, float], scale: float) -> str:
    """A glyph's contours as a path, from its place on the baseline."""
    words: list[str] = []
    here = 0.0, 0.0
    for kind, points in strokes:
        placed = [(at[0] + x * scale, at[1] - y * scale) for x, y in points]
        if kind == 3:
            # PDF has curves with two handles only.
            (x, y), end = placed
            placed = [((a + 2 * x) / 3, (b + 2 * y) / 3) for a, b in (here, end)] + [end]
        if kind == 1 and words:
            words.append("h")
        words.append(" ".join(f"{_f(x, 2)} {_f(y, 2)}" for x, y in placed) + " " + {1: "m", 2: "l"}.get(kind, "c"))
        here = placed[-1]
    return "\n".join([*words, "h\n"]) if words else ""
