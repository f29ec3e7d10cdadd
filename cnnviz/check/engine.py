"""What a check asks of an engine: the operations of the figures, done by somebody else."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from cnnviz.errors import CnnvizError, UsageError
from cnnviz.installation import install_hint
from cnnviz.parameters import suggest

Array = npt.NDArray[np.floating[Any]]
Size = tuple[int, int]

ENGINES = {"onnxruntime": "cnnviz[check]", "torch": "torch"}
"""The engines by name, and what to install for each."""


class RefusalError(Exception):
    """An engine does not compute this."""


@dataclass(frozen=True)
class Rule:
    """An optimizer of gradient descent by its name in the figures, its rate, and the numbers that rules take."""

    key: str
    rate: float
    momentum: float
    alpha: float
    beta1: float
    beta2: float


@dataclass(frozen=True, eq=False)
class Descent:
    """Weights before the first and after every update, (updates + 1, 2), the loss there and the gradient's size.

    `grads` and what the rule remembers, by torch's names in `slots`, are those of every update.
    """

    path: Array
    loss: Array
    steep: Array
    grads: Array
    slots: Mapping[str, Array]


class Engine(Protocol):
    """Operations on maps (samples, channels, rows, columns).

    A result has the precision in which it was computed, float32 or float64: what a difference may be follows from that.
    """

    def conv(self, x: Array, w: Array, bias: Array, stride: Size, padding: Size, dilation: Size) -> Array:
        """Cross-correlate with w (outputs, channels, rows, columns)."""

    def conv_transpose(
        self, x: Array, w: Array, stride: Size, padding: Size, output_padding: Size, dilation: Size
    ) -> Array:
        """The transposed convolution with w (channels, outputs, rows, columns)."""

    def max_pool(self, x: Array, size: Size, stride: Size, padding: Size, dilation: Size, ceil: bool) -> Array:
        """The maximum of each window."""

    def avg_pool(self, x: Array, size: Size, stride: Size, padding: Size, ceil: bool, counted: bool) -> Array:
        """The mean of each window; `counted` counts the padding."""

    def adaptive_pool(self, x: Array, size: Size, kind: str) -> Array:
        """The `max` or `avg` of windows chosen to give `size`."""

    def max_unpool(self, x: Array, size: Size, stride: Size) -> Array:
        """Maxima where they stood, zeros elsewhere; x is one map."""

    def max_pool_places(self, x: Array, size: Size, stride: Size) -> Array:
        """Where the maximum of each window stands, counted along the rows of its map; of equal ones the first."""

    def response_norm(self, x: Array, n: int, alpha: float, beta: float, k: float, within: bool) -> Array:
        """x / (k + alpha·Σx²)^beta over n channels, or n×n cells within one; of an even n one more before."""

    def normalize(self, x: Array, kind: str, groups: int, eps: float) -> Array:
        """`batch`, or `group` normalization by mean and biased variance."""

    def moments(self, x: Array) -> tuple[Array, Array]:
        """Mean and biased variance of every row."""

    def linear(self, x: Array, w: Array, bias: Array) -> Array:
        """w x + bias of one vector x."""

    def softmax(self, x: Array) -> Array:
        """Along the last axis."""

    def activation(self, kind: str, x: Array, parameter: float) -> Array:
        """An activation function by its name in the figures."""

    def loss(self, kind: str, x: Array, y: float, parameter: float) -> Array:
        """A loss by its name in the figures, of each estimate x against the label y."""

    def activation_slope(self, kind: str, x: Array, parameter: float) -> Array:
        """The derivative of an activation function."""

    def loss_slope(self, kind: str, x: Array, y: float, parameter: float) -> Array:
        """The derivative of a loss by its estimate."""

    def conv_back(
        self, x: Array, w: Array, slope: Array, stride: Size, padding: Size, dilation: Size
    ) -> tuple[Array, Array]:
        """From the gradient by what `conv` gave, that by its input and by its kernels."""

    def max_pool_back(self, x: Array, slope: Array, size: Size, stride: Size, padding: Size) -> Array:
        """From the gradient by what `max_pool` gave, that by its input."""

    def avg_pool_back(self, x: Array, slope: Array, size: Size, stride: Size, padding: Size) -> Array:
        """From the gradient by what `avg_pool` gave, padding counted, that by its input."""

    def normalize_back(self, x: Array, slope: Array, eps: float) -> Array:
        """From the gradient by what `normalize` gave of a batch, that by its input."""

    def response_norm_back(self, x: Array, slope: Array, n: int, alpha: float, beta: float, k: float) -> Array:
        """From the gradient by what `response_norm` gave across channels, that by its input."""

    def field(self, formula: ast.expr, x: Array, y: Array) -> tuple[Array, Array, Array]:
        """A polynomial of x and y at many places, and its derivatives by both."""

    def descend(self, formula: ast.expr, rule: Rule, start: tuple[float, float], steps: int, along: Array) -> Descent:
        """Take updates down such a polynomial, each from the weights of `along`, and one more where these end early."""


def load_engine(name: str) -> Engine:
    """The engine of that name; raises UsageError, or CnnvizError that tells what to install."""
    if name not in ENGINES:
        raise UsageError(f"--against {name!r} is no engine: {suggest(name, tuple(ENGINES))}")
    module = {"onnxruntime": "cnnviz.check.onnx_engine", "torch": "cnnviz.check.torch_engine"}[name]
    try:
        engine: Engine = import_module(module).ENGINE
    except ImportError as error:
        raise CnnvizError(f"a check against {name} needs {error.name or name}: {install_hint(ENGINES[name])}") from None
    return engine
