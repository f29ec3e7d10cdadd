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
from cnnviz.render.svg_pen import ENDS, OWN, SvgDefs, escaped, hex_color
from cnnviz.render.theme import contrast
from cnnviz.render.vector import Vectors, vectors
from cnnviz.words.plain import phrase, spoken, tag_of

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

_IN_SCRIPT = ("pause", "play", "counter", "cell")
_PARTS = Path(__file__).parent
_GAP = re.compile(r"\{\{(\w+)\}\}")
# Room for the controls under a figure in a notebook.
_CONTROLS = 56


def write(job: Job, file: BinaryIO) -> Written:
    """Write the player; `once` keeps it from starting again after the last step."""
    film = job.film(TWEEN)
    file.write(document(job, film).encode("utf-8"))
    seconds = sum(film.timing.seconds(job.storyboard.steps(), job.storyboard.count))
    return Written(size=film.size, steps=job.storyboard.count, milliseconds=round(1000 * seconds))


def document(job: Job, film: Film) -> str:
    """The whole page: it loads nothing, and every text of a user's is escaped or packed."""
    defs = SvgDefs()
    figure = vectors(film, defs)
    words = {name: phrase(job.lang, text) for name, text in PHRASES.items()}
    data = player_data(figure, film, loop=not job.once)
    data |= {"defs": "".join(defs.markup), "words": {name: words[name] for name in _IN_SCRIPT}}
    filled = {name: escaped(text) for name, text in words.items()} | _filled(job, film)
    filled |= {"page": figure.page, "data": _packed(data), "script": _part("player.js")}
    filled["css"] = _GAP.sub(lambda gap: filled[gap[1]], _part("player.css"))
    return _GAP.sub(lambda gap: filled[gap[1]], _part("player.html")).replace(OWN, "")


def framed(job: Job, still: str) -> str:
    """The player in a frame, for a page of others such as a notebook; `still` is a picture to show without it."""
    film = job.film(TWEEN)
    # Of a page within an attribute, only these two characters would end it or be read as others.
    page = document(job, film).replace("&", "&amp;").replace('"', "&quot;")
    alt = html.escape(job.storyboard.alt, quote=True)
    return (
        f'<div style="position:relative;max-width:{film.size[0]}px">'
        f'<img src="{still}" alt="{alt}" style="display:block;width:100%">'
        f'<div style="height:{_CONTROLS}px"></div>'
        f'<iframe srcdoc="{page}" title="{alt}" sandbox="allow-scripts"'
        ' style="position:absolute;inset:0;width:100%;height:100%;border:0"></iframe></div>'
    )


def _filled(job: Job, film: Film) -> dict[str, str]:
    """What the page's gaps are filled with, beside its words and its data."""
    board, page = job.storyboard, film.theme.page
    width, height = film.size
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
        "ends": ENDS,
        "width": str(width),
        "height": str(height),
        "count": str(board.count),
    }


def _texts(job: Job) -> str:
    """What the page says of itself beside its title and what generated it."""
    texts = {key: text for key, text in job.metadata().items() if key not in ("Title", "Comment")}
    return "\n".join(f'<meta name="{key.lower()}" content="{escaped(text)}">' for key, text in texts.items())


def player_data(figure: Vectors, film: Film, *, loop: bool) -> dict[str, Any]:
    """What the player plays: fragments, layers, and of each step only what it changes."""
    timing, steps, before = film.timing, [], ""
    times = timing.seconds([beat.step for beat in figure.beats], len(figure.beats))
    for beat, seconds in zip(figure.beats, times, strict=True):
        said = spoken(beat.step.caption) if film.layout.fit.numbers else ""
        steps.append([seconds, beat.caption, "" if said == before else said, beat.changes, beat.flights, beat.progress])
        before = said
    return {
        "loop": loop,
        "tween": film.tween,
        "fragments": figure.fragments,
        "spots": figure.spots,
        "layers": [[v.name, len(v.slots), v.x, v.y, v.columns, v.pitch, v.spoken] for v in figure.layers],
        "gliders": figure.gliders,
        "lines": figure.lines,
        "initial": figure.initial,
        "asked": figure.asked,
        "opening": timing.opening,
        "steps": steps,
        "wrote": list(figure.wrote.items()),
    }


def _packed(data: dict[str, Any]) -> str:
    text = json.dumps(data, separators=(",", ":")).replace(json.dumps(OWN)[1:-1], "")
    return base64.b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii")


def _part(name: str) -> str:
    """A part of the page, without indents and lines that only explain."""
    return re.sub(r"^[ ]*(//.*)?\n?", "", (_PARTS / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
