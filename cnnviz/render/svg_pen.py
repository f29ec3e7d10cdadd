"""Drawing as SVG: a pen that takes what the pixels' pen takes, and keeps shapes and texts instead of colouring pixels.

Texts stay texts; formulas become outlines of their glyphs, each outline and each formula kept once for a whole figure.
"""

from __future__ import annotations

import base64
import html
import struct
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.locking import synchronized
from cnnviz.render.markup import MarkupPen
from cnnviz.render.markup import short as _f
from cnnviz.render.mpl import NO_HINTING, FT2Font, Outline, formula_glyphs
from cnnviz.render.pen import DASHES, Stamp
from cnnviz.render.text import Part
from cnnviz.render.theme import Color
from cnnviz.words.plain import spoken

_DPI = 72
_EM = 1000
OWN = "\x01"
"""Stands before every name: a file has a sign of its own there, so that several may stand in one page."""

# Pixels that a line may be off: less than is written of a coordinate.
_UNSEEN = 0.08
ENDS = 'stroke-linejoin="round" stroke-linecap="round" text-anchor="middle"'
"""What a page's outermost element says of its lines and texts."""

# In steps from point to point.
_CODES = {1: "m", 2: "l", 3: "q", 4: "c", 79: "z"}


class SvgDefs:
    """The outlines of glyphs, the formulas, stamps and pictures of values that a figure uses, each once."""

    def __init__(self) -> None:
        self._glyphs: dict[tuple[str, int], str] = {}
        self._formulas: dict[tuple[str, float, bool], str] = {}
        self._stamps: dict[tuple[Stamp, Color], str] = {}
        self._pictures: dict[bytes, str] = {}
        self.markup: list[str] = []

    def pen(self) -> SvgPen:
        """A pen that uses them."""
        return SvgPen(self)

    def formula(self, part: Part, formula: Any) -> str:
        """The name of a formula's group, its baseline at zero."""
        key = part.text, part.size, part.bold
        if key not in self._formulas:
            body = "".join(self._use(*glyph[:3], *glyph[-2:]) for glyph in formula_glyphs(formula))
            body += "".join(
                f'<path d="M{_f(x)} {_f(-y)}h{_f(w)}v{_f(-h, 2)}h{_f(-w)}z"/>' for x, y, w, h in formula.rects
            )
            self._formulas[key] = self._group("m", len(self._formulas), body)
        return self._formulas[key]

    def stamp(self, stamp: Stamp, color: Color) -> str:
        """The name of a stamp's group."""
        if (stamp, color) not in self._stamps:
            pen = self.pen()
            stamp.draw(pen, color)
            self._stamps[stamp, color] = self._group("s", len(self._stamps), pen.take())
        return self._stamps[stamp, color]

    def picture(self, pixels: npt.NDArray[np.uint8]) -> str:
        """The name of an array of pixels as a picture."""
        data = png(pixels)
        if data not in self._pictures:
            self._pictures[data] = f"{OWN}i{len(self._pictures)}"
            size = f'width="{pixels.shape[1]}" height="{pixels.shape[0]}"'
            source = f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}"
            self.markup.append(f'<image id="{self._pictures[data]}" {size} xlink:href="{source}"/>')
        return self._pictures[data]

    def _group(self, letter: str, number: int, body: str) -> str:
        name = f"{OWN}{letter}{number}"
        self.markup.append(f'<g id="{name}">{body}</g>')
        return name

    def _use(self, font: FT2Font, size: float, code: int, x: float, y: float) -> str:
        key = str(font.fname), code
        if key not in self._glyphs:
            self._glyphs[key] = f"{OWN}g{len(self._glyphs)}"
            self.markup.append(f'<path id="{self._glyphs[key]}" d="{_glyph_path(font, code)}"/>')
        place = f'transform="translate({_f(x)} {_f(-y)})scale({_f(size / _EM, 4)})"'
        return f'<use xlink:href="#{self._glyphs[key]}" {place}/>'


@lru_cache(maxsize=4096)
@synchronized
def _glyph_path(font: FT2Font, code: int) -> str:
    """A glyph's outline at `_EM` pixels to the em, y down, in steps from point to point."""
    font.set_size(_EM / 10, _DPI)
    font.load_char(code, flags=NO_HINTING)
    vertices, codes = font.get_path()
    return "".join(_steps(Outline(vertices * (10, -10), codes)))


def _steps(path: Outline, parts: int = 1) -> Iterator[str]:
    """A path in steps from point to point, each coordinate in whole parts of 1."""
    at, before = np.zeros(2, int), ""
    for vertices, code in path.iter_segments(simplify=False):
        points = np.rint(np.reshape(vertices, (-1, 2)) * parts).astype(int)
        letter = _CODES[int(code)]
        if letter == "z":
            yield letter
        else:
            yield from _joined((points - at).ravel().tolist(), parts, "" if letter == before else letter)
            at = points[-1]
        before = letter


def _joined(numbers: Iterable[int], parts: int, before: str) -> Iterator[str]:
    """Numbers behind a letter or, where there is none, behind others; a minus sign parts as well as a blank does."""
    for number in numbers:
        text = f"{number / parts:g}"
        yield before or ("" if number < 0 else " ")
        yield text.replace("0.", ".", 1) if abs(number) < parts else text
        before = ""


class SvgPen(MarkupPen):
    """Keeps SVG markup of what is drawn, for a page with `ENDS`."""

    @property
    def _defs(self) -> SvgDefs:
        defs: SvgDefs = self._resources
        return defs

    def disc(self, x: float, y: float, radius: float, fill: Color) -> None:
        """Fill a circle."""
        place = f'cx="{_f(x + self._shift[0])}" cy="{_f(y + self._shift[1])}"'
        self._markup.append(f'<circle {place} r="{_f(radius)}" fill="{hex_color(fill)}"/>')

    def stamp(self, stamp: Stamp, x: int, y: int, color: Color) -> None:
        """Draw a stamp, its origin at a place."""
        place = f'x="{_f(x + self._shift[0])}" y="{_f(y + self._shift[1])}"'
        self._markup.append(f'<use xlink:href="#{self._defs.stamp(stamp, color)}" {place}/>')

    def image(self, pixels: npt.NDArray[np.uint8], x: int, y: int) -> None:
        """An array of pixels as it is, for fields of values."""
        if pixels.size:
            place = f'x="{_f(x + self._shift[0])}" y="{_f(y + self._shift[1])}"'
            self._markup.append(f'<use xlink:href="#{self._defs.picture(pixels)}" {place}/>')

    def _path(self, path: Outline, color: Color, stroke: float = 0, style: str = "solid") -> None:
        moved = Outline(np.asarray(path.vertices) + self._shift, path.codes)
        if path.codes is None:
            moved.should_simplify, moved.simplify_threshold = True, _UNSEEN
            moved = moved.cleaned(simplify=True)
        look = f'fill="{hex_color(color)}"'
        if stroke:
            look = f'fill="none" stroke="{hex_color(color)}" stroke-width="{_f(stroke)}"'
            look += ' stroke-linejoin="miter"' if style == "square" else ""
        if dashes := DASHES[style]:
            lengths = " ".join(_f(length * stroke) for length in dashes)
            look += f' stroke-linecap="butt" stroke-dasharray="{lengths}"'
        self._markup.append(f'<path {look} d="{"".join(_steps(moved, 10))}"/>')

    def _formula(self, part: Part, formula: Any, x: float, y: float, color: Color) -> str:
        """A formula says what it is."""
        look = f'fill="{hex_color(color)}" aria-label="{escaped(spoken(part.text))}"'
        return f'<use xlink:href="#{self._defs.formula(part, formula)}" x="{_f(x)}" y="{_f(y)}" {look}/>'

    def _words(self, text: str, part: Part, x: float, y: float, width: float, color: Color) -> str:
        look = ' font-weight="700"' if part.bold else ""
        # Held by its middle, for other fonts than ours have other widths.
        place = f'x="{_f(x + width / 2)}" y="{_f(y)}"' + (f' textLength="{_f(width)}"' if len(text) > 1 else "")
        look += f' fill="{hex_color(color)}"'
        return f'<text {place} font-size="{_f(part.size)}"{look}>{escaped(text)}</text>'


def hex_color(color: Color) -> str:
    """A colour as SVG and CSS write it."""
    return "#{:02x}{:02x}{:02x}".format(*map(int, color))


def escaped(text: str) -> str:
    """A user's text within markup; what no file can hold is left out."""
    return html.escape(text.encode("utf-8", "replace").decode("utf-8").replace(OWN, ""), quote=True)


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """An (h, w, 3) picture of at most 256 colours as PNG (W3C, Portable Network Graphics, 3rd edition)."""
    height, width = pixels.shape[:2]
    colors, index = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    # No filter, a byte a pixel: Pillow would pack several into one, and compress them less.
    rows = np.pad(index.reshape(height, width).astype(np.uint8), [(0, 0), (1, 0)])
    chunks = {
        b"IHDR": struct.pack(">2I5B", width, height, 8, 3, 0, 0, 0),
        b"PLTE": colors.tobytes(),
        b"IDAT": zlib.compress(rows.tobytes(), 9),
        b"IEND": b"",
    }
    whole = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks.items()
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(whole)
