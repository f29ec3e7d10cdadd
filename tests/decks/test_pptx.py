"""PowerPoint decks, opened again by python-pptx and as the XML that they are."""

import io
import re
import zipfile

import pytest
from PIL import Image
from pptx import Presentation
from pptx.oxml.ns import qn

from cnnviz.render.theme import load_theme
from tests.decks.conftest import EVIL, FIGURES, LISTED


@pytest.fixture(scope="module")
def deck(deck_of):
    return Presentation(deck_of("deck.pptx"))


def figures(deck):
    return [slide for slide in deck.slides if slide.slide_layout.name == "Figure with caption"]


def picture_of(slide):
    return next(shape for shape in slide.shapes if shape._element.tag == qn("p:pic"))


def test_slides_have_titles_captions_alt_texts_and_notes(deck):
    layouts = [slide.slide_layout.name for slide in deck.slides]
    figure = "Figure with caption"
    assert layouts == ["Title", "Section", figure, figure, "Section", figure]
    titles = [slide.shapes.title.text_frame.text for slide in deck.slides]
    assert titles[:2] + titles[3:] == ["My talk", "One & <two>", "Max pooling", "Three", "Max unpooling"]
    assert titles[2] == f"T {EVIL}"
    first, second, third = figures(deck)
    assert first.placeholders[2].text_frame.text == EVIL
    assert second.placeholders[2].text_frame.text == LISTED
    assert "Max unpooling" in third.placeholders[2].text_frame.text
    for slide, made in zip((first, second, third), FIGURES, strict=True):
        alt, notes = made.storyboard().alt, slide.notes_slide.notes_text_frame.text
        assert picture_of(slide)._element.nvPicPr.cNvPr.get("descr") == alt
        assert alt in notes
        assert re.search(r"Command: cnnviz \S+ .*--width 320 .*--tween 0( --once)?$", notes)
    assert EVIL in first.notes_slide.notes_text_frame.text


def test_the_pictures_are_the_animations_and_loop_unless_once(deck):
    for slide, loops, figure in zip(figures(deck), (True, False, True), FIGURES, strict=True):
        blob = picture_of(slide).image.blob
        image = Image.open(io.BytesIO(blob))
        assert (image.format, image.size) == ("GIF", (320, 180))
        assert image.n_frames == 1 + figure.storyboard().count  # the question, and a frame a step
        # LibreOffice looks for the loop only behind the colour table.
        table = 13 + 3 * (2 << (blob[10] & 7))
        assert (blob[table + 3 : table + 14] == b"NETSCAPE2.0") is loops


@pytest.mark.parametrize("theme", ["dark", "article"])
def test_slides_have_the_figures_colours(deck_of, theme):
    path = deck_of("deck.pptx", **({"theme": theme} if theme != "article" else {}))
    color = load_theme(theme).page["ground"]
    with zipfile.ZipFile(path) as file:
        assert 'bg1="lt1"' in file.read("ppt/slideMasters/slideMaster1.xml").decode()
        colors = file.read("ppt/theme/theme1.xml").decode()
    found = re.search('<a:lt1><a:srgbClr[^>]*val="([0-9A-F]{6})"', colors)
    assert tuple(bytes.fromhex(found[1])) == color
    picture = Image.open(io.BytesIO(picture_of(figures(Presentation(path))[0]).image.blob)).convert("RGB")
    assert picture.getpixel((0, 0)) == color


def test_videos_start_by_themselves(deck_of):
    pytest.importorskip("av")
    first, second, _ = figures(Presentation(deck_of("deck.pptx", video=True)))
    for slide, repeats in ((first, "indefinite"), (second, None)):
        picture = picture_of(slide)
        (video,) = slide._element.iter(qn("p:cMediaNode"))
        assert video.find(f".//{qn('p:spTgt')}").get("spid") == str(picture.shape_id)
        assert [condition.get("delay") for condition in video.iter(qn("p:cond"))] == ["0"]
        assert video.find(qn("p:cTn")).get("repeatCount") == repeats
        parts = {rel.target_part.content_type for rel in slide.part.rels.values() if "media" in rel.reltype}
        assert parts == {"video/mp4"}
        poster = Image.open(io.BytesIO(slide.part.related_part(picture._element.blip_rId).blob))
        assert (poster.format, poster.size) == ("PNG", (320, 180))
