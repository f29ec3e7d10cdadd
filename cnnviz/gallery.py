"""One page with all figures of an output folder, from its manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from cnnviz.batch import files_of, read_manifest
from cnnviz.errors import CnnvizError
from cnnviz.files import whole_file

PAGE = "index.html"
_PICTURES, _VIDEOS = (".gif", ".webp", ".apng", ".svg", ".png"), (".mp4", ".webm")


def write_gallery(folder: Path, title: str) -> Path:
    """Write `index.html` beside the figures; raises CnnvizError if the manifest lists none."""
    records = [r for r in read_manifest(folder).values() if _main_file(r) and (folder / r["file"]).is_file()]
    if not records:
        raise CnnvizError(f"folder {folder} holds no figures: run `cnnviz render` first")
    sections = "\n".join(_section(name, list(group)) for name, group in groupby(records, key=lambda r: r["section"]))
    template = Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))
    page = template.substitute(title=escape(title), count=len(records), sections=sections)
    with whole_file(folder / PAGE) as file:
        file.write(page.encode("utf-8"))
    return folder / PAGE


def _section(name: str, records: Sequence[Mapping[str, Any]]) -> str:
    heading = f"<h2>{escape(name)}</h2>\n" if name else ""
    return f'<section>\n{heading}<div class="figures">\n' + "\n".join(map(_figure, records)) + "\n</div>\n</section>"


def _figure(record: Mapping[str, Any]) -> str:
    title, caption = escape(record["title"]), escape(record["caption"])
    source_file, alt = _main_file(record), escape(record["alt"])
    source, size = escape(quote(source_file)), f'width="{record["width"]}" height="{record["height"]}"'
    facts = f"{record['steps']} steps, {record['milliseconds'] / 1000:g} s, {record['bytes'] / 1024:.0f} KiB"
    if len(_names(record)) > 1:
        facts += ": " + ", ".join(f'<a href="{escape(quote(f))}">{escape(f)}</a>' for f in _names(record))
    if source_file.endswith(_PICTURES):
        stage = f'<img src="{source}" alt="{alt}" {size}><canvas aria-hidden="true"></canvas>'
        button = f'<button type="button" aria-pressed="false" aria-label="Pause or play: {title}">Pause</button>'
    else:
        stage, button = f'<video src="{source}" aria-label="{alt}" {size} controls muted loop playsinline></video>', ""
    return (
        f'<figure><div class="stage">{stage}</div>\n'
        f"<figcaption><h3>{title}</h3><p>{caption}</p><code>{escape(record['command'])}</code>\n"
        f'<div class="row"><small>{facts}</small>{button}</div></figcaption></figure>'
    )


def _names(record: Mapping[str, Any]) -> list[str]:
    return [file["file"] for file in files_of(record)]


def _main_file(record: Mapping[str, Any]) -> str:
    """The file of a record that a page shows best, or an empty text."""
    return next((file for kind in (*_PICTURES, *_VIDEOS) for file in _names(record) if file.endswith(kind)), "")
