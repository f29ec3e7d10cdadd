"""A transposed convolution as stamps: each input pixel lays its multiple of the kernel on the output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.operation import KERNEL, MAP
from cnnviz.ops import conv_transpose2d
from cnnviz.scenes._stamps import Stamps, product_decimals, shade_of_sums, stamping
from cnnviz.story import Cells, Story, Tensor, Windows, lost_of, reading_beats
from cnnviz.storyboard import Change, Mark, Panel, Shade, Sign, Step
from cnnviz.words import (
    Assigned,
    Extent,
    Number,
    PerAxis,
    Shape,
    Strong,
    Text,
    Words,
    counted,
    equation,
    size,
)

if TYPE_CHECKING:
    from cnnviz.scenes.transposed_conv import TransposedConv

MANY_COLUMNS = 22


def scatter(scene: TransposedConv, story: Story, pixels: Tensor, kernel: Tensor, y: Tensor, windows: Windows) -> Story:
    """One stamp for each input pixel, then what is left to do; the view `overlap` counts the stamps of each cell."""
    x, w, counting = scene.map.values, scene.weights.values, scene.view == "overlap"
    cropped = not counting and any(scene.p)
    full, out = windows.drawn, y.values.shape[2:]
    columns = x.shape[1] + out[1] + (full[1] if cropped else out[1] if counting else 0)
    window, kept = Mark(name="window", role="window"), Mark(name="kept", role="result")
    X = story.cells("input", "Input {size}", pixels, data=scene.map, marks=(window,))
    W = story.cells(
        "kernel", "Kernel {size}", kernel, role="kernel", below=scene.kernel_name, enlarge=columns >= MANY_COLUMNS
    )
    more: dict[str, Any] = {"pending": True, "shade": shade_of_sums(story, x, w, scene.bias, **scene.sizes)}
    lost = lost_of(x, w)
    stage: list[Cells | Panel | str] = [X, "∗", W, "="]
    if counting:
        one, stamp = (
            story.graph.given(name, np.ones((1, 1, *of.shape)), kind)
            for name, of, kind in (("one", x, MAP), ("stamp", w, KERNEL))
        )
        counts = story.graph.compute("conv_transpose2d", one, stamp, result="stamps", **scene.sizes)
        scale = Shade(scale="sequential", lo=0, hi=max(1.0, float(counts.values.max())), always=True)
        C = story.cells("overlap", "Stamps per cell", counts, pending=True, shade=scale, marks=(window,))
    if cropped:
        sums = conv_transpose2d(x[None, None], w[None, None], **{**scene.sizes, "padding": (0, 0)})[0, 0]
        S = story.cells(
            "sum",
            "Sum of stamps {size}",
            sums,
            below=Text("hatched: cut off"),
            marks=(window, kept),
            digits=story.decimals(y.values, lost=lost),
            notes=True,
            **more,
        )
    Y = story.cells("output", "Output {size}", y, lost=lost, notes=not cropped, marks=(window, kept), **more)
    if cropped:
        stage += [S, Sign(name="crop", text="→"), Y]
    else:
        S = Y
        stage += [Y, C] if counting else [Y]
    count, decimals = x.size + 1, product_decimals(story, x, w)

    def steps() -> Iterator[Step]:
        stamps = Stamps(S, windows, w, decimals, bias=scene.bias, cut=not cropped)
        if cropped:
            label = [S.relabel()]
        for at in np.ndindex(x.shape):
            changes = [*stamps.stamp(at, float(x[at])), *X.cover([at]), X.mark("window", at)]
            said = stamping(X.symbol("x", at), X[at])
            if counting:
                changes += [C.set(cell, role="output", value=float(stamps.counts[cell])) for cell in stamps.hit]
                changes.append(C.mark("window", *stamps.outline(at)))
            if not stamps.hit:
                nothing = Strong(Text("nothing"))
                said = Text(
                    "{stamp} beyond the edges that are cut off: {nothing} is added", stamp=said, nothing=nothing
                )
            elif counting:
                row, column = at_most = stamps.example
                times = Strong(_times(int(stamps.counts[row, column]), at_most))
                said = Text(
                    "{stamp}; row {row}, column {column} has {times}",
                    stamp=said,
                    row=row + 1,
                    column=column + 1,
                    times=times,
                )
            else:
                said = Text("{stamp}; {addition}", stamp=said, addition=stamps.addition())
            yield story.step(said, changes, label if cropped and not any(at) else ())
        last = [*stamps.rest(), *X.cover(()), X.hide("window")]
        if counting:
            last += [C.set(cell, role="output", value=0.0) for cell in np.ndindex(out) if not stamps.counts[cell]]
            last.append(C.hide("window"))
            said = _counted(scene, stamps)
        else:
            said = _summed(scene, windows, stamps, cropped)
        if cropped:
            last += _crop(windows, S, Y)
        yield story.step(said, last, beats=reading_beats(count))

    what = Text(
        "a transposed convolution, {sizes}: each cell of a {i} input stamps its multiple of the {k} kernel, and the stamps "
        "add up to the {o} output{bias}{counts}",
        sizes=scene.sizes_text(),
        i=Shape(x.shape),
        k=Shape(w.shape),
        o=Shape(out),
        bias=Text(", plus a bias") if scene.bias else "",
        counts=Text("; beside it each cell counts its stamps") if counting else "",
    )
    return story.play(
        steps,
        count,
        tuple(stage),
        alt=what,
        formula=scene.size_formula(out),
        step_roles=("input", "kernel", "overlap", "output", "cut"),
        convention=Text("kernel not rotated: every pixel stamps it as it is"),
    )


def _crop(windows: Windows, S: Cells, Y: Cells) -> Iterator[Change]:
    """What is left within the padding becomes the output, the rest is hatched."""
    for cell in np.ndindex(windows.drawn):
        if windows.is_inside(cell):
            yield from Y.write(tuple(at - cut for at, cut in zip(cell, windows.padding, strict=True)), mark="")
        else:
            yield S.set(cell, role="cut")
    yield S.relabel(Text("hatched: cut off"))
    yield S.mark("kept", windows.padding, Y.values.shape)


def _times(count: int, of: tuple[int, ...] | tuple[str]) -> Text:
    """The stamps of a cell, or the least or most of any."""
    return counted(Number(count, 0, ("overlap", *of)), "{n} stamp", "{n} stamps")


def _counted(scene: TransposedConv, stamps: Stamps) -> Words:
    low, high = int(stamps.counts.min()), int(stamps.counts.max())
    if low == high:
        return Text("Every cell gets {times}", times=Strong(_times(low, ("min",))))
    k, s = scene.weights.values.shape, scene.s
    uneven = scene.d == (1, 1) and k[0] % s[0] and (k[0], s[0]) == (k[1], s[1])
    why = Text(": kernel {k} is no multiple of stride {s}", k=k[0], s=s[0]) if uneven else ""
    return Text(
        "From {low} to {times} a cell{why}",
        low=Number(low, 0, ("overlap", "min")),
        times=Strong(_times(high, ("max",))),
        why=why,
    )


def _summed(scene: TransposedConv, windows: Windows, stamps: Stamps, cropped: bool) -> Words:
    missed = int((stamps.counts == 0).sum())
    bias = Number(scene.bias, None, ("bias",))
    none = Text("{n} cells get no stamp and hold {bias}; ", n=missed, bias=bias) if missed else ""
    if not cropped:
        shape = Strong(Shape(stamps.sums.shape, "output"))
        return Text(
            "{none}all {n} stamps are added up: {shape}",
            none=none,
            n=Number(scene.map.values.size, 0, ("input", "size")),
            shape=shape,
        )
    rows, columns = (
        equation(None, Number(full) - Number(2) * p, axis.size)
        for full, p, axis in zip(windows.drawn, scene.p, windows.axes, strict=True)
    )
    p, sides = Assigned(size("p"), Extent(scene.p)), PerAxis(rows, columns)
    return Text("{none}padding {p} is cut off on every side: {sides}", none=none, p=p, sides=sides)
