"""Markdown for Marp, Quarto or Slidev, with the figures as GIFs beside it.

One file cannot suit all three: notes are comments here and a block there, and each says in its own way how large a
picture is. So `--flavor` chooses; a file for Marp reads well as plain Markdown too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from cnnviz.decks import FIGURE, SECTION, TITLE, Deck, DeckOptions, Slide, Staging
from cnnviz.decks._files import hex_color, write_as
from cnnviz.render.theme import load_theme, luminance

if TYPE_CHECKING:
    from cnnviz.pipeline import Figure

SUPPORTED_OPTIONS = ("flavor",)
# Pictures' heights in pixels: slides are 1280×720, Slidev's 980×552.
_HEIGHT, _HEIGHT_SLIDEV = 500, 390
# Of Slidev's theme.
_LAYOUTS = {TITLE: "cover", SECTION: "section", FIGURE: "default"}
# `--!>` ends a comment in HTML as `-->` does.
_COMMENT_END = re.compile("--(!?)>")
_JOINER = "\u2060"
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>$~^&@|])")
_AT_START = re.compile(r"^(?:[-+#=>%]|(?<!\\)\d+(?=[.)]))")
# Words that Marp takes for directives in a picture's alt text.
_DIRECTIVE = re.compile(
    r"(?<!\S)(?=(?:bg|fit|auto|cover|contain|left|right|vertical|blur|brightness|contrast|drop-shadow|grayscale|invert|"
    r"hue-rotate|opacity|saturate|sepia|w|h|width|height)(?::\S*)?(?!\S))(\S)"
)


def render(figure: Figure, stem: Path, options: DeckOptions) -> None:
    """A GIF."""
    write_as("gif", figure, stem)


def write(deck: Deck, staging: Staging, options: DeckOptions) -> None:
    """Write the text, and keep the pictures beside it."""
    staging.drawn.rename(staging.beside)
    text = FLAVORS[options.flavor](deck, staging.beside.name)
    staging.file.write_text(text, encoding="utf-8", newline="\n", errors="backslashreplace")


def _marp(deck: Deck, folder: str) -> str:
    page = load_theme(deck.theme).page
    ground, ink, accent = (f"#{hex_color(page[name])}" for name in ("ground", "ink", "accent"))
    head = [
        "marp: true",
        f"title: {_yaml(deck.title)}",
        f"lang: {deck.tag}",
        "size: 16:9",
        "paginate: true",
        f"backgroundColor: {_yaml(ground)}",
        f"color: {_yaml(ink)}",
        "style: |",
        "  section { justify-content: flex-start; padding: 36px 64px 24px; font-size: 24px }",
        f"  section.opening {{ justify-content: center; border-left: 16px solid {accent} }}",
        "  h1, h2 { color: inherit; margin: 0 0 8px; font-size: 40px }",
        "  p { margin: 0 0 8px }",
        f"  img {{ display: block; margin: 0 auto; height: {_HEIGHT}px; background: none }}",
    ]

    def body(slide: Slide) -> Iterator[str]:
        if slide.kind != FIGURE:
            level = "#" if slide.kind == TITLE else "##"
            yield from ("<!-- _class: opening -->", f"{level} {_escaped(slide.title)}")
            return
        alt = _DIRECTIVE.sub(rf"\1{_JOINER}", _escaped(slide.alt))
        yield f"## {_escaped(slide.title)}"
        yield _paragraph(slide.caption)
        yield f"![{alt}]({folder}/{quote(slide.name)}.gif)"
        # Marp takes notes as they stand.
        yield _comment(word + text for word, text in slide.notes)

    return _front(head) + "\n---\n\n".join(_joined(body(slide)) for slide in deck.slides)


def _quarto(deck: Deck, folder: str) -> str:
    page = load_theme(deck.theme).page
    titled = deck.slides[0].kind == TITLE
    title = f"title: {_yaml(deck.title)}" if titled else f"pagetitle: {_yaml(deck.title or 'Slides')}"
    head = [
        title,
        f"lang: {deck.tag}",
        # A picture's text is its alt text, not a caption.
        "from: markdown-implicit_figures",
        "format:",
        "  revealjs:",
        "    width: 1280",
        "    height: 720",
        "    margin: 0.04",
        "    slide-number: true",
        f"    backgroundcolor: {_yaml('#' + hex_color(page['ground']))}",
        f"    fontcolor: {_yaml('#' + hex_color(page['ink']))}",
    ]

    def body(slide: Slide) -> Iterator[str]:
        if slide.kind == SECTION:
            yield f"# {_escaped(slide.title)}"
        elif slide.kind == FIGURE:
            yield f"## {_escaped(slide.title)}"
            yield _paragraph(slide.caption)
            yield f'![{_escaped(slide.alt)}]({folder}/{quote(slide.name)}.gif){{height="{_HEIGHT}px"}}'
            yield "\n\n".join(["::: {.notes}", *_notes(slide), ":::"])

    return _front(head) + "\n".join(_joined(body(slide)) for slide in deck.slides[titled:])


def _slidev(deck: Deck, folder: str) -> str:
    page = load_theme(deck.theme).page
    dark = luminance(page["ground"]) < luminance(page["ink"])
    head = [
        f"title: {_yaml(deck.title)}",
        "theme: default",
        "aspectRatio: 16/9",
        "canvasWidth: 980",
        f"colorSchema: {'dark' if dark else 'light'}",
        "htmlAttrs:",
        f"  lang: {deck.tag}",
    ]

    def body(slide: Slide) -> Iterator[str]:
        yield f"# {_escaped_vue(_escaped(slide.title))}"
        if slide.kind == FIGURE:
            yield _escaped_vue(_paragraph(slide.caption))
            yield (
                f'<img src="./{folder}/{slide.name}.gif" alt="{escape(slide.alt)}" '
                f'style="height: {_HEIGHT_SLIDEV}px; margin: 0 auto">'
            )
            yield _comment(_notes(slide))

    pages = (
        _front([*(head if not place else ()), f"layout: {_LAYOUTS[slide.kind]}"]) + _joined(body(slide))
        for place, slide in enumerate(deck.slides)
    )
    return "\n".join(pages)


FLAVORS: dict[str, Callable[[Deck, str], str]] = {"marp": _marp, "quarto": _quarto, "slidev": _slidev}


def _front(lines: list[str]) -> str:
    return "\n".join(["---", *lines, "---", "", ""])


def _joined(blocks: Iterator[str]) -> str:
    return "\n\n".join(blocks) + "\n"


def _comment(notes: Iterable[str]) -> str:
    text = "\n\n".join(notes)
    return "<!--\n" + _COMMENT_END.sub(r"-- \1>", text) + "\n-->"


def _notes(slide: Slide) -> Iterator[str]:
    for word, text in slide.notes:
        # A code span keeps a command's dashes.
        shown = f"`{text}`" if text == slide.command and "`" not in text else _escaped(text)
        yield word + shown if word else _paragraph(text)


def _paragraph(text: str) -> str:
    """Escape a text at the beginning of a line, where more characters have a meaning."""
    return _AT_START.sub(lambda found: f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}", _escaped(text))


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _escaped_vue(text: str) -> str:
    """Keep Vue from evaluating what stands between two braces."""
    return text.replace("\\{\\{", f"\\{{{_JOINER}\\{{")


def _yaml(text: str) -> str:
    """A text as YAML, of which JSON is a part."""
    return json.dumps(text, ensure_ascii=False)
