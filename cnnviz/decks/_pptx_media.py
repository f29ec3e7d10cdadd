"""Figures on a slide: GIFs, or videos that start by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnnviz.decks._files import with_extension

_SPACE = "http://schemas.openxmlformats.org/presentationml/2006/main"


def add_gif(slide: Any, frame: Any, stem: Path, *, loop: bool) -> Any:
    """A GIF in the layout's frame; the GIF itself says whether it loops."""
    box = _box(frame)
    picture = frame.insert_picture(str(with_extension(stem, "gif")))
    picture.crop_left = picture.crop_right = picture.crop_top = picture.crop_bottom = 0
    picture.left, picture.top, picture.width, picture.height = box
    return picture


def add_video(slide: Any, frame: Any, stem: Path, *, loop: bool) -> Any:
    """A video that starts when the slide appears, with its poster."""
    box = _box(frame)
    frame._element.getparent().remove(frame._element)
    video, poster = (str(with_extension(stem, extension)) for extension in ("mp4", "png"))
    movie = slide.shapes.add_movie(video, *box, poster_frame_image=poster, mime_type="video/mp4")
    _play_by_itself(slide, movie.shape_id, loop)
    return movie


def _box(frame: Any) -> tuple[int, int, int, int]:
    return frame.left, frame.top, frame.width, frame.height


def _play_by_itself(slide: Any, shape: int, loop: bool) -> None:
    """Instead of python-pptx's timing, by which a video waits for a click, that of "Start: Automatically"."""
    from pptx.oxml import parse_xml

    element = slide._element
    for old in element.findall(f"{{{_SPACE}}}timing"):
        element.remove(old)
    element.append(parse_xml(_timing(shape, loop)))


def _timing(shape: int, loop: bool) -> str:
    target = f'<p:tgtEl><p:spTgt spid="{shape}"/></p:tgtEl>'
    page = "<p:tgtEl><p:sldTgt/></p:tgtEl>"
    at_once = '<p:stCondLst><p:cond delay="0"/></p:stCondLst>'
    # An effect of the main sequence, which begins with the slide, plays the video from its beginning.
    call = (
        '<p:par><p:cTn id="5" presetID="1" presetClass="mediacall" presetSubtype="0" fill="hold" '
        f'nodeType="afterEffect">{at_once}<p:childTnLst><p:cmd type="call" cmd="playFrom(0.0)"><p:cBhvr>'
        f'<p:cTn id="6" dur="indefinite" fill="hold"/>{target}</p:cBhvr></p:cmd></p:childTnLst></p:cTn></p:par>'
    )
    begins = '<p:cond delay="indefinite"/><p:cond evt="onBegin" delay="0"><p:tn val="2"/></p:cond>'
    repeat = ' repeatCount="indefinite"' if loop else ""
    return (
        f'<p:timing xmlns:p="{_SPACE}"><p:tnLst><p:par>'
        '<p:cTn id="1" dur="indefinite" restart="never" nodeType="tmRoot"><p:childTnLst>'
        '<p:seq concurrent="1" nextAc="seek"><p:cTn id="2" dur="indefinite" nodeType="mainSeq"><p:childTnLst>'
        f'<p:par><p:cTn id="3" fill="hold"><p:stCondLst>{begins}</p:stCondLst><p:childTnLst>'
        f'<p:par><p:cTn id="4" fill="hold">{at_once}<p:childTnLst>{call}</p:childTnLst></p:cTn></p:par>'
        "</p:childTnLst></p:cTn></p:par></p:childTnLst></p:cTn>"
        f'<p:prevCondLst><p:cond evt="onPrev" delay="0">{page}</p:cond></p:prevCondLst>'
        f'<p:nextCondLst><p:cond evt="onNext" delay="0">{page}</p:cond></p:nextCondLst></p:seq>'
        f'<p:video><p:cMediaNode vol="80000"><p:cTn id="7"{repeat} fill="hold" display="0"><p:stCondLst>'
        f'<p:cond delay="indefinite"/></p:stCondLst></p:cTn>{target}</p:cMediaNode></p:video>'
        "</p:childTnLst></p:cTn></p:par></p:tnLst></p:timing>"
    )
