"""Transposed convolution: a turned kernel slides over the input pulled apart and framed with zeros."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from cnnviz.limits import MAX_SIDE
from cnnviz.parameters import ArrayLike, Numbers, Size, param
from cnnviz.scenes._filters import MapsAndFilters, biases, channel_groups, sheet_count
from cnnviz.scenes._stamps import scatter, stamp_maps
from cnnviz.scenes._stretch import slide
from cnnviz.story import (
    CROWDED_SIDE,
    Axis,
    Graph,
    Story,
    Windows,
    dilation,
    filled,
    input_map,
    input_size,
    kernel_values,
    padding,
    stride,
    transposed_conv_size,
)
from cnnviz.words import Shape, Text

_POINTS = {
    "convolution": "Zeros between and around make it a convolution with stride 1: {i} → {o}",
    "scatter": "Each input cell stamps its multiple of the kernel: {i} → {o}",
    "overlap": "Where stamps overlap, the output is a sum: {i} → {o}",
}


@dataclass(frozen=True, kw_only=True)
class TransposedConv(MapsAndFilters):
    """Transposed convolution: the gradient of a convolution, run forwards, so that a small map becomes a larger one.

    The view `convolution` pulls the input apart, frames it with zeros and slides the turned kernel with stride 1;
    `scatter` lays a multiple of the kernel on the output for every input pixel; `overlap` counts these stamps. All
    give the same numbers. Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning",
    relationships 8 to 14; the uneven overlap: Odena et al. (2016), "Deconvolution and checkerboard artifacts". Channels
    and groups are those of torch.nn.functional.conv_transpose2d: a channel has a kernel for each map of its group.
    """

    examples: ClassVar = (
        "cnnviz transposed-conv --i 3 --k 3 --s 2 --p 1",
        "cnnviz transposed-conv --view scatter --i 2 --s 2",
        "cnnviz transposed-conv --view overlap --i 4 --s 2 --kernel ones",
        "cnnviz transposed-conv --channels 2 --filters 3 --i 2",
    )

    default_size: ClassVar = (3, 3)
    transposed: ClassVar = True
    usual_map: ClassVar = "ramp"

    i: Size | None = input_size(shown_default="3, or the data's own")
    s: Size = stride(2, help="Stride of the convolution that is transposed.")
    p: Size = padding(help="Padding of the convolution that is transposed.")
    output_padding: Size = param(0, help="Rows and columns added below and on the right.", lo=0, hi=MAX_SIDE)
    d: Size = dilation()
    channels: int | None = sheet_count("Channels of the input.")
    filters: int | None = sheet_count("Maps of the output.")
    groups: int = channel_groups()
    view: str | None = param(
        None,
        choices=tuple(_POINTS),
        help="A convolution over the stretched input, stamps of the kernel that add up, or how often these overlap",
        shown_default="convolution; scatter for several channels",
    )
    input: ArrayLike = input_map(None, shown_default="ramp; small-random for several channels")
    kernel: ArrayLike = kernel_values(None, shown_default="bilinear; random for several channels")
    bias: Numbers = biases()

    @property
    def kernel_spec(self) -> Any:
        """The kernel of one channel is bilinear where none is given."""
        return "bilinear" if self.kernel is None else super().kernel_spec

    def story(self) -> Story:
        """The phases of the input and one step for each output cell, or one step for each input cell."""
        if self.several:
            return stamp_maps(self)
        x, w, view = self.map.values, self.weights.values, self.view or "convolution"
        windows, graph = self.windows(Axis.stretched if view == "convolution" else Axis.transposed), Graph()
        graph.main_call = 0
        pixels, kernel = graph.map("x", x), graph.kernel("w", w)
        b = graph.input("b", self.offsets) if self.offsets.any() else None
        y = graph.compute("conv_transpose2d", pixels, kernel, b, **self.sizes)

        out = y.values.shape[2:]
        crowded = max(*windows.drawn, *out) >= CROWDED_SIDE
        point = Text(_POINTS[view], i=Shape(x.shape, "input"), o=Shape(out, "output"))
        story = Story(self, Text("Transposed convolution"), graph, point=point, crowded=crowded)
        story.check_limits(
            windows, "this transposed convolution", drawn="the stretched input", options="--i, --s or --k"
        )
        sizes = {"k": w.shape, "s": self.s, "p": self.p, "a": self.output_padding, "d": self.d}
        story.show_sizes(**sizes)
        # Dumoulin and Visin (2016), relationship 14 and, with dilation, its like.
        general = transposed_conv_size(dilated=max(self.d) > 1, padded=any(self.output_padding))
        more = windows, filled(general, out, "output", i=x.shape, **sizes), story.show_bias(float(self.offsets[0]))
        if view == "convolution":
            return slide(self, story, y, *more)
        return scatter(self, story, pixels, kernel, y, *more)

    @property
    def sizes(self) -> dict[str, Any]:
        """The options of the operation, but for groups."""
        return {"stride": self.s, "padding": self.p, "output_padding": self.output_padding, "dilation": self.d}

    def windows(self, axis: Callable[..., Axis]) -> Windows:
        """The windows of one map, in the input or the output."""
        sizes = self.map.values.shape, self.weights.values.shape, self.s, self.p, self.output_padding, self.d
        return Windows(tuple(axis(*each) for each in zip(*sizes, strict=True)))
