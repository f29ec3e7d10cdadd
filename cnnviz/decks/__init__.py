"""From figures to a finished deck: each file here is a kind of deck, named by its extension.

A kind offers `prepare`, which raises where something that it needs is missing, `render`, which writes the files that it
shows of a figure, and `write`, which makes the deck of them; `HEEDS` names the options that not all kinds heed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from cnnviz.decks._plan import Deck, FigureSlide, Part, SectionSlide, Showable, Slide, TitleSlide, plan
from cnnviz.decks._staging import Staging, whole_deck
from cnnviz.errors import UsageError
from cnnviz.parameters import Parameters, changed, param, suggest


@dataclass(frozen=True, kw_only=True)
class DeckOptions(Parameters):
    """What a deck has beside the look of its figures."""

    title: str | None = param(None, help="Title of the deck.", shown_default="the set's name", group="Deck")
    sections: bool = param(True, help="Open each section with a slide of its own.", group="Deck")
    video: bool = param(False, help="Show videos instead of GIFs, for .pptx.", group="Deck")
    flavor: str = param(
        "marp", help="Program that a .md is for.", choices=("marp", "quarto", "slidev"), group="Deck"
    )  # fmt: skip


class Kind(Protocol):
    """What a file of this folder offers."""

    HEEDS: tuple[str, ...]

    def prepare(self, options: DeckOptions) -> None:
        """Raise CnnvizError where something that the kind needs is missing."""

    def render(self, figure: Showable, stem: Path, options: DeckOptions) -> None:
        """Write what the deck shows of a figure, into files that begin with `stem`."""

    def write(self, deck: Deck, drawn: Path, staging: Staging, options: DeckOptions) -> None:
        """Write the deck from the files in the folder `drawn`."""


Drawing = Callable[[str, Sequence[Part], Path, DeckOptions], None]
"""Calls a kind's `render` for each part; the kind by its extension, so that another process can do it."""


@dataclass(frozen=True, kw_only=True)
class WrittenDeck:
    """What became of a deck: its file, the folder beside it or None, and how many slides and figures it holds."""

    path: Path
    beside: Path | None
    slides: int
    figures: int


def kinds() -> tuple[str, ...]:
    """The extensions of decks."""
    return tuple(sorted(file.stem.rstrip("_") for file in Path(__file__).parent.glob("[!_]*.py")))


def load_kind(extension: str) -> Kind:
    """The module of a kind."""
    return cast(Kind, importlib.import_module(f"cnnviz.decks.{extension}"))


def kind_of(path: Path, options: DeckOptions) -> str:
    """The kind of a deck's file; raises UsageError for one that is not known or does not heed an option."""
    extension = path.suffix.lower().removeprefix(".")
    listed = tuple("." + name for name in kinds())
    if extension not in kinds():
        what = f"extension .{extension}" if extension else "a file without an extension"
        hint = suggest("." + extension, listed) if extension else f"use one of {', '.join(listed)}"
        raise UsageError(f"{path.name}: {what} is not a known kind of deck: {hint}")
    for name in changed(options):
        able = [kind for kind in kinds() if name in load_kind(kind).HEEDS]
        if able and extension not in able:
            raise UsageError(f"--{name} is not for .{extension}: use it with .{' or .'.join(able)}")
    return extension


def draw_here(kind: str, parts: Sequence[Part], drawn: Path, options: DeckOptions) -> None:
    """Render one figure after the other, in this process."""
    for part in parts:
        load_kind(kind).render(part.figure, drawn / part.name, options)


def write_deck(
    parts: Sequence[Part], path: Path, options: DeckOptions, draw: Drawing = draw_here
) -> WrittenDeck:  # fmt: skip
    """Write a deck of the parts in their order; raises UsageError, CnnvizError."""
    extension = kind_of(path, options)
    kind = load_kind(extension)
    kind.prepare(options)
    deck = plan(parts, options.title, sections=options.sections)
    with whole_deck(path) as staging:
        draw(extension, parts, staging.drawn, options)
        kind.write(deck, staging.drawn, staging, options)
    return WrittenDeck(
        path=path, beside=staging.published, slides=len(deck.slides), figures=len(list(figures_of(deck)))
    )  # fmt: skip


def figures_of(deck: Deck) -> Iterator[FigureSlide]:
    """The slides that show a figure."""
    return (slide for slide in deck.slides if isinstance(slide, FigureSlide))


__all__ = [
    "Deck",
    "DeckOptions",
    "Drawing",
    "FigureSlide",
    "Part",
    "SectionSlide",
    "Showable",
    "Slide",
    "Staging",
    "TitleSlide",
    "WrittenDeck",
    "draw_here",
    "figures_of",
    "kind_of",
    "kinds",
    "load_kind",
    "plan",
    "write_deck",
]  # fmt: skip
