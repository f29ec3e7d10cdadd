"""HTML: one self-contained file with the figures' players; `deck.html`, `.css` and `.js` are its parts."""

from __future__ import annotations

import base64
import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from cnnviz.decks import FIGURE, TITLE, Deck, DeckOptions, Slide, Staging
from cnnviz.decks._files import fill, hex_color, with_extension, write_as
from cnnviz.render.theme import load_theme
from cnnviz.words.plain import phrase

if TYPE_CHECKING:
    from cnnviz.pipeline import Figure

SUPPORTED_OPTIONS = ()
_PARTS = Path(__file__).parent
_COLORS = ("ground", "ink", "muted", "band", "accent")


def render(figure: Figure, stem: Path, options: DeckOptions) -> None:
    """The player, and a picture of the last step for print and overview."""
    write_as("html", figure, stem)
    write_as("png", figure, stem)


def write(deck: Deck, staging: Staging, options: DeckOptions) -> None:
    """Write the page."""
    page = load_theme(deck.theme).page
    count = len(deck.slides)
    slides = [_slide(slide, place, count, deck, staging.drawn) for place, slide in enumerate(deck.slides, start=1)]
    filled = {
        "lang": escape(deck.tag),
        "title": escape(deck.title or phrase(deck.lang, "Slides")),
        "colors": "".join(f"--{name}:#{hex_color(page[name])};" for name in _COLORS),
        "count": str(count),
        "css": _part("deck.css"),
        "script": _part("deck.js"),
        "slides": "\n".join(slides),
    }
    # What is none of these is a word of the page.
    text = fill("deck.html", r"\{\{([^}]+)\}\}", lambda gap: filled.get(gap) or escape(phrase(deck.lang, gap)))
    staging.file.write_bytes(text.encode("utf-8", "backslashreplace"))


def _slide(slide: Slide, place: int, count: int, deck: Deck, drawn: Path) -> str:
    level = "h1" if slide.kind == TITLE else "h2"
    name = f"{phrase(deck.lang, 'Slide')} {place} / {count}{phrase(deck.lang, ': ')}{slide.title}"
    inner = _figure(slide, drawn) if slide.kind == FIGURE else ""
    return (
        f'<section class="slide {slide.kind}" id="s{place}" role="group" aria-roledescription="slide" '
        f'aria-label="{escape(name)}">\n<{level}>{escape(slide.title)}</{level}>\n{inner}</section>'
    )


def _figure(slide: Slide, drawn: Path) -> str:
    stem = drawn / slide.name
    still = base64.b64encode(with_extension(stem, "png").read_bytes()).decode("ascii")
    player = _embedded(with_extension(stem, "html").read_text(encoding="utf-8"))
    notes = "".join(f"<p>{_strong(word)}{escape(text)}</p>" for word, text in slide.notes)
    return (
        f'<p class="caption">{escape(slide.caption)}</p>\n'
        f'<div class="stage"><img class="still" src="data:image/png;base64,{still}" alt="{escape(slide.alt)}"></div>\n'
        f'<aside class="notes">{notes}</aside>\n'
        f'<script type="application/json">{player}</script>\n'
    )


def _strong(word: str) -> str:
    return f"<b>{escape(word.strip())}</b> " if word else ""


def _embedded(page: str) -> str:
    """A page as JSON in which nothing can end the surrounding script element."""
    return json.dumps(page, ensure_ascii=False).replace("</", "<\\/").replace("<!", "\\u003c!")


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")
