"""A convolution of several channels: every filter has a kernel for each, and what these give is added up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from cnnviz.scenes._channels import FIRST_AND_LAST, Channels, channels_set, weights_told
from cnnviz.story import Story, check_steps, filling
from cnnviz.storyboard import Step
from cnnviz.words import Shape, Text, joined

if TYPE_CHECKING:
    from cnnviz.scenes.conv import Conv

_TEXTS = {
    "full": (
        "Multi-channel convolution",
        "Each filter has one kernel per channel: {w} weights, filters × channels × rows × columns",
        "Each filter made one map with its own {filter} weights",
    ),
    "pointwise": (
        "Pointwise convolution",
        "A 1×1 kernel mixes the {c} channels of one pixel and sees no neighbours",
        "Each output mixes the {c} channels of one pixel alone",
    ),
    "grouped": (
        "Grouped convolution",
        "A filter sees only the {n} channels of its group: {c} channels, {g} groups",
        "Each map was made from the {n} channels of one group alone",
    ),
    "depthwise": (
        "Depthwise convolution",
        "Each channel has a kernel of its own: nothing is added up across channels",
        "Each map was made from one channel alone",
    ),
}
_ONE_FILTER = "One filter made one map: the sums of its {c} kernels were added"


def convolve(scene: Conv) -> Story:
    """One step for each cell of each map of the output."""
    w, channels, groups = scene.weight.values, len(scene.maps.values), scene.groups
    kind = "pointwise" if scene.slide.k == (1, 1) and channels > 1 else "full"
    if groups > 1:
        kind = "depthwise" if groups == channels else "grouped"
    title, point, answer = _TEXTS[kind]
    answer = _ONE_FILTER if kind == "full" and len(w) == 1 else answer
    given = {"w": Shape(w.shape), "filter": Shape(w.shape[1:]), "c": channels, "n": w.shape[1], "g": groups}
    story = Story(scene, Text(title), point=Text(point, **given))
    panels = Channels(scene, story)
    count = panels.windows.count
    check_steps(count, "this convolution", panels.windows.covered)
    channels_set(story, channels, len(w), groups)
    story.sizes(**scene.slide.settings)

    def steps() -> Iterator[Step]:
        for at in panels.windows.places():
            changes = list(panels.step(at))
            yield story.step(panels.told(at), changes)
        yield story.step(Text(answer, **given), panels.rest(), beats=2)

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
        count + 1,
        *panels.rows,
        alt=alt if panels.whole_drawn else joined((alt, FIRST_AND_LAST)),
        formula=weights_told(w, len(w), scene.offsets, len(w) * int(np.prod(scene.slide.windows.out))),
        convention=Text("cross-correlation: kernel not flipped"),
    )
