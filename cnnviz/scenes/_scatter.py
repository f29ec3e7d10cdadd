"""A transposed convolution as stamps: each input pixel lays its multiple of the kernel on the output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.ops import conv_transpose2d
from cnnviz.scenes._stamps import Stamps, product_decimals, shade_of_sums, stamping
from cnnviz.story import Cells, Story, Tensor, Windows, reading_beats, tolerance
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

_WINDOW, _KEPT = Mark(name="window", role="window"), Mark(name="kept", role="result")
_HATCHED = Text("hatched: cut off")


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
    X = story.cells("input", "Input {size}", pixels, data=scene.map, marks=(_WINDOW,))
    W = story.cells("kernel", "Kernel {size}", kernel, role="kernel", below=scene.kernel_name, enlarge=True)
    more: dict[str, Any] = {"pending": True, "shade": shade_of_sums(story, x, w, bias.value, **scene.sizes)}
    more |= {"digits": story.decimals(y.values, lost=tolerance(x, w)), "marks": (_WINDOW, _KEPT)}
    sums = None
    if cropped:
        whole = conv_transpose2d(x[None, None], w[None, None], **{**scene.sizes, "padding": (0, 0)})[0, 0]
        sums = story.cells("sum", "Sum of stamps {size}", whole, below=_HATCHED, notes=True, **more)
    Y = story.cells("output", "Output {size}", y, notes=not cropped, **more)
    counts = _counts(scene, story) if counting else None

    def steps() -> Iterator[Step]:
        decimals = product_decimals(story, x, w)
        stamps = Stamps(sums or Y, windows, w, decimals, bias=bias.value, cut=not cropped)
        label = [sums.relabel()] if sums else []
        for at in np.ndindex(x.shape):
            changes = [*stamps.stamp(at, float(x[at])), *X.cover([at]), X.mark("window", at), *label]
            said: Words = Text("{stamp} outside the output: nothing is added", stamp=stamping(X.symbol("x", at), X[at]))
            if stamps.hit:
                what = _stamped(stamps.counts, stamps.example) if counts else stamps.addition()
                said = joined((stamping(X.symbol("x", at), X[at]), what), "; ")
            if counts:
                changes += [counts.set(cell, role="output", value=float(stamps.counts[cell])) for cell in stamps.hit]
                changes.append(counts.mark("window", *stamps.outline(at)))
            yield story.step(said, changes)
            label = []
        last = [*stamps.rest(), *X.cover(()), X.hide("window")]
        if counts:
            none = np.argwhere(stamps.counts == 0).tolist()
            last += [counts.set((row, column), role="output", value=0.0) for row, column in none]
            last.append(counts.hide("window"))
        said = _evenness(scene, stamps.counts)
        if not counts:
            last += _crop(windows, sums, Y) if sums else []
            said = _summary(scene, windows, stamps, bias)
        yield story.step(said, last, beats=reading_beats(x.size + 1))

    stage = (
        X,
        "∗",
        W,
        "=",
        *((sums, Operator(name="crop", text="→")) if sums else ()),
        Y,
        *((counts,) if counts else ()),
    )
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
    return story.cells("overlap", "Stamps per cell", counts, pending=True, shade=shade, marks=(_WINDOW,))


def _stamped(counts: Any, cell: tuple[int, ...]) -> Words:
    """How many stamps the cell has now that most stamps have reached."""
    row, column = cell
    times = Strong(_times(int(counts[cell]), row, column))
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


def _summary(scene: TransposedConv, windows: Windows, stamps: Stamps, bias: Number) -> Words:
    missed = int((stamps.counts == 0).sum())
    one, many = "; {n} cell without a stamp is {bias}", "; {n} cells without a stamp are {bias}"
    none = counted(missed, one, many, bias=bias) if missed else ""
    if not any(scene.p):
        n = Number(scene.map.values.size, 0, ("input", "size"))
        shape = Strong(Shape(stamps.sums.shape, "output"))
        return Text("All {n} stamps added up: {shape}{none}", none=none, n=n, shape=shape)
    sides = PerAxis(*(equation(None, Number(axis.drawn) - Number(2) * axis.before, axis.size) for axis in windows.axes))
    p = Assigned(size("p"), Extent(scene.p))
    return Text("Padding {p} is cut off on each side: {sides}{none}", none=none, p=p, sides=sides)


def _crop(windows: Windows, S: Cells, Y: Cells) -> Iterator[Change]:
    """What is left within the padding becomes the output, the rest is hatched."""
    for cell in np.ndindex(windows.drawn):
        if windows.is_inside(cell):
            yield from Y.write(tuple(at - cut for at, cut in zip(cell, windows.padding, strict=True)), mark="")
        else:
            yield S.set(cell, role="cut")
    yield S.relabel(_HATCHED)
    yield S.mark("kept", windows.padding, Y.values.shape)


def _times(count: int, *of: int | str) -> Text:
    """The stamps of a cell, or the least or most of any."""
    return counted(Number(count, 0, ("overlap", *of)), "{n} stamp", "{n} stamps")
