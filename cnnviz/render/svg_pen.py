"""Drawing as SVG: a pen that takes what the pixels' pen takes, and keeps shapes and texts instead of colouring pixels.

Texts stay texts; formulas become outlines of their glyphs, each outline and each formula kept once for a whole figure.
"""

from __future__ import annotations

import base64
import html
import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.locking import synchronized
from cnnviz.render.markup import MarkupPen, Words
from cnnviz.render.markup import short as _f
from cnnviz.render.mpl import NO_HINTING, FT2Font, formula_glyphs
from cnnviz.render.pen import Points, Stamp
from cnnviz.render.text import Part
from cnnviz.render.theme import Color
from cnnviz.render.thinning import thinned
from cnnviz.words.plain import spoken

_DPI = 72
_EM = 1000
OWN = "\x01"
"""Stands before every name: a file has a sign of its own there, so that several may stand in one page."""

# The colour of the place where a stamp is used.
_CURRENT = (-1, -1, -1)
# Pixels that a line may be off: less than is written of a coordinate.
_UNSEEN = 0.08
STYLE = ".f,.l{fill:none}.l{stroke-linejoin:round;stroke-linecap:round}"
"""What the classes in the markup stand for: frames, and lines with round ends."""

PLAIN_STYLE = 'stroke-linejoin="round" stroke-linecap="round"'
"""What the page's outermost element says instead, where the definitions are plain."""

# Frames, and lines with round ends.
_CLASSES = 'class="f"', 'class="l"'
_PLAIN = 'fill="none" stroke-linejoin="miter"', 'fill="none"'

_CODES = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}


class SvgDefs:
    """The outlines of glyphs, the formulas and the pictures of values that a figure uses, each once.

    `plain` is for programs other than browsers: no classes, no inherited colours, and formulas that say what they are.
    """

    def __init__(self, plain: bool = False) -> None:
        self.plain = plain
        self.href = "xlink:href" if plain else "href"
        self._glyphs: dict[tuple[str, int], str] = {}
        self._formulas: dict[tuple[str, float, bool], tuple[str, str]] = {}
        self._stamps: dict[Stamp, str] = {}
        self._pictures: dict[bytes, str] = {}
        self.markup: list[str] = []

    def pen(self) -> SvgPen:
        """A pen that uses them."""
        return SvgPen(self)

    def formula(self, part: Part, formula: Any) -> tuple[str, str]:
        """The name of a formula's group and what is in it, its baseline at zero."""
        key = part.text, part.size, part.bold
        if key not in self._formulas:
            body = "".join(self._use(*glyph[:3], *glyph[-2:]) for glyph in formula_glyphs(formula))
            body += "".join(
                f'<path d="M{_f(x)} {_f(-y)}h{_f(w)}v{_f(-h, 2)}h{_f(-w)}z"/>' for x, y, w, h in formula.rects
            )
            self._formulas[key] = f"{OWN}m{len(self._formulas)}", body
            if not self.plain:
                self.markup.append(f'<g id="{self._formulas[key][0]}">{body}</g>')
        return self._formulas[key]

    def stamp(self, stamp: Stamp) -> str:
        """The name of a stamp's group, in the colour of its place."""
        if stamp not in self._stamps:
            pen = self.pen()
            stamp.draw(pen, _CURRENT)
            self._stamps[stamp] = f"{OWN}s{len(self._stamps)}"
            self.markup.append(f'<g id="{self._stamps[stamp]}">{pen.take()}</g>')
        return self._stamps[stamp]

    def picture(self, pixels: npt.NDArray[np.uint8]) -> str:
        """The name of an array of pixels as a picture."""
        data = png(pixels)
        if data not in self._pictures:
            self._pictures[data] = f"{OWN}i{len(self._pictures)}"
            size = f'width="{pixels.shape[1]}" height="{pixels.shape[0]}"'
            source = f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}"
            self.markup.append(f'<image id="{self._pictures[data]}" {size} {self.href}="{source}"/>')
        return self._pictures[data]

    def _use(self, font: FT2Font, size: float, code: int, x: float, y: float) -> str:
        key = str(font.fname), code
        if key not in self._glyphs:
            self._glyphs[key] = f"{OWN}g{len(self._glyphs)}"
            self.markup.append(f'<path id="{self._glyphs[key]}" d="{_glyph_path(font, code)}"/>')
        place = f'transform="translate({_f(x)} {_f(-y)})scale({_f(size / _EM, 4)})"'
        return f'<use {self.href}="#{self._glyphs[key]}" {place}/>'


@lru_cache(maxsize=4096)
@synchronized
def _glyph_path(font: FT2Font, code: int) -> str:
    """A glyph's outline at `_EM` pixels to the em, y down, in steps from point to point."""
    font.set_size(_EM / 10, _DPI)
    font.load_char(code, flags=NO_HINTING)
    vertices, codes = font.get_path()
    points = [(round(10 * x), round(-10 * y)) for x, y in vertices.tolist()]
    words, place, at = [], 0, (0, 0)
    while place < len(codes):
        letter = _CODES[int(codes[place])]
        count = {"Q": 2, "C": 3}.get(letter, 1)
        taken = points[place : place + count]
        if letter == "Z":
            words.append("z")
        elif letter == "M":
            words.append(f"M{taken[0][0]} {taken[0][1]}")
        else:
            steps = "".join(_joined(x - at[0], y - at[1]) for x, y in taken)
            words.append(letter.lower() + steps.lstrip(" "))
        at = at if letter == "Z" else taken[-1]
        place += count
    return "".join(words)


def _tenths(value: int) -> str:
    """So many tenths behind another number."""
    text = f"{value / 10:g}".replace("0.", ".", 1) if abs(value) < 10 else f"{value / 10:g}"
    return text if value < 0 else " " + text


def _joined(x: int, y: int) -> str:
    """Two numbers behind others; a minus sign parts as well as a blank does."""
    return "".join(str(value) if value < 0 else f" {value}" for value in (x, y))


class SvgPen(MarkupPen):
    """Keeps SVG markup of what is drawn, for a page with `STYLE` unless its definitions are plain."""

    @property
    def _defs(self) -> SvgDefs:
        defs: SvgDefs = self._resources
        return defs

    def disc(self, x: float, y: float, radius: float, fill: Color) -> None:
        """Fill a circle."""
        place = f'cx="{_f(x + self._shift[0])}" cy="{_f(y + self._shift[1])}"'
        self._markup.add(f'<circle {place} r="{_f(radius)}" fill="{hex_color(fill)}"/>')

    def stamp(self, stamp: Stamp, x: int, y: int, color: Color) -> None:
        """Draw a stamp, its origin at a place."""
        if self._defs.plain:
            stamp.draw(self.at(x, y), color)
            return
        place = f'x="{_f(x + self._shift[0])}" y="{_f(y + self._shift[1])}"'
        self._markup.add(f'<use href="#{self._defs.stamp(stamp)}" {place} color="{hex_color(color)}"/>')

    def image(self, pixels: npt.NDArray[np.uint8], x: int, y: int) -> None:
        """An array of pixels as it is, for fields of values."""
        if pixels.size:
            place = f'x="{_f(x + self._shift[0])}" y="{_f(y + self._shift[1])}"'
            self._markup.add(f'<use {self._defs.href}="#{self._defs.picture(pixels)}" {place}/>')

    def _filled(self, color: Color) -> str:
        return f'<path fill="{hex_color(color)}" d="{{}}"/>'

    def _stroked(self, color: Color, stroke: float, dashes: Sequence[float] = (), *, square: bool = False) -> str:
        look, more = (_PLAIN if self._defs.plain else _CLASSES)[0 if square else 1], ""
        if dashes:
            look = 'fill="none"'
            lengths = " ".join(map(_f, dashes))
            more = f' stroke-linecap="butt" stroke-linejoin="round" stroke-dasharray="{lengths}"'
        return f'<path {look} stroke="{hex_color(color)}" stroke-width="{_f(stroke)}"{more} d="{{}}"/>'

    def _box(self, x: float, y: float, width: float, height: float) -> str:
        return f"M{self._at(x, y)}h{_f(width)}v{_f(height)}h{_f(-width)}z"

    def _segment(self, x0: float, y0: float, x1: float, y1: float) -> str:
        return f"M{self._at(x0, y0)}L{self._at(x1, y1)}"

    def _way(self, points: Points, *, closed: bool = False) -> str:
        """Steps from one point to the next in tenths of pixels."""
        tenths = np.rint((thinned(points, _UNSEEN) + self._shift) * 10).astype(int)
        steps = np.diff(tenths, axis=0)
        steps = steps[(steps != 0).any(axis=1)].tolist()
        # A line without length still has round ends.
        way = "".join(_tenths(value) for step in steps for value in step) or " 0 0"
        return f"M{tenths[0, 0] / 10:g} {tenths[0, 1] / 10:g}l{way.lstrip(' ')}{'z' if closed else ''}"

    def _formula(self, part: Part, formula: Any, x: float, y: float, color: Color, rim: int) -> str:
        """A plain formula is whole, and says what it is unless it is the rim of another."""
        name, body = self._defs.formula(part, formula)
        # The glyphs' own scale makes strokes thinner.
        look = f'fill="{hex_color(color)}"{_rim(color, rim * _EM / part.size)}'
        if not self._defs.plain:
            return f'<use href="#{name}" x="{_f(x)}" y="{_f(y)}" {look}/>'
        label = 'aria-hidden="true"' if rim else f'aria-label="{escaped(spoken(part.text))}"'
        return f'<g transform="translate({_f(x)} {_f(y)})" {look} {label}>{body}</g>'

    def _words(self, words: Words, y: float, color: Color, rim: int) -> str:
        text, part, x, width, middle = words
        look = ' font-weight="700"' if part.bold else ""
        look += ' aria-hidden="true"' if rim and self._defs.plain else ""
        place = f'x="{_f(x)}"' + (f' textLength="{_f(width)}"' if len(text) > 1 else "")
        if middle:
            place = f'x="{_f(x + width / 2)}" text-anchor="middle"'
        look += f' fill="{hex_color(color)}"{_rim(color, rim)}'
        return f'<text {place} y="{_f(y)}" font-size="{_f(part.size)}"{look}>{escaped(text)}</text>'

    def _at(self, x: float, y: float) -> str:
        return f"{_f(x + self._shift[0])} {_f(y + self._shift[1])}"


def _rim(color: Color, width: float) -> str:
    return f' stroke="{hex_color(color)}" stroke-linejoin="round" stroke-width="{_f(width)}"' if width else ""


def hex_color(color: Color) -> str:
    """A colour as SVG and CSS write it."""
    return "currentColor" if color == _CURRENT else "#{:02x}{:02x}{:02x}".format(*map(int, color))


def escaped(text: str) -> str:
    """A user's text within markup; what no file can hold is left out."""
    return html.escape(text.encode("utf-8", "replace").decode("utf-8").replace(OWN, ""), quote=True)


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """An (h, w, 3) picture of at most 256 colours as PNG (W3C, Portable Network Graphics, 3rd edition)."""
    height, width = pixels.shape[:2]
    colors, index = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    rows = np.zeros((height, width + 1), np.uint8)
    rows[:, 1:] = index.reshape(height, width)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", colors.astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    ]
    body = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)
