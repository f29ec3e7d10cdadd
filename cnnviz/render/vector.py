"""Drawing as SVG: a pen that takes what the pixels' pen takes, and keeps shapes and texts instead of colouring pixels.

Texts stay texts; formulas become outlines of their glyphs, each outline and each formula kept once for a whole figure.
"""

from __future__ import annotations

import base64
import html
import itertools
import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.mathtext import MathTextParser

from cnnviz.render.panels._axes import HALO, Stamp
from cnnviz.render.pen import DASHES, Pen, Picture, Points
from cnnviz.render.text import Line, Part, Placed, Typesetter, parts_of
from cnnviz.render.theme import Color

_DPI = 72
_EM = 1000
_CURRENT = "currentColor"
# Short texts are held by their middle, longer ones by their length: other fonts than ours have other widths.
_SHORT = 8
STYLE = ".f,.l{fill:none}.l{stroke-linejoin:round;stroke-linecap:round}"
"""What the classes in the markup stand for: frames, and lines with round ends."""

_CODES = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}


@dataclass(frozen=True)
class Spoken(Line):
    """A typeset line that knows what it says."""

    parts: tuple[Part, ...]


class Scribe(Typesetter):
    """Sets lines that know what they say."""

    def line(self, text: str, size: float, bold: bool = False) -> Line:
        """Set one line at `size` pixels."""
        line = super().line(text, size, bold)
        return Spoken(line.pieces, line.width, line.ascent, line.descent, tuple(parts_of(text, size, bold)))


class Defs:
    """The outlines of glyphs and the formulas that a figure uses, each once."""

    def __init__(self) -> None:
        self._glyphs: dict[tuple[str, int], int] = {}
        self._formulas: dict[tuple[str, float, bool], str] = {}
        self._shapes: dict[str, str] = {}
        self._stamps: dict[int, tuple[Stamp, str, list[tuple[Spoken, float, float]]]] = {}
        self._parser: Any = MathTextParser("path")
        self.markup: list[str] = []

    def formula(self, part: Part) -> str | None:
        """The name of a formula's group, its baseline at zero; None for what is no formula after all."""
        key = part.text, part.size, part.bold
        if key not in self._formulas:
            font = FontProperties(
                family="DejaVu Sans", size=part.size, weight="bold" if part.bold else "normal", math_fontfamily="cm"
            )  # fmt: skip
            try:
                found = self._parser.parse(part.text, _DPI, font)
            except ValueError:
                return None
            body = "".join(self._use(*glyph[:3], *glyph[-2:]) for glyph in found.glyphs)
            body += "".join(
                f'<path d="M{_f(x)} {_f(-y)}h{_f(w)}v{_f(-h, 2)}h{_f(-w)}z"/>' for x, y, w, h in found.rects
            )
            self._formulas[key] = f"m{len(self._formulas)}"
            self.markup.append(f'<g id="{self._formulas[key]}">{body}</g>')
        return self._formulas[key]

    def stamp(self, stamp: Stamp) -> tuple[str, list[tuple[Spoken, float, float]]]:
        """The name of a stamp's group, in the colour of its place; or, of one that holds texts, these."""
        if id(stamp) not in self._stamps:
            pen = VectorPen(self, ink=_CURRENT)
            stamp.draw(pen)
            markup = pen.take()
            if not pen.spoken and markup not in self._shapes:
                self._shapes[markup] = f"s{len(self._shapes)}"
                self.markup.append(f'<g id="{self._shapes[markup]}">{markup}</g>')
            # The stamp itself is kept, so that no other takes its identity.
            self._stamps[id(stamp)] = stamp, self._shapes.get(markup, ""), pen.spoken
        return self._stamps[id(stamp)][1:]

    def _use(self, font: FT2Font, size: float, code: int, x: float, y: float) -> str:
        key = str(font.fname), code
        if key not in self._glyphs:
            self._glyphs[key] = len(self._glyphs)
            self.markup.append(f'<path id="g{self._glyphs[key]}" d="{_glyph_path(font, code)}"/>')
        scale = _f(size / _EM, 4)
        return f'<use href="#g{self._glyphs[key]}" transform="translate({_f(x)} {_f(-y)})scale({scale})"/>'


def _glyph_path(font: FT2Font, code: int) -> str:
    """A glyph's outline at `_EM` pixels to the em, y down, in steps from point to point."""
    font.set_size(_EM / 10, _DPI)
    font.load_char(code, flags=LoadFlags.NO_HINTING)
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


def _joined(x: int, y: int) -> str:
    """Two numbers behind others; a minus sign parts as well as a blank does."""
    return "".join(str(value) if value < 0 else f" {value}" for value in (x, y))


class _Rectangles:
    """Takes what painters write straight into a picture: one colour clears all, an array becomes an image."""

    def __init__(self, pen: VectorPen) -> None:
        self._pen = pen
        self.shape = (1 << 20, 1 << 20, 3)

    def __setitem__(self, place: Any, value: Any) -> None:
        if place == slice(None):
            self._pen.clear()
            return
        rows, columns = place
        self._pen.image(np.asarray(value, np.uint8), columns.start, rows.start)


class VectorPen(Pen):
    """Keeps SVG markup of what is drawn, for a page with `STYLE`; coordinates are moved by `shift`.

    `ink` stands for every colour. A rectangle from the origin as large as `covers` clears what was drawn before;
    `cleared` tells so until the next `take`.
    """

    def __init__(
        self, defs: Defs, shift: tuple[float, float] = (0, 0), ink: str = "",
        covers: tuple[int, int] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(cast(Picture, _Rectangles(self)))
        self._defs, self._shift, self._ink, self._covers = defs, shift, ink, covers
        self.cleared = False
        self._items: list[str] = []
        self._open: tuple[str, str] | None = None
        self.spoken: list[tuple[Spoken, float, float]] = []

    def take(self) -> str:
        """The markup since the last call."""
        self._end()
        found = "".join(self._items)
        self._items.clear()
        self.cleared = False
        return found

    def clear(self) -> None:
        """Forget what was drawn."""
        self._items.clear()
        self._open = None
        self.cleared = True

    def rect(self, x: int, y: int, width: int, height: int, color: Color) -> None:
        """Fill a rectangle."""
        if (x, y, width, height) == (0, 0, *(self._covers or ())):
            self.clear()
        elif width > 0 and height > 0:
            self._path_on(f'fill="{self._color(color)}"', self._box(x, y, width, height))

    def frame(self, x: int, y: int, width: int, height: int, color: Color, stroke: int) -> None:
        """Outline a rectangle inwards."""
        half = stroke / 2
        look = f'class="f" stroke="{self._color(color)}" stroke-width="{_f(stroke)}"'
        self._path_on(look, self._box(x + half, y + half, width - stroke, height - stroke))

    def hatch(
        self, x: int, y: int, width: int, height: int, color: Color, spacing: float, stroke: float, strokes: str = "/"
    ) -> None:
        """Strokes across a rectangle, cut at its edges."""
        apart, words = spacing * math.sqrt(2), []
        # Where x + y is a whole number of steps, as for pixels.
        for turn in range(math.ceil((x + y) / apart), math.floor((x + y + width + height) / apart) + 1):
            along = turn * apart - x - y
            near, far = max(0.0, along - height), min(width, along)
            if far > near:
                for way in strokes.replace("x", "/\\"):
                    a, b = (near, along - near), (far, along - far)
                    if way == "\\":
                        a, b = (a[0], height - a[1]), (b[0], height - b[1])
                    words.append(f"M{self._at(x + a[0], y + a[1])}L{self._at(x + b[0], y + b[1])}")
        self._line("".join(words), color, stroke)

    def text(self, line: Line, x: int, baseline: int, color: Color, strong: Color | None = None) -> None:
        """Write a line, or draw a stamp."""
        if isinstance(line, Stamp):
            self._stamp(line, x, baseline, color)
        elif isinstance(line, Spoken):
            self.spoken.append((line, x, baseline))
            self._end()
            self._items.append(self._written(line, x, baseline, color, strong or color))

    def polyline(self, points: Points, color: Color, stroke: float, style: str = "solid") -> None:
        """Draw a line through (n, 2) points."""
        finite = points[np.isfinite(points).all(axis=1)]
        if len(finite) >= 2 and (lengths := DASHES[style]) is not None:
            dashes = " ".join(_f(length * stroke) for length in lengths)
            look = f'class="f" stroke="{self._color(color)}" stroke-width="{_f(stroke)}" stroke-dasharray="{dashes}"'
            self._path_on(look, self._way(finite))
        elif len(finite) >= 2:
            self._line(self._way(finite), color, stroke)

    def polygon(self, points: Points, fill: Color) -> None:
        """Fill the area within (n, 2) points."""
        self._path_on(f'fill="{self._color(fill)}"', self._way(points) + "z")

    def disc(
        self, x: float, y: float, radius: float, fill: Color, edge: Color | None = None, stroke: float = 0
    ) -> None:
        """Fill a circle, its edge in a colour of its own."""
        rim = f' stroke="{self._color(edge)}" stroke-width="{_f(stroke)}"' if edge is not None and stroke else ""
        cx, cy = x + self._shift[0], y + self._shift[1]
        self._end()
        self._items.append(f'<circle cx="{_f(cx)}" cy="{_f(cy)}" r="{_f(radius)}" fill="{self._color(fill)}"{rim}/>')

    def image(self, pixels: npt.NDArray[np.uint8], x: int, y: int) -> None:
        """An array of pixels as it is, for fields of values."""
        height, width = pixels.shape[:2]
        if pixels.size:
            self._end()
            place = f'x="{_f(x + self._shift[0])}" y="{_f(y + self._shift[1])}" width="{width}" height="{height}"'
            data = base64.b64encode(png(pixels)).decode("ascii")
            self._items.append(f'<image {place} href="data:image/png;base64,{data}"/>')

    def _stamp(self, stamp: Stamp, x: int, y: int, color: Color) -> None:
        self._end()
        left, top = x - stamp.box.left, y - stamp.box.top
        name, spoken = self._defs.stamp(stamp)
        if not spoken:
            place = f'x="{_f(left + self._shift[0])}" y="{_f(top + self._shift[1])}"'
            self._items.append(f'<use href="#{name}" {place} color="{self._color(color)}"/>')
            return
        # A text drawn around its own place is its rim.
        at_x, at_y = np.mean([place for _, *place in spoken], axis=0).tolist()
        rim = f' stroke="{self._color(color)}" stroke-linejoin="round" stroke-width="{2 * HALO}"'
        self._items.append(self._written(spoken[0][0], left + at_x, top + at_y, color, color, rim))

    def _written(self, line: Spoken, x: float, baseline: float, color: Color, strong: Color, rim: str = "") -> str:
        found, pairs = [], list(zip(line.parts, line.pieces, strict=True))
        groups = [list(group) for _, group in itertools.groupby(pairs, key=_manner)]
        for group in groups:
            part = group[0][0]
            ink = self._color(strong if part.strong else color)
            if part.math and (name := self._defs.formula(part)) is not None:
                left, top = x + group[0][1].x, baseline + round(part.drop)
                place = f'x="{_f(left + self._shift[0])}" y="{_f(top + self._shift[1])}"'
                # The glyphs' own scale makes strokes thinner.
                thick = rim.replace(f'width="{2 * HALO}"', f'width="{_f(2 * HALO * _EM / part.size)}"')
                found.append(f'<use href="#{name}" {place} fill="{ink}"{thick}/>')
            elif run := _trimmed(group):
                found.append(self._run(run, x, baseline, ink, rim, alone=len(groups) == 1))
        return "".join(found)

    def _run(
        self, run: Sequence[tuple[Part, Placed]], x: float, baseline: float, ink: str, rim: str, *, alone: bool
    ) -> str:
        """Words of one manner as one text."""
        part, text = run[0][0], "".join(part.text for part, _ in run)
        left = x + run[0][1].x + self._shift[0]
        width = run[-1][1].x + run[-1][1].piece.advance - run[0][1].x
        weight = ' font-weight="700"' if part.bold else ""
        if alone and len(text) <= _SHORT:
            place = f'x="{_f(left + width / 2)}" text-anchor="middle"'
        else:
            place = f'x="{_f(left)}"' + (f' textLength="{_f(width)}"' if len(text) > 1 else "")
        y = _f(baseline + self._shift[1])
        return f'<text {place} y="{y}" font-size="{_f(part.size)}"{weight} fill="{ink}"{rim}>{escaped(text)}</text>'

    def _line(self, way: str, color: Color, stroke: float) -> None:
        self._path_on(f'class="l" stroke="{self._color(color)}" stroke-width="{_f(stroke)}"', way)

    def _path_on(self, look: str, way: str) -> None:
        """Add to the path that is being drawn, if it has the same look, or begin another."""
        if self._open is not None and self._open[0] == look:
            self._open = look, self._open[1] + way
            return
        self._end()
        self._open = look, way

    def _end(self) -> None:
        if self._open is not None:
            self._items.append(f'<path {self._open[0]} d="{self._open[1]}"/>')
            self._open = None

    def _way(self, points: Points) -> str:
        """A path through points, as steps from one to the next in tenths of pixels."""
        tenths = np.rint((points + self._shift) * 10).astype(int)
        steps = np.diff(tenths, axis=0)
        steps = steps[(steps != 0).any(axis=1)].tolist()
        # A line without length still has round ends.
        way = " ".join(f"{a / 10:g} {b / 10:g}" for a, b in steps) or "0 0"
        return f"M{tenths[0, 0] / 10:g} {tenths[0, 1] / 10:g}l{way}"

    def _box(self, x: float, y: float, width: float, height: float) -> str:
        return f"M{self._at(x, y)}h{_f(width)}v{_f(height)}h{_f(-width)}z"

    def _at(self, x: float, y: float) -> str:
        return f"{_f(x + self._shift[0])} {_f(y + self._shift[1])}"

    def _color(self, color: Color) -> str:
        return self._ink or hex_color(color)


def hex_color(color: Color) -> str:
    """A colour as SVG and CSS write it."""
    return "#" + "".join(f"{int(value):02x}" for value in color)


def escaped(text: str) -> str:
    """A user's text within markup; what no file can hold is left out."""
    return html.escape(text.encode("utf-8", "replace").decode("utf-8"), quote=True)


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """An (h, w, 3) picture of at most 256 colours as PNG (W3C, Portable Network Graphics, 3rd edition)."""
    height, width = pixels.shape[:2]
    colors, index = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    rows = np.zeros((height, width + 1), np.uint8)
    rows[:, 1:] = index.reshape(height, width)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", colors.astype(np.uint8).tobytes()), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""),
    ]  # fmt: skip
    body = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks)  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def _manner(pair: tuple[Part, Placed]) -> tuple[object, ...]:
    part, placed = pair
    return (id(placed),) if part.math else (part.size, part.bold, part.strong)


def _trimmed(run: Sequence[tuple[Part, Placed]]) -> Sequence[tuple[Part, Placed]]:
    """Words without the blanks before and behind them."""
    inked = [place for place, (part, _) in enumerate(run) if not part.text.isspace()]
    return run[inked[0] : inked[-1] + 1] if inked else []


def _f(value: float, digits: int = 1) -> str:
    """A number as short as it can be written."""
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
