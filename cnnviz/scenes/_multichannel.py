"""A convolution of several channels: every filter has a kernel for each, and what these give is added up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from cnnviz.ops import conv2d
from cnnviz.scenes._channels import FIRST_AND_LAST, between, describe_weights, drawn, held, kernels, sheets
from cnnviz.scenes._padding import BELOW
from cnnviz.story import Axis, Cells, Index, Story, Windows, check_steps, note_zeros, sheet_marks, steps_fill
from cnnviz.storyboard import Change, Step
from cnnviz.words import Joined, Math, Number, Shape, Text, Words, dot, equation, joined, total

if TYPE_CHECKING:
    from cnnviz.scenes.conv import Conv

_COLORS: tuple[Words, ...] = ("R", "G", "B")
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
    """One step for each cell of each map of the output.

    X is the input, W are the filters, S holds the sums of each kernel and the bias, Y is the output. Of more channels
    or filters than there is room for the first and the last are drawn; what lies between is one sum.
    """
    x, w, offsets, slide = scene.maps.values, scene.weight.values, scene.offsets, scene.slide
    channels, filters, groups, biased = len(x), len(w), scene.groups, bool(offsets.any())
    kind = "pointwise" if slide.k == (1, 1) and channels > 1 else "full"
    if groups > 1:
        kind = "depthwise" if groups == channels else "grouped"
    title, point, answer = _TEXTS[kind]
    answer = _ONE_FILTER if kind == "full" and filters == 1 else answer
    given = {"w": Shape(w.shape), "filter": Shape(w.shape[1:]), "c": channels, "n": w.shape[1], "g": groups}
    story = Story(scene, Text(title), point=Text(point, **given))
    graph = story.graph
    shown, made = drawn(channels, filters, groups)
    spans = Axis.grouped(channels, filters, groups).spans
    seen = np.array([[c in spans[f] for f in made] for c in range(channels)])
    axis = Axis(len(shown), tuple(tuple(np.flatnonzero(each[[*shown]]).tolist()) for each in seen.T))
    windows = Windows((axis, *slide.windows.axes))
    check_steps(windows.count, "this convolution", windows.covered)
    pixels, weight, added = graph.map("x", x), graph.kernel("w", w), graph.input("b", offsets) if biased else None
    padded = slide.padded(graph, pixels)
    y = graph.compute("conv2d", padded, weight, added, **slide.options, groups=groups)
    story.show_sizes(C=channels, F=filters, g=groups, **slide.settings)
    below = BELOW.get(slide.mode)
    options = sheets(shown, channels, "channel {n}", "{n} of {every} channels drawn", below)
    if scene.maps.source == "image" and channels == len(_COLORS):
        options["captions"] = _COLORS
    # The one that is linked with the result comes first.
    options["marks"] = sheet_marks("window", len(shown), "window")[::-1]
    fill = padded.values[0, shown] if below else 0.0
    X = story.cells("input", "", pixels, windows=windows, fill=fill, data=scene.maps, **options)
    W = kernels(story, "filter", "Filter {n}: {size}" if filters > 1 else "Filter {size}", w, made)

    # Each channel by itself, but those that are not drawn together.
    first = range(channels) if len(shown) == channels else [0, 1, channels - 1]
    rest = "…" if groups > 1 else Joined((Number(2), Number(channels - 1)), "–")
    names = [*options["captions"][:1], *[rest] * (len(first) - len(shown)), *options["captions"][1:]]
    alone = np.zeros((*seen.shape, *slide.k))
    for n, each in enumerate(seen.T):
        alone[each, n] = w[made[n]]
    sums = conv2d(padded.values[0], alone.reshape(-1, 1, *slide.k), **slide.options, groups=channels)
    sums = np.add.reduceat(sums.reshape(*seen.shape, *slide.windows.out), first)
    sums[~np.logical_or.reduceat(seen, first)] = np.nan
    biases = np.broadcast_to(offsets[[*made], None, None], sums.shape[1:])
    sums = np.stack([*sums, *[biases] * biased, y.values[0, made]])
    # Where filters are wider than maps the sums stand above them, whose title their label would seem to be.
    maps = len(shown) * X.panel.shape[-1] + len(made) * windows.out[-1]
    wide = sum(len(each.values) * each.panel.shape[-1] for each in W) + len(names) > maps
    names += [*[Math("b")] * biased, Math("y")]
    signs, empty, every = (*"+" * (len(names) - 2), "="), np.full((len(names), 1, 1), np.nan), sums[~np.isnan(sums)]
    label_of_sums = "" if wide else Text("Sums and bias" if biased else "Sums")
    S = held(story, "sums", label_of_sums, empty, "pending", every, names, signs, under=wide)
    Y = story.cells("output", "", y, pending=True, **sheets(made, filters, "map {n}", "{n} of {every} maps drawn"))
    # A single kernel without a bias adds up nothing.
    adds = w.shape[1] > 1 or biased
    stage: tuple[list[Cells | str], ...] = [X, "→", Y], [*W[:1], *between(made, filters), *W[1:]]
    if adds:
        stage[0 if wide else 1].append(S)

    def caption(at: Index) -> Words:
        """A cell of the output, by the number of its filter, and what it is the sum of."""
        f, *cell = at
        symbol, kernels = Y.symbol("y", (made[f], *cell)), w.shape[1]
        if (kernels == 1 or slide.k == (1, 1)) and len(axis.spans[f]) == kernels:
            weights, bias = W[f].read(), S[len(sums) - 2, 0, 0] if biased else None
            products = dot(X.read(windows.cells(at)), weights, bias, Y[at])
            return note_zeros(equation(symbol, products, Y[at]), weights, at)
        return equation(symbol, total([n for n in S.read()[:-1] if not np.isnan(n.value)]), Y[at])

    def changes(at: Index) -> Iterator[Change]:
        """The windows move, their sums appear, and the cell that these make."""
        f, row, column = at
        if row == column == 0:
            # The next filter is in use, and channels that it does not see are faint.
            for n, each in enumerate(W):
                yield from each.set_roles("kernel" if n == f else "neighbour")
            of_filter = np.isin(np.arange(len(shown)), axis.spans[f])
            yield from X.set_roles(np.where(of_filter[:, None, None], windows.roles(), "forward"))
        yield from X.move_windows(windows, at)
        for n, value in enumerate(S.values.ravel().tolist() if adds else ()):
            yield S.set((n, 0, 0), role="cut" if np.isnan(value) else "output", value=value)
        yield from Y.write(at)

    def steps() -> Iterator[Step]:
        for at in windows.positions():
            f, row, column = at
            S.values = sums[:, f, row, column][:, None, None]
            yield story.step(caption(at), changes(at))
        # No filter in use, no sums of a single cell: the maps as a whole.
        emptied = [S.set((n, 0, 0), role="pending", value=float("nan")) for n in range(len(sums) if adds else 0)]
        yield story.answer(Text(answer, **given), *(cells.reset() for cells in (X, *W)), emptied)

    alt = Text(
        "a convolution of {i} with {w}: each filter has a kernel for every channel that it sees; {steps} the {o} "
        "output, each cell the sum of what the kernels give",
        i=Shape(x.shape),
        w=given["w"],
        steps=steps_fill(windows.count),
        o=Shape(windows.out),
    )
    return story.play(
        steps,
        windows.count + 1,
        *stage,
        alt=alt if (len(shown), len(made)) == (channels, filters) else joined((alt, FIRST_AND_LAST)),
        formula=describe_weights(w, filters, offsets, filters * int(np.prod(slide.windows.out))),
        convention=Text("cross-correlation: kernel not flipped"),
    )
