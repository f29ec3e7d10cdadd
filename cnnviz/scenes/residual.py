"""Residual connection: x goes two ways and is added again; backward, the sum copies the gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.scenes._backward import grad_output
from cnnviz.scenes._residual import two_ways
from cnnviz.story import Story, input_map, input_size, kernel_values, stride


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
        return two_ways(self)
