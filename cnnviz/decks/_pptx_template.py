"""`deck.pptx`, whose layouts can be edited in PowerPoint, in a theme's colours; the same deck has the same bytes."""

from __future__ import annotations

import copy
import io
import unicodedata
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnviz.decks._files import hex_color
from cnnviz.render.theme import Theme, load_theme

if TYPE_CHECKING:
    from pptx.presentation import Presentation

_MIN_POINTS, _EMU = 10, 12700
# The earliest date of a zip file.
_NO_DATE = 1980, 1, 1, 0, 0, 0


def styled_template(theme_name: str) -> Presentation:
    """An empty presentation with the layouts title, section and figure."""
    import pptx

    presentation = pptx.Presentation(str(Path(__file__).with_name("deck.pptx")))
    _recolor(presentation.slide_master, load_theme(theme_name))
    return presentation


def points_that_fit(text: str, shape: Any, layout: Any) -> int | None:
    """The font size at which a text fits a placeholder of a layout; None where the layout's own size does."""
    from pptx.oxml.ns import qn

    place = shape.placeholder_format.idx
    own = next(each for each in layout.placeholders if each.placeholder_format.idx == place)
    style = next(own._element.iter(qn("a:defRPr")))
    points = largest = int(style.get("sz")) // 100
    width, height = own.width / _EMU - 14.4, own.height / _EMU - 7.2
    # Verdana's letters are wide, bold ones wider; Chinese characters fill a square.
    letter = 0.7 if style.get("b") == "1" else 0.6
    ems = sum(1.0 if unicodedata.east_asian_width(character) in "WF" else letter for character in text)
    while points > _MIN_POINTS and ems * points > 0.95 * width * max(1, int(height / (1.2 * points))):
        points -= 1
    return None if points == largest else points


def number_slide(slide: Any) -> None:
    """Add the slide number, which python-pptx leaves out."""
    number = next(p for p in slide.slide_layout.placeholders if "sldNum" in str(p._element.ph.get("type")))
    shape = copy.deepcopy(number._element)
    shape.nvSpPr.cNvPr.set("id", str(max(s.shape_id for s in slide.shapes) + 1))
    shape.spPr.clear()
    slide.shapes._spTree.append(shape)


def _recolor(master: Any, theme: Theme) -> None:
    """Write the theme's colours into the presentation's own, so that whatever is added to a slide matches."""
    from pptx.opc.constants import RELATIONSHIP_TYPE
    from pptx.opc.oxml import serialize_part_xml
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import qn

    page = theme.page
    part = master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    root = parse_xml(part.blob)
    root.set("name", f"cnnviz {theme.name}")
    marks = [page["accent"], *theme.marks.values(), *theme.lines.values()]
    colors = {
        "lt1": page["ground"],
        "dk1": page["ink"],
        "lt2": page["band"],
        "dk2": page["muted"],
        **{f"accent{place}": color for place, color in enumerate(list(dict.fromkeys(marks))[:6], start=1)},
        "hlink": page["accent"],
        "folHlink": page["muted"],
    }
    scheme = next(root.iter(qn("a:clrScheme")))
    scheme.set("name", theme.name)
    for name, color in colors.items():
        scheme.find(qn(f"a:{name}"))[0].set("val", hex_color(color))
    part._blob = serialize_part_xml(root)


def save(presentation: Presentation, path: Path) -> None:
    """Write a presentation, whose files have no date."""
    written = io.BytesIO()
    presentation.save(written)
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, _NO_DATE)
            # Pictures are compressed already.
            packed = not name.endswith((".gif", ".png", ".mp4"))
            entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            entry.external_attr = 0o600 << 16
            target.writestr(entry, source.read(name))
