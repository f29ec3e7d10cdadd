"""SVG, PDF, HTML, the storyboard as JSON, and frames in a `.zip` or a folder."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from cnnviz.limits import MAX_FILE_BYTES
from cnnviz.reading._metadata import CorruptFileError, FileMetadata, marked, open_regular
from cnnviz.reading._pictures import picture

_DURATIONS, _PRESENTATION = "durations.csv", "ppt/presentation.xml"
_IS_DECK = "is a deck: the notes of a slide give the command of its figure"
_SVG = {
    "Title": r"<title[^>]*>([^<]*)<",
    "Description": r"<desc[^>]*>([^<]*)<",
    "Comment": r"<metadata>([^<]*)<",
    "Caption": r'<metadata data-of="caption">([^<]*)<',
    "Software": r'<metadata data-of="software">([^<]*)<',
}
_HTML = {
    "Title": r"<title>([^<]*)<",
    "Comment": r'<meta name="generator" content="([^"]*)"',
    "Description": r'<meta name="description" content="([^"]*)"',
    "Caption": r'<meta name="caption" content="([^"]*)"',
    "Software": r'<meta name="software" content="([^"]*)"',
}
_VIEW = re.compile(r'<svg[^>]*viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"')
_PDF = {
    "Title": "Title",
    "Subject": "Description",
    "Caption": "Caption",
    "Keywords": "Comment",
    "Creator": "Software",
}
_PAGE = re.compile(r"/Type /Page\b.*?/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]")
_JSON = {"title": "Title", "alt": "Description", "caption": "Caption", "command": "Comment", "software": "Software"}


def svg(file: BinaryIO) -> FileMetadata:
    """An SVG: title, description and metadata."""
    text = _whole(file, "</svg>")
    return FileMetadata(format="svg", texts=marked(text, _SVG), size=_size(_VIEW.search(text)))


def html(file: BinaryIO) -> FileMetadata:
    """A page with a player: what its head says."""
    text = _whole(file, "</html>")
    texts = marked(text, _HTML)
    if texts.get("Comment") == "cnnviz":
        raise CorruptFileError(_IS_DECK)
    return FileMetadata(format="html", texts=texts, size=_size(_VIEW.search(text)))


def pdf(file: BinaryIO) -> FileMetadata:
    """The document information of a PDF as `export` writes it."""
    text = _whole(file, "%%EOF", "latin-1")
    texts = {}
    for name, key in _PDF.items():
        if found := re.search(rf"/{name} (?:\(((?:[^()\\]|\\.)*)\)|<feff([0-9a-f]*)>)", text):
            texts[key] = bytes.fromhex(found[2]).decode("utf-16-be") if found[2] else _unescaped(found[1])
    pages = list(_PAGE.finditer(text))
    return FileMetadata(format="pdf", texts=texts, size=_size(pages[0] if pages else None), frames=len(pages))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(074|.)", lambda found: "<" if found[1] == "074" else found[1], text)


def _whole(file: BinaryIO, end: str, encoding: str = "utf-8") -> str:
    """All of a text that ends as such files do."""
    text = file.read().decode(encoding, "surrogateescape")
    if not text.rstrip().endswith(end):
        raise CorruptFileError("is cut short: it ends in the middle")
    return text


def _size(found: re.Match[str] | None) -> tuple[int, int]:
    return (round(float(found[1])), round(float(found[2]))) if found else (0, 0)


def storyboard(file: BinaryIO) -> FileMetadata:
    """A storyboard as JSON."""
    try:
        data = json.loads(_whole(file, "}"))
    except (ValueError, RecursionError):
        raise CorruptFileError("is broken JSON") from None
    if data.get("format") != "cnnviz-storyboard":
        raise CorruptFileError("is JSON, but no storyboard")
    texts = {key: str(data[name]) for name, key in _JSON.items() if name in data}
    return FileMetadata(format="json", texts=texts, frames=int(data["count"]))


def zipped(file: BinaryIO) -> FileMetadata:
    """A `.zip` of frames: the first frame's texts and the durations of all."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if _PRESENTATION in names:
                raise CorruptFileError(_IS_DECK)
            first = next((name for name in names if name.endswith(".png")), None)
            if first is None or _DURATIONS not in names:
                raise CorruptFileError("holds no frames of a figure: give a file that cnnviz made, such as fig.gif")
            if any(archive.getinfo(name).file_size > MAX_FILE_BYTES for name in (first, _DURATIONS)):
                raise CorruptFileError(f"holds a file of more than {MAX_FILE_BYTES // 2**20} MiB")
            return _frames("zip", archive.read(first), archive.read(_DURATIONS))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        raise CorruptFileError("is a broken .zip") from None


def folder(path: Path) -> FileMetadata:
    """A folder of frames, read likewise."""
    frames = sorted(path.glob("*.png"))
    if not frames or not (path / _DURATIONS).is_file():
        raise CorruptFileError("is a folder without frames of a figure")
    with open_regular(frames[0]) as frame, open_regular(path / _DURATIONS) as durations:
        return _frames("frames", frame.read(), durations.read())


def _frames(name: str, first: bytes, durations: bytes) -> FileMetadata:
    rows = list(csv.reader(durations.decode().splitlines()))[1:]
    times = [int(milliseconds) for _, milliseconds in rows]
    return replace(picture(BytesIO(first)), format=name, frames=len(times), milliseconds=sum(times))
