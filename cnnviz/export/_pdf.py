"""The objects of a PDF, after ISO 32000-1: pages of operators, fonts of the glyphs that they use, images.

matplotlib writes PDF too, but from settings that are the whole program's, and fonts for Chinese in a form that not
all viewers read.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping

from cnnviz.render.fonts import Face
from cnnviz.render.outlines import embedded
from cnnviz.render.pdf_pen import PdfResources

# A pixel of CSS, 96 to the inch, in points.
POINT = 0.75
_HEAD = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
_TO_UNICODE = (
    "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
    "/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n/CMapName /Adobe-Identity-UCS def\n"
    "/CMapType 2 def\n1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n{}endcmap\n"
    "CMapName currentdict /CMap defineresource pop\nend\nend\n"
)
# The last one so that nobody who looks for a key of this file takes a text for its value.
_ESCAPED = {"(": "\\(", ")": "\\)", "\\": "\\\\", "<": "\\074"}
_RANGE = 100
"""Most characters in one part of a ToUnicode table."""


class Document:
    """The objects of a file; pages are `size` pixels large and all show one figure, which `alt` tells in words."""

    def __init__(self, size: tuple[int, int], alt: str, lang: str) -> None:
        self._size, self._alt, self._lang = size, alt, lang
        self._objects: list[bytes] = []
        self._catalog, self._pages, self._resources, self._tree = (self._add(b"") for _ in range(4))
        self._kids: list[int] = []
        self._figures: list[int] = []
        self._contents: dict[str, int] = {}

    def page(self, parts: Iterable[str]) -> None:
        """Add a page; y runs down in pixels. Operators that several pages have in common are written once."""
        width, height = (POINT * side for side in self._size)
        number = len(self._kids)
        begin = f"/Figure<</MCID 0>>BDC\nq {POINT} 0 0 {-POINT} 0 {height:g} cm\n"
        contents = [self._content(part) for part in (begin, *parts, "Q\nEMC\n") if part]
        kid = self._add(
            f"<</Type /Page /Parent {self._pages} 0 R /Resources {self._resources} 0 R /StructParents {number} "
            f"/MediaBox [0 0 {width:g} {height:g}] /Contents [{_references(contents)}]>>".encode("ascii")
        )
        self._kids.append(kid)
        alt = string(self._alt)
        self._figures.append(
            self._add(
                f"<</Type /StructElem /S /Figure /P {self._tree} 0 R /Pg {kid} 0 R /K 0 /Alt {alt} "
                f"/A <</O /Layout /BBox [0 0 {width:g} {height:g}]>>>>".encode("ascii")
            )
        )

    def _content(self, operators: str) -> int:
        if operators not in self._contents:
            self._contents[operators] = self._stream(operators.encode("ascii"))
        return self._contents[operators]

    def whole(self, resources: PdfResources, about: dict[str, str]) -> bytes:
        """The whole file, its pages drawn with these fonts and images."""
        fonts = "".join(
            f"/F{place} {self._font(place, *font)} 0 R " for place, font in enumerate(resources.fonts.items())
        )
        images = "".join(f"/I{place} {self._image(*key)} 0 R " for place, key in enumerate(resources.images))
        self._put(self._resources, f"<</Font <<{fonts}>> /XObject <<{images}>> /ProcSet [/PDF /Text /ImageC]>>")
        kids, figures = _references(self._kids), _references(self._figures)
        self._put(self._pages, f"<</Type /Pages /Count {len(self._kids)} /Kids [{kids}]>>")
        parents = " ".join(f"{place} [{number} 0 R]" for place, number in enumerate(self._figures))
        self._put(self._tree, f"<</Type /StructTreeRoot /K [{figures}] /ParentTree <</Nums [{parents}]>>>>")
        self._put(
            self._catalog,
            f"<</Type /Catalog /Pages {self._pages} 0 R /Lang {string(self._lang)} /MarkInfo <</Marked true>> "
            f"/StructTreeRoot {self._tree} 0 R /ViewerPreferences <</DisplayDocTitle true>>>>",
        )
        entries = " ".join(f"/{key} {string(text)}" for key, text in about.items())
        return self._joined(self._add(f"<<{entries}>>".encode("ascii")))

    def _joined(self, info: int) -> bytes:
        out, places = bytearray(_HEAD), []
        for number, body in enumerate(self._objects, 1):
            places.append(len(out))
            out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
        start, count = len(out), len(places) + 1
        out += b"xref\n0 %d\n0000000000 65535 f \n" % count + b"".join(b"%010d 00000 n \n" % at for at in places)
        out += (
            f"trailer\n<</Size {count} /Root {self._catalog} 0 R /Info {info} 0 R>>\nstartxref\n{start}\n%%EOF\n"
        ).encode("ascii")
        return bytes(out)

    def _font(self, place: int, face: Face, codes: dict[tuple[int, str], int]) -> int:
        """A font of TrueType glyphs whose codes are their numbers (9.7.4 of the standard)."""
        font = embedded(face, [glyph for glyph, _ in codes])
        name = f"/{_tag(place)}+{font.name}"
        file = self._stream(font.data, f"/Length1 {len(font.data)}")
        box = " ".join(map(str, font.box))
        descriptor = self._add(
            f"<</Type /FontDescriptor /FontName {name} /Flags 4 /FontBBox [{box}] /ItalicAngle 0 /StemV 80 "
            f"/Ascent {font.ascent} /Descent {font.descent} /CapHeight {font.ascent} /FontFile2 {file} 0 R>>".encode()
        )
        glyphs = self._add(
            f"<</Type /Font /Subtype /CIDFontType2 /BaseFont {name} /FontDescriptor {descriptor} 0 R "
            f"/CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) /Supplement 0>> /CIDToGIDMap /Identity "
            f"/DW 0 /W [1 [{' '.join(map(str, font.widths))}]]>>".encode()
        )
        said = {code: character for (_, character), code in codes.items()}
        characters = self._stream(_TO_UNICODE.format("".join(_character_ranges(said))).encode())
        return self._add(
            f"<</Type /Font /Subtype /Type0 /BaseFont {name} /Encoding /Identity-H /DescendantFonts [{glyphs} 0 R] "
            f"/ToUnicode {characters} 0 R>>".encode()
        )

    def _image(self, shape: tuple[int, ...], data: bytes) -> int:
        height, width = shape[:2]
        look = f"/Width {width} /Height {height} /BitsPerComponent 8 /ColorSpace /DeviceRGB"
        return self._stream(data, f"/Type /XObject /Subtype /Image {look}")

    def _stream(self, data: bytes, extra: str = "") -> int:
        packed = zlib.compress(data, 9)
        head = f"<</Length {len(packed)} /Filter /FlateDecode {extra}>>".encode("ascii")
        return self._add(head + b"\nstream\n" + packed + b"\nendstream")

    def _add(self, body: bytes) -> int:
        self._objects.append(body)
        return len(self._objects)

    def _put(self, number: int, body: str) -> None:
        self._objects[number - 1] = body.encode("ascii")


def string(text: str) -> str:
    """A text as PDF holds it: as it is where it is ASCII, so that it can be read in the file."""
    if text.isascii() and text.isprintable():
        return "(" + "".join(_ESCAPED.get(char, char) for char in text) + ")"
    return f"<feff{text.encode('utf-16-be', 'replace').hex()}>"


def _references(numbers: Iterable[int]) -> str:
    return " ".join(f"{number} 0 R" for number in numbers)


def _character_ranges(characters: Mapping[int, str]) -> Iterable[str]:
    """The characters that the codes stand for."""
    entries = [f"<{code:04x}> <{char.encode('utf-16-be').hex()}>\n" for code, char in characters.items()]
    for start in range(0, len(entries), _RANGE):
        part = entries[start : start + _RANGE]
        yield f"{len(part)} beginbfchar\n{''.join(part)}endbfchar\n"


def _tag(place: int) -> str:
    """Six letters that distinguish a file's font from others of its name."""
    return "CNNVI" + chr(ord("A") + place)
