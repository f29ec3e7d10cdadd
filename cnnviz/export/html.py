"""HTML: one file with an interactive player, drawn as vectors; `player.html`, `.css` and `.js` are its parts."""

from __future__ import annotations

import base64
import html
import json
import re
import zlib
from pathlib import Path
from typing import Any, BinaryIO

from cnnviz.export import Job, Written
from cnnviz.limits import TWEEN
from cnnviz.render.frames import Film
from cnnviz.render.lines import NOTE_SIZE
from cnnviz.render.svg_pen import OWN, STYLE, SvgDefs, escaped, hex_color
from cnnviz.render.theme import contrast
from cnnviz.render.vector import Layer, Vectors, vectors
from cnnviz.words.plain import phrase, spoken, tag_of

LIMIT = 60 * 1024
"""Bytes that a page may have; where plain data would make it larger, it is packed."""

PHRASES = {
    "player": "Player",
    "first": "First",
    "back": "Back",
    "play": "Play",
    "pause": "Pause",
    "next": "Next",
    "last": "Last",
    "step": "Step",
    "speed": "Speed",
    "to_first": "First step (Home)",
    "to_back": "One step back (left arrow)",
    "to_play": "Play or pause (space)",
    "to_next": "One step on (right arrow)",
    "to_last": "Last step (End)",
    "counter": "step {n} of {count}",
    "cell": "{panel}, row {r}, column {c}: step {n}",
    "keys": "Space plays or pauses, the arrow keys step, Home and End go to the first and the last step. "
    "On a result cell, Enter goes to the step that wrote it.",
    "script_missing": "The player needs JavaScript.",
    "old": "This browser is too old to show the figure: use one of 2023 or later.",
}
"""All words of the player itself, in English; `{n}` and the like stand for what it puts there."""

# As JSON writes it.
_OWN = json.dumps(OWN)[1:-1]
_IN_SCRIPT = ("pause", "play", "counter", "cell")
_PARTS = Path(__file__).parent
_GAP = re.compile(r"\{\{(\w+)\}\}")
# Room for the controls under a figure in a notebook.
_CONTROLS = 56
_BARE = "#counter,#progress{display:none}"


def write(job: Job, file: BinaryIO) -> Written:
    """Write the player; `once` keeps it from starting again after the last step."""
    film = job.film(TWEEN)
    page, seconds = _document(job, film)
    file.write(page.encode("utf-8"))
    return Written(size=film.size, steps=job.storyboard.count, milliseconds=round(1000 * seconds))


def document(job: Job, film: Film, *, packed: bool = False) -> str:
    """The whole page: it loads nothing, and every text of a user's is escaped.

    Its data is packed where it would not be small otherwise, and where that is wanted.
    """
    return _document(job, film, packed=packed)[0]


def framed(job: Job, still: str) -> str:
    """The player in a frame, for a page of others such as a notebook; `still` is a picture to show without it."""
    film = job.film(TWEEN)
    # Of a page within an attribute, only these two characters would end it or be read as others.
    page = document(job, film, packed=True).replace("&", "&amp;").replace('"', "&quot;")
    alt = html.escape(job.storyboard.alt, quote=True)
    return (
        f'<div style="position:relative;max-width:{film.size[0]}px">'
        f'<img src="{still}" alt="{alt}" style="display:block;width:100%">'
        f'<div style="height:{_CONTROLS}px"></div>'
        f'<iframe srcdoc="{page}" title="{alt}" sandbox="allow-scripts"'
        ' style="position:absolute;inset:0;width:100%;height:100%;border:0"></iframe></div>'
    )


def _document(job: Job, film: Film, *, packed: bool = False) -> tuple[str, float]:
    """The page, and for how many seconds it plays."""
    defs = SvgDefs()
    figure = vectors(film, defs)
    drawn, seconds = "".join(defs.markup), sum(_seconds(figure, film))
    words = {name: phrase(job.lang, text) for name, text in PHRASES.items()}
    data = player_data(figure, film, loop=not job.once) | {"words": {name: words[name] for name in _IN_SCRIPT}}
    filled = {name: escaped(text) for name, text in words.items()} | _filled(job, film)
    filled |= {"page": figure.page, "defs": drawn, "kind": "application/json", "data": _embedded(data)}
    page = _assembled(filled)
    if packed or len(page.encode("utf-8")) > LIMIT:
        filled |= {"defs": "", "kind": "application/x-deflate", "data": _packed({**data, "defs": drawn})}
        page = _assembled(filled)
    return page, seconds


def _filled(job: Job, film: Film) -> dict[str, str]:
    """What the page's gaps are filled with, beside its words and its data."""
    board, page = job.storyboard, film.theme.page
    width, height = film.size
    unit, lines = film.layout.fit.unit, film.layout.lines
    names = ("ground", "ink", "muted", "band", "accent", "result")
    colors = "".join(f"--{name}:{hex_color(page[name])};" for name in names)
    focus = film.theme.marks.get("window", page["accent"])
    dark = contrast((255, 255, 255), page["ground"]) > contrast((0, 0, 0), page["ground"])
    return {
        "lang": escaped(tag_of(job.lang)),
        "title": escaped(spoken(board.title)),
        "alt": escaped(board.alt),
        "command": escaped(job.command),
        "texts": _texts(job),
        "colors": f"{colors}--focus:{hex_color(focus)}",
        "scheme": "dark" if dark else "light",
        "style": STYLE + (_BARE if board.bare else ""),
        "width": str(width),
        "height": str(height),
        "count": str(board.count),
        "small": f"{lines.size(NOTE_SIZE):g}",
        "right": f"{width - 40 * unit:g}",
        "baseline": f"{lines.formula:g}",
        "progress": f"{3 * unit:g}",
        "bottom": f"{height - 3 * unit:g}",
    }


def _assembled(filled: dict[str, str]) -> str:
    css = _GAP.sub(lambda gap: filled[gap[1]], _part("player.css"))
    parts = {**filled, "css": css, "script": _part("player.js")}
    return _GAP.sub(lambda gap: parts[gap[1]], _part("player.html")).replace(OWN, "")


def _texts(job: Job) -> str:
    """What the page says of itself beside its title and what generated it."""
    texts = {key: text for key, text in job.texts().items() if key not in ("Title", "Comment")}
    return "\n".join(f'<meta name="{key.lower()}" content="{escaped(text)}">' for key, text in texts.items())


def player_data(figure: Vectors, film: Film, *, loop: bool) -> dict[str, Any]:
    """What the player plays: fragments, layers, and of each step only what it changes."""
    steps, before = [], ""
    for beat, seconds in zip(figure.beats, _seconds(figure, film), strict=True):
        said = spoken(beat.step.caption) if film.layout.fit.numbers else ""
        beats, telling = round(seconds / film.timing.step, 3), "" if said == before else said
        flights = [[flight.fragment, int(flight.growing), *sum(flight.spots, ())] for flight in beat.flights]
        steps.append([beats, beat.caption, telling, _flat(beat.changes), flights])
        before = said
    return {
        "step": film.timing.step,
        "hold": film.timing.hold,
        "loop": loop,
        "tween": film.tween,
        "fragments": [fragment.replace('"', "'") for fragment in figure.fragments],
        "spots": figure.spots,
        "layers": [_layer(layer) for layer in figure.layers],
        "gliders": figure.gliders,
        "lines": figure.lines,
        "initial": figure.initial,
        "asked": _flat(figure.asked),
        "opening": film.timing.opening,
        "steps": steps,
        "wrote": [number for pair in figure.wrote.items() for number in pair],
    }


def _seconds(figure: Vectors, film: Film) -> list[float]:
    return film.timing.seconds([beat.step for beat in figure.beats], len(figure.beats))


def _flat(changes: list[tuple[int, int]]) -> list[int]:
    """Changes in the order of their slots, each of these as its distance from the last: that packs better."""
    found, before = [], 0
    for slot, number in sorted(changes):
        found += [slot - before, number]
        before = slot
    return found


def _layer(layer: Layer) -> list[Any]:
    place = [layer.name, len(layer.slots), layer.x, layer.y]
    return [*place, layer.columns, layer.pitch, layer.spoken] if layer.pitch else place


def _json(data: dict[str, Any]) -> str:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace(_OWN, "")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _embedded(data: dict[str, Any]) -> str:
    """JSON in which no character can end its script element."""
    return _json(data).replace("</", "<\\/").replace("<!", "\\u003c!")


def _packed(data: dict[str, Any]) -> str:
    return base64.b64encode(zlib.compress(_json(data).encode("utf-8"), 9)).decode("ascii")


def _part(name: str) -> str:
    """A part of the page, without indents and lines that only explain."""
    return re.sub(r"^[ ]*(//.*)?\n?", "", (_PARTS / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
