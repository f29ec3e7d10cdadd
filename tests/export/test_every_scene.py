"""Each scene as SVG, PDF and player page, written from one figure and read again."""

import io
import re
from html import escape
from xml.etree import ElementTree

import pypdf
import pytest

from cnnviz import __version__
from cnnviz.discovery import find_scenes
from cnnviz.pipeline import make
from tests.figures import named

SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
TAGS = {"svg", "title", "desc", "metadata", "defs", "g", "path", "circle", "text", "use", "image"}
IMAGES = ("cnn", "gradient-descent", "net", "receptive-field", "training", "unpool i=24")
"""Figures with fields of values or a bar of colours, which are pictures."""

LARGE = {"lrn": {"alpha_over_n": True, "n": 2}, "transposed-conv": {"view": "scatter", "p": 1}, "unpool": {"i": 24}}
FIGURES = [*((name, {}) for name in find_scenes()), *LARGE.items()]


@pytest.mark.parametrize("figure", FIGURES, ids=map(named, FIGURES))
def test_every_scene_is_whole_in_every_kind_of_page(figure):
    scene, given = figure
    made = make(scene, **given)
    svg, pdf, html = (content for _, content in made.contents(["x.svg", "x.pdf", "x.html"]))
    valid_svg(svg, made.job(), made.alt("x.svg"))
    text_in_its_own_fonts(pdf, pictures=named(figure) in IMAGES)
    assert len(html) <= (72 if scene in LARGE else 60) * 1024
    page = html.decode()
    assert not re.search(r"https?://|\bsrc=|@import|url\(", page), "it asks for something"
    assert escape(made.command(), quote=True) in page


def valid_svg(content, job, alt):
    root, count = ElementTree.fromstring(content), job.storyboard.count
    names = [node.get("id") for node in root.iter() if node.get("id")]
    assert len(names) == len(set(names))
    assert {node.tag.removeprefix(SVG) for node in root.iter()} <= TAGS
    for node in root.iter():
        for reference in filter(None, (node.get("href"), node.get(f"{XLINK}href"))):
            assert reference.startswith("data:image/png;base64,") or reference.removeprefix("#") in names
    told = [node.text for node in root.findall(f"{SVG}metadata")]
    assert told == [job.command, job.caption, f"cnnviz {__version__}"]
    assert f"step {count} of {count}" in ("".join(text.itertext()) for text in root.iter(f"{SVG}text"))
    assert root.find(f"{SVG}desc").text.startswith(alt)


def text_in_its_own_fonts(content, pictures):
    (page,) = pypdf.PdfReader(io.BytesIO(content), strict=True).pages
    assert [float(side) for side in page.mediabox] == [0, 0, 720, 405]
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    assert len(fonts) >= 2
    for font in fonts:
        descriptor = font["/DescendantFonts"][0]["/FontDescriptor"]
        assert descriptor["/FontFile2"].get_data()[:4] == b"\0\1\0\0"
        assert "/ToUnicode" in font
    kinds = {drawn.get_object()["/Subtype"] for drawn in page["/Resources"]["/XObject"].values()}
    assert kinds == ({"/Image"} if pictures else set())
