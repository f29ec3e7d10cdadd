"""Padding: zeros, reflected, repeated and circular values around one map, and the outputs that they change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnnviz.limits import MAX_KERNEL, MAX_SIDE
from cnnviz.parameters import ArrayLike, Sides, Size
from cnnviz.scenes import _padding
from cnnviz.story import Graph, MapAndKernel, Sliding, Story, input_map, input_size, kernel_values, lost_of, padding, stride
from cnnviz.storyboard import Step
from cnnviz.words import Joined, Number, Shape, Text, joined, listed


@dataclass(frozen=True, kw_only=True)
class Padding(MapAndKernel):
    """The four padding modes of torch.nn.Conv2d on one map, side by side, and the same convolution of each."""

    examples: ClassVar = ("cnnviz padding --i 4 --k 3 --p 1", "cnnviz padding --input ramp --kernel box")

    default_size: ClassVar[Size] = (4, 4)

    i: Size | None = input_size(shown_default="4, or the data's own")
    s: Size = stride()
    p: Sides = padding(help='Padding: a number, before and after as in 0,1, or "same".', default=1)
    input: ArrayLike = input_map("random")
    kernel: ArrayLike = kernel_values("ones")
