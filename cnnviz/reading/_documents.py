"""SVG, PDF, HTML, the storyboard as JSON, and frames in a `.zip` or a folder."""

from __future__ import annotations

import csv
import json
import os
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from cnnviz.limits import MAX_FILE_BYTES
from cnnviz.reading._metadata import MAX_TEXT, CorruptFileError, FileMetadata, decode, marked, open_regular
from cnnviz.reading._pictures import png

_DURATIONS, _PRESENTATION = "durations.csv", "ppt/presentation.xml"
_MAX_DURATIONS = 2**20
_DECK_COMMAND, _IS_DECK = "cnnviz", "is a deck: the notes of a slide give the command of its figure"
_ZIP_END, _ZIP_MAGIC, _ZIP64_MAGIC, _MAX_DIRECTORY = 2**16 + 22, re.compile(b"PK\5\6"), b"PK\6\7", 2**21
_PAGE_HEAD = 4 * MAX_TEXT
_JSON_HEAD, _STEPS = 2**24, b', "steps": ['
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
_VIEW = re.compile(r'<svg[^>]*viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', re.IGNORECASE)
_PDF = {
    "Title": "Title",
    "Subject": "Description",
    "Caption": "Caption",
    "Keywords": "Comment",
    "Creator": "Software",
}


def svg(file: BinaryIO) -> FileMetadata:
    """An SVG: title, description and metadata at its beginning."""
    _ends_in(file, b"</svg>")
    return _page(file, "svg", _SVG)


def html(file: BinaryIO) -> FileMetadata:
    """The head of a page with a player."""
    _ends_in(file, b"</html>")
    page = _page(file, "html", _HTML)
    if page.texts.get("Comment") == _DECK_COMMAND:
        raise CorruptFileError(_IS_DECK)
    return page


def _page(file: BinaryIO, name: str, patterns: Mapping[str, str]) -> FileMetadata:
    head = decode(file.read(_PAGE_HEAD))
    size = (round(float(view[1])), round(float(view[2]))) if (view := _VIEW.search(head)) else (0, 0)
    return FileMetadata(format=name, texts=marked(head, patterns), size=size)


def _ends_in(file: BinaryIO, end: bytes) -> None:
    file.seek(-min(MAX_TEXT, file.seek(0, os.SEEK_END)), os.SEEK_END)
    if end not in file.read().lower():
        raise CorruptFileError("is cut short: it ends in the middle")
    file.seek(0)


def storyboard(file: BinaryIO) -> FileMetadata:
    """A storyboard as JSON, without its steps."""
    head, steps, _ = file.read(_JSON_HEAD).partition(_STEPS)
    if steps:
        file.seek(-len(_STEPS), os.SEEK_END)
        if not file.read().rstrip().endswith(b"]}"):
            raise CorruptFileError("is cut short: it ends in the middle")
    try:
        data = json.loads(head + b"}" * bool(steps))
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
