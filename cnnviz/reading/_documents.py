"""SVG, PDF, HTML, the storyboard as JSON, and frames in a `.zip` or a folder."""

from __future__ import annotations

import csv
import json
import os
import re
import zipfile
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import BinaryIO, cast
from xml.etree import ElementTree

from cnnviz.limits import MAX_FILE_BYTES
from cnnviz.reading._metadata import MAX_TEXT, CorruptFileError, FileMetadata, decode, open_regular
from cnnviz.reading._pictures import png

_DURATIONS, _PRESENTATION = "durations.csv", "ppt/presentation.xml"
_MAX_DURATIONS = 2**20
_DECK_COMMAND, _IS_DECK = "cnnviz", "is a deck: the notes of a slide give the command of its figure"
_ZIP_END, _ZIP_MAGIC, _ZIP64_MAGIC, _MAX_DIRECTORY = 2**16 + 22, re.compile(b"PK\5\6"), b"PK\6\7", 2**21
_SVG_HEAD = 4 * MAX_TEXT
_JSON_HEAD, _STEPS = 2**24, b', "steps": ['
_SVG = {
    ("title", ""): "Title",
    ("desc", ""): "Description",
    ("metadata", ""): "Comment",
    ("metadata", "caption"): "Caption",
    ("metadata", "software"): "Software",
}
_DESCRIBES = {name for name, _ in _SVG}
_META = {"generator": "Comment", "description": "Description", "caption": "Caption", "software": "Software"}
_PDF = {
    "Title": "Title",
    "Subject": "Description",
    "Caption": "Caption",
    "Keywords": "Comment",
    "Creator": "Software",
}


def svg(file: BinaryIO) -> FileMetadata:
    """An SVG: title, description and metadata of its root."""
    _ends_in(file, b"</svg>")
    # Decoded here: in an encoding of the file's choice, entity definitions would not be seen.
    head = file.read(_SVG_HEAD).decode("utf-8", "replace")
    if "<!ENTITY" in head:
        raise CorruptFileError("holds definitions of its own, which cnnviz does not write")
    texts: dict[str, str] = {}
    size, depth = (0, 0), 0
    parser: ElementTree.XMLPullParser[ElementTree.Element] = ElementTree.XMLPullParser(("start", "end"))
    try:
        parser.feed(head)
        for event, element in cast("Iterable[tuple[str, ElementTree.Element]]", parser.read_events()):
            name = element.tag.rpartition("}")[2]
            depth += 1 if event == "start" else -1
            if event == "start" and depth == 1:
                if name != "svg":
                    raise CorruptFileError("is no SVG")
                size = _view(element.get("viewBox", ""))
            elif event == "start" and depth == 2 and name not in _DESCRIBES:
                break
            elif event == "end" and depth == 1 and (key := _SVG.get((name, element.get("data-of", "")))):
                texts[key] = "".join(element.itertext()).strip()
    except ElementTree.ParseError:
        raise CorruptFileError("is a broken SVG") from None
    return FileMetadata(format="svg", texts=texts, size=size)


def _view(box: str) -> tuple[int, int]:
    numbers = re.findall(r"[\d.]+", box)
    return (round(float(numbers[2])), round(float(numbers[3]))) if len(numbers) == 4 else (0, 0)


def _ends_in(file: BinaryIO, end: bytes) -> None:
    file.seek(-min(MAX_TEXT, file.seek(0, os.SEEK_END)), os.SEEK_END)
    if end not in file.read().lower():
        raise CorruptFileError("is cut short: it ends in the middle")
    file.seek(0)


class _Head(HTMLParser):
    """The title and metadata of a page, and the size of its figure."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.size = (0, 0)
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self._inside = tag
        if tag == "meta" and (key := _META.get(given.get("name", ""))):
            self.texts.setdefault(key, given.get("content", ""))
        elif tag == "svg" and self.size == (0, 0):
            self.size = _view(given.get("viewbox", ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.texts.setdefault("Title", data.strip())


def html(file: BinaryIO) -> FileMetadata:
    """The head of a page with a player."""
    _ends_in(file, b"</html>")
    head = _Head()
    try:
        head.feed(decode(file.read(MAX_TEXT)))
    except AssertionError:
        raise CorruptFileError("is a broken page") from None
    if head.texts.get("Comment") == _DECK_COMMAND:
        raise CorruptFileError(_IS_DECK)
    return FileMetadata(format="html", texts=head.texts, size=head.size)


def storyboard(file: BinaryIO) -> FileMetadata:
    """A storyboard as JSON, without its steps."""
    head, steps, _ = file.read(_JSON_HEAD).partition(_STEPS)
    if steps:
        file.seek(-len(_STEPS), os.SEEK_END)
        if not file.read().rstrip().endswith(b"]}"):
            raise CorruptFileError("is cut short: it ends in the middle")
        head += b"}"
    elif file.read(1):
        raise CorruptFileError(f"has more than {_JSON_HEAD // 2**20} MiB before its steps, too much to be read")
    try:
        data = json.loads(head)
    except (ValueError, RecursionError):
        raise CorruptFileError("is broken JSON") from None
    if not isinstance(data, dict) or data.get("format") != "cnnviz-storyboard":
        raise CorruptFileError("is JSON, but no storyboard")
    keys = {"title": "Title", "alt": "Description", "caption": "Caption", "command": "Comment", "software": "Software"}
    texts = {key: text for name, key in keys.items() if isinstance(text := data.get(name), str)}
    count = data.get("count")
    return FileMetadata(format="json", texts=texts, frames=max(0, count) if isinstance(count, int) else 0)


def pdf(file: BinaryIO) -> FileMetadata:
    """The document information of a PDF."""
    _ends_in(file, b"%%eof")
    if file.seek(0, os.SEEK_END) > MAX_FILE_BYTES:
        raise CorruptFileError(f"has more than {MAX_FILE_BYTES // 2**20} MiB, too much to be read")
    file.seek(0)
    data = file.read()
    texts = {}
    for name, key in _PDF.items():
        found = re.search(rb"/" + name.encode() + rb"\s*(?:\(((?:[^()\\]|\\.)*)\)|<([0-9A-Fa-f\s]*)>)", data, re.DOTALL)
        if found:
            texts[key] = _pdf_text(found)
    pages = re.findall(rb"/Type\s*/Page\b", data)
    box = re.search(rb"/MediaBox\s*\[\s*[\d.]+\s+[\d.]+\s+([\d.]+)\s+([\d.]+)", data)
    size = (round(float(box[1])), round(float(box[2]))) if box else (0, 0)
    return FileMetadata(format="pdf", texts=texts, size=size, frames=len(pages))


def _pdf_text(found: re.Match[bytes]) -> str:
    if found[2] is not None:
        data = bytes.fromhex(re.sub(rb"\s", b"", found[2]).decode("ascii"))
    else:
        data = re.sub(rb"\\([0-7]{1,3}|.)", _pdf_escape, found[1], flags=re.DOTALL)
    return data.decode("utf-16", "replace") if data[:2] in (b"\xfe\xff", b"\xff\xfe") else data.decode("latin-1")


def _pdf_escape(found: re.Match[bytes]) -> bytes:
    escape = found[1]
    if escape.isdigit():
        return bytes([int(escape, 8) & 255])
    return {b"n": b"\n", b"r": b"\r", b"t": b"\t"}.get(escape, escape)


def zipped(file: BinaryIO) -> FileMetadata:
    """A `.zip` of frames: the first frame's texts and the durations of all."""
    _check_directory(file)
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if _PRESENTATION in names:
                raise CorruptFileError(_IS_DECK)
            first = next((name for name in names if name.endswith(".png")), None)
            if first is None or _DURATIONS not in names:
                raise CorruptFileError("holds no frames of a figure: give a file that cnnviz made, such as fig.gif")
            if archive.getinfo(first).file_size > MAX_FILE_BYTES:
                raise CorruptFileError(f"holds a frame of more than {MAX_FILE_BYTES // 2**20} MiB")
            with archive.open(first) as frame, archive.open(_DURATIONS) as durations:
                return _frames("zip", frame, durations)  # type: ignore[arg-type]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        raise CorruptFileError("is a broken .zip") from None


def _check_directory(file: BinaryIO) -> None:
    """Refuse a `.zip` with millions of files: zipfile lists them all when it opens it."""
    file.seek(-min(_ZIP_END, file.seek(0, os.SEEK_END)), os.SEEK_END)
    end = file.read()
    sizes = [int.from_bytes(end[found.end() + 8 : found.end() + 12], "little") for found in _ZIP_MAGIC.finditer(end)]
    if max(sizes, default=0) > _MAX_DIRECTORY or _ZIP64_MAGIC in end:
        raise CorruptFileError("holds too many files")
    file.seek(0)


def folder(path: Path) -> FileMetadata:
    """A folder of frames, read likewise."""
    frames = sorted(path.glob("*.png"))
    if not frames or not (path / _DURATIONS).is_file():
        raise CorruptFileError("is a folder without frames of a figure")
    with open_regular(frames[0]) as frame, open_regular(path / _DURATIONS) as durations:
        return _frames("frames", frame, durations)


def _frames(name: str, frame: BinaryIO, durations: BinaryIO) -> FileMetadata:
    metadata = png(frame)
    text = decode(durations.read(_MAX_DURATIONS))
    if durations.read(1):
        raise CorruptFileError(f"has a {_DURATIONS} that is too long")
    times = list(_times(csv.reader(text.splitlines())))
    return FileMetadata(
        format=name, texts=metadata.texts, size=metadata.size, frames=len(times), milliseconds=sum(times)
    )


def _times(rows: Iterable[list[str]]) -> Iterable[int]:
    next(iter(rows), None)
    for row in rows:
        if len(row) != 2 or not row[1].isdecimal():
            raise CorruptFileError(f"has a {_DURATIONS} that is broken")
        yield int(row[1][:9])
