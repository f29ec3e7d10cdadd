"""Convolution and its transpose: what the one shrinks, the other gives its size back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cnnviz.parameters import Size
from cnnviz.scenes._stamps import Stamps, product_decimals, shade_of_sums, stamping
from cnnviz.story import (
    Axis,
    Cells,
    Graph,
    MapAndKernel,
    Sliding,
    Story,
    Windows,
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
    Filled,
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
        x, w, graph = self.map.values, self.weights.values, Graph()
        slide = Sliding(i=x.shape, k=w.shape, s=self.s, p=self.p)
        windows, back_options = slide.windows, {**slide.options, "output_padding": self.rest}
        graph.essential = 0
        pixels, kernel = graph.map("x", x), graph.kernel("w", w)
        there = graph.compute("conv2d", pixels, kernel, **slide.options)
        back = graph.compute("conv_transpose2d", there, kernel, result="back", **back_options)
        y, count = there.values[0, 0], 2 * windows.count + 1

        story = Story(self, Text("Convolution and its transpose"), graph)
        story.fits(windows, "this figure", steps=count)
        sizes = {"k": w.shape, "s": self.s, "p": self.p}
        # Beside this title there is room for the words of one size each.
        story.sizes(all(rows == columns for rows, columns in sizes.values()), **sizes)
        X = story.cells("input", "Input {size}", x, windows=windows, data=self.map, notes=True)
        W = story.cells("kernel", "Kernel {size}", kernel, role="kernel", enlarge=True)
        how: dict[str, Any] = {"shade": shade_of_sums(story, y, w, **back_options), "lost": lost_of(y, w)}
        how |= {"marks": (Mark(name="window", role="window"),), "below": Text("by transposed convolution")}
        B = story.cells("back", "Back to {size}", back, pending=True, notes=True, **how)
        Y = story.cells("output", "Output {size}", there, pending=True, lost=lost_of(x, w))
        weights = W.read(list(np.ndindex(w.shape)))
        returning = zip(y.shape, w.shape, self.s, self.p, self.rest, strict=True)
        stamped, differing = Windows(tuple(Axis.transposed(*each) for each in returning)), self._differing(B)
        same = Text("same size, different values" if differing else "same values")

        def steps() -> Iterator[Step]:
            for at in windows.places():
                caption = equation(Y.symbol("y", at), dot(X.read(windows.cells(at)), weights, None, Y[at]), Y[at])
                yield story.step(caption, X.window(windows, at, times(weights)), Y.write(at))
            stamps, leaving = Stamps(B, stamped, w, product_decimals(story, y, w)), list(X.cover(()))
            for at in windows.places():
                changes = [*stamps.stamp(at, float(y[at])), X.mark("window", *windows.outline(at))]
                said = joined((stamping(Y.symbol("y", at), Y[at]), stamps.addition() if stamps.hit else None), "; ")
                yield story.step(said, leaving, changes, Y.mark("current", at))
                leaving = []
            gone = X.hide("window"), Y.hide("current"), B.relabel(same)
            yield story.step(self._comparison(X, B, differing), stamps.rest(), gone, beats=reading_beats(count))

        rest = Text("output padding {a}", a=Assigned(size("a"), Extent(self.rest))) if any(self.rest) else ""
        return story.play(
            steps,
            count,
            (X, "∗", W, "=", Y, Sign(name="back-to", text="→"), B),
            alt=Text(
                "a convolution and its transpose: {slides}; from the {o} output the transposed convolution stamps each "
                "cell back over its window: {same}",
                slides=slide.told(story.told("kernel")),
                o=Shape(windows.out),
                same=same,
            ),
            step_roles=("kernel", "kernel_on_padding", "overlap", "output"),
            formula=self._formula(slide.formula()),
            convention=rest,
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

    def _comparison(self, X: Cells, B: Cells, differing: list[tuple[int, ...]]) -> Words:
        whole = Number(B.values.size, 0, ("back", "size"))
        if not differing:
            return Text("Same size, and with this kernel the same values: {n} of {n}", n=Strong(whole))
        row, column = at = differing[0]
        return Text(
            "Same size, not the same values: {x} was {was}, is now {now} ({n} of {all} differ)",
            x=X.symbol("x", at),
            was=X[row + self.p[0], column + self.p[1]],
            now=Strong(B[at]),
            n=Number(len(differing), 0, ("back", "differ", "input")),
            all=whole,
        )

    def _formula(self, there: Filled) -> Words:
        """The sizes there and back, with numbers where there is room for them."""
        k, s, p, a, o = map(size, "kspao")
        general, out, x = (o - 1) * s + k - 2 * p, there.results, self.map.values.shape
        if any(self.rest):
            general += a
        shape = Shape(tuple(int(each.value) for each in out), "output")
        given = {"o": shape.sizes, "k": self.weights.values.shape, "s": self.s, "p": self.p, "a": self.rest}
        back = filled(general, x, "back", "i", **given)
        shapes = Joined((Shape(x, "input"), shape, Shape(x, "back")), " → ")
        letters = Defined(o, (there.general,)), Text("back {value}", value=Defined(back.left, (general,))), shapes
        return Fitting((joined((there, Text("back {value}", value=back)), "    "), joined(letters, "    ")))
