"""A deck as plain data: its slides in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnnviz.appearance import Appearance
from cnnviz.record import Record
from cnnviz.words.plain import caption, listed, phrase, spoken, tag_of

if TYPE_CHECKING:
    from cnnviz.pipeline import Figure

TITLE, SECTION, FIGURE = "title", "section", "figure"

_DEFAULTS = Appearance()


class Part(Record, kw_only=True):
    """A figure for a deck: the name of its files, its section and its caption in the set.

    `where` is what an error about it begins with.
    """

    name: str
    figure: Figure
    section: str = ""
    caption: str = ""
    where: str = ""


class Slide(Record, kw_only=True):
    """A slide of a `kind`: TITLE, SECTION or FIGURE; only the last has more than a title.

    `notes` are paragraphs, each with a label such as "Formula: ".
    """

    kind: str
    title: str
    name: str = ""
    caption: str = ""
    alt: str = ""
    command: str = ""
    notes: tuple[tuple[str, str], ...] = ()
    once: bool = False


class Deck(Record, kw_only=True):
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
    slides = [Slide(kind=TITLE, title=_clean(title))] if title else []
    section = ""
    for part in parts:
        if sections and part.section and part.section != section:
            slides.append(Slide(kind=SECTION, title=_clean(part.section)))
        section = part.section
        slides.append(_figure_slide(part))
    return Deck(
        title=slides[0].title if title else slides[-1].title if len(parts) == 1 else "",
        lang=_shared([look.lang for look in looks], _DEFAULTS.lang),
        theme=_shared([look.theme for look in looks], _DEFAULTS.theme),
        slides=tuple(slides),
    )


def _figure_slide(part: Part) -> Slide:
    board, lang = part.figure.storyboard(), part.figure.appearance.lang
    alt, command = _clean(board.alt), _clean(part.figure.command())
    colon = phrase(lang, ": ")
    notes = [
        ("", part.caption),
        ("", alt),
        (phrase(lang, "Convention") + colon, spoken(board.convention)),
        (phrase(lang, "Formula") + colon, listed(board.formula, phrase(lang, "; "))),
        (phrase(lang, "Command") + colon, command),
    ]
    return Slide(
        kind=FIGURE,
        name=part.name,
        title=_clean(spoken(board.title)),
        caption=_clean(part.caption or caption(board)),
        alt=alt,
        command=command,
        notes=tuple((word, _clean(text)) for word, text in notes if text),
        once=part.figure.appearance.once,
    )


def _clean(text: str) -> str:
    """A text on one line, without unprintable characters."""
    return "".join(filter(str.isprintable, " ".join(text.split())))


def _shared(values: Sequence[str], other: str) -> str:
    """The value that all share, if they do."""
    return values[0] if len(set(values)) == 1 else other
