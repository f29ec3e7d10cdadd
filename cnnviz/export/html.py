"""HTML: one file with an interactive player, drawn as vectors; `player.html`, `.css` and `.js` are its parts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, BinaryIO

from cnnviz.export import Job, Written
from cnnviz.render.frames import Film
from cnnviz.render.scenery import Layer, Scenery, scenery
from cnnviz.render.vector import STYLE, escaped, hex_color
from cnnviz.wording import spoken

TWEEN = 0
_PARTS = Path(__file__).parent
_GAP = re.compile(r"\{\{(\w+)\}\}")


def write(job: Job, file: BinaryIO) -> Written:
    """Write the player; `once` keeps it from starting again after the last step."""
    film = job.film(TWEEN)
    figure = scenery(film)
    file.write(_document(job, film, figure).encode("utf-8"))
    seconds = film.timing.step * sum(beat.step.beats for beat in figure.beats[:-1]) + film.timing.hold
    return Written(size=film.size, steps=job.storyboard.count, milliseconds=round(1000 * seconds))


def document(job: Job, film: Film) -> str:
    """The whole page: it loads nothing, and every text of a user's is escaped."""
    return _document(job, film, scenery(film))


def _document(job: Job, film: Film, figure: Scenery) -> str:
    board, page = job.storyboard, film.theme.page
    width, height = film.size
    unit = film.layout.fit.unit
    names = ("ground", "ink", "muted", "band", "accent", "result")
    colors = "".join(f"--{name}:{hex_color(page[name])};" for name in names)
    focus = film.theme.marks.get("window", page["accent"])
    filled = {
        "title": escaped(spoken(board.title)), "alt": escaped(board.alt), "command": escaped(job.command),
        "colors": f"{colors}--focus:{hex_color(focus)}", "style": STYLE, "css": _part("player.css"),
        "script": _part("player.js"),
        "width": str(width), "height": str(height), "defs": figure.defs, "page": figure.page,
        "count": str(board.count), "small": f"{14 * unit:g}", "right": f"{width - 40 * unit:g}",
        "baseline": f"{522 * unit:g}", "progress": f"{3 * unit:g}", "bottom": f"{height - 3 * unit:g}",
        "data": _embedded(player_data(figure, film, loop=not job.once)),
    }  # fmt: skip
    return _GAP.sub(lambda gap: filled[gap[1]], _part("player.html"))


def player_data(figure: Scenery, film: Film, *, loop: bool) -> dict[str, Any]:
    """What the player plays: fragments, layers, and of each step only what it changes."""
    steps, before = [], ""
    for beat in figure.beats:
        said = spoken(beat.step.caption) if film.layout.fit.numbers else ""
        flat = [number for change in beat.changes for number in change]
        steps.append([beat.step.beats, beat.caption, "" if said == before else said, flat])
        before = said
    return {
        "step": film.timing.step, "hold": film.timing.hold, "loop": loop,
        "fragments": [fragment.replace('"', "'") for fragment in figure.fragments],
        "layers": [_layer(layer) for layer in figure.layers], "initial": figure.initial, "steps": steps,
        "wrote": [number for pair in figure.wrote.items() for number in pair],
    }  # fmt: skip


def _layer(layer: Layer) -> list[Any]:
    place = [layer.name, len(layer.slots), layer.x, layer.y]
    return [*place, layer.columns, layer.pitch] if layer.pitch else place


def _embedded(data: dict[str, Any]) -> str:
    """JSON that no sign of can end the script element that it stands in."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text.replace("</", "<\\/").replace("<!", "\\u003c!")


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")
