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
        sizes: dict[str, Any] = {"stride": self.s, "padding": self.p}
        back_sizes = {**sizes, "output_padding": self.rest, "dilation": (1, 1)}
        graph = Graph()
        graph.essential = 0
        pixels, kernel = graph.map("x", x), graph.kernel("w", w)
        there = graph.compute("conv2d", pixels, kernel, **sizes, dilation=(1, 1))
        back = graph.compute("conv_transpose2d", there, kernel, result="back", **back_sizes)
        y, again = there.values[0, 0], back.values[0, 0]
        returning = Windows(
            tuple(Axis.transposed(*each) for each in zip(y.shape, w.shape, self.s, self.p, self.rest, strict=True))
        )

        story = Story(self, Text("Convolution and its transpose"), graph)
        story.fits(windows, "this figure", steps=2 * windows.count + 1)
        # Beside this title there is room for the words of one size each.
        square = all(rows == columns for rows, columns in (w.shape, self.s, self.p))
        for word, symbol, value in (("kernel", "k", w.shape), ("stride", "s", self.s), ("padding", "p", self.p)):
            story.set(word if square else "", symbol, value)
        X = story.cells("input", "Input {size}", x, windows=windows, data=self.map, notes=True)
        columns = windows.drawn[1] + y.shape[1] + x.shape[1]
        W = story.cells("kernel", "Kernel {size}", kernel, role="kernel", enlarge=columns >= MANY_COLUMNS)
        B = story.cells(
            "back",
            "Back to {size}",
            back,
            pending=True,
            lost=lost_of(y, w),
            below=Text("by the transposed one"),
            notes=True,
            shade=shade_of_sums(story, y, w, **back_sizes),
            marks=(Mark(name="window", role="window"),),
        )
        Y = story.cells("output", "Output {size}", there, pending=True, lost=lost_of(x, w))
        weights, decimals, count = (
            W.read(list(np.ndindex(w.shape))),
            product_decimals(story, y, w),
            2 * windows.count + 1,
        )
        # What sums of products on the way there and back may lose, and no more.
        lost = 1e-12 * float(np.abs(x).max()) * float(np.abs(w).sum()) ** 2
        differing = [tuple(each) for each in np.argwhere(~np.isclose(x, again, rtol=1e-9, atol=lost)).tolist()]

        def steps() -> Iterator[Step]:
            for at in windows.places():
                caption = equation(Y.symbol("y", at), dot(X.read(windows.cells(at)), weights, None, Y[at]), Y[at])
                yield story.step(caption, X.window(windows, at, times(weights)), Y.write(at))
            stamps, leaving = Stamps(B, returning, w, decimals), list(X.cover(()))
            for at in windows.places():
                changes = [
                    *stamps.stamp(at, float(y[at])),
                    X.mark("window", *windows.outline(at)),
                    Y.mark("current", at),
                ]
                said = stamping(Y.symbol("y", at), Y[at])
                if stamps.hit:
                    said = Text("{stamp}; {addition}", stamp=said, addition=stamps.addition())
                yield story.step(said, leaving, changes)
                leaving = []
            label = B.relabel(Text("same size, other values") if differing else Text("same values"))
            changes = [*stamps.rest(), X.hide("window"), Y.hide("current"), label]
            yield story.step(self._comparison(X, B, differing), changes, beats=reading_beats(count))

        padded = Text(" and output padding {a}", a=Extent(self.rest)) if any(self.rest) else ""
        gives = (
            "gives a {i} map of other values"
            if differing
            else "gives the {i} map back, with this kernel even its values"
        )
        what = Text(
            "a convolution and its transpose: a {k} kernel, stride {s}, padding {p}, makes a {o} output of a {i} input; the "
            "transposed convolution with the same parameters{padded} stamps each output cell back over its window and "
            "{gives}",
            k=Shape(w.shape),
            s=Extent(self.s),
            p=Extent(self.p),
            o=Shape(y.shape),
            i=Shape(x.shape),
            padded=padded,
            gives=Text(gives, i=Shape(x.shape)),
        )
        return story.play(
            steps,
            count,
            (X, "∗", W, "=", Y, Sign(name="back-to", text="→"), B),
            alt=what,
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

    def _comparison(self, X: Cells, B: Cells, differing: list[tuple[int, ...]]) -> Words:
        x = self.map.values
        shape = Shape(x.shape, "back")
        if not differing:
            n = Strong(Number(x.size, 0, ("back", "size")))
            return Text("{shape} again, and with this kernel even the values agree: {n} of {n}", shape=shape, n=n)
        row, column = at = differing[0]
        return Text(
            "{shape} again, but {n} of {all} values are others: at row {row}, column {column} it was {was} and is {now}",
            shape=shape,
            n=Number(len(differing), 0, ("back", "differ", "input")),
            all=Number(x.size, 0, ("back", "size")),
            row=row + 1,
            column=column + 1,
            was=X[row + self.p[0], column + self.p[1]],
            now=Strong(B[at]),
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
