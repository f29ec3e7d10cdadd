"""A storyboard with every text put through a function: those of its stage at once, those of a step as it comes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar, cast

from cnnviz.storyboard import Change, Step, Storyboard

Word = Callable[[str, str], str]
"""Takes a text and the name of the row, node or curve that it belongs to, "" where it belongs to none."""

Thing = TypeVar("Thing")

_WORDS = frozenset({
    "label", "captions", "text", "x_text", "y_text", "header", "entries", "title", "size", "note", "lines", "widest",
    "group",
})  # fmt: skip
"""The fields of panels, of their parts and of changes that hold texts."""

_PARTS = frozenset({"curves", "dots", "nodes", "edges", "stations", "lines"})
"""The fields that hold parts with texts of their own."""

_OF_THE_BOARD = ("title", "settings", "formula", "convention", "alt")


def with_words(board: Storyboard, word: Word, **more: Any) -> Storyboard:
    """The storyboard in other words, and with `more` of its fields set."""

    def steps() -> Iterator[Step]:
        for step in board.steps():
            changes: tuple[Change, ...] = tuple(_reworded(change, word) for change in step.changes)
            yield replace(step, caption=word(step.caption, ""), changes=changes)

    rows = tuple(tuple(_reworded(panel, word) for panel in row) for row in board.rows)
    own: dict[str, Any] = {name: word(getattr(board, name), "") for name in _OF_THE_BOARD}
    return replace(board, rows=rows, steps=steps, **own, **more)


def _reworded(thing: Thing, word: Word) -> Thing:
    """A panel, a part of one or a change in other words; itself where these are the same."""
    row = getattr(thing, "row", None)
    owner = row if isinstance(row, str) else str(getattr(thing, "name", ""))
    found: dict[str, Any] = {}
    for name in _fields(cast("type", type(thing))):
        value = getattr(thing, name)
        if value and (new := _worded(value, word, owner)) is not value:
            found[name] = new
    return replace(thing, **found) if found else thing  # type: ignore[type-var]


def _worded(value: Any, word: Word, owner: str) -> Any:
    if isinstance(value, str):
        new = word(value, owner)
        return value if new == value else new
    if isinstance(value, tuple):
        parts = tuple(_worded(part, word, owner) for part in value)
        return value if all(map(operator.is_, parts, value)) else parts
    return _reworded(value, word) if is_dataclass(value) else value


@lru_cache(maxsize=64)
def _fields(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls) if field.name in _WORDS | _PARTS)
