"""The panels of a convolution of several channels: maps, filters, what each kernel gives by itself, and the output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.ops import conv2d
from cnnviz.scenes._padding import BELOW
from cnnviz.story import Axis, Cells, Sliding, Story, Windows, lost_of
from cnnviz.storyboard import Block, Change, Mark, Values
from cnnviz.words import Expression, Joined, Math, Number, Shape, Text, Words, dot, lines, total

if TYPE_CHECKING:
    from cnnviz.scenes.conv import Conv

_COLORS: tuple[Words, ...] = ("R", "G", "B")


MOST_DRAWN = 5
"""Channels, and maps, that the stage has room for."""


def drawn(count: int, *, few: bool = False) -> tuple[int, ...]:
    """Which of some channels are drawn: all, or of more than there is room for the first and the last."""
    return (0, count - 1) if few or count > MOST_DRAWN else tuple(range(count))


def ellipsis(count: int, *, few: bool = False) -> tuple[str, ...]:
    """What stands between those that are drawn."""
    return ("…",) if len(drawn(count, few=few)) < count else ()


class Channels:
    """X is the input, W are the filters, S holds the sums of each kernel and the bias, Y is the output.

    Of more channels or filters than there is room for the first and the last are drawn; what lies between is one sum.
    """

    def __init__(self, scene: Conv, story: Story) -> None:
        x, self.w, offsets = scene.maps.values, scene.weight.values, scene.offsets
        channels, filters, graph = len(x), len(self.w), story.graph
        spans, shown = Axis.grouped(channels, filters, scene.groups).spans, drawn(channels)
        # A filter of a group between the first and the last sees no channel that is drawn.
        few = scene.groups > 1 and len(shown) < channels
        self.filters = drawn(filters, few=few)
        self.offsets, spans = offsets[list(self.filters)], tuple(spans[f] for f in self.filters)
        axis = Axis(len(shown), tuple(tuple(n for n, c in enumerate(shown) if c in span) for span in spans))
        self.windows, self.whole = Windows((axis, *scene.slide.windows.axes)), [len(span) for span in spans]
        # Each term is the sum of one channel, or of all that are not drawn.
        between = [range(1, channels - 1)] if len(shown) < channels else []
        terms = [range(1), *between, *(range(c, c + 1) for c in shown[1:])]
        self.terms = [[n for n, term in enumerate(terms) if {*term} & {*span}] for span in spans]
        pixels, kernels = graph.map("x", x), graph.kernel("w", self.w)
        padded = scene.slide.padded(graph, pixels)
        added = graph.given("b", offsets) if offsets.any() else None
        y = graph.compute("conv2d", padded, kernels, added, **scene.slide.options, groups=scene.groups)
        self.partial = _partial_sums(padded.values[0], self.w[list(self.filters)], spans, terms, scene.slide)

        pictured = scene.maps.source == "image" and channels == len(_COLORS)
        names = _COLORS if pictured else tuple(Text("channel {n}", n=c + 1) for c in shown)
        # The one that is linked with the result comes first.
        marks = [Mark(name=f"window {n}", role="window", channel=n) for n in reversed(range(len(shown)))]
        below: Words | None = BELOW.get(scene.padding_mode) if padded is not pixels else None
        if between:
            below = lines(below, Text("{n} of {every} channels drawn", n=len(shown), every=channels))
        how: dict[str, Any] = {"captions": names, "columns": len(shown), "signs": ellipsis(channels)}
        fill: float | Values = 0.0 if padded is pixels else padded.values[0, shown]
        how |= {"axes": 3, "held": True, "marks": marks, "below": below, "sheets": shown}
        self.X = story.cells("input", "", pixels, windows=self.windows, fill=fill, data=scene.maps, **how)
        self.W = [_filter(story, f, self.w) for f in self.filters]
        if between:
            # Of these a filter of a group sees only some.
            middle = "…" if scene.groups > 1 else Joined((Number(2), Number(channels - 1)), "–")
            names = names[0], middle, names[1]
        self.S = _sums(story, self.partial, names, self.offsets, y.values[0, self.filters])
        self.signs = signs = ellipsis(filters, few=few)
        below = Text("{n} of {every} maps drawn", n=len(self.filters), every=filters) if signs else None
        how = {"captions": tuple(Text("map {n}", n=f + 1) for f in self.filters), "signs": signs, "below": below}
        how |= {"axes": 3, "held": True, "pending": True, "lost": lost_of(x, self.w), "sheets": self.filters}
        self.Y = story.cells("output", "", y, **how)
        self.rest = between or signs

    @property
    def kernels(self) -> list[Cells | str]:
        """The filters, and an ellipsis for those that are not drawn."""
        return [*self.W[:1], *self.signs, *self.W[1:]]

    def arithmetic(self, at: tuple[int, ...]) -> Expression:
        """What a cell of the output is: products where there is one kernel or one weight a channel, else sums."""
        f, bias = at[0], self.S[len(self.partial[0]), 0, 0] if self.offsets.any() else None
        one = self.whole[f] == 1 or self.w.shape[2:] == (1, 1)
        if one and len(self.windows.axes[0].spans[f]) == self.whole[f]:
            weights = self.W[f].read(list(np.ndindex(self.w.shape[1:])))
            return dot(self.X.read(self.windows.cells(at)), weights, bias, self.Y[at])
        terms = [self.S[n, 0, 0] for n in self.terms[f]]
        return total([*terms, bias] if bias is not None else terms)

    def step(self, at: tuple[int, ...]) -> Iterator[Change]:
        """The windows move, their sums appear, and the cell that these make; `arithmetic` is that of the cell then."""
        f, row, column = at
        if (row, column) == (0, 0):
            yield from self._switch(f)
        bias = [self.offsets[f]] if self.offsets.any() else []
        self.S.values[:, 0, 0] = [*self.partial[f, :, row, column], *bias, self.Y.values[at]]
        yield from self.X.windows(self.windows, at)
        for n in (*self.terms[f], *range(len(self.partial[0]), len(self.S.values))):
            yield self.S.set((n, 0, 0), role="output", value=float(self.S.values[n, 0, 0]))
        yield from self.Y.write(at)

    def _switch(self, f: int) -> Iterator[Change]:
        """The next filter is in use, and channels that it does not see are faint."""
        for n in (f - 1, f)[f == 0 :]:
            for place in np.ndindex(self.W[n].values.shape):
                yield self.W[n].set(place, role="kernel" if n == f else "neighbour")
        spans, roles = self.windows.axes[0].spans, self.windows.roles()
        before = spans[f - 1] if f else range(len(roles))
        for n in sorted({*before} ^ {*spans[f]}):
            for place in np.ndindex(roles.shape[1:]):
                yield self.X.set((n, *place), role=str(roles[(n, *place)]) if n in spans[f] else "cut")
        for n in sorted({*(self.terms[f - 1] if f else range(len(self.partial[0])))} - {*self.terms[f]}):
            yield self.S.set((n, 0, 0), role="cut", value=float("nan"))


def _partial_sums(
    x: Values, w: Values, spans: Sequence[Sequence[int]], terms: Sequence[Sequence[int]], slide: Sliding
) -> Values:
    """What the kernels of each term give, (filters, terms, rows, columns); 0 for channels that a filter skips."""
    found = np.zeros((len(w), len(x), *slide.windows.out))
    for f, span in enumerate(spans):
        for kernel, c in zip(w[f], span, strict=True):
            found[f, c] = conv2d(x[c][None], kernel[None, None], **slide.options)[0]
    return np.stack([found[:, term].sum(axis=1) for term in terms], axis=1)


def _filter(story: Story, f: int, w: Values) -> Cells:
    label, shown = Text("Filter {n}: {size}", n=f + 1, size=Shape(w[f].shape)), drawn(w.shape[1])
    kernels, signs = w[f, list(shown)], ellipsis(w.shape[1])
    return held(story, f"filter {f + 1}", label, kernels, "neighbour", w, ("",) * len(shown), signs)


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
