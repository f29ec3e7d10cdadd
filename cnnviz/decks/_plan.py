"""A deck as plain data: its slides in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnviz.appearance import Appearance
from cnnviz.words.plain import caption, listed, phrase, spoken, tag_of

if TYPE_CHECKING:
    from cnnviz.pipeline import Figure

_DEFAULTS = Appearance()


@dataclass(frozen=True, kw_only=True)
class Part:
    """A figure for a deck: the name of its files, its section and its caption in the set."""

    name: str
    figure: Figure
    section: str = ""
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class TitleSlide:
    """The first slide."""

    title: str


@dataclass(frozen=True, kw_only=True)
class SectionSlide:
    """The slide that opens a section."""

    title: str


@dataclass(frozen=True, kw_only=True)
class FigureSlide:
    """A slide with a figure; `notes` are paragraphs, each with a label such as "Formula: "."""

    name: str
    title: str
    caption: str
    alt: str
    command: str
    notes: tuple[tuple[str, str], ...]
    once: bool = False


Slide = TitleSlide | SectionSlide | FigureSlide


@dataclass(frozen=True, kw_only=True)
class Deck:
    """A whole deck; `theme` is that of its background."""

    title: str
    lang: str
    theme: str
    slides: tuple[Slide, ...]

    @property
    def tag(self) -> str:
        """The language tag."""
        return tag_of(self.lang)


def plan(parts: Sequence[Part], title: str | None, *, sections: bool) -> Deck:
    """A title slide if there is a title, a slide for each figure, and one where a section begins."""
    looks = [part.figure.appearance for part in parts]
    figures = [_figure_slide(part) for part in parts]
    return Deck(
        title=_clean(title or "") or (figures[0].title if len(figures) == 1 else ""),
        lang=_shared([look.lang for look in looks], _DEFAULTS.lang),
        theme=_shared([look.theme for look in looks], _DEFAULTS.theme),
        slides=tuple(_ordered(title, parts, figures, sections)),
    )


def _ordered(
    title: str | None, parts: Sequence[Part], figures: Sequence[FigureSlide], sections: bool
) -> Iterator[Slide]:
    if title:
        yield TitleSlide(title=_clean(title))
    section = ""
    for part, figure in zip(parts, figures, strict=True):
        if sections and part.section and part.section != section:
            yield SectionSlide(title=_clean(part.section))
        section = part.section
        yield figure


def _figure_slide(part: Part) -> FigureSlide:
    board, lang = part.figure.storyboard(), part.figure.appearance.lang
    alt, command = _clean(board.alt), _clean(part.figure.command())
    colon = phrase(lang, ": ")
    notes = [
        ("", _clean(part.caption)),
        ("", alt),
        (phrase(lang, "Convention") + colon, spoken(board.convention)),
        (phrase(lang, "Formula") + colon, listed(board.formula, phrase(lang, "; "))),
        (phrase(lang, "Command") + colon, command),
    ]
    return FigureSlide(
        name=part.name,
        title=spoken(board.title),
        caption=_clean(part.caption) or caption(board),
        alt=alt,
        command=command,
        notes=tuple((word, text) for word, text in notes if text),
        once=part.figure.appearance.once,
    )


def _clean(text: str) -> str:
    """A text on one line, without unprintable characters."""
    return "".join(filter(str.isprintable, " ".join(text.split())))


def _shared(values: Sequence[str], other: str) -> str:
    """The value that all share, if they do."""
    return values[0] if len(set(values)) == 1 else other
