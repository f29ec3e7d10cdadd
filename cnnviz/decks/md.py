"""Markdown for Marp, Quarto or Slidev, with the figures as GIFs beside it.

One file cannot suit all three: notes are comments here and a block there, and each says in its own way how large a
picture is. So `--flavor` chooses; a file for Marp reads well as plain Markdown too.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from html import escape
from pathlib import Path
from urllib.parse import quote

from cnnviz.decks import Deck, DeckOptions, FigureSlide, SectionSlide, Showable, Slide, Staging, TitleSlide
from cnnviz.decks._files import beside, hex_color, write_as
from cnnviz.render.theme import load_theme, luminance

HEEDS = ("flavor",)
# Pixels of a picture's height: the slides are 1280×720, Slidev's 980×552.
_HEIGHT, _HEIGHT_SLIDEV = 500, 390
# `--!>` ends a comment in HTML as `-->` does.
_COMMENT_END = re.compile("--(!?)>")
_JOINER = "\u2060"
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>$~^&@|])")
_AT_START = re.compile(r"^(?:[-+#=>%]|(?<!\\)\d+(?=[.)]))")
# What Marp takes for directions about the picture where it stands in its alt text.
_DIRECTION = re.compile(
    r"(?<!\S)(?=(?:bg|fit|auto|cover|contain|left|right|vertical|blur|brightness|contrast|drop-shadow|grayscale|invert|"
    r"hue-rotate|opacity|saturate|sepia|w|h|width|height)(?::\S*)?(?!\S))(\S)"
)


def prepare(options: DeckOptions) -> None:
    """Nothing is needed."""


def render(figure: Showable, stem: Path, options: DeckOptions) -> None:
    """A GIF."""
    write_as("gif", figure, stem)


def write(deck: Deck, drawn: Path, staging: Staging, options: DeckOptions) -> None:
    """Write the text, and move the pictures beside it."""
    staging.beside.mkdir()
    for slide in deck.slides:
        if isinstance(slide, FigureSlide):
            shutil.move(beside(drawn / slide.name, "gif"), staging.beside)
    text = _FLAVORS[options.flavor](deck, staging.beside.name)
    staging.file.write_text(text, encoding="utf-8", newline="\n", errors="backslashreplace")


def _marp(deck: Deck, folder: str) -> str:
    page = load_theme(deck.theme).page
    ground, ink, accent = (f"#{hex_color(page[name])}" for name in ("ground", "ink", "accent"))
    head = [
        "marp: true", f"title: {_yaml(deck.title)}", f"lang: {deck.tag}", "size: 16:9", "paginate: true",
        f"backgroundColor: {_yaml(ground)}", f"color: {_yaml(ink)}", "style: |",
        "  section { justify-content: flex-start; padding: 36px 64px 24px; font-size: 24px }",
        f"  section.opening {{ justify-content: center; border-left: 16px solid {accent} }}",
        "  h1, h2 { color: inherit; margin: 0 0 8px; font-size: 40px }",
        "  p { margin: 0 0 8px }",
        f"  img {{ display: block; margin: 0 auto; height: {_HEIGHT}px; background: none }}",
    ]  # fmt: skip

    def body(slide: Slide) -> Iterator[str]:
        if not isinstance(slide, FigureSlide):
            level = "#" if isinstance(slide, TitleSlide) else "##"
            yield from ("<!-- _class: opening -->", f"{level} {_escaped(slide.title)}")
            return
        alt = _DIRECTION.sub(rf"\1{_JOINER}", _escaped(slide.alt))
        yield f"## {_escaped(slide.title)}"
        yield _paragraph(slide.caption)
        yield f"![{alt}]({quote(folder)}/{slide.name}.gif)"
        # Marp takes notes as they stand.
        yield _comment(word + text for word, text in slide.notes)

    return _front(head) + "\n---\n\n".join(_joined(body(slide)) for slide in deck.slides)


def _quarto(deck: Deck, folder: str) -> str:
    page = load_theme(deck.theme).page
    title = f"title: {_yaml(deck.title)}" if _titled(deck) else f"pagetitle: {_yaml(deck.title or 'Slides')}"
    head = [
        title, f"lang: {deck.tag}",
        # A picture's text is what stands for it, not its caption.
        "from: markdown-implicit_figures",
        "format:", "  revealjs:", "    width: 1280", "    height: 720", "    margin: 0.04", "    slide-number: true",
        f"    backgroundcolor: {_yaml('#' + hex_color(page['ground']))}",
        f"    fontcolor: {_yaml('#' + hex_color(page['ink']))}",
    ]  # fmt: skip

    def body(slide: Slide) -> Iterator[str]:
        if isinstance(slide, SectionSlide):
            yield f"# {_escaped(slide.title)}"
        elif isinstance(slide, FigureSlide):
            yield f"## {_escaped(slide.title)}"
            yield _paragraph(slide.caption)
            yield f'![{_escaped(slide.alt)}]({quote(folder)}/{slide.name}.gif){{height="{_HEIGHT}px"}}'
            yield "\n\n".join(["::: {.notes}", *_notes(slide), ":::"])

    return _front(head) + "\n".join(_joined(body(slide)) for slide in deck.slides if not isinstance(slide, TitleSlide))


def _slidev(deck: Deck, folder: str) -> str:
    page = load_theme(deck.theme).page
    dark = luminance(page["ground"]) < luminance(page["ink"])
    head = [
        f"title: {_yaml(deck.title)}", "theme: default", "aspectRatio: 16/9", "canvasWidth: 980",
        f"colorSchema: {'dark' if dark else 'light'}", "htmlAttrs:", f"  lang: {deck.tag}",
    ]  # fmt: skip

    def layout(slide: Slide) -> str:
        return "default" if isinstance(slide, FigureSlide) else "cover" if isinstance(slide, TitleSlide) else "section"

    def body(slide: Slide) -> Iterator[str]:
        yield f"# {_escaped(slide.title)}".replace("\\{\\{", f"\\{{{_JOINER}\\{{")
        if isinstance(slide, FigureSlide):
            yield _paragraph(slide.caption).replace("\\{\\{", f"\\{{{_JOINER}\\{{")
            yield (
                f'<img src="./{escape(folder)}/{slide.name}.gif" alt="{escape(slide.alt)}" '
                f'style="height: {_HEIGHT_SLIDEV}px; margin: 0 auto">'
            )
            yield _comment(_notes(slide))

    first, *rest = deck.slides
    pages = [_front([*head, f"layout: {layout(first)}"]) + _joined(body(first))]
    pages += [_front([f"layout: {layout(slide)}"]) + _joined(body(slide)) for slide in rest]
    return "\n".join(pages)


_FLAVORS: dict[str, Callable[[Deck, str], str]] = {"marp": _marp, "quarto": _quarto, "slidev": _slidev}


def _titled(deck: Deck) -> bool:
    return any(isinstance(slide, TitleSlide) for slide in deck.slides)


def _front(lines: list[str]) -> str:
    return "\n".join(["---", *lines, "---", "", ""])


def _joined(blocks: Iterator[str]) -> str:
    return "\n\n".join(blocks) + "\n"


def _comment(notes: Iterable[str]) -> str:
    text = "\n\n".join(notes)
    return "<!--\n" + _COMMENT_END.sub(r"-- \1>", text) + "\n-->"


def _notes(slide: FigureSlide) -> Iterator[str]:
    for word, text in slide.notes:
        # A code span keeps a command's dashes.
        shown = f"`{_one_line(text)}`" if text == slide.command and "`" not in text else _escaped(text)
        yield word + shown if word else _paragraph(text)


def _paragraph(text: str) -> str:
    """A text at the beginning of a line, where more signs have a meaning."""
    return _AT_START.sub(lambda sign: f"\\{sign[0]}" if not sign[0].isdigit() else f"{sign[0]}\\", _escaped(text))


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", _one_line(text))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _yaml(text: str) -> str:
    """A text as YAML takes it: JSON's are among its own."""
    return json.dumps(_one_line(text), ensure_ascii=False)
