"""The panels of a convolution of several channels: maps, filters, what each kernel gives by itself, and the output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.ops import conv2d
from cnnviz.scenes._padding import BELOW
from cnnviz.story import Axis, Cells, Sliding, Story, Windows, lost_of
from cnnviz.storyboard import Block, Change, Mark, Values
from cnnviz.words import Expression, Math, Shape, Text, Words, dot, total

if TYPE_CHECKING:
    from cnnviz.scenes.conv import Conv

_COLORS: tuple[Words, ...] = ("R", "G", "B")


class Channels:
    """X is the input, W are the filters, S holds the sums of each kernel and the bias, Y is the output."""

    def __init__(self, scene: Conv, story: Story) -> None:
        x, self.w, self.offsets = scene.maps.values, scene.weight.values, scene.offsets
        channels, filters, graph = len(x), len(self.w), story.graph
        axis = Axis.grouped(channels, filters, scene.groups)
        self.windows, self.spans = Windows((axis, *scene.slide.windows.axes)), axis.spans
        pixels, kernels = graph.map("x", x), graph.kernel("w", self.w)
        padded = scene.slide.padded(graph, pixels)
        added = graph.given("b", self.offsets) if self.offsets.any() else None
        y = graph.compute("conv2d", padded, kernels, added, **scene.slide.options, groups=scene.groups)
        self.partial = _partial_sums(padded.values[0], self.w, self.spans, scene.slide)

        pictured = scene.maps.source == "image" and channels == len(_COLORS)
        names = _COLORS if pictured else tuple(Text("channel {n}", n=c + 1) for c in range(channels))
        # The one that is linked with the result comes first.
        marks = [Mark(name=f"window {c}", role="window", channel=c) for c in reversed(range(channels))]
        below = BELOW.get(scene.padding_mode) if padded is not pixels else None
        how: dict[str, Any] = {"below": below, "captions": names, "columns": channels, "held": True}
        fill: float | Values = 0.0 if padded is pixels else padded.values[0]
        self.X = story.cells(
            "input", "", pixels, windows=self.windows, fill=fill, data=scene.maps, marks=marks, axes=3, **how
        )
        self.W = [_filter(story, f, self.w) for f in range(filters)]
        self.S = _sums(story, self.partial, names, self.offsets, y.values)
        how = {"captions": tuple(Text("map {n}", n=f + 1) for f in range(filters)), "held": True}
        self.Y = story.cells("output", "", y, pending=True, lost=lost_of(x, self.w), axes=3, **how)

    def arithmetic(self, at: tuple[int, ...]) -> Expression:
        """What a cell of the output is: products where there is one kernel or one weight a channel, else sums."""
        f, bias = at[0], self.S[len(self.partial[0]), 0, 0] if self.offsets.any() else None
        if len(self.spans[f]) == 1 or self.w.shape[2:] == (1, 1):
            weights = self.W[f].read(list(np.ndindex(self.w.shape[1:])))
            return dot(self.X.read(self.windows.cells(at)), weights, bias, self.Y[at])
        terms = [self.S[c, 0, 0] for c in self.spans[f]]
        return total([*terms, bias] if bias is not None else terms)

    def step(self, at: tuple[int, ...]) -> Iterator[Change]:
        """The windows move, their sums appear, and the cell that these make; `arithmetic` is that of the cell then."""
        f, row, column = at
        if (row, column) == (0, 0):
            yield from self._switch(f)
        bias = [self.offsets[f]] if self.offsets.any() else []
        self.S.values[:, 0, 0] = [*self.partial[f, :, row, column], *bias, self.Y.values[at]]
        yield from self.X.windows(self.windows, at)
        for c in (*self.spans[f], *range(len(self.partial[0]), len(self.S.values))):
            yield self.S.set((c, 0, 0), role="output", value=float(self.S.values[c, 0, 0]))
        yield from self.Y.write(at)

    def _switch(self, f: int) -> Iterator[Change]:
        """The next filter is in use, and channels that it does not see are faint."""
        for n in (f - 1, f)[f == 0 :]:
            for place in np.ndindex(self.w.shape[1:]):
                yield self.W[n].set(place, role="kernel" if n == f else "neighbour")
        seen, roles = self.spans[f], self.windows.roles()
        before = self.spans[f - 1] if f else range(len(roles))
        for c in sorted({*before} ^ {*seen}):
            for place in np.ndindex(roles.shape[1:]):
                yield self.X.set((c, *place), role=str(roles[(c, *place)]) if c in seen else "cut")
            if c not in seen:
                yield self.S.set((c, 0, 0), role="cut", value=float("nan"))


def _partial_sums(x: Values, w: Values, spans: Sequence[Sequence[int]], slide: Sliding) -> Values:
    """What every kernel gives by itself, (filters, channels, rows, columns); 0 for channels that a filter skips."""
    found = np.zeros((len(w), len(x), *slide.windows.out))
    for f, span in enumerate(spans):
        for kernel, c in zip(w[f], span, strict=True):
            found[f, c] = conv2d(x[c][None], kernel[None, None], **slide.options)[0]
    return found


def _filter(story: Story, f: int, w: Values) -> Cells:
    label = Text("Filter {n}: {size}", n=f + 1, size=Shape(w[f].shape))
    return held(story, f"filter {f + 1}", label, w[f], "neighbour", w, ("",) * w.shape[1])


def _sums(story: Story, partial: Values, names: tuple[Words, ...], offsets: Values, y: Values) -> Cells:
    """A cell for each channel's sum, one for the bias where there is any, and what they add up to."""
    biased, every = bool(offsets.any()), np.concatenate([partial.ravel(), offsets, y.ravel()])
    names = (*names, *([Math("b")] if biased else []), Math("y"))
    signs = (*("+" * (len(names) - 2)), "=")
    values = np.full((len(names), 1, 1), np.nan)
    found = held(story, "sums", Text("Sums and bias" if biased else "Sums"), values, "pending", every, names, signs)
    found.values = np.zeros(values.shape)
    return found


def held(
    story: Story,
    name: str,
    label: Words,
    values: Values,
    role: str,
    every: Values,
    names: tuple[Words, ...],
    signs: tuple[str, ...] = (),
) -> Cells:
    """A panel with a sheet for each channel and `signs` between; `every` are all numbers that it may show."""
    panel = Block(
        name=name,
        label=label,
        values=values,
        roles=np.full(values.shape, role),
        digits=story.decimals(every),
        shade=story.shade(every, plain=True),
        captions=names,
        columns=len(names),
        held=True,
        signs=signs,
        enlarge=True,
    )
    return story.add(panel, values)
