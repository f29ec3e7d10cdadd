"""Maps and filters of several channels side by side, and of many the first and the last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cnnviz.story import Cells, Story
from cnnviz.storyboard import Values
from cnnviz.words import Number, Shape, Text, Words, equation, joined, lines

MOST_DRAWN = 5
"""Channels, and maps, that the stage has room for."""


FIRST_AND_LAST = Text("of many channels and maps the first and the last are drawn")


def drawn(channels: int, filters: int, groups: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Which channels and filters are drawn: all, or of more than there is room for the first and the last.

    In groups it is these of both, for a filter between them sees no channel that is drawn.
    """
    few = groups > 1 and max(channels, filters) > MOST_DRAWN
    return ends(channels, few=few), ends(filters, few=few)


def ends(count: int, *, few: bool = False) -> tuple[int, ...]:
    """All of a number, or of more than there is room for the first and the last."""
    return (0, count - 1) if few or count > MOST_DRAWN else tuple(range(count))


def between(shown: Sequence[Any], count: int) -> tuple[str, ...]:
    """The ellipsis between those that are drawn, where these are not all."""
    return ("…",) if len(shown) < count else ()


def sheets(shown: Sequence[int], count: int, caption: str, note: str, below: Words | None = None) -> dict[str, Any]:
    """How a panel shows some of the maps of a tensor, each with a caption; a note says it where these are not all."""
    left_out = Text(note, n=len(shown), every=count) if len(shown) < count else None
    return {
        "axes": 3,
        "sheets": shown,
        "held": True,
        "columns": len(shown),
        "captions": tuple(Text(caption, n=n + 1) for n in shown),
        "signs": between(shown, count),
        "below": lines(below, left_out) if left_out else below,
    }


def describe_weights(w: Values, filters: int, offsets: Values, cells: int) -> Words:
    """The weight's shape, the parameters, and the multiplications of as many cells as slide or stamp."""
    rows, columns = map(Number, w.shape[2:])
    each = Number(w[..., 0, 0].size // filters) * rows * columns
    biased = bool(offsets.any())
    parameters = equation(None, Number(filters) * (each + 1 if biased else each), w.size + filters * biased)
    products = equation(None, Number(cells) * w[0].size, cells * w[0].size)
    parts = [
        Text("weight {w}", w=Shape(w.shape)),
        Text("parameters {n}", n=parameters),
        Text("multiplications {n}", n=products),
    ]
    return joined(parts, "    ")


def kernels(story: Story, name: str, label: str, w: Values, shown: Sequence[int]) -> list[Cells]:
    """Some sheets of the weight, each with its kernels, or of many the first and the last."""
    few = ends(w.shape[1])
    names, signs, size = ("",) * len(few), between(few, w.shape[1]), Shape(w.shape[1:])
    return [
        held(story, f"{name} {n + 1}", Text(label, n=n + 1, size=size), w[n, few], "neighbour", w, names, signs)
        for n in shown
    ]


def held(
    story: Story,
    name: str,
    label: Words,
    values: Values,
    role: str,
    every: Values,
    names: Sequence[Words],
    signs: tuple[str, ...] = (),
    **more: Any,
) -> Cells:
    """A panel with a sheet for each channel and `signs` between; `every` are all numbers that it may show."""
    return story.cells(
        name,
        label,
        values,
        role="kernel",
        roles=np.full(values.shape, role),
        digits=story.decimals(every),
        shade=story.shade(every, plain=True),
        captions=tuple(names),
        columns=len(names),
        held=True,
        signs=signs,
        enlarge=True,
        **more,
    )
