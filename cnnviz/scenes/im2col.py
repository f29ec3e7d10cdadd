"""im2col: windows become columns, the kernel a row, and the convolution one matrix product."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from cnnviz.data import MAP_NAMES
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scenes._fast_convolution import compare_ways
from cnnviz.story import CURRENT, Graph, MapAndKernel, Sliding, Story, input_map, padding, raise_if, stride, times
from cnnviz.storyboard import Mark, Operator, Step
from cnnviz.words import Math, Number, Shape, Strong, Text, dot, equation

_MOST_WINDOWS, _MOST_WEIGHTS = 36, 16


@dataclass(frozen=True, kw_only=True)
class Im2col(MapAndKernel):
    """A convolution as libraries compute it: every window is copied into a column of a matrix.

    The product of the kernel, written as a row, with that matrix is the output, written as a row. Chellapilla, Puri and
    Simard (2006), "High performance convolutional neural networks for document processing", §3; torch's unfold.
    """

    examples: ClassVar = (
        "cnnviz im2col --i 4 --k 2",
        "cnnviz im2col --i 5 --k 3 --s 2 --p 1",
        "cnnviz im2col --compare",
    )
    default_size: ClassVar[Size] = (4, 4)

    input: ArrayLike = input_map("random")
    s: Size = stride()
    p: Size = padding()
    compare: bool = param(False, help="Count the multiplications of four ways to compute it instead.")

    def prepare(self) -> None:
        """A small kernel unless one is given; to compare, a large map."""
        if self.compare and self.i is None and isinstance(self.input, str) and self.input in MAP_NAMES:
            self.fill_in(i=(64, 64))
        elif self.k is None and self.kernel is None and not self.compare:
            self.fill_in(k=(2, 2), kernel="1 2; -1 1")
        super().prepare()

    def story(self) -> Story:
        """A step for each column, one for each product, one that folds, and the count of copies."""
        x, w = self.map.values, self.weights.values
        slide = Sliding(i=x.shape, k=w.shape, s=self.s, p=self.p)
        windows, count = slide.windows, slide.windows.count
        if self.compare:
            return compare_ways(self)
        large = (
            f"im2col would draw {w.size} rows and {count} columns, more than {_MOST_WEIGHTS} and {_MOST_WINDOWS}: "
            "use a smaller --k or --i, or a larger --s"
        )
        raise_if({large: count > _MOST_WINDOWS or w.size > _MOST_WEIGHTS})
        graph = Graph()
        pixels = graph.map("x", x)
        columns = graph.compute("unfold", pixels, result="unfolded", kernel_size=w.shape, **slide.options)
        y = graph.compute("conv2d", pixels, graph.kernel("w", w), **slide.options)
        graph.show(y, "product", (0, 0), (1, count))

        story = Story(self, Text("Convolution as a matrix product"), graph)
        template = "{windows} windows become columns: one product of a row and a matrix, {sizes}"
        story.point = Text(template, windows=count, sizes=slide.size_change())
        story.show_sizes(k=w.shape, s=self.s, p=self.p)
        X = story.cells("input", "Input {size}", pixels, windows=windows, data=self.map)
        marks = CURRENT, Mark(name="column", role="window")
        C = story.cells("columns", "Columns C {size}", columns, axes=2, pending=True, marks=marks)
        W = story.cells("kernel", "Kernel as a row {size}", w.reshape(1, -1), role="kernel")
        P = story.cells(
            "product", "Product {size}", y.values.reshape(1, -1), pending=True, rounding_error=y.rounding_error
        )
        Y = story.cells("output", "Output {size}", y, axes=2, pending=True)
        weights = W.read()

        def steps() -> Iterator[Step]:
            for n, at in enumerate(windows.positions()):
                copied = [C.write((m, n), "", "input", X, cell) for m, cell in enumerate(windows.cells(at))]
                words = Text("Window {n} of {count} becomes column {n}", n=n + 1, count=count)
                yield story.step(words, X.move_window(windows, at), *copied, C.mark("current", (0, n), (w.size, 1)))
            leaving = [*X.uncover(), C.hide("current")]
            for n in range(count):
                cells = [(m, n) for m in range(w.size)]
                products = dot(C.read(cells), weights, None, P[0, n])
                caption = equation(P.symbol("y", (n,)), products, P[0, n])
                covered = C.mark("column", (0, n), (w.size, 1)), C.cover(cells, times(weights))
                yield story.step(caption, leaving, *covered, P.write((0, n)))
                leaving = []
            folded = [Y.write(at, "", source=P, origin=(0, n)) for n, at in enumerate(windows.positions())]
            words = Text("The row folds into the output: {shape}", shape=Strong(Shape(windows.out, "output")))
            yield story.step(words, C.uncover(), P.uncover(), *folded, beats=2)

        factor = equation(
            None, Number(C.values.size, 0, ("columns", "size")) / x.size, Number(C.values.size / x.size, 2)
        )
        return story.play(
            steps,
            2 * count + 1,
            (X, C),
            (W, Operator(name="times", text=Math(r"\cdot\;C\,="), size=24), P, "→", Y),
            answer=Text("The price: {factor} times as many numbers are stored", factor=factor),
            alt=Text(
                "im2col: {slides}; each window becomes a column, and one product gives all outputs",
                slides=slide.describe(story.settings_text("kernel")),
            ),
            formula=Math(r"Y=\mathrm{fold}(W_{\mathrm{row}}\cdot\mathrm{unfold}(X))"),
            convention=Text("rows of the columns: the kernel's cells, row by row"),
        )
