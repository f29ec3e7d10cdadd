"""A convolution of several channels: every filter has a kernel for each, and what these give is added up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from cnnviz.ops import conv2d
from cnnviz.story import Axis, Cells, Graph, Story, Windows, check_steps, filling, lost_of
from cnnviz.storyboard import Block, Change, Mark, Step, Values
from cnnviz.words import Math, Number, Shape, Symbol, Text, Words, dot, equation, joined, total

if TYPE_CHECKING:
    from cnnviz.scenes.conv import Conv

_COLORS = "R", "G", "B"


def convolve(scene: Conv) -> Story:
    """One step for each cell of each map of the output."""
    x, w, biases, slide = scene.maps.values, scene.weight.values, scene.offsets, scene.slide
    channels, filters, seen = len(x), len(w), w.shape[1]
    windows = Windows((Axis.grouped(channels, filters, scene.groups), *slide.windows.axes))
    check_steps(windows.count, "this convolution", windows.covered)
    graph = Graph()
    added = graph.given("b", biases) if biases.any() else None
    pixels, kernels = graph.map("x", x), graph.kernel("w", w)
    y = graph.compute("conv2d", pixels, kernels, added, **slide.options, groups=scene.groups)

    story = Story(
        scene, Text(_title(scene)), graph, point=Text(_point(scene), n=seen, c=channels, f=filters, w=Shape(w.shape))
    )
    story.set("channels", "C", Number(channels), size=False)
    story.set("filters", "F", Number(filters), size=False)
    if scene.groups > 1:
        story.set("groups", "g", Number(scene.groups), size=False)
    story.sizes(k=slide.k, s=scene.s, p=scene.p, d=scene.d)
    pictured = scene.maps.source == "image" and channels == len(_COLORS)
    names: list[Words] = list(_COLORS) if pictured else [Text("channel {n}", n=c + 1) for c in range(channels)]
    marks = [Mark(name=f"window {c}", role="window", channel=c) for c in reversed(range(channels))]
    more = {"captions": tuple(names), "marks": marks, "columns": channels, "held": True}
    X = story.cells("input", "", pixels, windows=windows, data=scene.maps, **more)
    W = [_filter(story, f, w) for f in range(filters)]
    partial = _partial_sums(scene, windows)
    S = _sums(story, partial, names, biases)
    maps = tuple(Text("map {n}", n=f + 1) for f in range(filters))
    more = {"captions": maps, "held": True}
    Y = story.cells("output", "", y, pending=True, lost=lost_of(x, w), axes=3, **more)

    def steps() -> Iterator[Step]:
        for at in windows.places():
            f, *place = at
            changes = list(_switch(X, W, S, windows, f)) if not any(place) else []
            S.values[:, 0, 0] = [*partial[(f, slice(None), *place)], *biases[f : f + 1]][: len(S.values)]
            parts = [(c, 0, 0) for c in windows.axes[0].spans[f]] + ([(channels, 0, 0)] if added else [])
            terms = total(S.read(parts))
            if slide.k == (1, 1) or seen == 1:
                weights = W[f].read(list(np.ndindex(w.shape[1:])))
                terms = dot(X.read(windows.cells(at)), weights, S[channels, 0, 0] if added else None, Y[at])
            summed = [S.set(part, role="output", value=float(S.values[part])) for part in parts]
            caption = equation(Y.symbol("y", at), terms, Y[at])
            yield story.step(caption, changes, X.windows(windows, at), summed, Y.write(at))

    return story.play(
        steps,
        windows.count,
        (X, "→", Y),
        (*W, S),
        alt=Text(
            "a convolution of {i} with {w}: each filter has a kernel for every channel that it sees; {steps} the {o} "
            "output, each cell the sum of what the kernels give",
            i=Shape(x.shape),
            w=Shape(w.shape),
            steps=filling(windows.count),
            o=Shape(windows.out),
        ),
        formula=_counts(scene, windows),
        convention=Text("cross-correlation: kernel not flipped"),
    )


def _title(scene: Conv) -> str:
    channels, groups = len(scene.maps.values), scene.groups
    if groups > 1:
        return "Depthwise convolution" if groups == channels else "Grouped convolution"
    return "Pointwise convolution" if scene.slide.k == (1, 1) else "Multi-channel convolution"


def _point(scene: Conv) -> str:
    channels, groups = len(scene.maps.values), scene.groups
    if groups > 1 and groups == channels:
        return "Each channel has a kernel of its own: nothing is added up across channels"
    if groups > 1:
        return "A filter sees only the {n} channels of its group: {c} channels, {f} filters"
    if scene.slide.k == (1, 1):
        return "A 1×1 kernel mixes the {c} channels of one pixel and sees no neighbours"
    return "Each filter has one kernel per channel: {w} weights, filters × channels × rows × columns"


def _filter(story: Story, f: int, w: Values) -> Cells:
    label = Text("Filter {n}: {size}", n=f + 1, size=Shape(w[f].shape))
    panel = Block(
        name=f"filter {f + 1}",
        label=label,
        values=w[f],
        roles=np.full(w[f].shape, "neighbour"),
        digits=story.decimals(w),
        shade=story.shade(w, plain=True),
        captions=("",) * w.shape[1],
        columns=w.shape[1],
        held=True,
        enlarge=True,
    )
    return story.add(panel, w[f])


def _partial_sums(scene: Conv, windows: Windows) -> Values:
    """What every kernel gives by itself, (filters, channels, rows, columns); 0 for channels that a filter skips."""
    x, w = scene.maps.values, scene.weight.values
    found = np.zeros((len(w), len(x), *windows.out[1:]))
    for f, span in enumerate(windows.axes[0].spans):
        for kernel, c in zip(w[f], span, strict=True):
            found[f, c] = conv2d(x[c][None], kernel[None, None], **scene.slide.options)[0]
    return found


def _sums(story: Story, partial: Values, names: list[Words], biases: Values) -> Cells:
    """A cell for each channel's sum and one for the bias."""
    biased = biases.any()
    shape = (len(names) + int(biased), 1, 1)
    every = np.append(partial, biases)
    panel = Block(
        name="sums",
        label=Text("Sums and bias" if biased else "Sums"),
        values=np.full(shape, np.nan),
        roles=np.full(shape, "pending"),
        digits=story.decimals(every),
        shade=story.shade(every, plain=True),
        captions=(*names, *[Math("b")] * int(biased)),
        columns=shape[0],
        held=True,
        enlarge=True,
    )
    return story.add(panel, np.zeros(shape))


def _switch(X: Cells, W: list[Cells], S: Cells, windows: Windows, f: int) -> Iterator[Change]:
    """The next filter is in use, and channels that it does not see are faint."""
    for n, cells in enumerate(W):
        if n in (f - 1, f):
            for place in np.ndindex(cells.values.shape):
                yield cells.set(place, role="kernel" if n == f else "neighbour")
    spans, roles = windows.axes[0].spans, windows.roles()
    before = spans[f - 1] if f else range(len(X.values))
    for c in sorted({*before} ^ {*spans[f]}):
        for place in np.ndindex(X.values.shape[1:]):
            yield X.set((c, *place), role=str(roles[(c, *place)]) if c in spans[f] else "cut")
        if c not in spans[f]:
            yield S.set((c, 0, 0), role="cut", value=float("nan"))


def _counts(scene: Conv, windows: Windows) -> Words:
    """The weight with its axes, then parameters and multiplications."""
    w, biased = scene.weight.values, scene.offsets.any()
    kernels = [Number(n) for n in w.shape[1:]]
    each = kernels[0] * kernels[1] * kernels[2]
    parameters = equation(None, Number(len(w)) * (each + 1 if biased else each), Number(w.size + len(w) * int(biased)))
    products = equation(None, Number(windows.count) * Number(w[0].size), Number(windows.count * w[0].size))
    axes = r"F\times C\times k\times k" if scene.groups == 1 else r"F\times C/g\times k\times k"
    said = [
        Text("weight {axes} = {w}", axes=Math(axes), w=Shape(w.shape)),
        Text("parameters {n}", n=parameters),
        Text("multiplications {n}", n=products),
    ]
    return joined(said, "    ")
