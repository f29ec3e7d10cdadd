"""The layers of a network: the shapes they fit, and the operations of `cnnviz.ops` that they are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.notation import size_text
from cnnviz.ops import output_size

Array = npt.NDArray[np.float64]
Shape = tuple[int, ...]
Size = tuple[int, int]
Weights = Mapping[str, Array]


@dataclass(frozen=True)
class Layer:
    """One layer, for one picture: shapes are (channels, rows, columns), or (n,) behind a fully connected layer."""

    starts_group: ClassVar[bool] = False
    """Whether a new block of the network, of a layer and what follows it up to the next, starts here."""

    @property
    def kind(self) -> str:
        """The word that names it, in a network's text and in a file of weights."""
        raise NotImplementedError

    @property
    def options(self) -> tuple[str, ...]:
        """The words behind its name."""
        return ()

    @property
    def text(self) -> str:
        """As it is shown: `conv 4@3×3 s2`."""
        return " ".join((self.kind, *self.options))

    @property
    def function(self) -> str:
        """The operation that it is, by its name in `compute`."""
        raise NotImplementedError

    @property
    def arguments(self) -> dict[str, Any]:
        """The options of that operation, all of them."""
        return {}

    def output_shape(self, given: Shape) -> Shape:
        """The shape that it makes of another; raises UsageError where that does not fit."""
        return given

    def weight_shapes(self, given: Shape) -> dict[str, Shape]:
        """The shapes of its weights by name, in the order of the operation's operands."""
        return {}


@dataclass(frozen=True)
class Conv(Layer):
    """Convolution with a bias for each kernel."""

    kernels: int
    size: Size
    stride: Size = (1, 1)
    padding: Size = (0, 0)
    dilation: Size = (1, 1)

    kind = "conv"
    function = "conv2d"
    starts_group = True

    @property
    def options(self) -> tuple[str, ...]:
        """Kernels and their size, then what differs from the defaults."""
        more = ((self.stride, "s", (1, 1)), (self.padding, "p", (0, 0)), (self.dilation, "d", (1, 1)))
        return (f"{self.kernels}@{size_text(*self.size)}", *_options(more))

    @property
    def arguments(self) -> dict[str, Any]:
        """Those of the convolution."""
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}

    def output_shape(self, given: Shape) -> Shape:
        """One map per kernel."""
        sizes = self.size, self.stride, self.padding, self.dilation
        _check_fit(given, "kernel", self.size, self.padding, self.dilation)
        rows, columns = (output_size(*axis) for axis in zip(given[1:], *sizes, strict=True))
        return self.kernels, rows, columns

    def weight_shapes(self, given: Shape) -> dict[str, Shape]:
        """Kernels and biases."""
        return {"weight": (self.kernels, given[0], *self.size), "bias": (self.kernels,)}


@dataclass(frozen=True)
class _Pool(Layer):
    size: Size
    stride: Size
    padding: Size = (0, 0)

    @property
    def options(self) -> tuple[str, ...]:
        """The window, then what differs from the defaults."""
        return (_short(self.size), *_options(((self.stride, "s", self.size), (self.padding, "p", (0, 0)))))

    @property
    def arguments(self) -> dict[str, Any]:
        """Those of the pooling."""
        return {"kernel_size": self.size, "stride": self.stride, "padding": self.padding, "ceil_mode": False}

    def output_shape(self, given: Shape) -> Shape:
        """Fewer rows and columns."""
        _check_fit(given, "window", self.size, self.padding, (1, 1))
        for size, padding in zip(self.size, self.padding, strict=True):
            if 2 * padding > size:
                raise UsageError(f"padding {padding} is more than half of its window {size}: use p{size // 2} or less")
        sizes = given[1:], self.size, self.stride, self.padding
        rows, columns = (output_size(*axis) for axis in zip(*sizes, strict=True))
        return given[0], rows, columns


@dataclass(frozen=True)
class MaxPool(_Pool):
    """Max pooling."""

    kind = "maxpool"
    function = "max_pool2d"

    @property
    def arguments(self) -> dict[str, Any]:
        """Those of the pooling."""
        return {**super().arguments, "dilation": (1, 1)}


@dataclass(frozen=True)
class AvgPool(_Pool):
    """Average pooling."""

    kind = "avgpool"
    function = "avg_pool2d"

    @property
    def arguments(self) -> dict[str, Any]:
        """Those of the pooling."""
        return {**super().arguments, "count_include_pad": True}


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalization in training, over a batch of one picture: each channel by its own mean and variance."""

    kind = "batchnorm"
    function = "batch_norm"

    @property
    def arguments(self) -> dict[str, Any]:
        """As in training."""
        return {"training": True, "eps": 1e-5}

    def output_shape(self, given: Shape) -> Shape:
        """The same; raises UsageError where one value is all that a channel has."""
        if len(given) < 3 or given[1] * given[2] == 1:
            raise UsageError(
                "one picture gives each channel one value, which is its own mean: put it before fc, where maps are"
            )
        return given

    def weight_shapes(self, given: Shape) -> dict[str, Shape]:
        """γ and β."""
        return {"weight": given[:1], "bias": given[:1]}


@dataclass(frozen=True)
class Lrn(Layer):
    """Local response normalization across channels."""

    size: int
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    kind = "lrn"
    function = "local_response_norm"

    @property
    def options(self) -> tuple[str, ...]:
        """The neighbours, then the constants that differ from torch's."""
        named = (("a", self.alpha, 1e-4), ("b", self.beta, 0.75), ("k", self.k, 1.0))
        return (str(self.size), *(f"{letter}{value:g}" for letter, value, default in named if value != default))

    @property
    def arguments(self) -> dict[str, Any]:
        """Torch's convention: α over n."""
        return {"size": self.size, "alpha": self.alpha, "beta": self.beta, "k": self.k, "alpha_over_n": True}

    def output_shape(self, given: Shape) -> Shape:
        """The same; raises UsageError where there are no channels."""
        _check_maps(given)
        return given


@dataclass(frozen=True)
class Activate(Layer):
    """An activation function of `ACTIVATIONS`, with its parameter where it has one."""

    name: str
    parameter: float | None = None

    @property
    def kind(self) -> str:
        """The function's name as words of a network's text are written."""
        return self.name.replace("_", "-")

    @property
    def options(self) -> tuple[str, ...]:
        """The parameter where it was given."""
        return () if self.parameter is None else (f"{self.parameter:g}",)

    @property
    def function(self) -> str:
        """Its own name."""
        return self.name

    @property
    def arguments(self) -> dict[str, Any]:
        """The parameter, where it has one."""
        own = ACTIVATIONS[self.name].parameter
        return {} if own is None else {own.name: own.default if self.parameter is None else self.parameter}


@dataclass(frozen=True)
class FullyConnected(Layer):
    """Every number of the input connected to every output, whatever the input's shape."""

    outputs: int

    kind = "fc"
    function = "linear"
    starts_group = True

    @property
    def options(self) -> tuple[str, ...]:
        """How many outputs."""
        return (str(self.outputs),)

    def output_shape(self, given: Shape) -> Shape:
        """One axis."""
        return (self.outputs,)

    def weight_shapes(self, given: Shape) -> dict[str, Shape]:
        """The matrix, and a bias per output."""
        return {"weight": (self.outputs, math.prod(given)), "bias": (self.outputs,)}


@dataclass(frozen=True)
class Flatten(Layer):
    """All maps as one row of numbers, channel by channel; a fully connected layer does without."""

    kind = "flatten"
    function = "flatten"

    def output_shape(self, given: Shape) -> Shape:
        """One axis."""
        return (math.prod(given),)


def _short(size: Size) -> str:
    return str(size[0]) if size[0] == size[1] else size_text(*size)


def _options(given: tuple[tuple[Size, str, Size], ...]) -> list[str]:
    return [letter + _short(value) for value, letter, default in given if value != default]


def _check_maps(given: Shape) -> None:
    if len(given) != 3:
        raise UsageError(f"it takes maps, but gets {size_text(*given)} numbers in a row: put it before fc")


def _check_fit(given: Shape, what: str, size: Size, padding: Size, dilation: Size) -> None:
    """Refuse a window larger than the padded maps; raises UsageError."""
    _check_maps(given)
    for i, k, p, d in zip(given[1:], size, padding, dilation, strict=True):
        span = d * (k - 1) + 1
        if span > i + 2 * p:
            spread = f" with dilation {d} spans {span}, which" if d > 1 else ""
            fits = (i + 2 * p - 1) // d + 1
            raise UsageError(
                f"{what} {k}{spread} does not fit the padded map {i + 2 * p} (= {i} + 2·{p}): use a {what} of "
                f"{fits} or less, or p{-(-(span - i) // 2)} or more"
            )
