"""From figures to a finished deck: each file here is a kind of deck, named by its extension.

A kind has `render(figure, stem, options)`, which writes the files that it shows of a figure, their names beginning with
`stem`, and `write(deck, staging, options)`, which makes the deck of those in `staging.drawn`. `SUPPORTED_OPTIONS` names
the options that not all kinds have; `prepare`, where there is one, raises CnnvizError if something is not installed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from cnnviz.decks._plan import FIGURE, SECTION, TITLE, Deck, Part, Slide, plan
from cnnviz.decks._staging import Staging, whole_deck
from cnnviz.errors import CnnvizError, UsageError
from cnnviz.export import check_extension
from cnnviz.parameters import Parameters, changed, param
from cnnviz.record import Record


@dataclass(frozen=True, kw_only=True)
class DeckOptions(Parameters):
    """The options of a deck; the look of its figures is not among them."""

    title: str | None = param(None, help="Title of the deck.", shown_default="the set's name", group="Deck")
    sections: bool = param(True, help="Open each section with a slide of its own.", group="Deck")
    video: bool = param(False, help="Show videos instead of GIFs, for .pptx.", group="Deck")
    flavor: str = param("marp", help="Program that a .md is for.", choices=("marp", "quarto", "slidev"), group="Deck")


Run = Callable[[Callable[[Part], None], Sequence[Part]], Iterable[None]]
"""Calls a function for each part, as `map` does, which other processes can be sent."""


class WrittenDeck(Record, kw_only=True):
    """A deck's file, the folder beside it if there is one, and how many slides and figures it holds."""

    path: Path
    beside: Path | None
    slides: int
    figures: int


def kinds() -> tuple[str, ...]:
    """The extensions of decks."""
    return tuple(sorted(file.stem.rstrip("_") for file in Path(__file__).parent.glob("[!_]*.py")))


def load_kind(extension: str) -> ModuleType:
    """Import the module of a kind."""
    return importlib.import_module(f"cnnviz.decks.{extension}")


def kind_of(path: Path, options: DeckOptions) -> str:
    """The kind of a deck's file; raises UsageError for an unknown one or an option that it does not support."""
    extension = check_extension(path, kinds(), "kind of deck")
    for name in changed(options):
        able = [kind for kind in kinds() if name in load_kind(kind).SUPPORTED_OPTIONS]
        if able and extension not in able:
            raise UsageError(f"--{name} is not for .{extension}: use it with .{' or .'.join(able)}")
    return extension


def render_part(part: Part, *, kind: str, drawn: Path, options: DeckOptions) -> None:
    """Render a figure's files; raises CnnvizError that names it."""
    figure = part.figure
    if part.caption:
        # The slide has the caption as its text: once is enough.
        figure = replace(figure, appearance=replace(figure.appearance, subtitle=""))
    try:
        load_kind(kind).render(figure, drawn / part.name, options)
    except CnnvizError as error:
        raise type(error)(f"{part.where}{error}") from None


def write_deck(parts: Sequence[Part], path: Path, options: DeckOptions, run: Run = map) -> WrittenDeck:
    """Write a deck of the parts in their order; raises UsageError, CnnvizError."""
    extension = kind_of(path, options)
    kind = load_kind(extension)
    prepare: Any = getattr(kind, "prepare", None)
    if prepare:
        prepare(options)
    deck = plan(parts, options.title, sections=options.sections)
    with whole_deck(path) as staging:
        for _ in run(partial(render_part, kind=extension, drawn=staging.drawn, options=options), parts):
            pass
        kind.write(deck, staging, options)
    return WrittenDeck(path=path, beside=staging.published, slides=len(deck.slides), figures=len(parts))
