"""A storyboard's words turned into text: those of its stage at once, those of a step as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar, cast

from cnnviz.storyboard.figure import Step, Storyboard
from cnnviz.words import Phrase, Printer

Thing = TypeVar("Thing")

_TEXTS = ("title", "point", "settings", "formula", "convention", "alt", "subject")
_PLAIN = frozenset(
    {"values", "roles", "x", "y", "heights", "levels", "role", "panel", "kind", "marks", "shade", "name"}
)
"""Fields that hold no words: looked through by nobody."""

_NO_WORDS = (str, int, float)


def printed(board: Storyboard, printer: Printer, lang: str = "en") -> Storyboard:
    """The storyboard with its words as text."""

    def steps() -> Iterator[Step]:
        for step in board.steps():
            changes = tuple(_printed(change, printer) for change in step.changes)
            yield replace(step, caption=printer(step.caption), changes=changes)

    texts: dict[str, Any] = {name: printer(getattr(board, name)) for name in _TEXTS}
    rows = tuple(tuple(_printed(panel, printer) for panel in row) for row in board.rows)
    return replace(board, rows=rows, steps=steps, lang=lang, **texts)


def _printed(thing: Thing, printer: Callable[[Any], str]) -> Thing:
    """A panel, a part of one or a change with text for words; itself where it has none."""
    found: dict[str, Any] = {}
    for name in _fields(cast("type", type(thing))):
        value = getattr(thing, name)
        if (new := _text(value, printer)) is not value:
            found[name] = new
    return replace(thing, **found) if found else thing  # type: ignore[type-var]


def _text(value: Any, printer: Callable[[Any], str]) -> Any:
    if value is None or isinstance(value, _NO_WORDS):
        return value
    if isinstance(value, Phrase):
        return printer(value)
    if isinstance(value, tuple):
        parts = tuple(_text(part, printer) for part in value)
        return parts if any(new is not old for new, old in zip(parts, value, strict=True)) else value
    return _printed(value, printer) if is_dataclass(value) and not isinstance(value, type) else value


@lru_cache(maxsize=64)
def _fields(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls) if field.name not in _PLAIN)
