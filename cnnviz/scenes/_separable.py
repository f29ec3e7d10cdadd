"""The story of a depthwise separable convolution: first every channel by itself, then every pixel over all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.scenes._channels import held
from cnnviz.story import Axis, Cells, Story, Windows, check_steps, reading_beats, tolerance, without_zeros
from cnnviz.storyboard import Change, Equation, Mark, Operator, Row, SetRow, Step
from cnnviz.words import Number, Shape, Strong, Text, Words, dot, equation, joined

if TYPE_CHECKING:
    from cnnviz.scenes.separable_conv import SeparableConv

_POINT = "One kernel per channel, then 1×1 filters that mix the channels: {few} weights instead of {many}"
_PLAIN: dict[str, Any] = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)}


class Separable:
    """X is the input, D are the depthwise kernels that make Z of it, P the pointwise filters that make Y of that."""

    def __init__(self, scene: SeparableConv) -> None:
        x, depthwise, mixing = scene.maps.values, scene.depthwise.values, scene.mixing.values
        slide, (channels, filters) = scene.slide, (len(x), len(mixing))
        self.first = Windows((Axis.each(channels), *slide.windows.axes))
        self.second = Windows((Axis.all(channels, filters), *map(Axis.each, slide.windows.out)))
        self.count = self.first.count + self.second.count + 1
        check_steps(self.count, "this convolution", self.first.covered + self.second.covered)
        area, cells = slide.k[0] * slide.k[1], int(np.prod(slide.windows.out))
        few, many = channels * area + filters * channels, filters * channels * area
        self.each, self.products = (area, channels), (few * cells, many * cells)

        said = Text(_POINT, few=Number(few), many=Number(many))
        self.story = story = Story(scene, Text("Depthwise separable convolution"), point=said)
        pixels, kernels = story.graph.map("x", x), story.graph.kernel("depthwise", depthwise)
        padded, weights = slide.padded(story.graph, pixels), story.graph.kernel("pointwise", mixing)
        z = story.graph.compute("conv2d", padded, kernels, result="z", **slide.options, groups=channels)
        y = story.graph.compute("conv2d", z, weights, **_PLAIN)
        story.set("channels", "C", Number(channels), size=False)
        story.set("filters", "F", Number(filters), size=False)
        story.sizes(k=slide.k, s=scene.s, p=scene.p)

        windows = tuple(Mark(name=f"window {c}", role="window", channel=c) for c in reversed(range(channels)))
        names = tuple(Text("channel {n}", n=c + 1) for c in range(channels))
        how: dict[str, Any] = {"axes": 3, "held": True, "columns": channels, "captions": names}
        fill = 0.0 if padded is pixels else padded.values[0]
        self.X = story.cells("input", "", pixels, windows=self.first, data=scene.maps, fill=fill, marks=windows, **how)
        how |= {
            "pending": True,
            "lost": tolerance(x, depthwise),
            "marks": (Mark(name="current", role="result"), *windows),
        }
        self.Z = story.cells("between", "", z, **how)
        how = {"axes": 3, "held": True, "columns": filters, "pending": True, "lost": tolerance(z.values, mixing)}
        self.Y = story.cells("output", "", y, captions=tuple(Text("map {n}", n=f + 1) for f in range(filters)), **how)
        label, every = Text("Depthwise: {size}", size=Shape(depthwise.shape)), depthwise[:, 0]
        self.D = held(story, "depthwise kernels", label, every, "lit", every, ("",) * channels)
        label, every = Text("Pointwise: {size}", size=Shape(mixing.shape)), mixing[:, :, 0, 0]
        roles = np.full(every.shape, "lit")
        self.P = story.cells("pointwise filters", label, every, role="kernel", roles=roles)
        numbers = Number(channels) * Number(slide.k[0]) * Number(slide.k[1])
        separable = equation(None, numbers + Number(filters) * Number(channels), Number(few))
        full = equation(None, Number(filters) * numbers, Number(many))
        weights_of = (Text("separable: {n} weights", n=separable), Text("full: {n} weights", n=full))
        self.formula = joined(weights_of, "     ")
        head = Row(name="head", text=Text("Multiplications"))
        counted, asked = Row(name="separable", text=self._counted(0)), Row(name="full", text=Text("full: ?"))
        self.full = Text("full: {n}", n=Strong(Number(self.products[1])))
        widest = self._counted(self.count - 1), self.full
        self.counts = Equation(name="counts", lines=(head, counted, asked), widest=widest)
        mixing_sign, into = Operator(name="mixing", text="∗"), Operator(name="into", text="→")
        self.stage = (self.X, "∗", self.D, self.counts), (into, self.Z, mixing_sign, self.P, "=", self.Y)

    def steps(self) -> Iterator[Step]:
        """One for each cell of Z, one for each of Y, and the comparison."""
        X, D, Z, P, Y, step = self.X, self.D, self.Z, self.P, self.Y, self.story.step
        area, channels = list(np.ndindex(D.values.shape[1:])), range(len(D.values))
        for n, at in enumerate(self.first.places()):
            kernel = [(at[0], *cell) for cell in area]
            arithmetic = dot(X.read(self.first.cells(at)), D.read(kernel), None, Z[at])
            caption = without_zeros(equation(Z.symbol("z", at), arithmetic, Z[at]), D.read(kernel), at)
            used = [] if any(at[1:]) else [*_use(D, kernel, [(at[0] - 1, *cell) for cell in area] if at[0] else [])]
            yield step(caption, used, X.windows(self.first, at), Z.write(at), self._count(n))
        gone = [*X.rest(), *Z.rest(), *D.reset()]
        for n, at in enumerate(self.second.places(), self.first.count):
            kernel, cells = [(at[0], c) for c in channels], self.second.cells(at)
            caption = equation(Y.symbol("y", at), dot(Z.read(cells), P.read(kernel), None, Y[at]), Y[at])
            used = [] if any(at[1:]) else [*_use(P, kernel, [(at[0] - 1, c) for c in channels] if at[0] else [])]
            marks = [Z.mark(f"window {c}", cell) for c, cell in enumerate(cells)]
            cover = Z.cover(cells, special=dict.fromkeys(cells, "kernel"))
            yield step(caption, gone, used, cover, marks, Y.write(at), self._count(n))
            gone.clear()
        few, many = map(Number, self.products)
        said = "{few} multiplications instead of {many} of a full convolution of the same sizes"
        rest = [*Z.rest(), *P.reset(), *Y.rest()]
        full = SetRow(panel="counts", row="full", text=self.full)
        yield step(Text(said, few=few, many=many), rest, full, beats=reading_beats(self.count))

    def alt(self) -> Words:
        """What the figure shows, for those who do not see it."""
        return Text(
            "a depthwise convolution of a {i} input, each channel with a kernel of its own, then a pointwise one that "
            "mixes the channels: {few} multiplications instead of {many}",
            i=Shape(self.X.panel.values.shape),
            few=Number(self.products[0]),
            many=Number(self.products[1]),
        )

    def _count(self, n: int) -> SetRow:
        return SetRow(panel="counts", row="separable", text=self._counted(n + 1))

    def _counted(self, steps: int) -> Words:
        """The multiplications of the first steps."""
        area, channels = self.each
        first = min(steps, self.first.count)
        return Text("separable: {n}", n=Strong(Number(first * area + (steps - first) * channels)))


def _use(cells: Cells, now: list[tuple[int, ...]], before: list[tuple[int, ...]]) -> Iterator[Change]:
    """Weights come into use, and others go out of it."""
    yield from (cells.set(place, role="lit") for place in before)
    yield from (cells.set(place, role="kernel") for place in now)
