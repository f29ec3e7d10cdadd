"""Planted errors: every number of a storyboard, one at a time, made another, which a check must find."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from cnnviz.storyboard import Curve, Dot, Mark, MoveMark, SetCurve, Storyboard
from cnnviz.words import Extent, Number, Shape, Text

_MOST = 3
"""Numbers of a large array that are tried."""

_ARRAYS = {"values", "x", "y"}
_NUMBERS = {"value", "y"}
_BOARD = ("title", "settings", "formula", "convention", "alt", "rows", "steps")


def planted(board: Storyboard) -> Iterator[tuple[str, Storyboard]]:
    """Each number's kind (where it stands and what it is part of) and the storyboard with another in its place."""
    for field in _BOARD:
        part = tuple(board.steps()) if field == "steps" else getattr(board, field)
        for kind, other in _others(part):
            yield f"{field} {kind}", replace(board, **{field: partial(iter, other) if field == "steps" else other})


def _others(thing: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """A part of a storyboard with one number another."""
    match thing:
        case Number():
            yield "number", replace(thing, value=thing.value + 3.25)
        case Shape() | Extent():
            for n, size in enumerate(thing.sizes):
                yield type(thing).__name__, replace(thing, sizes=(*thing.sizes[:n], size + 1, *thing.sizes[n + 1 :]))
        case Text():
            for key, value in thing.values.items():
                if isinstance(value, int):
                    if f"{{{key}}}" not in thing.template:
                        continue
                    yield f"{key!r} of {thing.template!r}", Text(thing.template, **{**thing.values, key: value + 1})
                else:
                    for inner, other in _others(value):
                        yield f"{thing.template!r} {key} {inner}", Text(thing.template, **{**thing.values, key: other})
        case tuple():
            for n, part in enumerate(thing):
                for inner, other in _others(part):
                    yield inner, (*thing[:n], other, *thing[n + 1 :])
        case np.ndarray() if name in _ARRAYS and thing.dtype == np.float64:
            places = np.argwhere(np.isfinite(thing))
            for place in places[:: max(1, len(places) // _MOST)]:
                another = thing.copy()
                another[tuple(place)] += 0.75
                yield "", another
        case float() if name in _NUMBERS and np.isfinite(thing):
            yield "", thing + 0.75
        case Mark() | MoveMark() | Dot(name="question") | Curve(name="guide") | SetCurve(curve="guide"):
            pass  # what leads the eye
        case _ if is_dataclass(thing):
            kind = thing.name if hasattr(thing, "kind") else type(thing).__name__
            for field in fields(thing):
                if field.name == "widest":  # what is measured and never shown
                    continue
                for inner, other in _others(getattr(thing, field.name), field.name):
                    yield f"{kind}.{field.name} {inner}", replace(thing, **{field.name: other})
