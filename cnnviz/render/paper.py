"""Drawing as PDF: a pen that takes what the pixels' pen takes and keeps operators of a page, y down.

Texts and formulas are texts, in fonts that hold just their glyphs; a formula also tells how it is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from cnnviz.render.fonts import Face, font_of, lacks_weight
from cnnviz.render.markup import MarkupPen, Run, Spoken, formula_of, strokes_across
from cnnviz.render.markup import short as _f
from cnnviz.render.mpl import formula_glyphs
from cnnviz.render.outlines import Stroke, advance, glyph_of, outline, units
from cnnviz.render.panels._axes import HALO, Stamp
from cnnviz.render.pen import DASHES, Points
from cnnviz.render.text import Part
from cnnviz.render.theme import Color
from cnnviz.words.plain import spoken

# Where the handles of a quarter of a circle are.
_KAPPA = 0.5523
_NAMED = re.compile(r"/F(?P<font>\d+) [\d.]+ Tf|<(?P<codes>[0-9a-f]+)> Tj|/I(?P<image>\d+) Do")
_SQUARE, _ROUND = "0 J 0 j", "1 J 1 j"
# Short texts are held by their middle, longer ones by their length, as in SVG.
_SHORT = 8
# Codes of Computer Modern that are not Unicode's.
_SIGNS = {("cmsy10", 161): "−", ("cmex10", 165): "⌊", ("cmex10", 166): "⌋"}


class Sheaf:
    """What the pages of a file share: fonts by the names that operators have for them, and images."""

    def __init__(self) -> None:
        self.markup: list[str] = []
        self.fonts: dict[Face, dict[tuple[int, str], int]] = {}
        self.images: dict[tuple[tuple[int, ...], bytes], int] = {}

    def pen(self, shift: tuple[float, float] = (0, 0), covers: tuple[int, int] | None = None) -> PaperPen:
        """A pen that uses them."""
        return PaperPen(self, shift, covers=covers)

    def moved(self, markup: str, x: float, y: float) -> str:
        """Operators at another place."""
        return f"q 1 0 0 1 {_f(x)} {_f(y)} cm\n{markup}Q\n" if markup and (x or y) else markup

    def used(self, operators: str) -> set[tuple[int, int]]:
        """The codes that operators write, each with its font's number; and the images, as of font −1."""
        found, font = set[tuple[int, int]](), 0
        for word in _NAMED.finditer(operators):
            if word["font"]:
                font = int(word["font"])
            elif word["image"]:
                found.add((-1, int(word["image"])))
            else:
                codes = word["codes"]
                found |= {(font, int(codes[place : place + 4], 16)) for place in range(0, len(codes), 4)}
        return found

    def code(self, face: Face, glyph: int, sign: str) -> str:
        """A glyph as a page names it, and what font it is in."""
        codes = self.fonts.setdefault(face, {})
        return f"<{codes.setdefault((glyph, sign), len(codes) + 1):04x}>"

    def font(self, face: Face) -> str:
        """A font as a page names it."""
        self.fonts.setdefault(face, {})
        return f"/F{list(self.fonts).index(face)}"

    def image(self, pixels: npt.NDArray[np.uint8]) -> str:
        """An image as a page names it."""
        key = pixels.shape, pixels.tobytes()
        return f"/I{self.images.setdefault(key, len(self.images))}"


class PaperPen(MarkupPen):
    """Keeps operators of what is drawn; `ink` stands for every colour."""

    def __init__(
        self, sheaf: Sheaf, shift: tuple[float, float] = (0, 0), ink: Color | None = None,
        covers: tuple[int, int] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(shift, covers)
        self._sheaf, self._ink = sheaf, ink

    def frame(self, x: int, y: int, width: int, height: int, color: Color, stroke: int) -> None:
        """Outline a rectangle inwards."""
        half = stroke / 2
        way = f"{self._at(x + half, y + half)} {_f(width - stroke)} {_f(height - stroke)} re\n"
        self._path_on(self._stroke(color, stroke, _SQUARE), way)

    def hatch(
        self, x: int, y: int, width: int, height: int, color: Color, spacing: float, stroke: float, strokes: str = "/"
    ) -> None:
        """Strokes across a rectangle, cut at its edges."""
        ends = strokes_across(x, y, width, height, spacing, strokes)
        way = "".join(f"{self._at(*end[:2])} m {self._at(*end[2:])} l\n" for end in ends)
        self._path_on(self._stroke(color, stroke, _ROUND), way)

    def polyline(self, points: Points, color: Color, stroke: float, style: str = "solid") -> None:
        """Draw a line through (n, 2) points."""
        finite = points[np.isfinite(points).all(axis=1)]
        if len(finite) < 2:
            return
        lengths = [length * stroke for length in DASHES[style] or ()]
        ends = f"{_SQUARE[:4]}1 j" if lengths else _ROUND
        self._path_on(self._stroke(color, stroke, ends, lengths), self._way(finite))

    def polygon(self, points: Points, fill: Color) -> None:
        """Fill the area within (n, 2) points."""
        self._path_on(self._fill(fill), self._way(points) + "h\n")

    def disc(
        self, x: float, y: float, radius: float, fill: Color, edge: Color | None = None, stroke: float = 0
    ) -> None:
        """Fill a circle, its edge in a colour of its own."""
        unit = [(1, 0), (1, _KAPPA), (_KAPPA, 1), (0, 1), (-_KAPPA, 1), (-1, _KAPPA), (-1, 0),
                (-1, -_KAPPA), (-_KAPPA, -1), (0, -1), (_KAPPA, -1), (1, -_KAPPA), (1, 0)]  # fmt: skip
        at = [self._at(x + radius * dx, y + radius * dy) for dx, dy in unit]
        curves = "".join(f"{a} {b} {c} c\n" for a, b, c in zip(at[1::3], at[2::3], at[3::3], strict=True))
        way = f"{at[0]} m\n{curves}h\n"
        self._path_on(self._fill(fill), way)
        if edge is not None and stroke:
            self._path_on(self._stroke(edge, stroke, _ROUND), way)

    def image(self, pixels: npt.NDArray[np.uint8], x: int, y: int) -> None:
        """An array of pixels as it is, for fields of values."""
        height, width = pixels.shape[:2]
        if pixels.size:
            self._add(f"q {width} 0 0 {-height} {self._at(x, y + height)} cm {self._sheaf.image(pixels)} Do Q\n")

    def _box(self, x: int, y: int, width: int, height: int, color: Color) -> None:
        self._path_on(self._fill(color), f"{self._at(x, y)} {_f(width)} {_f(height)} re\n")

    def _stamp(self, stamp: Stamp, x: int, y: int, color: Color) -> None:
        left, top = x - stamp.box.left, y - stamp.box.top
        ink = self._ink or color
        pen = PaperPen(self._sheaf, (left + self._shift[0], top + self._shift[1]), ink)
        stamp.draw(pen)
        if not pen.spoken:
            self._add(pen.take())
            return
        # A text drawn around its own place is its rim: strokes alone, since a text would be found twice.
        at_x, at_y = np.mean([place for _, *place in pen.spoken], axis=0).tolist()
        look = self._stroke(ink, 2 * HALO, _ROUND)
        for face, glyph, size, dx, dy in self._glyphs(pen.spoken[0][0]):
            at = left + at_x + dx + self._shift[0], top + at_y + dy + self._shift[1]
            if way := _outlined(outline(face, glyph), at, size / units(face)):
                self._path_on(look, way)

    def _glyphs(self, line: Spoken) -> Iterable[tuple[Face, int, float, float, float]]:
        """Every glyph of a line: its font, number and size, and where it stands from the line's beginning."""
        for run in line.runs():
            part, placed = run[0]
            if part.math and (formula := formula_of(part)) is not None:
                for font, size, _, glyph, x, y in formula_glyphs(formula):
                    yield (str(font.fname), 0), glyph, size, placed.x + x, round(part.drop) - float(y)
                continue
            x = float(placed.x)
            for sign in "".join(part.text for part, _ in run):
                face = font_of(sign, part.bold)
                yield face, glyph_of(face, sign), part.size, x, 0.0
                x += advance(face, glyph_of(face, sign)) * part.size

    def _written(self, line: Spoken, x: float, baseline: float, color: Color, strong: Color) -> str:
        found, runs = [], list(line.runs())
        for run in runs:
            part, placed = run[0]
            ink = self._fill(strong if part.strong else color)
            left, top = x + placed.x + self._shift[0], baseline + self._shift[1]
            formula = self._formula(part, left, top + round(part.drop)) if part.math else None
            ink += ink.upper() if part.bold else ""
            found.append(ink + (formula or self._run(run, left, top, alone=len(runs) == 1)))
        return "".join(found)

    def _formula(self, part: Part, x: float, y: float) -> str | None:
        """A formula's glyphs and rules, and how it is said; None for what is no formula after all."""
        formula = formula_of(part)
        if formula is None:
            return None
        words, before = [], ""
        for font, size, code, glyph, dx, dy in formula_glyphs(formula):
            face = str(font.fname), 0
            sign = _SIGNS.get((font.postscript_name.lower(), code), chr(code))
            look = f"{self._sheaf.font(face)} {_f(size, 2)} Tf "
            place = f"1 0 0 -1 {_f(x + dx, 2)} {_f(y - float(dy), 2)} Tm"
            words.append(f"{look if look != before else ''}{place} {self._sheaf.code(face, glyph, sign)} Tj\n")
            before = look
        rules = "".join(
            f"{_f(x + dx, 2)} {_f(y - float(dy), 2)} {_f(w, 2)} {_f(-float(h), 2)} re f\n"
            for dx, dy, w, h in formula.rects
        )  # fmt: skip
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
                words.append(f"{thick}{self._sheaf.font(face)} {_f(part.size, 2)} Tf ")
            words.append(f"{self._sheaf.code(face, glyph, sign)} Tj ")
            before = face
        said = "".join(words).replace("> Tj <", "")
        return f"BT {_f(stretch, 2)} Tz 1 0 0 -1 {_f(x, 2)} {_f(y, 2)} Tm {said}0 Tr ET\n"

    def _fill(self, color: Color) -> str:
        return f"{_components(self._ink or color)} rg\n"

    def _stroke(self, color: Color, width: float, ends: str, dashes: Sequence[float] = ()) -> str:
        lengths = " ".join(_f(length) for length in dashes)
        return f"{_components(self._ink or color)} RG {_f(width, 2)} w {ends} [{lengths}] 0 d\n"

    def _spelled(self, look: str, way: str) -> str:
        return f"{look}{way}{'f' if look.endswith('rg' + chr(10)) else 'S'}\n"

    def _way(self, points: Points) -> str:
        moved = (points + self._shift).round(2).tolist()
        lines = "".join(f"{_f(x, 2)} {_f(y, 2)} l\n" for x, y in moved[1:])
        return f"{_f(moved[0][0], 2)} {_f(moved[0][1], 2)} m\n{lines}"

    def _at(self, x: float, y: float) -> str:
        return f"{_f(x + self._shift[0], 2)} {_f(y + self._shift[1], 2)}"


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
