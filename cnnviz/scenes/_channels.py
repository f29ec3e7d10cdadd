"""The panels of a convolution of several channels: maps, filters, what each kernel gives by itself, and the output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.ops import conv2d
from cnnviz.scenes._padding import BELOW
from cnnviz.story import Axis, Cells, Sliding, Story, Windows, tolerance, without_zeros
from cnnviz.storyboard import Block, Change, Mark, Values
from cnnviz.words import (
    Expression,
    Joined,
    Math,
    Number,
    Shape,
    Text,
    Words,
    dot,
    equation,
    joined,
    lines,
    total,
)

if TYPE_CHECKING:
    from cnnviz.scenes.conv import Conv

_COLORS: tuple[Words, ...] = ("R", "G", "B")


MOST_DRAWN = 5
"""Channels, and maps, that the stage has room for."""

FIRST_AND_LAST = Text("of many channels and maps the first and the last are drawn")
"""For alt texts."""


def drawn(channels: int, filters: int, groups: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Which channels and filters are drawn: all, or of more than there is room for the first and the last.

    In groups it is these of both, for a filter between them sees no channel that is drawn.
    """
    few = groups > 1 and max(channels, filters) > MOST_DRAWN
    return ends(channels, few=few), ends(filters, few=few)


def ends(count: int, *, few: bool = False) -> tuple[int, ...]:
    """All of a number, or of more than there is room for the first and the last."""
    return (0, count - 1) if few or count > MOST_DRAWN else tuple(range(count))


def between(shown: Sequence[int], count: int) -> tuple[str, ...]:
    """The ellipsis between those that are drawn, where these are not all."""
    return ("…",) if len(shown) < count else ()


def sheets(shown: Sequence[int], count: int, caption: str, note: str, below: Words | None = None) -> dict[str, Any]:
    """How a panel shows some of the maps of a tensor, each with a caption; a note says it where these are not all."""
    left_out = Text(note, n=len(shown), every=count) if len(shown) < count else None
    return {
        "axes": 3,
        "sheets": shown,
        "held": True,
        "columns": len(shown),
        "captions": tuple(Text(caption, n=n + 1) for n in shown),
        "signs": between(shown, count),
        "below": lines(below, left_out) if left_out else below,
    }


def channels_set(story: Story, channels: int, filters: int, groups: int) -> None:
    """The numbers of channels and filters, and of groups where there are some, in the head of the figure."""
    for word, symbol, value in (("channels", "C", channels), ("filters", "F", filters), ("groups", "g", groups)):
        if symbol != "g" or value > 1:
            story.set(word, symbol, Number(value), size=False)


def weights_told(w: Values, filters: int, offsets: Values, cells: int) -> Words:
    """The weight's shape, the parameters, and the multiplications of as many cells as slide or stamp."""
    rows, columns = map(Number, w.shape[2:])
    each = Number(w[..., 0, 0].size // filters) * rows * columns
    biased = bool(offsets.any())
    parameters = equation(None, Number(filters) * (each + 1 if biased else each), Number(w.size + filters * biased))
    products = equation(None, Number(cells) * Number(w[0].size), Number(cells * w[0].size))
    said = [
        Text("weight {w}", w=Shape(w.shape)),
        Text("parameters {n}", n=parameters),
        Text("multiplications {n}", n=products),
    ]
    return joined(said, "    ")


class Channels:
    """X is the input, W are the filters, S holds the sums of each kernel and the bias, Y is the output.

    Of more channels or filters than there is room for the first and the last are drawn; what lies between is one sum.
    """

    def __init__(self, scene: Conv, story: Story) -> None:
        x, self.w, offsets = scene.maps.values, scene.weight.values, scene.offsets
        channels, filters, graph = len(x), len(self.w), story.graph
        spans = Axis.grouped(channels, filters, scene.groups).spans
        shown, self.filters = drawn(channels, filters, scene.groups)
        self.offsets, spans = offsets[list(self.filters)], tuple(spans[f] for f in self.filters)
        axis = Axis(len(shown), tuple(tuple(n for n, c in enumerate(shown) if c in span) for span in spans))
        self.windows, self.whole = Windows((axis, *scene.slide.windows.axes)), [len(span) for span in spans]
        # Each term is the sum of one channel, or of all that are not drawn.
        hidden = [range(1, channels - 1)] if len(shown) < channels else []
        terms = [range(1), *hidden, *(range(c, c + 1) for c in shown[1:])]
        self.terms = [[n for n, term in enumerate(terms) if {*term} & {*span}] for span in spans]
        pixels, weight = graph.map("x", x), graph.kernel("w", self.w)
        padded = scene.slide.padded(graph, pixels)
        added = graph.given("b", offsets) if offsets.any() else None
        y = graph.compute("conv2d", padded, weight, added, **scene.slide.options, groups=scene.groups)
        self.partial = _partial_sums(padded.values[0], self.w[list(self.filters)], spans, terms, scene.slide)

        below = BELOW.get(scene.padding_mode) if padded is not pixels else None
        how = sheets(shown, channels, "channel {n}", "{n} of {every} channels drawn", below)
        if scene.maps.source == "image" and channels == len(_COLORS):
            how["captions"] = _COLORS
        # The one that is linked with the result comes first.
        how["marks"] = [Mark(name=f"window {n}", role="window", channel=n) for n in reversed(range(len(shown)))]
        fill: float | Values = 0.0 if padded is pixels else padded.values[0, shown]
        self.X = story.cells("input", "", pixels, windows=self.windows, fill=fill, data=scene.maps, **how)
        label = "Filter {n}: {size}" if filters > 1 else "Filter {size}"
        self.W = [
            kernels(story, f"filter {f + 1}", Text(label, n=f + 1, size=Shape(self.w[f].shape)), self.w, f)
            for f in self.filters
        ]
        names = how["captions"]
        if hidden:
            # Of these a filter of a group sees only some.
            middle = "…" if scene.groups > 1 else Joined((Number(2), Number(channels - 1)), "–")
            names = names[0], middle, names[1]
        # Where filters are wider than maps the sums stand above them.
        maps = len(shown) * self.X.panel.shape[-1] + len(self.filters) * self.windows.out[-1]
        self._wide = sum(len(each.values) * each.panel.shape[-1] for each in self.W) + len(names) > maps
        self.S = _sums(story, self.partial, names, self.offsets, y.values[0, self.filters], under=self._wide)
        skipped = {*range(len(terms))} - {*self.terms[0]}
        self.S.panel.roles[sorted(skipped)] = "cut"
        how = sheets(self.filters, filters, "map {n}", "{n} of {every} maps drawn")
        self.Y = story.cells("output", "", y, pending=True, lost=tolerance(x, self.w), **how)
        self.whole_drawn = len(self.filters) == filters and not hidden

    @property
    def rows(self) -> tuple[list[Cells | str], ...]:
        """The stage: an ellipsis stands for filters that are not drawn; no sums where there is nothing to add up."""
        filters: list[Cells | str] = [*self.W[:1], *between(self.filters, len(self.w)), *self.W[1:]]
        sums = (self.S,) if self._adds else ()
        maps: list[Cells | str] = [self.X, "→", self.Y]
        return ([*maps, *sums], filters) if self._wide else (maps, [*filters, *sums])

    @property
    def _adds(self) -> bool:
        return any(len(terms) > 1 for terms in self.terms) or bool(self.offsets.any())

    def told(self, at: tuple[int, ...]) -> Words:
        """A cell of the output, by the number of its filter, and what it is the sum of."""
        symbol = self.Y.symbol("y", (self.filters[at[0]], *at[1:]))
        arithmetic, weights = self._arithmetic(at)
        return without_zeros(equation(symbol, arithmetic, self.Y[at]), weights, at)

    def _arithmetic(self, at: tuple[int, ...]) -> tuple[Expression, list[Number]]:
        """Products where there is one kernel or one weight a channel, with their weights, else sums."""
        f, bias = at[0], self.S[len(self.partial[0]), 0, 0] if self.offsets.any() else None
        one = self.whole[f] == 1 or self.w.shape[2:] == (1, 1)
        if one and len(self.windows.axes[0].spans[f]) == self.whole[f]:
            weights = self.W[f].read(list(np.ndindex(self.w.shape[1:])))
            return dot(self.X.read(self.windows.cells(at)), weights, bias, self.Y[at]), weights
        terms = [self.S[n, 0, 0] for n in self.terms[f]]
        return total([*terms, bias] if bias is not None else terms), []

    def rest(self) -> Iterator[Change]:
        """No window, no filter in use, no sums of a single cell: the maps as a whole."""
        for cells in (self.X, *self.W):
            yield from cells.reset()
        for n in range(len(self.S.values)) if self._adds else ():
            yield self.S.set((n, 0, 0), role="pending", value=float("nan"))
        yield from self.Y.rest()

    def step(self, at: tuple[int, ...]) -> Iterator[Change]:
        """The windows move, their sums appear, and the cell that these make, of which `told` tells then."""
        f, row, column = at
        if (row, column) == (0, 0):
            yield from self._switch(f)
        bias = [self.offsets[f]] if self.offsets.any() else []
        self.S.values[:, 0, 0] = [*self.partial[f, :, row, column], *bias, self.Y.values[at]]
        yield from self.X.windows(self.windows, at)
        for n in (*self.terms[f], *range(len(self.partial[0]), len(self.S.values))) if self._adds else ():
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
                yield self.X.set((n, *place), role=str(roles[(n, *place)]) if n in spans[f] else "forward")
        for n in sorted({*self.terms[f - 1]} - {*self.terms[f]}) if self._adds else ():
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


def _sums(story: Story, partial: Values, names: tuple[Words, ...], offsets: Values, y: Values, *, under: bool) -> Cells:
    """A cell for each channel's sum, one for the bias where there is any, and what they add up to."""
    biased, every = bool(offsets.any()), np.concatenate([partial.ravel(), offsets, y.ravel()])
    names = (*names, *([Math("b")] if biased else []), Math("y"))
    signs = (*("+" * (len(names) - 2)), "=")
    values = np.full((len(names), 1, 1), np.nan)
    # Beside maps it stands right above the filters, whose title its label would seem to be.
    label = "" if under else Text("Sums and bias" if biased else "Sums")
    found = held(story, "sums", label, values, "pending", every, names, signs, under=under)
    found.values = np.zeros(values.shape)
    return found


def kernels(story: Story, name: str, label: Words, w: Values, n: int) -> Cells:
    """The kernels of the weight's nth sheet, or of many the first and the last."""
    shown = ends(w.shape[1])
    return held(story, name, label, w[n, shown], "neighbour", w, ("",) * len(shown), between(shown, w.shape[1]))


def held(
    story: Story,
    name: str,
    label: Words,
    values: Values,
    role: str,
    every: Values,
    names: tuple[Words, ...],
    signs: tuple[str, ...] = (),
    *,
    under: bool = False,
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
        under=under,
    )
    return story.add(Cells(panel, values))
