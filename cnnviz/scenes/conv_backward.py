"""Back-propagation through a convolution: its gradients by weights, bias and input."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from cnnviz.data import Data, load_map
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scenes._backward import GRAD_HELP, load_grad
from cnnviz.scenes._conv_backward import full_convolution, sums_of_windows
from cnnviz.story import Graph, MapAndKernel, Sliding, Story, dilation, input_map, input_size, padding, stride
from cnnviz.words import Text

_EXAMPLE = "1 0 2 1; 3 1 0 2; 0 2 1 1; 2 1 3 0"
_POINTS = {
    "weight": "Each output's gradient times its window adds up in the kernel's gradient",
    "input": "Each output's gradient stamps its multiple of the kernel; overlaps add up",
    "both": "A gradient times its window goes to the kernel, times the kernel to the input",
}


@dataclass(frozen=True, kw_only=True)
class ConvBackward(MapAndKernel):
    """Back-propagation through a convolution y = x ∗ w + b, given the gradient of its output.

    ∂L/∂w adds up each output's gradient times its window, ∂L/∂x each output's gradient times the kernel where that
    stood, which is a full convolution with the kernel rotated by 180°; ∂L/∂b is the sum. LeCun et al. (1989),
    "Backpropagation Applied to Handwritten Zip Code Recognition"; Dumoulin and Visin (2016), §4.1.
    """

    examples: ClassVar = (
        "cnnviz conv-backward --part weight",
        "cnnviz conv-backward --part input --i 3 --k 2",
        "cnnviz conv-backward --i 5 --s 2 --p 1",
    )

    i: Size | None = input_size(shown_default="4, or the data's own")
    s: Size = stride()
    p: Size = padding()
    d: Size = dilation()
    part: str = param(
        "both", choices=("weight", "input", "both"), help="Whose gradients are computed", always_named=True
    )
    input: ArrayLike = input_map(None, shown_default="an example of 4×4, else random from 0 to 3")
    grad_output: ArrayLike | None = param(None, help=GRAD_HELP, group="Data", shown_default="random: −2 to 3, never 0")

    @cached_property
    def map(self) -> Data:
        """The input."""
        spec = self.input
        if spec is None:
            small = np.random.default_rng(self.seed).integers(0, 4, self.i or (4, 4))
            spec = _EXAMPLE if self.i in (None, (4, 4)) else small.astype(float)
        return load_map(spec, self.i, seed=self.seed)

    def story(self) -> Story:
        """The gradient arrives, then one step for each of its cells; last the sums, or the full convolution."""
        x, w, graph = self.map.values, self.weights.values, Graph()
        slide = Sliding(i=x.shape, k=w.shape, s=self.s, p=self.p, d=self.d)
        windows = slide.windows  # refuses a kernel that does not fit
        graph.essential = 0
        given = graph.map("x", x), graph.kernel("w", w), graph.given("b", [0.0])
        y = graph.compute("conv2d", *given, **slide.options)
        grad = graph.map("grad_y", load_grad(self.grad_output, windows.out, self.seed))
        found = graph.backward(y, grad)

        story = Story(self, Text("Convolution, backward"), graph, point=Text(_POINTS[self.part]))
        story.fits(windows, "this gradient")
        story.sizes(k=w.shape, s=self.s, p=self.p, d=self.d)
        if self.part == "input":
            return full_convolution(self, story, windows, found["grad_x"], grad.values[0, 0])
        return sums_of_windows(self, story, slide, found, grad.values[0, 0])
