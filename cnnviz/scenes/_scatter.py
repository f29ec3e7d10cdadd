"""A transposed convolution as stamps: each input pixel lays its multiple of the kernel on the output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.ops import conv_transpose2d
from cnnviz.parameters import Size
from cnnviz.scenes._stamps import Stamps, product_decimals, shade_of_sums, stamping
from cnnviz.story import WINDOW, Cells, Story, Tensor, Windows, tolerance
from cnnviz.storyboard import Change, Mark, Operator, Shade, Step
from cnnviz.words import (
    Assigned,
    Extent,
    Filled,
    Number,
    PerAxis,
    Shape,
    Strong,
    Text,
    Words,
    counted,
    equation,
    joined,
    size,
)

if TYPE_CHECKING:
    from cnnviz.scenes.transposed_conv import TransposedConv


def scatter(
    scene: TransposedConv,
    story: Story,
    pixels: Tensor,
    kernel: Tensor,
    y: Tensor,
    windows: Windows,
    formula: Filled,
    bias: Number,
) -> Story:
    """One stamp for each input pixel, then what is left to do; the view `overlap` counts the stamps of each cell."""
    x, w, counting = scene.map.values, scene.weights.values, scene.view == "overlap"
    cropped = not counting and any(scene.p)
    X = story.cells("input", "Input {size}", pixels, data=scene.map, marks=(WINDOW,))
    W = story.cells("kernel", "Kernel {size}", kernel, role="kernel", below=scene.kernel_name, enlarge=True)
    shade = shade_of_sums(story, pixels.values, kernel.values, bias.value, **scene.sizes)
    more: dict[str, Any] = {"pending": True, "shade": shade, "marks": (WINDOW, Mark(name="kept", role="result"))}
    more["digits"] = story.decimals(y.values, lost=tolerance(x, w))
    stage: list[Cells | Operator | str] = [X, "∗", W, "="]
    if cropped:
        whole = conv_transpose2d(pixels.values, kernel.values, **{**scene.sizes, "padding": (0, 0)})[0, 0]
        sums = story.cells("sum", "Sum of stamps {size}", whole, notes=True, **more)
        stage += [sums, Operator(name="crop", text="→")]
    Y = story.cells("output", "Output {size}", y, notes=not cropped, **more)
    counts = _counts(scene, story) if counting else None
    stage += [Y, counts] if counts else [Y]

    def steps() -> Iterator[Step]:
        stamps = Stamps(sums if cropped else Y, windows, product_decimals(story, x, w), bias.value)
        for at in np.ndindex(x.shape):
            changes = [*stamps.stamp(at, float(x[at]), {(): w}), *X.cover([at]), X.mark("window", at)]
            said = stamps.told(X.symbol("x", at), X[at])
            if counts:
                changes += [counts.set(cell, role="output", value=float(stamps.counts[cell])) for cell in stamps.added]
                changes.append(counts.mark("window", *stamps.outline(at)))
                if stamps.added:
                    said = joined((stamping(X.symbol("x", at), X[at]), _stamped(stamps)), "; ")
            yield story.step(said, changes)
        last = [*stamps.rest(), *X.rest()]
        if counts:
            last += [counts.set(cell, role="output", value=0.0) for cell in stamps.added]
            said, last = _evenness(scene, stamps.counts), [*last, *counts.rest()]
        elif cropped:
            said, last = _cut_off(scene.p, windows), [*last, *_crop(windows, sums, Y)]
        else:
            n, shape = Number(x.size, 0, ("input", "size")), Strong(Shape(stamps.sums.shape, "output"))
            said = Text("All {n} stamps added up: {shape}", n=n, shape=shape)
        yield story.step(said, last, beats=2)

    what = Text(
        "a transposed convolution with {settings}: each cell of a {i} input stamps its multiple of the {k} kernel, and "
        "the stamps add up to the {o} output{counts}",
        settings=story.told("kernel"),
        i=Shape(x.shape),
        k=Shape(w.shape),
        o=Shape(Y.values.shape),
        counts=Text("; beside it each cell counts its stamps") if counting else "",
    )
    return story.play(
        steps,
        x.size + 1,
        stage,
        alt=what,
        formula=formula,
        step_roles=("input", "kernel", "overlap", "output", "cut"),
        convention=Text("kernel not rotated: each pixel stamps it as given"),
    )


def _counts(scene: TransposedConv, story: Story) -> Cells:
    """How many stamps reach each cell: the same operation of ones."""
    graph = story.graph
    ones = graph.map("one", np.ones(scene.map.values.shape)), graph.kernel("stamp", np.ones(scene.weights.values.shape))
    counts = graph.compute("conv_transpose2d", *ones, result="stamps", **scene.sizes)
    shade = Shade(scale="sequential", lo=0, hi=max(1.0, float(counts.values.max())), always=True)
    return story.cells("overlap", "Stamps per cell", counts, pending=True, shade=shade, marks=(WINDOW,))


def _stamped(stamps: Stamps) -> Words:
    """How many stamps the cell has now that most stamps have reached."""
    row, column = stamps.example
    times = Strong(_times(int(stamps.counts[row, column]), row, column))
    return Text("row {row}, column {column} has {times}", row=row + 1, column=column + 1, times=times)


def _evenness(scene: TransposedConv, counts: Any) -> Words:
    low, high = int(counts.min()), int(counts.max())
    if low == high:
        return Text("Every cell gets {times}", times=Strong(_times(low, "min")))
    k, s = scene.weights.values.shape, scene.s
    uneven = scene.d == (1, 1) and k[0] % s[0] and (k[0], s[0]) == (k[1], s[1])
    why = Text(": uneven, because {s} does not divide {k} (checkerboard)", k=k[0], s=s[0]) if uneven else ""
    most = Strong(_times(high, "max"))
    return Text("{low} to {times} per cell{why}", low=Number(low, 0, ("overlap", "min")), times=most, why=why)


def _cut_off(p: Size, windows: Windows) -> Words:
    sides = PerAxis(*(equation(None, Number(axis.drawn) - Number(2) * axis.before, axis.size) for axis in windows.axes))
    said = "Padding {p} is cut off on each side: {sides}"
    return Text(said, p=Assigned(size("p"), Extent(p)), sides=sides)


def _crop(windows: Windows, S: Cells, Y: Cells) -> Iterator[Change]:
    """What is left within the padding becomes the output, the rest is hatched."""
    for cell in np.ndindex(windows.drawn):
        if windows.is_inside(cell):
            yield from Y.write(tuple(at - cut for at, cut in zip(cell, windows.padding, strict=True)), mark="")
        else:
            yield S.set(cell, role="cut")
    yield S.mark("kept", windows.padding, Y.values.shape)


def _times(count: int, *of: int | str) -> Text:
    """The stamps of a cell, or the least or most of any."""
    return counted(Number(count, 0, ("overlap", *of)), "{n} stamp", "{n} stamps")
