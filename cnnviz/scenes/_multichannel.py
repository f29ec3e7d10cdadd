"""A convolution of several channels: every filter has a kernel for each, and what these give is added up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from cnnviz.ops import conv2d
from cnnviz.scenes._channels import FIRST_AND_LAST, between, drawn, held, kernels, sheets, weights_told
from cnnviz.scenes._padding import BELOW
from cnnviz.story import Axis, Cells, Place, Story, Windows, check_steps, filling, sheet_marks, tolerance, without_zeros
from cnnviz.storyboard import Change, Step
from cnnviz.words import Math, Shape, Text, Words, dot, equation, joined, total

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
    """One step for each cell of each map of the output."""
    w, channels, groups = scene.weight.values, len(scene.maps.values), scene.groups
    kind = "pointwise" if scene.slide.k == (1, 1) and channels > 1 else "full"
    if groups > 1:
        kind = "depthwise" if groups == channels else "grouped"
    title, point, answer = _TEXTS[kind]
    answer = _ONE_FILTER if kind == "full" and len(w) == 1 else answer
    given = {"w": Shape(w.shape), "filter": Shape(w.shape[1:]), "c": channels, "n": w.shape[1], "g": groups}
    story = Story(scene, Text(title), point=Text(point, **given))
    panels = _Panels(scene, story)
    windows = panels.windows
    check_steps(windows.count, "this convolution", windows.covered)
    story.sizes(C=channels, F=len(w), g=groups, **scene.slide.settings)

    def steps() -> Iterator[Step]:
        for at in windows.places():
            changes = list(panels.step(at))
            yield story.step(panels.caption(at), changes)
        yield story.answer(Text(answer, **given), panels.reset())

    alt = Text(
        "a convolution of {i} with {w}: each filter has a kernel for every channel that it sees; {steps} the {o} "
        "output, each cell the sum of what the kernels give",
        i=Shape(scene.maps.values.shape),
        w=Shape(w.shape),
        steps=filling(windows.count),
        o=Shape(windows.out),
    )
    return story.play(
        steps,
        windows.count + 1,
        *panels.rows(),
        alt=alt if panels.whole else joined((alt, FIRST_AND_LAST)),
        formula=weights_told(w, len(w), scene.offsets, len(w) * int(np.prod(scene.slide.windows.out))),
        convention=Text("cross-correlation: kernel not flipped"),
    )


class _Panels:
    """X is the input, W are the filters, S holds the sums of each kernel and the bias, Y is the output.

    Of more channels or filters than there is room for the first and the last are drawn; what lies between is one sum.
    """

    def __init__(self, scene: Conv, story: Story) -> None:
        x, self.w, offsets, slide, graph = (
            scene.maps.values,
            scene.weight.values,
            scene.offsets,
            scene.slide,
            story.graph,
        )
        channels, filters, self.biased = len(x), len(self.w), bool(offsets.any())
        shown, self.filters = drawn(channels, filters, scene.groups)
        self.whole = (len(shown), len(self.filters)) == (channels, filters)
        spans = Axis.grouped(channels, filters, scene.groups).spans
        seen = np.array([[c in spans[f] for f in self.filters] for c in range(channels)])
        axis = Axis(len(shown), tuple(tuple(np.flatnonzero(each[[*shown]]).tolist()) for each in seen.T))
        self.windows = Windows((axis, *slide.windows.axes))
        pixels, weight = graph.map("x", x), graph.kernel("w", self.w)
        padded = slide.padded(graph, pixels)
        added = graph.given("b", offsets) if self.biased else None
        y = graph.compute("conv2d", padded, weight, added, **slide.options, groups=scene.groups)

        below = BELOW.get(slide.mode)
        how = sheets(shown, channels, "channel {n}", "{n} of {every} channels drawn", below)
        if scene.maps.source == "image" and channels == len(_COLORS):
            how["captions"] = _COLORS
        # The one that is linked with the result comes first.
        how["marks"] = sheet_marks("window", len(shown), "window")[::-1]
        fill = padded.values[0, shown] if below else 0.0
        self.X = story.cells("input", "", pixels, windows=self.windows, fill=fill, data=scene.maps, **how)
        label = "Filter {n}: {size}" if filters > 1 else "Filter {size}"
        self.W = [
            kernels(story, f"filter {f + 1}", Text(label, n=f + 1, size=Shape(self.w[f].shape)), self.w, f)
            for f in self.filters
        ]
        # Each channel by itself, but those that are not drawn together.
        first = range(channels) if len(shown) == channels else [0, 1, channels - 1]
        names = [*how["captions"][:1], *["…"] * (len(first) - len(shown)), *how["captions"][1:]]
        alone = np.zeros((*seen.shape, *slide.k))
        for f, each in enumerate(seen.T):
            alone[each, f] = self.w[self.filters[f]]
        sums = conv2d(padded.values[0], alone.reshape(-1, 1, *slide.k), **slide.options, groups=channels)
        sums = np.add.reduceat(sums.reshape(*seen.shape, *slide.windows.out), first)
        sums[~np.logical_or.reduceat(seen, first)] = np.nan
        biases = np.broadcast_to(offsets[[*self.filters], None, None], sums.shape[1:])
        self.sums = np.stack([*sums, *[biases] * self.biased, y.values[0, self.filters]])
        # Where filters are wider than maps the sums stand above them.
        maps = len(shown) * self.X.panel.shape[-1] + len(self.filters) * self.windows.out[-1]
        self.wide = sum(len(each.values) * each.panel.shape[-1] for each in self.W) + len(names) > maps
        self.S = self._sum_panel(story, names)
        how = sheets(self.filters, filters, "map {n}", "{n} of {every} maps drawn")
        self.Y = story.cells("output", "", y, pending=True, lost=tolerance(x, self.w), **how)
        # A single kernel without a bias adds up nothing.
        self.adds = self.w.shape[1] > 1 or self.biased

    def _sum_panel(self, story: Story, names: list[Words]) -> Cells:
        """A cell for each channel's sum, one for the bias where there is any, and what they add up to."""
        names = [*names, *[Math("b")] * self.biased, Math("y")]
        every = self.sums[~np.isnan(self.sums)]
        empty, signs = np.full((len(names), 1, 1), np.nan), (*("+" * (len(names) - 2)), "=")
        # Beside maps it stands right above the filters, whose title its label would seem to be.
        label = "" if self.wide else Text("Sums and bias" if self.biased else "Sums")
        found = held(story, "sums", label, empty, "pending", every, names, signs, under=self.wide)
        found.values = np.zeros(empty.shape)
        return found

    def rows(self) -> tuple[list[Cells | str], ...]:
        """The stage: an ellipsis stands for filters that are not drawn; no sums where there is nothing to add up."""
        filters: list[Cells | str] = [*self.W[:1], *between(self.filters, len(self.w)), *self.W[1:]]
        maps: list[Cells | str] = [self.X, "→", self.Y]
        if self.adds:
            (maps if self.wide else filters).append(self.S)
        return maps, filters

    def caption(self, at: Place) -> Words:
        """A cell of the output, by the number of its filter, and what it is the sum of."""
        f, *cell = at
        symbol, y = self.Y.symbol("y", (self.filters[f], *cell)), self.Y[at]
        kernels, *size = self.w.shape[1:]
        if (kernels == 1 or size == [1, 1]) and len(self.windows.axes[0].spans[f]) == kernels:
            weights = self.W[f].read()
            bias = self.S[len(self.sums) - 2, 0, 0] if self.biased else None
            return without_zeros(
                equation(symbol, dot(self.X.read(self.windows.cells(at)), weights, bias, y), y), weights, at
            )
        return equation(symbol, total([n for n in self.S.read()[:-1] if not np.isnan(n.value)]), y)

    def step(self, at: Place) -> Iterator[Change]:
        """The windows move, their sums appear, and the cell that these make."""
        f, row, column = at
        if row == column == 0:
            # The next filter is in use, and channels that it does not see are faint.
            for n, each in enumerate(self.W):
                yield from each.become("kernel" if n == f else "neighbour")
            roles = self.windows.roles()
            seen = np.isin(np.arange(len(roles)), self.windows.axes[0].spans[f])
            yield from self.X.become(np.where(seen[:, None, None], roles, "forward"))
        self.S.values[:, 0, 0] = sums = self.sums[:, f, row, column]
        yield from self.X.windows(self.windows, at)
        for n, value in enumerate(sums.tolist() if self.adds else ()):
            yield self.S.set((n, 0, 0), role="cut" if np.isnan(value) else "output", value=value)
        yield from self.Y.write(at)

    def reset(self) -> Iterator[Change]:
        """No filter in use, no sums of a single cell: the maps as a whole."""
        for cells in (self.X, *self.W):
            yield from cells.reset()
        for n in range(len(self.sums) if self.adds else 0):
            yield self.S.set((n, 0, 0), role="pending", value=float("nan"))
