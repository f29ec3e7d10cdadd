"""PPTX for PowerPoint, Keynote, Google Slides and LibreOffice, in all of which GIFs play by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnviz.decks import FIGURE, SECTION, TITLE, Deck, DeckOptions, Slide, Staging
from cnnviz.decks._files import with_extension, write_as
from cnnviz.installation import load_extra

if TYPE_CHECKING:
    from pptx.presentation import Presentation

    from cnnviz.pipeline import Figure

SUPPORTED_OPTIONS = ("video",)
# In the order of the template.
_LAYOUTS = (TITLE, SECTION, FIGURE)
# The pixels that it fills on a projector of 1920×1080.
_SHARP = {"width": 1440}
_LANGUAGES = {"en": "en-US", "zh": "zh-CN", "zh-Hans": "zh-CN"}


def prepare(options: DeckOptions) -> None:
    """Raise CnnvizError where python-pptx, or PyAV for videos, is not installed."""
    load_extra("pptx", "python-pptx", "pptx", ".pptx")
    if options.video:
        load_extra("av", "PyAV", "video", ".pptx")


def render(figure: Figure, stem: Path, options: DeckOptions) -> None:
    """A GIF; or a video, and its first frame as its poster."""
    if options.video:
        write_as("mp4", figure, stem, _SHARP)
        write_as("png", figure, stem, _SHARP, frame="first")
    else:
        write_as("gif", figure, stem, _SHARP)


def write(deck: Deck, staging: Staging, options: DeckOptions) -> None:
    """Write the presentation."""
    from cnnviz.decks._pptx_template import save, styled_template

    presentation = styled_template(deck.theme)
    for slide in deck.slides:
        _add(presentation, slide, deck, staging.drawn)
    properties = presentation.core_properties
    properties.title, properties.author, properties.language = deck.title, "cnnviz", deck.tag
    save(presentation, staging.file)


def _add(presentation: Presentation, slide: Slide, deck: Deck, drawn: Path) -> None:
    layout = presentation.slide_layouts[_LAYOUTS.index(slide.kind)]
    made = presentation.slides.add_slide(layout)
    _write_fitting(made.shapes.title, slide.title, deck.tag, layout)
    if slide.kind == FIGURE:
        _fill(made, slide, deck, drawn)
        return
    # An empty placeholder would ask for a text.
    for placeholder in list(made.placeholders):
        if not placeholder.text_frame.text:
            placeholder._element.getparent().remove(placeholder._element)


def _fill(made: Any, slide: Slide, deck: Deck, drawn: Path) -> None:
    from cnnviz.decks._pptx_template import number_slide

    _, frame, caption = made.placeholders
    _write_fitting(caption, slide.caption, deck.tag, made.slide_layout)
    stem = drawn / slide.name
    video = with_extension(stem, "mp4")
    picture = _video(made, frame, video, slide) if video.exists() else _gif(frame, with_extension(stem, "gif"))
    picture.name = slide.title
    picture._element.nvPicPr.cNvPr.set("descr", slide.alt)
    # The order in which a screen reader says them.
    for shape in (made.shapes.title, caption, picture):
        made.shapes._spTree.append(shape._element)
    number_slide(made)
    _write(made.notes_slide.notes_text_frame, [word + text for word, text in slide.notes], deck.tag)


def _gif(frame: Any, file: Path) -> Any:
    """A GIF in the layout's frame, whole; the GIF itself says whether it loops."""
    box = frame.left, frame.top, frame.width, frame.height
    picture = frame.insert_picture(str(file))
    picture.crop_left = picture.crop_right = picture.crop_top = picture.crop_bottom = 0
    picture.left, picture.top, picture.width, picture.height = box
    return picture


def _video(made: Any, frame: Any, file: Path, slide: Slide) -> Any:
    """A video in the frame's place, which starts when the slide appears."""
    from pptx.oxml.ns import qn

    box, poster = (frame.left, frame.top, frame.width, frame.height), str(file.with_suffix(".png"))
    frame._element.getparent().remove(frame._element)
    movie = made.shapes.add_movie(str(file), *box, poster_frame_image=poster, mime_type="video/mp4")
    # As python-pptx makes it, it waits for a click.
    time = next(made._element.iter(qn("p:cMediaNode")))[0]
    next(time.iter(qn("p:cond"))).set("delay", "0")
    if not slide.once:
        time.set("repeatCount", "indefinite")
    return movie


def _write_fitting(shape: Any, text: str, lang: str, layout: Any) -> None:
    from cnnviz.decks._pptx_template import points_that_fit

    _write(shape.text_frame, [text], lang, points_that_fit(text, shape, layout))


def _write(frame: Any, lines: list[str], lang: str, points: int | None = None) -> None:
    """Fill a text frame, one paragraph per line, and tag its language for proofing and screen readers."""
    frame.text = "\n".join(lines)
    for paragraph in frame.paragraphs:
        for run in paragraph.runs:
            properties = run._r.get_or_add_rPr()
            properties.set("lang", _LANGUAGES.get(lang, lang))
            if points is not None:
                properties.set("sz", str(100 * points))
