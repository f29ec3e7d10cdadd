"""Formatting a storyboard's words as text: the stage at once, each step when it is reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cnnviz.record import Record
from cnnviz.storyboard.figure import Step, Storyboard
from cnnviz.words import Phrase, Printer

_TEXTS = ("title", "point", "settings", "formula", "convention", "alt", "subject")


def printed(board: Storyboard, printer: Printer, lang: str = "en") -> Storyboard:
    """The storyboard with its words formatted as text."""

    def steps() -> Iterator[Step]:
        for step in board.steps():
            yield _printed(step, printer)

    texts: dict[str, Any] = {name: printer(getattr(board, name)) for name in _TEXTS}
    return replace(board, rows=_printed(board.rows, printer), steps=steps, lang=lang, **texts)


def _printed(thing: Any, printer: Printer) -> Any:
    """A panel, part of a panel or change with its words as text; the same object if it has none."""
    if isinstance(thing, Phrase):
        return printer(thing)
    if isinstance(thing, tuple):
        parts = tuple([_printed(part, printer) for part in thing])
        return parts if any(new is not old for new, old in zip(parts, thing, strict=True)) else thing
    if isinstance(thing, Record):
        found = {name: new for name, old in vars(thing).items() if (new := _printed(old, printer)) is not old}
        return replace(thing, **found) if found else thing  # type: ignore[type-var]  # a dataclass too
    return thing
