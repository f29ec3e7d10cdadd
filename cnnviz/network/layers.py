"""The layers of a network: what each makes of a picture's maps, and what it hands back of the loss's gradient."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.notation import size_text
from cnnviz.ops.activation_table import ACTIVATIONS
from cnnviz.ops.convolution import conv2d, conv_output_size
from cnnviz.ops.gradients import (
    activation_grad,
    avg_pool2d_grad,
    batch_norm_grad,
    conv2d_input_grad,
    conv2d_weight_grad,
    linear_grad,
    max_pool2d_grad,
)
from cnnviz.ops.linear import linear
from cnnviz.ops.normalization import batch_norm, local_response_norm
from cnnviz.ops.pooling import avg_pool2d, max_pool2d, pool_output_size

Array = npt.NDArray[np.float64]
Shape = tuple[int, ...]
Size = tuple[int, int]
Weights = Mapping[str, Array]


@dataclass(frozen=True)
class Layer:
    """One layer, for one picture: shapes are (channels, rows, columns), or (n,) behind a fully connected layer."""

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
    def starts_group(self) -> bool:
        """Whether a new block of the network, of a layer and what follows it up to the next, starts here."""
        return False

    def output_shape(self, given: Shape) -> Shape:
        """The shape that it makes of another; raises UsageError where that does not fit."""
        return given

    def weight_shapes(self, given: Shape) -> dict[str, Shape]:
        """The shapes of its weights by name."""
        return {}

    def forward(self, x: Array, weights: Weights) -> Array:
        """Compute what comes out."""
        raise NotImplementedError

    def backward(self, x: Array, weights: Weights, slope: Array) -> tuple[Array, dict[str, Array]]:
        """Give ∂L/∂x and ∂L/∂weights, by name, from ∂L/∂output."""
        raise NotImplementedError


@dataclass(frozen=True)
class Conv(Layer):
    """Convolution with a bias for each kernel."""

    kernels: int
    size: Size
    stride: Size = (1, 1)
    padding: Size = (0, 0)
    dilation: Size = (1, 1)

    kind = "conv"
    starts_group = True

    @property
    def options(self) -> tuple[str, ...]:
        """Kernels and their size, then what differs from the ordinary."""
        more = ((self.stride, "s", 1), (self.padding, "p", 0), (self.dilation, "d", 1))
        return (f"{self.kernels}@{size_text(*self.size)}", *_options(more))

    def output_shape(self, given: Shape) -> Shape:
        """One map a kernel."""
        sizes = self.size, self.stride, self.padding, self.dilation
        _check_fit(given, self, self.size, self.padding, self.dilation)
        rows, columns = (conv_output_size(*axis) for axis in zip(given[1:], *sizes, strict=True))
        return self.kernels, rows, columns

    def weight_shapes(self, given: Shape) -> dict[str, Shape]:
        """Kernels and biases."""
        return {"weight": (self.kernels, given[0], *self.size), "bias": (self.kernels,)}

    def forward(self, x: Array, weights: Weights) -> Array:
        """Cross-correlate."""
        return conv2d(x, weights["weight"], weights["bias"], self.stride, self.padding, self.dilation)

    def backward(self, x: Array, weights: Weights, slope: Array) -> tuple[Array, dict[str, Array]]:
        """Transposed convolution for x, the inputs that each weight met for the weights."""
        how = self.stride, self.padding, self.dilation
        kernels = weights["weight"]
        own = conv2d_weight_grad(x, kernels.shape, slope, *how)
        return conv2d_input_grad(x.shape, kernels, slope, *how), {"weight": own, "bias": slope.sum(axis=(1, 2))}


@dataclass(frozen=True)
class _Pool(Layer):
    size: Size
    stride: Size
    padding: Size = (0, 0)

    @property
    def options(self) -> tuple[str, ...]:
        """The window, then what differs from the ordinary."""
        window = str(self.size[0]) if self.size[0] == self.size[1] else size_text(*self.size)
        return (window, *_options(((self.stride, "s", self.size), (self.padding, "p", 0))))

    def output_shape(self, given: Shape) -> Shape:
        """Fewer rows and columns."""
        _check_fit(given, self, self.size, self.padding, (1, 1))
        for size, padding in zip(self.size, self.padding, strict=True):
            if 2 * padding > size:
                raise UsageError(f"padding {padding} is more than half of its window {size}: use p{size // 2} or less")
        sizes = given[1:], self.size, self.stride, self.padding
        rows, columns = (pool_output_size(*axis) for axis in zip(*sizes, strict=True))
        return given[0], rows, columns


@dataclass(frozen=True)
class MaxPool(_Pool):
    """Max pooling."""

    kind = "maxpool"

    def forward(self, x: Array, weights: Weights) -> Array:
        """Each window's largest value."""
        return np.asarray(max_pool2d(x, self.size, self.stride, self.padding))

    def backward(self, x: Array, weights: Weights, slope: Array) -> tuple[Array, dict[str, Array]]:
        """All of it to where the maximum stood."""
        return max_pool2d_grad(x, slope, self.size, self.stride, self.padding), {}


@dataclass(frozen=True)
class AvgPool(_Pool):
    """Average pooling."""

    kind = "avgpool"

    def forward(self, x: Array, weights: Weights) -> Array:
        """Each window's mean."""
        return avg_pool2d(x, self.size, self.stride, self.padding)

    def backward(self, x: Array, weights: Weights, slope: Array) -> tuple[Array, dict[str, Array]]:
        """Shared out evenly."""
        return avg_pool2d_grad(x.shape, slope, self.size, self.stride, self.padding), {}


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalisation in training, over a batch of one picture: each channel by its own mean and variance."""

    kind = "batchnorm"

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

    def forward(self, x: Array, weights: Weights) -> Array:
        """Normalise, scale and shift."""
        batch = batch_norm(x[None], None, None, weights["weight"], weights["bias"], training=True)
        return np.asarray(batch[0])

    def backward(self, x: Array, weights: Weights, slope: Array) -> tuple[Array, dict[str, Array]]:
        """Through mean and variance too."""
        back, scale, shift = batch_norm_grad(x[None], weights["weight"], slope[None])
        return back[0], {"weight": scale, "bias": shift}


@dataclass(frozen=True)
class Lrn(Layer):
    """Local response normalisation across channels."""

    size: int
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    kind = "lrn"

    @property
    def options(self) -> tuple[str, ...]:
        """The neighbours, then the constants that differ from torch's."""
        named = (("a", self.alpha, 1e-4), ("b", self.beta, 0.75), ("k", self.k, 1.0))
        return (str(self.size), *(f"{letter}{value:g}" for letter, value, usual in named if value != usual))

    def output_shape(self, given: Shape) -> Shape:
        """The same; raises UsageError where there are no channels."""
        _check_maps(given)
        return given

    def forward(self, x: Array, weights: Weights) -> Array:
        """Divide by the neighbours in nearby channels."""
        return np.asarray(local_response_norm(x[None], self.size, self.alpha, self.beta, self.k)[0])

    def backward(self, x: Array, weights: Weights, slope: Array) -> tuple[Array, dict[str, Array]]:
        """Through the value itself, and through every sum that it is part of."""
        before, after, scale = self.size // 2, (self.size - 1) // 2, self.alpha / self.size
        total = self.k + scale * _sum_near(x * x, before, after)
        # A value is in the sums of the channels that reach it: the window the other way round.
        felt = _sum_near(slope * x * total ** (-self.beta - 1), after, before)
        return slope * total**-self.beta - 2 * scale * self.beta * x * felt, {}


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

    def forward(self, x: Array, weights: Weights) -> Array:
        """Element by element."""
        return ACTIVATIONS[self.name].value(x, self.parameter)

    def backward(self, x: Array, weights: Weights, slope: Array) -> tuple[Array, dict[str, Array]]:
        """Times the derivative."""
        return activation_grad(self.name, x, slope, self.parameter), {}


@dataclass(frozen=True)
class FullyConnected(Layer):
    """Every number of the input tied to every output, whatever the input's shape."""

    outputs: int

    kind = "fc"
    starts_group = True

    @property
    def options(self) -> tuple[str, ...]:
        """How many outputs."""
        return (str(self.outputs),)

    def output_shape(self, given: Shape) -> Shape:
        """One axis."""
        return (self.outputs,)

    def weight_shapes(self, given: Shape) -> dict[str, Shape]:
        """The matrix and a bias an output."""
        return {"weight": (self.outputs, math.prod(given)), "bias": (self.outputs,)}

    def forward(self, x: Array, weights: Weights) -> Array:
        """Flatten and multiply."""
        return linear(x.ravel(), weights["weight"], weights["bias"])

    def backward(self, x: Array, weights: Weights, slope: Array) -> tuple[Array, dict[str, Array]]:
        """The matrix the other way round, and the outer product."""
        back, own, shift = linear_grad(x.ravel(), weights["weight"], slope)
        return back.reshape(x.shape), {"weight": own, "bias": shift}


def _options(given: tuple[tuple[Size, str, Any], ...]) -> list[str]:
    words = []
    for value, letter, usual in given:
        if value != (usual if isinstance(usual, tuple) else (usual, usual)):
            words.append(letter + (str(value[0]) if value[0] == value[1] else size_text(*value)))
    return words


def _sum_near(x: Array, before: int, after: int) -> Array:
    """Sums over the channels from `before` ones ahead to `after` ones behind each."""
    padded = np.pad(x, [(before, after), (0, 0), (0, 0)])
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, before + after + 1, axis=0).sum(axis=-1))


def _check_maps(given: Shape) -> None:
    if len(given) != 3:
        raise UsageError(f"it takes maps, but gets {size_text(*given)} numbers in a row: put it before fc")


def _check_fit(given: Shape, layer: Layer, size: Size, padding: Size, dilation: Size) -> None:
    """Refuse a window larger than the padded maps; raises UsageError."""
    _check_maps(given)
    for i, k, p, d in zip(given[1:], size, padding, dilation, strict=True):
        span = d * (k - 1) + 1
        if span > i + 2 * p:
            what = "kernel" if isinstance(layer, Conv) else "window"
            spread = f" with dilation {d} spans {span}, which" if d > 1 else ""
            fits = (i + 2 * p - 1) // d + 1
            raise UsageError(
                f"{what} {k}{spread} does not fit the padded map {i + 2 * p} (= {i} + 2·{p}): use a {what} of "
                f"{fits} or less, or p{-(-(span - i) // 2)} or more"
            )
