"""Pixel shuffle and its inverse: channels become places, places become channels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.story import Graph, Place, Story, filling, load_maps
from cnnviz.storyboard import Mark, Step
from cnnviz.words import Math, Number, Shape, Text, equation

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
    graph = Graph()
    factor: dict[str, Any] = {"downscale_factor" if back else "upscale_factor": r}
    y = graph.compute(scene.kind.replace("-", "_"), graph.map("x", x), **factor)
    many, one = ("output", "input") if back else ("input", "output")
    roles = {many: np.empty((r * r, rows, columns), object), one: np.empty((rows * r, columns * r), object)}
    for channel, row, column in np.ndindex(r * r, rows, columns):
        roles[many][channel, row, column] = _ROLES[channel]
        roles[one][row * r + channel // r, column * r + channel % r] = _ROLES[channel]
    title = Text("Pixel unshuffle" if back else "Pixel shuffle")
    story = Story(scene, title, graph)
    away = "Every {n}th row and column becomes a channel, and no number changes: {i} → {o}"
    near = "{n} channels become one map, and no number changes: {i} → {o}"
    shapes = {"i": Shape(x.shape if not back else (1, *size)), "o": Shape(y.values.shape[1:])}
    story.point = Text(away if back else near, n=r if back else r * r, **shapes)
    story.set("factor", "r", Number(r), size=False)
    # No window: a line across other channels would say nothing.
    marks = (Mark(name="source", role="window"),)
    # Each channel stands where its numbers have their place among neighbours.
    how: dict[str, dict[str, Any]] = {one: {}, many: {"columns": r}}
    coming, coloured = roles["input"].astype(str), roles["output"].astype(str)
    X = story.cells("input", "Input {size}", x[0] if back else x, roles=coming, marks=marks, **how["input"])
    graph.show_input("input", X.values, X.values.shape)
    Y = story.cells("output", "Output {size}", y, axes=3 if back else 2, pending=True, roles=coloured, **how["output"])

    def source(at: Place) -> Place:
        if back:
            channel, row, column = at
            return row * r + channel // r, column * r + channel % r
        return at[0] % r * r + at[1] % r, at[0] // r, at[1] // r

    def steps() -> Iterator[Step]:
        for at in np.ndindex(*Y.values.shape):
            cell = source(at)
            caption = equation(Y.symbol("y", at), X.symbol("x", cell), Y[at])
            written = Y.write(at, role=str(coloured[at]), source=X, origin=cell)
            yield story.step(caption, X.mark("source", cell), written)

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
