"""Convolution and its transpose: what the one shrinks, the other gives its size back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cnnviz.parameters import Size
from cnnviz.scenes._stamps import Stamps, product_decimals, shade_of_sums
from cnnviz.story import (
    WINDOW,
    Axis,
    Cells,
    Graph,
    MapAndKernel,
    Sliding,
    Story,
    Windows,
    note_zeros,
    padding,
    stride,
    transposed_conv_size,
)
from cnnviz.storyboard import Operator, Step
from cnnviz.words import Defined, Number, Shape, Strong, Text, Words, joined, size

_ALT = (
    "a convolution and its transpose: {slides}; from the {o} output the transposed convolution stamps each cell back "
    "over its window: {same}"
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
        windows, graph.main_call = slide.windows, 0
        pixels, kernel = graph.map("x", x), graph.kernel("w", w)
        there, options = graph.compute("conv2d", pixels, kernel, **slide.options), slide.options
        options["output_padding"] = slide.leftover
        back = graph.compute("conv_transpose2d", there, kernel, result="back", **options)
        y, count = there.values[0, 0], 2 * windows.count + 1
        # What sums of products on the way there and back may lose, and no more.
        error = there.rounding_error * float(np.abs(w).sum())
        differing = [tuple(cell) for cell in np.argwhere(~np.isclose(x, back.values[0, 0], 1e-9, error)).tolist()]

        values = Text("not the values" if differing else "and here the values")
        point = Text(
            "The transpose gives the size back, {values}: {sizes}", values=values, sizes=slide.size_change("back")
        )
        story = Story(self, Text("Convolution and its transpose"), graph, point=point)
        story.check_limits(windows, "this figure", steps=count)
        # Beside this title there is room for the words of one size each.
        same_sides = all(rows == columns for rows, columns in (w.shape, self.s, self.p))
        story.show_sizes(same_sides, k=w.shape, s=self.s, p=self.p, a=slide.leftover)
        X = story.cells("input", "Input {size}", pixels, windows=windows, data=self.map)
        W = story.cells("kernel", "Kernel {size}", kernel, role="kernel", enlarge=True)
        panel_options: dict[str, Any] = {
            "shade": shade_of_sums(story, there.values, kernel.values, **options),
        }
        panel_options |= {"marks": (WINDOW,), "below": Text("by transposed convolution")}
        B = story.cells("back", "Back to {size}", back, pending=True, **panel_options)
        Y = story.cells("output", "Output {size}", there, pending=True, under=True)
        gather, stamp = (
            (Operator(name=name, text=Text(name), size=18), Operator(name=f"{name} →", text="→", under=True))
            for name in ("gather", "stamp")
        )
        weights = W.read()
        stamped = Windows(tuple(map(Axis.transposed, y.shape, w.shape, self.s, self.p, slide.leftover)))
        same = Text("same size, different values" if differing else "same values")

        def steps() -> Iterator[Step]:
            for at in windows.positions():
                caption = Y.dot_product(at, X.read(windows.cells(at)), weights)
                yield story.step(note_zeros(caption, weights, at), X.move_window(windows, at), Y.write(at))
            stamps, leaving = Stamps(B, stamped, product_decimals(story, y, w)), list(X.uncover())
            for at in windows.positions():
                changes = [*stamps.stamp(at, float(y[at]), {(): w}), Y.mark("current", at)]
                yield story.step(stamps.caption(Y.symbol("y", at), Y[at]), leaving, changes)
                leaving = []
            yield story.answer(self._comparison(X, B, differing), stamps.uncover(), B.relabel(same))

        forth, general = slide.formula(), transposed_conv_size("o", padded=any(slide.leftover))
        formula = Defined(forth.left, (forth.general,)), Text("back {value}", value=Defined(size("i"), (general,)))
        return story.play(
            steps,
            count,
            (X, *gather, W, Y, *stamp, B),
            alt=Text(_ALT, slides=slide.describe(story.settings_text("kernel")), o=Shape(windows.out), same=same),
            step_roles=("kernel", "kernel_on_padding", "overlap", "output"),
            formula=joined(formula, "     "),
        )

    def _comparison(self, X: Cells, B: Cells, differing: list[tuple[int, ...]]) -> Words:
        whole = Number(B.values.size, 0, ("back", "size"))
        if not differing:
            return Text("Same size, and with this kernel the same values: {n} of {n}", n=Strong(whole))
        at, n = differing[0], Number(len(differing))
        was, now = X[at[0] + self.p[0], at[1] + self.p[1]], Strong(B[at])
        template = "Same size, not the same values: {x} was {was}, is now {now} ({n} of {all} differ)"
        return Text(template, x=X.symbol("x", at), was=was, now=now, n=n, all=whole)
