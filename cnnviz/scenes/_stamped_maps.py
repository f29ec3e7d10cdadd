"""A transposed convolution of several channels: each cell of a channel stamps its kernels on all maps of its group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from cnnviz.ops import conv_transpose2d
from cnnviz.scenes._channels import FIRST_AND_LAST, drawn, kernels, sheets, weights_told
from cnnviz.scenes._stamps import Stamps, product_decimals, shade_of_sums
from cnnviz.story import WINDOW, Axis, Graph, Place, Story, check_steps, refuse, sheet_marks, tolerance
from cnnviz.storyboard import Step, Values
from cnnviz.words import Number, Shape, Strong, Symbol, Text, joined

if TYPE_CHECKING:
    from cnnviz.scenes.transposed_conv import TransposedConv

_POINT = "Each channel has one kernel per map: {w} weights, channels × maps × rows × columns"
_GROUPED = "A channel stamps only on the {n} maps of its group: {c} channels, {g} groups"


def stamp_maps(scene: TransposedConv) -> Story:
    """One step for each cell of each channel, one for all channels that are not drawn, and one for the result."""
    view = f"--view {scene.view} shows one channel and one map: use --view scatter"
    refuse({view: scene.view not in (None, "scatter")})
    x, w, offsets, groups = scene.maps.values, scene.weight.values, scene.offsets, scene.groups
    (channels, seen), filters, graph = w.shape[:2], scene.count, Graph()
    shown, maps = drawn(channels, filters, groups)
    options, windows = {**scene.sizes, "groups": groups}, scene.windows(Axis.transposed)
    count = len(shown) * x[0].size + (len(shown) < channels) + 1
    check_steps(count, "this transposed convolution", count * w[0].size)
    pixels, weight = graph.map("x", x), graph.kernel("w", w)
    added = graph.given("b", offsets) if offsets.any() else None
    y = graph.compute("conv_transpose2d", pixels, weight, added, **options)

    point = Text(_GROUPED if groups > 1 else _POINT, w=Shape(w.shape), n=seen, c=channels, g=groups)
    story = Story(scene, Text("Transposed convolution"), graph, point=point)
    story.sizes(C=channels, F=filters, g=groups, k=w.shape[2:], s=scene.s, p=scene.p, a=scene.output_padding, d=scene.d)
    how = sheets(shown, channels, "channel {n}", "{n} of {every} channels drawn")
    X = story.cells("input", "", pixels, data=scene.maps, marks=(WINDOW,), **how)
    W = [
        kernels(story, f"kernels {c + 1}", Text("Kernels {n}: {size}", n=c + 1, size=Shape(w[c].shape)), w, c)
        for c in shown
    ]
    how = sheets(maps, filters, "map {n}", "{n} of {every} maps drawn")
    how["marks"] = sheet_marks("window", len(maps), "window")
    how["shade"] = shade_of_sums(story, pixels.values, weight.values, float(np.abs(offsets).max()), **options)
    Y = story.cells("output", "", y, pending=True, lost=tolerance(x, w), **how)
    others = np.where(np.isin(np.arange(channels), shown)[:, None, None], 0, x)

    def steps() -> Iterator[Step]:
        decimals, bias = product_decimals(story, x, w), offsets[list(maps), None, None]
        stamps = Stamps(Y, windows, decimals, bias, maps)
        for n, c in enumerate(shown):
            if n and c > shown[n - 1] + 1:
                rest = conv_transpose2d(others[None], w, **options)[0, maps]
                changes = [*stamps.add(np.ones(rest.shape, bool), rest), *X.rest()]
                said = Text("Channels {first} to {last} stamp too", first=2, last=c)
                yield story.step(joined((said, stamps.addition()), "; "), changes, beats=2)
            first = c * groups // channels * seen
            reached: dict[Place, Values] = {
                (at,): w[c, f - first] for at, f in enumerate(maps) if first <= f < first + seen
            }
            used = [change for m, each in enumerate(W) for change in each.become("kernel" if m == n else "neighbour")]
            for row, column in np.ndindex(x.shape[1:]):
                at = n, row, column
                changes = [*stamps.stamp((row, column), float(X.values[at]), reached), *X.cover([at])]
                symbol = Symbol("x", (c + 1, row + 1, column + 1))
                yield story.step(stamps.told(symbol, X[at]), used, changes, X.mark("window", at))
                used = []
        said = Text("All {n} stamps added up: {shape}", n=Number(x.size), shape=Strong(Shape(y.values.shape[1:])))
        yield story.answer(said, stamps.rest(), *(each.reset() for each in W))

    alt = Text(
        "a transposed convolution of {i} with {w}: each cell of a channel stamps its multiple of that one's kernels, "
        "one for every map, and the stamps add up to {o}",
        i=Shape(x.shape),
        w=Shape(w.shape),
        o=Shape(y.values.shape[1:]),
    )
    return story.play(
        steps,
        count,
        (X, "→", Y),
        ([*W[:1], "…", *W[1:]] if len(shown) < channels else W),
        alt=alt if (len(shown), len(maps)) == (channels, filters) else joined((alt, FIRST_AND_LAST)),
        formula=weights_told(w, filters, offsets, x.size),
        step_roles=("input", "kernel", "overlap", "output", "neighbour"),
        convention=Text("kernel not rotated: each pixel stamps it as given"),
    )
