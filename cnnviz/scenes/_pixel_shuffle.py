"""Pixel shuffle and its inverse: channels become places, places become channels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.ops import pixel_shuffle, pixel_unshuffle
from cnnviz.story import Graph, Story, filling, load_maps
from cnnviz.storyboard import Mark, Step
from cnnviz.words import Math, Shape, Text, equation

if TYPE_CHECKING:
    from cnnviz.scenes.upsample import Upsample

_ROLES = ("unreached", "padding", "cut", "lit", "input", "kernel", "output", "bias", "overlap")
"""A colour for each channel."""


def tell_shuffle(scene: Upsample) -> Story:
    """One step for each cell, in the colour of its channel."""
    r, back, (rows, columns) = scene.scale, scene.kind == "pixel-unshuffle", scene.i or (2, 2)
    if r**2 > len(_ROLES):
        raise UsageError(f"--scale {r} makes {r**2} channels, more than can be told apart: use 3 or less")
    size = (rows * r, columns * r) if back else (rows, columns)
    x = load_maps(scene.input, 1 if back else r**2, size, seed=scene.seed, default=(1, size)).values
    graph, shuffle = Graph(), pixel_unshuffle if back else pixel_shuffle
    factor: dict[str, Any] = {"downscale_factor" if back else "upscale_factor": r}
    y = graph.compute(scene.kind.replace("-", "_"), graph.map("x", x), **factor)
    # Which cell of the input each cell of the output was, and the colours, which move with the numbers.
    moved = shuffle(np.arange(x.size).reshape(x.shape), r).astype(int)
    given, moved = (x[0], moved) if back else (x, moved[0])
    colours = np.repeat(_ROLES[: r * r], rows * columns)
    coming = (colours[moved.argsort(axis=None)] if back else colours).reshape(given.shape)
    coloured = (colours if back else colours[moved.ravel()]).reshape(moved.shape)
    title = Text("Pixel unshuffle" if back else "Pixel shuffle")
    story = Story(scene, title, graph)
    away = "Every {n}th row and column becomes a channel, and no number changes: {i} → {o}"
    near = "{n} channels become one map, and no number changes: {i} → {o}"
    shapes = {"i": Shape(x.shape), "o": Shape(y.values.shape[1:])}
    story.point = Text(away if back else near, n=r if back else r * r, **shapes)
    story.set("factor", "r", r)
    # Each channel stands where its numbers have their place among neighbours.
    several: dict[str, Any] = {"columns": r}
    marks = (Mark(name="source", role="window"),)
    X = story.cells("input", "Input {size}", given, roles=coming, marks=marks, **({} if back else several))
    graph.show_input("input", X.values, X.values.shape)
    more = {"axes": 3, **several} if back else {"axes": 2}
    Y = story.cells("output", "Output {size}", y, pending=True, roles=coloured, **more)

    def steps() -> Iterator[Step]:
        for at, n in np.ndenumerate(moved):
            cell = tuple(map(int, np.unravel_index(n, given.shape)))
            caption = equation(Y.symbol("y", at), X.symbol("x", cell), Y[at])
            # No window: a line across other channels would say nothing.
            yield story.step(
                caption, X.mark("source", cell), Y.write(at, role=str(coloured[at]), source=X, origin=cell)
            )

    # Counted from 1, and not as indices, which would be tiny.
    places, channels = r"[\,r\,(i-1)+a,\;r\,(j-1)+b\,]", r"[\,r\,(a-1)+b,\;i,\;j\,]"
    formula = Math(f"y{channels}=x{places}" if back else f"y{places}=x{channels}")
    alt = Text(
        "{name}: {steps} the {o} output", name=Text(title.template.lower()), steps=filling(Y.values.size), **shapes
    )
    return story.play(
        steps,
        Y.values.size,
        (X, "→", Y),
        answer=Text("Every number is still there: only its place is new"),
        alt=alt,
        formula=formula,
        step_roles=_ROLES,
    )
