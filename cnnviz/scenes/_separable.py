"""The story of a depthwise separable convolution: first every channel by itself, then every pixel over all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.scenes._channels import held, sheets
from cnnviz.story import (
    CURRENT,
    Axis,
    Story,
    Windows,
    check_steps,
    note_zeros,
    sheet_marks,
)
from cnnviz.storyboard import Change, Equation, Operator, Row, SetRow, Step
from cnnviz.words import Number, Shape, Strong, Text, equation, joined

if TYPE_CHECKING:
    from cnnviz.scenes.separable_conv import SeparableConv

_POINT = "One kernel per channel, then 1×1 filters that mix the channels: {few} weights instead of {many}"


def separate(scene: SeparableConv) -> Story:
    """X is the input, D are the depthwise kernels that make Z of it, P the pointwise filters that make Y of that."""
    x, depthwise, mixing = scene.maps.values, scene.depthwise.values, scene.mixing.values
    slide, (channels, filters) = scene.slide, (len(x), len(mixing))
    first = Windows((Axis.each(channels), *slide.windows.axes))
    second = Windows((Axis.all(channels, filters), *map(Axis.each, slide.windows.out)))
    count = first.count + second.count + 1
    check_steps(count, "this convolution", first.covered + second.covered)
    area, cells = slide.k[0] * slide.k[1], int(np.prod(slide.windows.out))
    few, many = channels * area + filters * channels, filters * channels * area

    point = Text(_POINT, few=Number(few), many=Number(many))
    story = Story(scene, Text("Depthwise separable convolution"), point=point)
    graph = story.graph
    pixels, kernels = graph.map("x", x), graph.kernel("depthwise", depthwise)
    padded, weights = slide.padded(graph, pixels), graph.kernel("pointwise", mixing)
    z = graph.compute("conv2d", padded, kernels, result="z", **slide.options, groups=channels)
    y = graph.compute("conv2d", z, weights, stride=(1, 1), padding=(0, 0), dilation=(1, 1))
    story.show_sizes(C=channels, F=filters, k=slide.k, s=scene.s, p=scene.p)

    outlines = sheet_marks("window", channels, "window")[::-1]
    options: dict[str, Any] = sheets(range(channels), channels, "channel {n}", "")
    fill = 0.0 if padded is pixels else padded.values[0]
    X = story.cells("input", "", pixels, windows=first, data=scene.maps, fill=fill, marks=outlines, **options)
    marks = CURRENT, *outlines
    Z = story.cells("between", "", z, pending=True, marks=marks, **options)
    options = sheets(range(filters), filters, "map {n}", "")
    Y = story.cells("output", "", y, pending=True, **options)
    label, every = Text("Depthwise: {size}", size=Shape(depthwise.shape)), depthwise[:, 0]
    D = held(story, "depthwise kernels", label, every, "lit", every, ("",) * channels)
    label, every = Text("Pointwise: {size}", size=Shape(mixing.shape)), mixing[:, :, 0, 0]
    P = story.cells("pointwise filters", label, every, role="kernel", roles=np.full(every.shape, "lit"))

    def counted(steps: int) -> Text:
        """The multiplications of the first steps."""
        done = min(steps, first.count)
        return Text("separable: {n}", n=Strong(Number(done * area + (steps - done) * channels)))

    products = {"few": Number(few * cells), "many": Number(many * cells)}
    full = Text("full: {n}", n=Strong(products["many"]))
    asked = Row(name="separable", text=counted(0)), Row(name="full", text=Text("full: ?"))
    head = Row(name="head", text=Text("Multiplications"))
    counts = Equation(name="counts", lines=(head, *asked), widest=(counted(count - 1), full))

    def steps() -> Iterator[Step]:
        n, gone = 0, list[Change]()
        for windows, source, kernel, result, letter in ((first, X, D, Z, "z"), (second, Z, P, Y, "y")):
            for at in windows.positions():
                cells, weights = (
                    windows.cells(at),
                    kernel.read((at[0], *cell) for cell in np.ndindex(kernel.values.shape[1:])),
                )
                caption = note_zeros(result.dot_product(at, source.read(cells), weights, letter=letter), weights, at)
                used = np.full(kernel.values.shape, "lit", object)
                used[at[0]] = "kernel"
                covered = source.move_windows(windows, at, "kernel" if source is Z else "")
                n += 1
                done = SetRow(panel="counts", row="separable", text=counted(n))
                yield story.step(caption, gone, kernel.set_roles(used), covered, result.write(at), done)
                gone = []
            gone = [*source.uncover(), *result.uncover(), *kernel.reset()]
        template = "{few} multiplications instead of {many} of a full convolution of the same sizes"
        yield story.step(Text(template, **products), gone, SetRow(panel="counts", row="full", text=full), beats=2)

    numbers = Number(channels) * slide.k[0] * slide.k[1]
    separable = equation(None, numbers + Number(filters) * channels, few)
    weights_of = (
        Text("separable: {n} weights", n=separable),
        Text("full: {n} weights", n=equation(None, Number(filters) * numbers, many)),
    )
    stage = (X, "∗", D, counts), (Operator(name="into", text="→"), Z, Operator(name="mixing", text="∗"), P, "=", Y)
    alt = Text(
        "a depthwise convolution of a {i} input, each channel with a kernel of its own, then a pointwise one that "
        "mixes the channels: {few} multiplications instead of {many}",
        i=Shape(x.shape),
        **products,
    )
    return story.play(steps, count, *stage, alt=alt, formula=joined(weights_of, "     "))
