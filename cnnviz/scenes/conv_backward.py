"""Back-propagation through a convolution: its gradients by weights, bias and input."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scenes._backward import grad_output, load_grad
from cnnviz.scenes._conv_backward import channels_backward, full_convolution, sums_of_windows
from cnnviz.scenes._filters import MapsAndFilters
from cnnviz.story import Graph, Sliding, Story, dilation, input_map, input_size, padding, stride
from cnnviz.words import Text

_EXAMPLE = "1 0 2 1; 3 1 0 2; 0 2 1 1; 2 1 3 0"
_OWN = "1, or the data's own"
_MOST = 8  # channels, and filters, that the stage has room for
_POINTS = {
    "weight": "Each output's gradient times its window adds up in the kernel's gradient",
    "input": "Each output's gradient stamps its multiple of the kernel; overlaps add up",
    "both": "A gradient times its window goes to the kernel, times the kernel to the input",
}


@dataclass(frozen=True, kw_only=True)
class ConvBackward(MapsAndFilters):
    """Back-propagation through a convolution y = x ∗ w + b, given the gradient of its output.

    ∂L/∂w adds up each output's gradient times its window, ∂L/∂x each output's gradient times the kernel where that
    stood, which is a full convolution with the kernel rotated by 180°; ∂L/∂b is the sum. LeCun et al. (1989),
    "Backpropagation Applied to Handwritten Zip Code Recognition"; Dumoulin and Visin (2016), §4.1.
    """

    examples: ClassVar = (
        "cnnviz conv-backward --part weight",
        "cnnviz conv-backward --part input --i 3 --k 2",
        "cnnviz conv-backward --i 5 --s 2 --p 1",
        "cnnviz conv-backward --channels 2 --filters 2",
    )
    default_size: ClassVar[Size] = (4, 4)

    i: Size | None = input_size(shown_default="4, or the data's own")
    s: Size = stride()
    p: Size = padding()
    d: Size = dilation()
    channels: int | None = param(None, help="Channels of the input.", lo=1, hi=_MOST, shown_default=_OWN)
    filters: int | None = param(None, help="Filters, each of which made a map.", lo=1, hi=_MOST, shown_default=_OWN)
    groups: int = param(1, help="Groups of channels; a filter sees those of one.", lo=1, hi=_MOST)
    part: str = param(
        "both", choices=("weight", "input", "both"), help="Whose gradients are computed", always_named=True
    )
    input: ArrayLike = input_map(None, shown_default="an example of 4×4, else small-random")
    grad_output: ArrayLike | None = grad_output()

    def prepare(self) -> None:
        """Raises UsageError."""
        super().prepare()
        for what, found in (("channels", len(self.maps.values)), ("filters", self.count)):
            if found > _MOST:
                raise UsageError(f"{found} {what} do not fit the stage of conv-backward: use at most {_MOST}")

    @property
    def _named_input(self) -> str:
        own = (self.channels or self._taken) in (None, 1) and self.i in (None, (4, 4))
        return _EXAMPLE if own else "small-random"

    @cached_property
    def slide(self) -> Sliding:
        """The kernel over the input."""
        i, k = self.maps.values.shape[1:], self.weight.values.shape[2:]
        return Sliding(i=i, k=k, s=self.s, p=self.p, d=self.d)

    def story(self) -> Story:
        """The gradient arrives, then one step for each of its cells; last the sums, or the full convolution."""
        x, w, graph = self.maps.values, self.weight.values, Graph()
        windows = self.slide.windows  # refuses a kernel that does not fit
        graph.main_call = 0
        given = graph.map("x", x), graph.kernel("w", w), graph.input("b", np.zeros(len(w)))
        y = graph.compute("conv2d", *given, **self.slide.options, groups=self.groups)
        grad = graph.map("grad_y", load_grad(self.grad_output, y.values.shape[1:], self.seed))
        found = graph.backward(y, grad)

        story = Story(self, Text("Convolution, backward"), graph, point=Text(_POINTS[self.part]))
        if self.several:
            return channels_backward(self, story, found, grad.values[0])
        story.check_limits(windows, "this gradient")
        story.show_sizes(k=w.shape[2:], s=self.s, p=self.p, d=self.d)
        if self.part == "input":
            return full_convolution(self, story, found["grad_x"], grad.values[0, 0])
        return sums_of_windows(self, story, found, grad.values[0, 0])
