"""The three layouts of a deck in 16:9 and the theme's colours, built from python-pptx's template."""

from __future__ import annotations

import copy
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnnviz.decks._files import hex_color
from cnnviz.render.theme import Theme, load_theme, luminance

if TYPE_CHECKING:
    from pptx.presentation import Presentation

Box = tuple[float, float, float, float]
"""Inches: left, top, width, height."""

TITLE, SECTION, FIGURE = range(3)
PICTURE, CAPTION = 1, 2
"""The indices of the placeholders of a slide with a figure."""

# Which of the template's layouts stay, and their names here.
_KEPT = {0: "Title", 2: "Section", 8: "Figure with caption"}
_SLIDE = 13.333, 7.5
_MARGIN = 0.6
_WIDE = _SLIDE[0] - 2 * _MARGIN
_HEADING: Box = (_MARGIN, 2.1, _WIDE, 1.9)
_RULE: Box = (_MARGIN + 0.1, 4.15, 1.4, 0.07)
_SUBTITLE: Box = (_MARGIN, 4.4, _WIDE, 1.2)
_LINE: Box = (_MARGIN, 0.26, _WIDE, 0.62)
_UNDER: Box = (_MARGIN, 0.88, _WIDE, 0.66)
# The figure fills what the two lines above it leave.
_HEIGHT = 5.8
FIGURE_BOX: Box = ((_SLIDE[0] - _HEIGHT * 16 / 9) / 2, 1.58, _HEIGHT * 16 / 9, _HEIGHT)
_NUMBER: Box = (_SLIDE[0] - 0.2 - 0.9, 7.02, 0.9, 0.36)
# On Windows and Macs, and wide like the figures' own letters; LibreOffice takes DejaVu Sans for it.
_FONT = "Verdana"
_MIN_POINTS = 10
_SPACES = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)
_NUMBER_FIELD = '<a:fld id="{C1FF6DA9-008F-8B48-92A6-B652298478BF}" type="slidenum"><a:rPr/><a:t>‹#›</a:t></a:fld>'


@dataclass(frozen=True)
class _Holder:
    """A placeholder of a layout; `anchor` is t, ctr or b."""

    name: str
    kind: str
    place: Box
    points: int
    anchor: str = "ctr"
    bold: bool = False
    align: str = "l"
    color: str = "tx1"


_TITLE = _Holder("Title", 'type="title"', _LINE, 28, bold=True)
_CAPTION = _Holder("Caption", f'type="body" idx="{CAPTION}"', _UNDER, 16, "t")
_SLIDE_NUMBER = _Holder("Slide number", 'type="sldNum" sz="quarter" idx="12"', _NUMBER, 12, align="r", color="tx2")
_LAYOUTS = {
    TITLE: (
        _Holder("Title", 'type="ctrTitle"', _HEADING, 40, "b", bold=True),
        _Holder("Subtitle", 'type="subTitle" idx="1"', _SUBTITLE, 20, "t", color="tx2"),
    ),
    SECTION: (_Holder("Title", 'type="title"', _HEADING, 40, "b", bold=True),),
    FIGURE: (_TITLE, _CAPTION, _Holder("Figure", f'type="pic" idx="{PICTURE}"', FIGURE_BOX, 16), _SLIDE_NUMBER),
}


def styled_template(theme_name: str) -> Presentation:
    """An empty presentation with the layouts title, section and figure."""
    import pptx

    presentation = pptx.Presentation()
    size = presentation.element.sldSz
    size.cx, size.cy = map(_emu, _SLIDE)
    size.attrib.pop("type", None)
    for place, layout in enumerate(list(presentation.slide_layouts)):
        if place not in _KEPT:
            presentation.slide_layouts.remove(layout)
    for place, layout in enumerate(presentation.slide_layouts):
        _refill(layout, _LAYOUTS[place])
        if place != FIGURE:
            layout.shapes._spTree.append(_rule(len(_LAYOUTS[place])))
    for layout, name in zip(presentation.slide_layouts, _KEPT.values(), strict=True):
        layout.element.cSld.set("name", name)
    master = presentation.slide_master
    _refill(master, (_TITLE, _CAPTION, _SLIDE_NUMBER))
    _restyle(master)
    _recolor(master, load_theme(theme_name))
    return presentation


def points_that_fit(text: str, layout: int, place: int) -> int | None:
    """The font size at which a text fits its placeholder; None where the layout's own size does."""
    holder = _LAYOUTS[layout][place]
    width, height = (72 * side - inset for side, inset in zip(holder.place[2:], (14.4, 7.2), strict=True))
    # Verdana's letters are wide, bold ones wider; Chinese characters fill a square.
    letter = 0.7 if holder.bold else 0.6
    ems = sum(1.0 if unicodedata.east_asian_width(character) in "WF" else letter for character in text)
    points = holder.points
    while points > _MIN_POINTS and ems * points > 0.95 * width * max(1, int(height / (1.2 * points))):
        points -= 1
    return None if points == holder.points else points


def number_slide(slide: Any) -> None:
    """Add the slide number, which python-pptx leaves out."""
    number = next(p for p in slide.slide_layout.placeholders if "sldNum" in str(p._element.ph.get("type")))
    shape = copy.deepcopy(number._element)
    shape.nvSpPr.cNvPr.set("id", str(max(s.shape_id for s in slide.shapes) + 1))
    shape.spPr.clear()
    slide.shapes._spTree.append(shape)


def put(shape: Any, box: Box) -> None:
    """Move and resize a shape."""
    shape.left, shape.top, shape.width, shape.height = map(_emu, box)


def _refill(page: Any, holders: Sequence[_Holder]) -> None:
    """Give a layout or the master these placeholders instead of its own."""
    tree = page.shapes._spTree
    for shape in list(page.shapes):
        tree.remove(shape._element)
    for number, holder in enumerate(holders, start=2):
        tree.append(_placeholder(holder, number))


def _placeholder(holder: _Holder, number: int) -> Any:
    text = f"<a:r><a:rPr/><a:t>{holder.name}</a:t></a:r>" if "sldNum" not in holder.kind else _NUMBER_FIELD
    return _element(
        f'<p:sp {_SPACES}><p:nvSpPr><p:cNvPr id="{number}" name="{holder.name}"/>'
        f'<p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr><p:nvPr><p:ph {holder.kind}/></p:nvPr></p:nvSpPr>'
        f"<p:spPr>{_transform(holder.place)}{_RECTANGLE}</p:spPr>"
        f'<p:txBody><a:bodyPr vert="horz" lIns="91440" tIns="45720" rIns="91440" bIns="45720" anchor="{holder.anchor}">'
        f'<a:normAutofit/></a:bodyPr><a:lstStyle><a:lvl1pPr marL="0" indent="0" algn="{holder.align}"><a:buNone/>'
        f'<a:defRPr sz="{100 * holder.points}" b="{holder.bold:d}"><a:solidFill><a:schemeClr val="{holder.color}"/>'
        f"</a:solidFill></a:defRPr></a:lvl1pPr></a:lstStyle><a:p>{text}</a:p></p:txBody></p:sp>"
    )


_RECTANGLE = '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'


def _rule(after: int) -> Any:
    """A short line in the accent's colour under a heading."""
    return _element(
        f'<p:sp {_SPACES}><p:nvSpPr><p:cNvPr id="{after + 2}" name="Rule"/><p:cNvSpPr/><p:nvPr userDrawn="1"/>'
        f'</p:nvSpPr><p:spPr>{_transform(_RULE)}{_RECTANGLE}<a:solidFill><a:schemeClr val="accent1"/></a:solidFill>'
        "<a:ln><a:noFill/></a:ln></p:spPr></p:sp>"
    )


def _transform(box: Box) -> str:
    left, top, width, height = map(_emu, box)
    return f'<a:xfrm><a:off x="{left}" y="{top}"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>'


def _restyle(master: Any) -> None:
    """Titles and texts stand on the left."""
    from pptx.oxml.ns import qn

    for style in ("titleStyle", "bodyStyle"):
        master.element.find(qn("p:txStyles")).find(qn(f"p:{style}")).find(qn("a:lvl1pPr")).set("algn", "l")


def _recolor(master: Any, theme: Theme) -> None:
    """Write the theme's colours into the presentation's own, so that whatever is added to a slide matches."""
    from pptx.opc.constants import RELATIONSHIP_TYPE
    from pptx.opc.oxml import serialize_part_xml
    from pptx.oxml.ns import qn

    page = theme.page
    dark = luminance(page["ground"]) < luminance(page["ink"])
    part = master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    root = _element(part.blob)
    root.set("name", f"cnnviz {theme.name}")
    ground, ink = ("dk", "lt") if dark else ("lt", "dk")
    marks = [page["accent"], *theme.marks.values(), *theme.lines.values()]
    colors = {
        f"{ground}1": page["ground"],
        f"{ink}1": page["ink"],
        f"{ground}2": page["band"],
        f"{ink}2": page["muted"],
        **{f"accent{place}": color for place, color in enumerate(list(dict.fromkeys(marks))[:6], start=1)},
        "hlink": page["accent"],
        "folHlink": page["muted"],
    }
    scheme = root.find(f".//{qn('a:clrScheme')}")
    scheme.set("name", theme.name)
    for name, color in colors.items():
        slot = scheme.find(qn(f"a:{name}"))
        for old in list(slot):
            slot.remove(old)
        slot.append(_element(f'<a:srgbClr {_SPACES} val="{hex_color(color)}"/>'))
    for font in root.iter(qn("a:latin")):
        font.set("typeface", _FONT)
    part._blob = serialize_part_xml(root)
    mapped = master.element.find(qn("p:clrMap"))
    for number in "12":
        mapped.set(f"bg{number}", ground + number)
        mapped.set(f"tx{number}", ink + number)


def _element(text: str | bytes) -> Any:
    from pptx.oxml import parse_xml

    return parse_xml(text)


def _emu(inches: float) -> int:
    return round(inches * 914400)
