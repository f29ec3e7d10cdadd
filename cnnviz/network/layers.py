"""A layer of a network: the operation of `cnnviz.ops` that it is, and the shapes that it fits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.notation import size_text
from cnnviz.ops.convolution import conv_output_size

Array = npt.NDArray[np.float64]
Shape = tuple[int, ...]
Size = tuple[int, int]
Weights = Mapping[str, Array]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer, for one picture: shapes are (channels, rows, columns), or (n,) behind a fully connected layer.

    `kind` names it in a network's text and in a file of weights, `words` are those behind it. `function` is its
    operation's name in `compute`, `arguments` all options of that. `outputs` are its kernels, of a `size`, or the
    numbers that a fully connected layer gives.
    """

    kind: str
    function: str
    words: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    outputs: int = 0
    size: Size = (1, 1)

    @property
    def text(self) -> str:
        """As it is shown: `conv 4@3×3 s2`."""
        return " ".join((self.kind, *self.words))

    def output_shape(self, given: Shape) -> Shape:
        """The shape that it makes of another; raises UsageError where that does not fit."""
        match self.kind:
            case "fc":
                return (self.outputs,)
            case "flatten":
                return (math.prod(given),)
            case "conv" | "maxpool" | "avgpool" | "batchnorm" | "lrn" if len(given) != 3:
                raise UsageError(f"it takes maps, but gets {size_text(*given)} numbers in a row: put it before fc")
            case "conv" | "maxpool" | "avgpool":
                return self._slid(given)
            case "batchnorm" if given[1:] == (1, 1):
                raise UsageError("one picture gives each channel one value, which is its own mean: leave it out")
        return given

    def _slid(self, given: Shape) -> Shape:
        o, sizes = self.arguments, list[int]()
        ways = self.size, o["stride"], o["padding"], o.get("dilation", (1, 1))
        for i, k, s, p, d in zip(given[1:], *ways, strict=True):
            if self.kind != "conv" and 2 * p > k:
                raise UsageError(f"padding {p} is more than half of its window {k}: use p{k // 2} or less")
            try:
                sizes.append(conv_output_size(i, k, s, p, d))
            except UsageError as error:
                raise UsageError(f"{error}: use a smaller one, or padding such as p1") from None
        return (self.outputs or given[0], *sizes)

    def weight_shapes(self, given: Shape) -> dict[str, Shape]:
        """The shapes of its weights by name, in the order of the operation's operands."""
        match self.kind:
            case "conv":
                return {"weight": (self.outputs, given[0], *self.size), "bias": (self.outputs,)}
            case "fc":
                return {"weight": (self.outputs, math.prod(given)), "bias": (self.outputs,)}
            case "batchnorm":
                return {"weight": given[:1], "bias": given[:1]}
        return {}
