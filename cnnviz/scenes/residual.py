"""Residual connection: x goes two ways and is added again; backward, the sum copies the gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnnviz.data import load_kernel, load_map
from cnnviz.errors import UsageError
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.scenes._backward import BY_X, BY_Y, grad_output, load_grad
from cnnviz.scenes._residual import Ways
from cnnviz.story import Graph, Sliding, Story, input_map, input_size, kernel_values, stride
from cnnviz.words import Math, Text

_EXAMPLE = "1 0 2; 3 1 0; 0 2 1"
_LAST = (
    "Whatever F does, the gradient arrives: the sum copies it past F",
    "Whatever F does, the gradient arrives: the 1×1 convolution sends it past F",
)


@dataclass(frozen=True, kw_only=True)
class Residual(Scene):
    """A residual block y = F(x) + x, F a padded 3×3 convolution, forward and backward.

    Where a stride makes F(x) smaller, x goes through a 1×1 convolution of the same stride. He et al. (2016), "Deep
    Residual Learning for Image Recognition", eq. 1 and 2.
    """

    examples: ClassVar = ("cnnviz residual", "cnnviz residual --i 4 --s 2 --projection 0.5")

    i: Size | None = input_size(shown_default="3, or the data's own")
    s: Size = stride()
    projection: float = param(1.0, help="Weight of the 1×1 convolution, where there is a stride.", lo=-9, hi=9)
    input: ArrayLike | None = input_map(None, shown_default="an example of 3×3, else random from 0 to 3")
    kernel: ArrayLike = kernel_values("0 1 0; 1 -1 0; 0 0 1")
    grad_output: ArrayLike | None = grad_output()

    def story(self) -> Story:
        """Both ways, the sum, the gradient, its copies, both ways back and their sum."""
        spec: object = self.input
        if spec is None:
            small = np.random.default_rng(self.seed).integers(0, 4, self.i or (3, 3))
            spec = _EXAMPLE if self.i in (None, (3, 3)) else small.astype(float)
        x = load_map(spec, self.i, seed=self.seed).values
        w = load_kernel(self.kernel, (3, 3), seed=self.seed).values
        projected, graph = self.s != (1, 1), Graph()
        if self.projection != 1 and not projected:
            raise UsageError("--projection is there where shapes differ: use it with --s 2")
        out = Sliding(i=x.shape, k=(3, 3), s=self.s, p=(1, 1)).windows.out
        how = {"stride": self.s, "dilation": (1, 1)}
        pixels, kernel = graph.map("x", x), graph.kernel("w", w)
        f = graph.compute("conv2d", pixels, kernel, result="f", padding=(1, 1), **how)
        skip = pixels
        if projected:
            one = graph.kernel("v", [[self.projection]])
            skip = graph.compute("conv2d", pixels, one, result="skip", padding=(0, 0), **how)
        g = load_grad(self.grad_output, out, self.seed)
        y = graph.compute("add", f, skip)
        found = graph.backward(y, graph.map("grad_y", g))
        by_skip = np.zeros(x.shape)
        by_skip[:: self.s[0], :: self.s[1]] = g * (self.projection if projected else 1)
        by_f = found["grad_x"].values[0, 0] - by_skip

        said = (
            "Where shapes differ, a 1×1 convolution takes x along"
            if projected
            else "The sum copies the gradient: one copy skips F unchanged"
        )
        story = Story(self, Text("Residual connection"), graph, point=Text(said))
        if projected:
            story.sizes(s=self.s)
            story.parameter("projection", "v")
        panels = Ways(story, {"x": pixels, "f": f, "skip": skip, "y": y, "by_x": found["grad_x"]}, g, (by_f, by_skip))

        v = "v" if projected else ""
        return story.play(
            panels.steps,
            7,
            *panels.stage,
            alt=Text(
                "a residual connection: {x} goes through a convolution and past it, and both are added; backward the "
                "gradient of the sum goes both ways and is added where they began",
                x="x",
            ),
            formula=Math(rf"y=F(x)+{v}x\qquad {BY_X}=\left(F'(x)\right)^T{BY_Y}+{v}\,{BY_Y}"),
            answer=Text(_LAST[projected]),
            step_roles=("input", "kernel", "output"),
            convention=Text("top: forward; below: backward"),
        )
