"""One page with all figures of an output folder, from its manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from cnnviz.api import python_line
from cnnviz.batch import files_of, read_manifest
from cnnviz.errors import CnnvizError
from cnnviz.files import whole_file

PAGE = "index.html"
_PICTURES, _VIDEOS = (".gif", ".webp", ".apng", ".svg", ".png"), (".mp4", ".webm")


Record = Mapping[str, Any]


def write_gallery(folder: Path, title: str) -> Path:
    """Write `index.html` beside the figures; raises CnnvizError if the manifest lists none."""
    records = [r for r in read_manifest(folder).values() if _main_file(r) and (folder / r["file"]).is_file()]
    if not records:
        raise CnnvizError(f"folder {folder} holds no figures: run `cnnviz render` first")
    titles = Counter(record["title"] for record in records)
    groups = [(name, list(group)) for name, group in groupby(records, key=lambda r: r["section"])]
    sections = "\n".join(_section(n, name, group, titles) for n, (name, group) in enumerate(groups))
    links = [f'<a href="#s{n}">{escape(name)}</a>' for n, (name, _) in enumerate(groups) if name]
    template = Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))
    page = template.substitute(
        title=escape(title),
        count=f"{len(records)} figure{'s' * (len(records) > 1)}",
        links=" ".join(links) if len(links) > 1 else "",
        sections=sections,
    )
    with whole_file(folder / PAGE) as file:
        file.write(page.encode("utf-8"))
    return folder / PAGE


def _section(number: int, name: str, records: Sequence[Record], titles: Mapping[str, int]) -> str:
    heading = f"<h2>{escape(name)}</h2>\n" if name else ""
    figures = "\n".join(_figure(record, titles) for record in records)
    return f'<section id="s{number}">\n{heading}<div class="figures">\n{figures}\n</div>\n</section>'


def _figure(record: Record, titles: Mapping[str, int]) -> str:
    # Those of one title are told apart by the names of their files.
    name = f": {Path(record['file']).stem}" if titles[record["title"]] > 1 else ""
    title, caption = escape(record["title"] + name), escape(record["caption"])
    file, alt = _main_file(record), escape(record["alt"])
    source, size = escape(quote(file)), f'width="{record["width"]}" height="{record["height"]}"'
    facts = f"{record['steps']} steps, {record['milliseconds'] / 1000:.3g} s, {record['bytes'] / 1024:.0f} KiB"
    if len(_names(record)) > 1:
        facts += ": " + ", ".join(f'<a href="{escape(quote(f))}">{escape(f)}</a>' for f in _names(record))
    if file.endswith(_PICTURES):
        stage = f'<img src="{source}" alt="{alt}" {size} loading="lazy"><canvas aria-hidden="true"></canvas>'
    else:
        stage = f'<video src="{source}" aria-label="{alt}" {size} muted loop playsinline preload="metadata"></video>'
    return (
        f'<figure><div class="stage">{stage}</div>\n<figcaption><h3>{title}</h3>\n'
        + (f"<p>{caption}</p>\n" if caption else "")
        + _line(record["command"], f"Copy the command: {title}")
        + (_line(python, f"Copy the Python line: {title}") if (python := _python(record)) else "")
        + f'<div class="row"><small>{facts}</small>'
        f'<button type="button" class="play" aria-pressed="false" aria-label="Pause: {title}">Pause</button></div>\n'
        "</figcaption></figure>"
    )


def _line(code: str, label: str) -> str:
    return (
        f'<div class="line"><code tabindex="0">{escape(code)}</code>'
        f'<button type="button" class="copy" aria-label="{label}">Copy</button></div>\n'
    )


def _python(record: Record) -> str:
    parameters = record.get("parameters")
    if not isinstance(parameters, dict):
        return ""
    return python_line(str(record.get("scene", "")), parameters, record["file"])


def _names(record: Record) -> list[str]:
    return [file["file"] for file in files_of(record)]


def _main_file(record: Record) -> str:
    """The file of a record that a page shows best, or an empty text."""
    return next((file for kind in (*_PICTURES, *_VIDEOS) for file in _names(record) if file.endswith(kind)), "")
