"""Convolution and its transpose: what the one shrinks, the other gives its size back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cnnviz.parameters import Size
from cnnviz.scenes._scatter import MANY_COLUMNS
from cnnviz.scenes._stamps import Stamps, product_decimals, shade_of_sums, stamping
from cnnviz.story import (
    Axis,
    Cells,
    Graph,
    MapAndKernel,
    Story,
    Windows,
    convolved_size,
    filled,
    lost_of,
    padding,
    reading_beats,
    stride,
    times,
)
from cnnviz.storyboard import Mark, Sign, Step
from cnnviz.words import (
    Assigned,
    Defined,
    Extent,
    Fitting,
    Joined,
    Number,
    Shape,
    Strong,
    Text,
    Words,
    dot,
    equation,
    joined,
    size,
)


@dataclass(frozen=True, kw_only=True)
class ConvRelation(MapAndKernel):
    """A convolution and the transposed convolution of the same kernel, stride and padding.

    The first gathers each window of the input in one cell; the second stamps each such cell back over its window. So
    the size comes back, the values do not. Where the stride does not divide i + 2p − k, the rest is the output padding.
    Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning", relationships 6 and 14.
    """

    examples: ClassVar = (
        "cnnviz conv-relation --i 5 --k 3 --s 2 --p 1",
        "cnnviz conv-relation --i 6 --k 3 --s 2",
        "cnnviz conv-relation --i 4 --k 3 --kernel laplacian",
    )

    s: Size = stride(2, help="Stride of both.")
    p: Size = padding(help="Padding of both.")

    def story(self) -> Story:
        """One step for each output cell on the way there, one for each on the way back, and a comparison."""
        x, w = self.map.values, self.weights.values
        windows = Windows.sliding(x.shape, w.shape, self.s, self.p)
        options: dict[str, Any] = {"stride": self.s, "padding": self.p, "dilation": (1, 1)}
        back_options = {**options, "output_padding": self.rest}
        graph = Graph()
        graph.essential = 0
        pixels, kernel = graph.map("x", x), graph.kernel("w", w)
        there = graph.compute("conv2d", pixels, kernel, **options)
        back = graph.compute("conv_transpose2d", there, kernel, result="back", **back_options)
        y, count = there.values[0, 0], 2 * windows.count + 1

        story = Story(self, Text("Convolution and its transpose"), graph)
        story.fits(windows, "this figure", steps=count)
        sizes = {"k": w.shape, "s": self.s, "p": self.p}
        # Beside this title there is room for the words of one size each.
        words = all(rows == columns for rows, columns in sizes.values())
        story.sizes(words, **sizes)
        X = story.cells("input", "Input {size}", x, windows=windows, data=self.map, notes=True)
        enlarge = windows.drawn[1] + y.shape[1] + x.shape[1] >= MANY_COLUMNS
        W = story.cells("kernel", "Kernel {size}", kernel, role="kernel", enlarge=enlarge)
        how: dict[str, Any] = {
            "shade": shade_of_sums(story, y, w, **back_options),
            "marks": (Mark(name="window", role="window"),),
        }
        how |= {"below": Text("by transposed convolution"), "notes": True, "lost": lost_of(y, w)}
        B = story.cells("back", "Back to {size}", back, pending=True, **how)
        Y = story.cells("output", "Output {size}", there, pending=True, lost=lost_of(x, w))
        return story.play(
            lambda: self._steps(story, windows, X, W, Y, B),
            count,
            (X, "∗", W, "=", Y, Sign(name="back-to", text="→"), B),
            alt=self._what(windows.out, B),
            step_roles=("kernel", "kernel_on_padding", "overlap", "output"),
            formula=self._formula(windows.out),
            convention=Text("output padding {a}", a=Assigned(size("a"), Extent(self.rest))) if any(self.rest) else "",
        )

    @property
    def rest(self) -> Size:
        """What strides leave over of the padded input: the output padding that gives its size back."""
        sizes = self.map.values.shape, self.p, self.weights.values.shape, self.s
        rows, columns = ((i + 2 * p - k) % s for i, p, k, s in zip(*sizes, strict=True))
        return rows, columns

    def _differing(self, B: Cells) -> list[tuple[int, ...]]:
        """The cells whose values do not come back."""
        x, w = self.map.values, self.weights.values
        # What sums of products on the way there and back may lose, and no more.
        lost = 1e-12 * float(np.abs(x).max()) * float(np.abs(w).sum()) ** 2
        return [tuple(cell) for cell in np.argwhere(~np.isclose(x, B.values, rtol=1e-9, atol=lost)).tolist()]

    def _steps(self, story: Story, windows: Windows, X: Cells, W: Cells, Y: Cells, B: Cells) -> Iterator[Step]:
        y, w = Y.values, W.values
        weights = W.read(list(np.ndindex(w.shape)))
        for at in windows.places():
            caption = equation(Y.symbol("y", at), dot(X.read(windows.cells(at)), weights, None, Y[at]), Y[at])
            yield story.step(caption, X.window(windows, at, times(weights)), Y.write(at))
        sizes = zip(y.shape, w.shape, self.s, self.p, self.rest, strict=True)
        returning = Windows(tuple(Axis.transposed(*each) for each in sizes))
        stamps, leaving = Stamps(B, returning, w, product_decimals(story, y, w)), list(X.cover(()))
        for at in windows.places():
            changes = [*stamps.stamp(at, float(y[at])), X.mark("window", *windows.outline(at)), Y.mark("current", at)]
            said = stamping(Y.symbol("y", at), Y[at])
            if stamps.hit:
                said = Text("{stamp}; {addition}", stamp=said, addition=stamps.addition())
            yield story.step(said, leaving, changes)
            leaving = []
        differing = self._differing(B)
        label = B.relabel(Text("same size, different values" if differing else "same values"))
        changes = [*stamps.rest(), X.hide("window"), Y.hide("current"), label]
        yield story.step(self._comparison(X, B, differing), changes, beats=reading_beats(2 * windows.count + 1))

    def _comparison(self, X: Cells, B: Cells, differing: list[tuple[int, ...]]) -> Words:
        if not differing:
            n = Strong(Number(B.values.size, 0, ("back", "size")))
            return Text("Same size, and with this kernel the same values: {n} of {n}", n=n)
        row, column = at = differing[0]
        return Text(
            "Same size, not the same values: {x} was {was}, is now {now} ({n} of {all} differ)",
            x=X.symbol("x", at),
            was=X[row + self.p[0], column + self.p[1]],
            now=Strong(B[at]),
            n=Number(len(differing), 0, ("back", "differ", "input")),
            all=Number(B.values.size, 0, ("back", "size")),
        )

    def _what(self, out: tuple[int, ...], B: Cells) -> Words:
        i = Shape(self.map.values.shape)
        differing = self._differing(B)
        gives = (
            "gives a {i} map of different values"
            if differing
            else "gives the {i} map back, with this kernel even its values"
        )
        return Text(
            "a convolution and its transpose: a {k} kernel, stride {s}, padding {p}, turns a {i} input into a {o} "
            "output; the transposed convolution with the same parameters{padded} stamps each output cell back over its "
            "window and {gives}",
            k=Shape(self.weights.values.shape),
            s=Extent(self.s),
            p=Extent(self.p),
            o=Shape(out),
            i=i,
            padded=Text(" and output padding {a}", a=Extent(self.rest)) if any(self.rest) else "",
            gives=Text(gives, i=i),
        )

    def _formula(self, out: tuple[int, ...]) -> Words:
        x, w = self.map.values, self.weights.values
        i, k, s, p, a, o = map(size, "ikspao")
        there, back = convolved_size(), (o - 1) * s + k - 2 * p
        given: dict[str, Any] = {"k": w.shape, "s": self.s, "p": self.p}
        if any(self.rest):
            back += a
        shapes = Joined((Shape(x.shape, "input"), Shape(out, "output"), Shape(x.shape, "back")), " → ")
        short = joined((Defined(o, (there,)), Text("back {value}", value=Defined(i, (back,))), shapes), "    ")
        if any(rows != columns for rows, columns in (x.shape, *given.values(), self.rest)):
            return short
        back_again = filled(back, x.shape, "back", "i", o=out, a=self.rest, **given)
        whole = joined(
            (filled(there, out, "output", i=x.shape, **given), Text("back {value}", value=back_again)), "    "
        )
        return Fitting((whole, short))
