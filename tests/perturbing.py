"""Every number that a storyboard shows, one at a time, made another: what a check must find."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from cnnviz.storyboard import MoveMark, Step, Storyboard

_NUMBER = re.compile(r"(?<![A-Za-z_{^0-9.])[0-9]+(?:\.[0-9]+)?")
_MOST = 12
"""Numbers of a large array that are tried."""

_NUMERIC = {"value", "x", "y"}
_BOARD = ("formula", "settings", "convention")
_ARRAYS = {"values", "x", "y", "heights"}
_OWN = ("mark", "dot", "curve", "row")
_TEXTS = {"caption", "text", "label", "note", "size", "title"}


def slots(board: Storyboard) -> Iterator[tuple[str, Storyboard]]:
    """Name and storyboard of every change; the name tells panel, kind and field, not which of many alike."""
    steps = list(board.steps())
    for name, made in _of_steps(steps):
        yield name, replace(board, steps=lambda made=made: iter(made))
    for r, row in enumerate(board.rows):
        for c, panel in enumerate(row):
            for name, other in _of_thing(panel):
                rows = [list(each) for each in board.rows]
                rows[r][c] = other
                yield f"{panel.name} {name}", replace(board, rows=tuple(map(tuple, rows)))
    for field in _BOARD:
        for name, text in _of_text(getattr(board, field)):
            yield f"{field} {name}", replace(board, **{field: text})


def _of_steps(steps: list[Step]) -> Iterator[tuple[str, list[Step]]]:
    for n, step in enumerate(steps):
        for _, text in _of_text(step.caption):
            yield "caption", [*steps[:n], replace(step, caption=text), *steps[n + 1 :]]
        for c, change in enumerate(step.changes):
            for name, other in _of_thing(change):
                changes = *step.changes[:c], other, *step.changes[c + 1 :]
                which = next((own for each in _OWN if isinstance(own := getattr(change, each, None), str)), "")
                which = re.sub("[0-9]", "", which)
                yield (f"{change.panel} {type(change).__name__} {which} {name}",
                       [*steps[:n], replace(step, changes=changes), *steps[n + 1 :]])  # fmt: skip


def _of_thing(thing: Any) -> Iterator[tuple[str, Any]]:
    """A panel, change or part of a panel with one number another."""
    if isinstance(thing, MoveMark):
        if thing.rows:
            yield "row", replace(thing, row=thing.row + 1)
            yield "columns", replace(thing, columns=thing.columns + 1)
        return
    for each in fields(thing):
        value = getattr(thing, each.name)
        if isinstance(value, np.ndarray) and each.name in _ARRAYS and value.dtype == np.float64:
            places = np.argwhere(np.isfinite(value))
            for place in places[:: max(1, len(places) // _MOST)]:
                other = value.copy()
                other[tuple(place)] += 0.75
                yield each.name, replace(thing, **{each.name: other})
        elif isinstance(value, float) and each.name in _NUMERIC and np.isfinite(value):
            yield each.name, replace(thing, **{each.name: value + 0.75})
        elif isinstance(value, str) and each.name in _TEXTS:
            for _, text in _of_text(value):
                yield each.name, replace(thing, **{each.name: text})
        elif each.name == "captions":
            for n, text in enumerate(value):
                for _, other in _of_text(text):
                    yield each.name, replace(thing, captions=(*value[:n], other, *value[n + 1 :]))
        elif each.name == "entries":
            for r, row in enumerate(value):
                for c, text in enumerate(row):
                    for _, other in _of_text(text):
                        changed = *row[:c], other, *row[c + 1 :]
                        yield f"{each.name} {c} {r}", replace(thing, entries=(*value[:r], changed, *value[r + 1 :]))
        elif isinstance(value, tuple) and value and is_dataclass(value[0]) and each.name not in ("marks",):
            for n, part in enumerate(value):
                for name, other in _of_thing(part):
                    yield f"{each.name} {name}", replace(thing, **{each.name: (*value[:n], other, *value[n + 1 :])})


def _of_text(text: str) -> Iterator[tuple[str, str]]:
    """A text with one number another in its last digit."""
    for match in _NUMBER.finditer(text):
        word = match[0]
        yield word, text[: match.start()] + word[:-1] + str((int(word[-1]) + 5) % 10) + text[match.end() :]
