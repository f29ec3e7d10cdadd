"""A convolution of several channels: every filter has a kernel for each, and what these give is added up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from cnnviz.scenes._channels import Channels
from cnnviz.story import Story, check_steps, filling
from cnnviz.storyboard import Step, Values
from cnnviz.words import Number, Shape, Text, Words, equation, joined

if TYPE_CHECKING:
    from cnnviz.scenes.conv import Conv

_TEXTS = {
    "full": (
        "Multi-channel convolution",
        "Each filter has one kernel per channel: {w} weights, filters × channels × rows × columns",
    ),
    "pointwise": ("Pointwise convolution", "A 1×1 kernel mixes the {c} channels of one pixel and sees no neighbours"),
    "grouped": ("Grouped convolution", "A filter sees only the {n} channels of its group: {c} channels, {g} groups"),
    "depthwise": (
        "Depthwise convolution",
        "Each channel has a kernel of its own: nothing is added up across channels",
    ),
}


def convolve(scene: Conv) -> Story:
    """One step for each cell of each map of the output."""
    w, channels, groups = scene.weight.values, len(scene.maps.values), scene.groups
    kind = "pointwise" if scene.slide.k == (1, 1) else "full"
    if groups > 1:
        kind = "depthwise" if groups == channels else "grouped"
    title, point = _TEXTS[kind]
    story = Story(scene, Text(title), point=Text(point, w=Shape(w.shape), c=channels, n=w.shape[1], g=groups))
    panels = Channels(scene, story)
    count = panels.windows.count
    check_steps(count, "this convolution", panels.windows.covered)
    for word, symbol, value in (("channels", "C", channels), ("filters", "F", len(w)), ("groups", "g", groups)):
        if symbol != "g" or value > 1:
            story.set(word, symbol, Number(value), size=False)
    story.sizes(k=scene.slide.k, s=scene.s, p=scene.p, d=scene.d)

    def steps() -> Iterator[Step]:
        for at in panels.windows.places():
            changes = list(panels.step(at))
            yield story.step(equation(panels.Y.symbol("y", at), panels.arithmetic(at), panels.Y[at]), changes)

    alt = Text(
        "a convolution of {i} with {w}: each filter has a kernel for every channel that it sees; {steps} the {o} "
        "output, each cell the sum of what the kernels give",
        i=Shape(scene.maps.values.shape),
        w=Shape(w.shape),
        steps=filling(count),
        o=Shape(panels.windows.out),
    )
    return story.play(
        steps,
        count,
        (panels.X, "→", panels.Y),
        (*panels.kernels, panels.S),
        alt=joined((alt, Text("of many channels and maps the first and the last are drawn") if panels.rest else None)),
        formula=_counts(w, scene.offsets, len(w) * int(np.prod(scene.slide.windows.out))),
        convention=Text("cross-correlation: kernel not flipped"),
    )


def _counts(w: Values, offsets: Values, cells: int) -> Words:
    """The weight, parameters and multiplications."""
    channels, rows, columns = map(Number, w.shape[1:])
    biased = bool(offsets.any())
    each = channels * rows * columns
    parameters = equation(None, Number(len(w)) * (each + 1 if biased else each), Number(w.size + len(w) * biased))
    products = equation(None, Number(cells) * Number(w[0].size), Number(cells * w[0].size))
    said = [
        Text("weight {w}", w=Shape(w.shape)),
        Text("parameters {n}", n=parameters),
        Text("multiplications {n}", n=products),
    ]
    return joined(said, "    ")
