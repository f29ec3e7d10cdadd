"""Files opened by libraries that have nothing to do with the one that wrote them."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import av
import pptx
import pypdf
from markdown_it import MarkdownIt
from PIL import Image

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


def _json(file: Path) -> None:
    json.loads(file.read_bytes())


def _picture(file: Path) -> None:
    with Image.open(file) as image:
        image.seek(getattr(image, "n_frames", 1) - 1)
        image.load()


def _svg(file: Path) -> None:
    root = ElementTree.parse(file).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg", root.tag


def _pdf(file: Path) -> None:
    for page in pypdf.PdfReader(file, strict=True).pages:
        assert page.get_contents() is not None, "an empty page"


def _zip(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None, "a damaged archive"
        *frames, times = archive.namelist()
        assert len(list(csv.reader(archive.read(times).decode().splitlines()))) == len(frames) + 1, "other times"
        for name in (frames[0], frames[-1]):
            with archive.open(name) as frame, Image.open(frame) as image:
                image.load()


def _video(file: Path) -> None:
    with av.open(str(file)) as container:
        assert sum(1 for _ in container.decode(video=0)), "no pictures"


class _Balanced(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in _VOID:
            self.opened.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        # These may be left open in a page.
        while self.opened and self.opened[-1] != tag and self.opened[-1] in ("p", "li", "dt", "dd", "tr", "td", "th"):
            self.opened.pop()
        assert self.opened[-1:] == [tag], f"</{tag}> closes what is not open"
        self.opened.pop()


def _html(file: Path) -> None:
    page = _Balanced()
    text = file.read_text(encoding="utf-8")
    page.feed(text)
    page.close()
    assert text.lower().startswith("<!doctype html>"), "no page"


def _pptx(file: Path) -> None:
    for slide in pptx.Presentation(str(file)).slides:
        assert len(slide.shapes), "an empty slide"


def _md(file: Path) -> None:
    assert MarkdownIt().parse(file.read_text(encoding="utf-8")), "an empty deck"


def _tex(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(r"\begin{frame}") == text.count(r"\end{frame}") > 0, "frames that do not end"


def _txt(file: Path) -> None:
    assert file.read_text(encoding="utf-8"), "no words"


def _csv(file: Path) -> None:
    names = [row[0] for row in csv.reader(file.read_text(encoding="ascii").splitlines())][1:]
    assert all((file.parent / name).is_file() for name in names), "frames that are not there"


_OPENERS: dict[str, Callable[[Path], None]] = {
    ".json": _json, ".gif": _picture, ".png": _picture, ".apng": _picture, ".webp": _picture, ".svg": _svg,
    ".pdf": _pdf, ".zip": _zip, ".mp4": _video, ".webm": _video, ".html": _html, ".pptx": _pptx, ".md": _md,
    ".tex": _tex, ".csv": _csv, ".txt": _txt,
}  # fmt: skip


def opened(file: Path) -> str:
    """Open a file; returns what is wrong with it, nothing if it is whole."""
    try:
        _OPENERS[file.suffix.lower()](file)
    except KeyError:
        return f"{file.name} is of no kind that is known"
    except Exception as error:
        return f"{file.name} does not open: {type(error).__name__}: {error}"
    return ""
