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
from cnnviz.ops import output_size

Array = npt.NDArray[np.float64]
Shape = tuple[int, ...]
Size = tuple[int, int]
Weights = Mapping[str, Array]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer, for one picture: shapes are (channels, rows, columns), or (n,) behind a fully connected layer.

    `where` names it in messages, `kind` in a network's text and in a file of weights; `words` are those behind it.
    `function` is its operation's name in `compute`, `arguments` all options of that. `outputs` are its kernels, of a
    `size`, or the numbers that a fully connected layer gives, of as many `inputs` where these are given.
    """

    where: str = field(compare=False)
    kind: str
    function: str
    words: tuple[str, ...]
    arguments: Mapping[str, Any]
    inputs: int
    outputs: int
    size: Size

    @property
    def text(self) -> str:
        """As it is shown: `conv 4@3×3 s2`."""
        return " ".join((self.kind, *self.words))

    def output_shape(self, given: Shape) -> Shape:
        """The shape that it makes of another; raises UsageError where that does not fit."""
        wrong = ""
        match self.kind:
            case "fc":
                return (self.outputs,)
            case "flatten":
                return (math.prod(given),)
            case "conv" | "maxpool" | "avgpool" | "batchnorm" | "lrn" if len(given) != 3:
                wrong = f"it takes maps, but gets {size_text(*given)} numbers in a row: put it before fc and flatten"
            case "conv" if not self.outputs:
                wrong = f"it does not tell its kernels: write it as conv 16@{self.words[0]}"
            case "batchnorm" if given[1:] == (1, 1):
                wrong = "one picture gives each channel one value, which is its own mean: leave it out"
            case "conv" | "maxpool" | "avgpool":
                return (self.outputs or given[0], *(self.slid(i, axis) for axis, i in enumerate(given[1:])))
        if wrong:
            raise UsageError(f"{self.where} behind {size_text(*given)}: {wrong}")
        return given

    def slid(self, i: int, axis: int = 0) -> int:
        """The output size of a convolution or pooling along an axis; raises UsageError where it does not fit."""
        o, k = self.arguments, self.size[axis]
        s, p, d = (o.get(name, (1, 1))[axis] for name in ("stride", "padding", "dilation"))
        if self.kind != "conv" and 2 * p > k:
            raise UsageError(f"{self.where}: padding {p} is more than half of its window {k}: use p{k // 2} or less")
        try:
            return output_size(i, k, s, p, d)
        except UsageError as error:
            raise UsageError(f"{self.where}: {error}: use a larger --i, a smaller size or p1") from None

    def weight_shapes(self, given: Shape) -> dict[str, Shape]:
        """The shapes of its weights by name, in the order of the operation's operands; raises UsageError."""
        inputs = math.prod(given)
        match self.kind:
            case "conv":
                return {"weight": (self.outputs, given[0], *self.size), "bias": (self.outputs,)}
            case "fc" if self.inputs in (0, inputs):
                return {"weight": (self.outputs, inputs), "bias": (self.outputs,)}
            case "fc":
                raise UsageError(f"{self.where} gets {inputs} numbers: write it as fc {self.outputs}")
            case "batchnorm":
                return {"weight": given[:1], "bias": given[:1]}
        return {}
