"""Convolution: a kernel slides over the padded input, each output cell is a dot product."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from cnnviz.parameters import Numbers, Sides, Size, param
from cnnviz.scenes import _padding
from cnnviz.scenes._filters import MapsAndFilters, biases, channel_groups, sheet_count
from cnnviz.scenes._multichannel import convolve
from cnnviz.story import (
    Graph,
    Sliding,
    Story,
    dilation,
    note_zeros,
    padding,
    raise_if,
    shared_weights,
    stride,
    times,
)
from cnnviz.storyboard import Step
from cnnviz.words import Shape, Text, joined, lines


@dataclass(frozen=True, kw_only=True)
class Conv(MapsAndFilters):
    """Convolution as networks compute it: the cross-correlation of the padded input with one or more filters.

    Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning", relationship 6 and, with
    dilation, 15. Channels and groups are as in torch.nn.functional.conv2d: a filter has a kernel for each channel of
    its group.
    """

    examples: ClassVar = (
        "cnnviz conv --k 3 --s 2 --p 1",
        "cnnviz conv --channels 3 --filters 2 --bias 1",
        "cnnviz conv --input photo.png --i 32 --kernel sobel-x -o edges.gif",
        'cnnviz conv --input "1 2 3; 4 5 6; 7 8 9" --kernel "1 0; 0 1"',
    )

    s: Size = stride()
    p: Sides = padding(
        help='Padding: a number, before and after as in 0,1, "same" to keep the size, or "valid" for none.'
    )
    padding_mode: str = param("zeros", choices=_padding.MODES, help="What fills the padding.")
    d: Size = dilation()
    channels: int | None = sheet_count("Channels of the input.")
    filters: int | None = sheet_count("Filters, one for each output map.")
    groups: int = channel_groups()
    flip: bool = param(False, help="Rotate the kernel by 180°: the true convolution of signal processing.")
    bias: Numbers = biases()

    def prepare(self) -> None:
        """Load the data, and turn `same` and `valid` padding into numbers."""
        super().prepare()
        i, k = self.maps.values.shape[1:], self.weight.values.shape[2:]
        self.fill_in(p=_padding.sides(self.p, i, k, self.s, self.d))

    @cached_property
    def slide(self) -> Sliding:
        """The kernel that slides over the input."""
        i, k, mode = self.maps.values.shape[1:], self.weight.values.shape[2:], self.padding_mode
        return Sliding(i=i, k=k, s=self.s, p=self.p, d=self.d, mode=mode if any(self.p) else "zeros")

    def story(self) -> Story:
        """One step per output cell."""
        if self.several:
            raise_if({"--flip rotates the kernel of one channel and one filter: leave it out for more": self.flip})
            return convolve(self)
        w, slide, windows = self.weights.values, self.slide, self.slide.windows
        # The graph computes with NumPy and records the operations, for --code, check and the tests.
        graph = Graph()
        image, kernel = graph.map("x", self.map.values), graph.kernel("w", w)
        applied = graph.compute("flip", kernel, result="flipped") if self.flip else kernel
        offset = graph.input("b", self.offsets) if self.bias else None
        padded = slide.padded(graph, image)
        y = graph.compute("conv2d", padded, applied, offset, **slide.options)

        # The story has a heading, three panels, and steps that change them.
        story = Story(self, Text("Convolution"), graph, point=slide.point())
        story.check_limits(windows, "this convolution")
        story.show_sizes(**slide.settings)
        bias = story.show_bias(float(self.offsets[0]))
        below = lines(self.kernel_name, Text("rotated by 180° when applied") if self.flip else None)
        X = _padding.input_panel(story, slide, image, padded, self.map)
        W = story.cells("kernel", "Kernel {size}", kernel, role="kernel", below=below, enlarge=True)
        Y = story.cells("output", "Output {size}", y, pending=True)
        weights = W.read()[::-1] if self.flip else W.read()
        fills = list(_padding.fill(story, X, slide))

        def steps() -> Iterator[Step]:
            yield from fills
            hidden = [X.hide(mark.name) for mark in _padding.MARKS] if fills else []
            for at in windows.positions():
                products = Y.dot_product(at, X.read(windows.cells(at)), weights, bias)
                caption = note_zeros(products, weights, at)
                yield story.step(caption, hidden, X.move_window(windows, at, notes=times(weights)), Y.write(at))
                hidden = []

        answer = Text("At the edges the kernel meets values of the map itself") if fills else shared_weights(w.size)
        return story.play(
            steps,
            len(fills) + windows.count,
            (X, "∗", W, "=", Y),
            answer=answer if windows.count > 1 else "",
            alt=Text(
                "a convolution: {slides}; each cell of the {o} output is the sum of products under the kernel",
                slides=slide.describe(joined((story.settings_text("kernel"), _padding.BELOW.get(slide.mode)))),
                o=Shape(windows.out),
            ),
            formula=slide.formula(),
            convention=Text(
                "true convolution: kernel rotated" if self.flip else "cross-correlation: kernel not flipped"
            ),
        )
