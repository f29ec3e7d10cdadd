"""A transposed convolution as stamps: each input pixel lays its multiple of the kernel on the output."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.ops import conv_transpose2d
from cnnviz.scenes._stamps import Stamps, product_decimals, shade_of_sums, stamping
from cnnviz.story import Cells, Story, Tensor, Windows, lost_of, reading_beats
from cnnviz.storyboard import Change, Mark, Panel, Shade, Sign, Step
from cnnviz.words import Assigned, Extent, Number, PerAxis, Shape, Strong, Text, Words, counted, equation, size

if TYPE_CHECKING:
    from cnnviz.scenes.transposed_conv import TransposedConv

MANY_COLUMNS = 22
_WINDOW, _KEPT = Mark(name="window", role="window"), Mark(name="kept", role="result")


def scatter(scene: TransposedConv, story: Story, pixels: Tensor, kernel: Tensor, y: Tensor, windows: Windows) -> Story:
    """One stamp for each input pixel, then what is left to do; the view `overlap` counts the stamps of each cell."""
    x, w, counting = scene.map.values, scene.weights.values, scene.view == "overlap"
    cropped = not counting and any(scene.p)
    full, out = windows.drawn, y.values.shape[2:]
    columns = x.shape[1] + out[1] + (full[1] if cropped else out[1] if counting else 0)
    X = story.cells("input", "Input {size}", pixels, data=scene.map, marks=(_WINDOW,))
    enlarge = columns >= MANY_COLUMNS
    W = story.cells("kernel", "Kernel {size}", kernel, role="kernel", below=scene.kernel_name, enlarge=enlarge)
    more: dict[str, Any] = {"pending": True, "shade": shade_of_sums(story, x, w, scene.bias, **scene.sizes)}
    more |= {"digits": story.decimals(y.values, lost=lost_of(x, w)), "marks": (_WINDOW, _KEPT)}
    stage: list[Cells | Panel | str] = [X, "∗", W, "="]
    C = _counts(scene, story) if counting else None
    S = None
    if cropped:
        sums = conv_transpose2d(x[None, None], w[None, None], **{**scene.sizes, "padding": (0, 0)})[0, 0]
        cut = Text("hatched: cut off")
        S = story.cells("sum", "Sum of stamps {size}", sums, below=cut, notes=True, **more)
        stage += [S, Sign(name="crop", text="→")]
    Y = story.cells("output", "Output {size}", y, notes=not cropped, **more)
    parts = Scatter(scene, story, windows, X, S or Y, Y, C)
    what = Text(
        "a transposed convolution, {sizes}: each cell of a {i} input stamps its multiple of the {k} kernel, and the "
        "stamps add up to the {o} output{bias}{counts}",
        sizes=scene.sizes_text(),
        i=Shape(x.shape),
        k=Shape(w.shape),
        o=Shape(out),
        bias=Text(", plus a bias") if scene.bias else "",
        counts=Text("; beside it each cell counts its stamps") if counting else "",
    )
    return story.play(
        parts.steps,
        x.size + 1,
        (*stage, Y, C) if C else (*stage, Y),
        alt=what,
        formula=scene.size_formula(out),
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


@dataclass(frozen=True)
class Scatter:
    """The panels of these views: stamps add up in `sums`, of which the output `Y` is a part or all."""

    scene: TransposedConv
    story: Story
    windows: Windows
    X: Cells
    sums: Cells
    Y: Cells
    counts: Cells | None

    @property
    def cropped(self) -> bool:
        """Whether the output is cut out of the sums at the end."""
        return self.sums is not self.Y

    def steps(self) -> Iterator[Step]:
        """One for each pixel, and a last one."""
        x, w, X = self.scene.map.values, self.scene.weights.values, self.X
        decimals = product_decimals(self.story, x, w)
        stamps = Stamps(self.sums, self.windows, w, decimals, bias=self.scene.bias, cut=not self.cropped)
        label = [self.sums.relabel()] if self.cropped else []
        for at in np.ndindex(x.shape):
            changes = [*stamps.stamp(at, float(x[at])), *X.cover([at]), X.mark("window", at)]
            yield self.story.step(self._said(at, stamps), label, changes, self._counted(stamps, at))
            label = []
        last = [*stamps.rest(), *X.cover(()), X.hide("window")]
        if self.counts:
            none = [cell for cell in np.ndindex(stamps.counts.shape) if not stamps.counts[cell]]
            last += [self.counts.set(cell, role="output", value=0.0) for cell in none]
            last.append(self.counts.hide("window"))
        if self.cropped:
            last += _crop(self.windows, self.sums, self.Y)
        said = self._evenness(stamps) if self.counts else self._summary(stamps)
        yield self.story.step(said, last, beats=reading_beats(x.size + 1))

    def _counted(self, stamps: Stamps, at: tuple[int, ...]) -> Iterator[Change]:
        if self.counts:
            for cell in stamps.hit:
                yield self.counts.set(cell, role="output", value=float(stamps.counts[cell]))
            yield self.counts.mark("window", *stamps.outline(at))

    def _said(self, at: tuple[int, ...], stamps: Stamps) -> Words:
        """What is stamped, and what the cell has now that most stamps have reached."""
        stamp = stamping(self.X.symbol("x", at), self.X[at])
        if not stamps.hit:
            nothing = Strong(Text("nothing"))
            return Text("{stamp} outside the output: {nothing} is added", stamp=stamp, nothing=nothing)
        if not self.counts:
            return Text("{stamp}; {addition}", stamp=stamp, addition=stamps.addition())
        row, column = stamps.example
        times = Strong(_times(int(stamps.counts[row, column]), row, column))
        said = "{stamp}; row {row}, column {column} has {times}"
        return Text(said, stamp=stamp, row=row + 1, column=column + 1, times=times)

    def _evenness(self, stamps: Stamps) -> Words:
        low, high = int(stamps.counts.min()), int(stamps.counts.max())
        if low == high:
            return Text("Every cell gets {times}", times=Strong(_times(low, "min")))
        k, s = self.scene.weights.values.shape, self.scene.s
        uneven = self.scene.d == (1, 1) and k[0] % s[0] and (k[0], s[0]) == (k[1], s[1])
        why = Text(": uneven, because {s} does not divide {k} (checkerboard)", k=k[0], s=s[0]) if uneven else ""
        return Text("{low} to {times} per cell{why}", low=Number(low, 0, ("overlap", "min")), times=Strong(_times(high, "max")), why=why)

    def _summary(self, stamps: Stamps) -> Words:
        missed, bias = int((stamps.counts == 0).sum()), Number(self.scene.bias, None, ("bias",))
        one, many = "; {n} cell without a stamp is {bias}", "; {n} cells without a stamp are {bias}"
        none = counted(missed, one, many, bias=bias) if missed else ""
        if not self.cropped:
            n = Number(self.scene.map.values.size, 0, ("input", "size"))
            shape = Strong(Shape(stamps.sums.shape, "output"))
            return Text("All {n} stamps added up: {shape}{none}", none=none, n=n, shape=shape)
        rows, columns = (
            equation(None, Number(axis.drawn) - Number(2) * axis.before, axis.size) for axis in self.windows.axes
        )
        p, sides = Assigned(size("p"), Extent(self.scene.p)), PerAxis(rows, columns)
        return Text("Padding {p} is cut off on each side: {sides}{none}", none=none, p=p, sides=sides)


def _crop(windows: Windows, S: Cells, Y: Cells) -> Iterator[Change]:
    """What is left within the padding becomes the output, the rest is hatched."""
    for cell in np.ndindex(windows.drawn):
        if windows.is_inside(cell):
            yield from Y.write(tuple(at - cut for at, cut in zip(cell, windows.padding, strict=True)), mark="")
        else:
            yield S.set(cell, role="cut")
    yield S.relabel(Text("hatched: cut off"))
    yield S.mark("kept", windows.padding, Y.values.shape)


def _times(count: int, *of: int | str) -> Text:
    """The stamps of a cell, or the least or most of any."""
    return counted(Number(count, 0, ("overlap", *of)), "{n} stamp", "{n} stamps")
