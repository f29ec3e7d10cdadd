"""The activation functions as data: what the figure draws and the article's table lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops import activations, derivatives
from cnnviz.ops._arrays import Array
from cnnviz.ops.curves import Line, Parameter


@dataclass(frozen=True, kw_only=True)
class Activation:
    """One activation function.

    Attributes
    ----------
    name : str
        The key in `ACTIVATIONS`.
    title : str
        As a reader knows it.
    group : "static", "parametric" or "bounded"
        The article's three groups: no free parameter, a free parameter, a range with two ends.
    function, derivative : callable
        Array to array of the same shape; a parametric one takes its parameter as a second argument.
    equation, derivative_equation : tuple of Line
        The right-hand sides of f(x) = and f′(x) =; more than one line where the function is defined by cases.
    range : str
        The values f takes, as an interval in mathtext.
    parameter : Parameter or None
    """

    name: str
    title: str
    group: Literal["static", "parametric", "bounded"]
    function: Callable[..., Array]
    derivative: Callable[..., Array]
    equation: tuple[Line, ...]
    derivative_equation: tuple[Line, ...]
    range: str
    parameter: Parameter | None = None

    def value(self, x: npt.ArrayLike, parameter: float | None = None) -> Array:
        """Compute f(x), any shape; the parameter is its default unless given. Raises UsageError if it has none."""
        return self.function(x, *self._arguments(parameter))

    def slope(self, x: npt.ArrayLike, parameter: float | None = None) -> Array:
        """Compute f′(x), any shape; the parameter is its default unless given. Raises UsageError if it has none."""
        return self.derivative(x, *self._arguments(parameter))

    def _arguments(self, parameter: float | None) -> tuple[float, ...]:
        if self.parameter is None:
            if parameter is not None:
                raise UsageError(f"{self.name} has no parameter to set to {parameter}: leave it out")
            return ()
        return (self.parameter.default if parameter is None else parameter,)


_ABOVE, _BELOW = r"x > 0", r"x \leq 0"
_ALL = r"(-\infty, \infty)"


_ARTICLE = (
    Activation(
        name="identity",
        title="Linear",
        group="static",
        function=activations.identity,
        derivative=derivatives.identity_derivative,
        equation=(Line(r"x"),),
        derivative_equation=(Line(r"1"),),
        range=_ALL,
    ),
    Activation(
        name="relu",
        title="ReLU",
        group="static",
        function=activations.relu,
        derivative=derivatives.relu_derivative,
        equation=(Line(r"\max(0, x)"),),
        derivative_equation=(Line(r"1", _ABOVE), Line(r"0", _BELOW)),
        range=r"[0, \infty)",
    ),
    Activation(
        name="leaky_relu",
        title="Leaky ReLU",
        group="parametric",
        function=activations.leaky_relu,
        derivative=derivatives.leaky_relu_derivative,
        equation=(Line(r"x", _ABOVE), Line(r"\alpha\,x", _BELOW)),
        derivative_equation=(Line(r"1", _ABOVE), Line(r"\alpha", _BELOW)),
        range=_ALL,
        parameter=Parameter("negative_slope", r"\alpha", 0.01),
    ),
    Activation(
        name="elu",
        title="ELU",
        group="parametric",
        function=activations.elu,
        derivative=derivatives.elu_derivative,
        equation=(Line(r"x", _ABOVE), Line(r"\alpha\,(e^{x} - 1)", _BELOW)),
        derivative_equation=(Line(r"1", _ABOVE), Line(r"\alpha\,e^{x}", _BELOW)),
        range=r"(-\alpha, \infty)",
        parameter=Parameter("alpha", r"\alpha", 1.0),
    ),
    Activation(
        name="tanh",
        title="tanh",
        group="bounded",
        function=activations.tanh,
        derivative=derivatives.tanh_derivative,
        equation=(Line(r"\frac{e^{x} - e^{-x}}{e^{x} + e^{-x}}"),),
        derivative_equation=(Line(r"1 - f(x)^{2}"),),
        range=r"(-1, 1)",
    ),
    Activation(
        name="sigmoid",
        title="Sigmoid",
        group="bounded",
        function=activations.sigmoid,
        derivative=derivatives.sigmoid_derivative,
        equation=(Line(r"\frac{1}{1 + e^{-x}}"),),
        derivative_equation=(Line(r"f(x)\,(1 - f(x))"),),
        range=r"(0, 1)",
    ),
)


_RECTIFIERS = (
    Activation(
        name="selu",
        title="SELU",
        group="static",
        function=activations.selu,
        derivative=derivatives.selu_derivative,
        equation=(Line(r"1.0507\,x", _ABOVE), Line(r"1.7581\,(e^{x} - 1)", _BELOW)),
        derivative_equation=(Line(r"1.0507", _ABOVE), Line(r"1.7581\,e^{x}", _BELOW)),
        range=r"(-1.7581, \infty)",
    ),
    Activation(
        name="softplus",
        title="Softplus",
        group="parametric",
        function=activations.softplus,
        derivative=derivatives.softplus_derivative,
        equation=(Line(r"\frac{1}{\beta}\,\ln(1 + e^{\beta\,x})"),),
        derivative_equation=(Line(r"\frac{1}{1 + e^{-\beta\,x}}"),),
        range=r"(0, \infty)",
        parameter=Parameter("beta", r"\beta", 1.0),
    ),
    Activation(
        name="relu6",
        title="ReLU6",
        group="bounded",
        function=activations.relu6,
        derivative=derivatives.relu6_derivative,
        equation=(Line(r"\min(\max(0, x), 6)"),),
        derivative_equation=(Line(r"1", r"0 < x < 6"), Line(r"0", r"x \leq 0 \;\mathrm{or}\; x \geq 6")),
        range=r"[0, 6]",
    ),
    Activation(
        name="hardtanh",
        title="Hard tanh",
        group="bounded",
        function=activations.hardtanh,
        derivative=derivatives.hardtanh_derivative,
        equation=(Line(r"\min(\max(-1, x), 1)"),),
        derivative_equation=(Line(r"1", r"-1 < x < 1"), Line(r"0", r"x \leq -1 \;\mathrm{or}\; x \geq 1")),
        range=r"[-1, 1]",
    ),
)


_SOFT = r"\tanh(\ln(1 + e^{x}))"
_GATES = (
    Activation(
        name="gelu",
        title="GELU",
        group="static",
        function=activations.gelu,
        derivative=derivatives.gelu_derivative,
        equation=(Line(r"x\,\Phi(x)"),),
        derivative_equation=(Line(r"\Phi(x) + x\,\varphi(x)"),),
        range=r"[-0.170, \infty)",
    ),
    Activation(
        name="silu",
        title="SiLU (swish)",
        group="static",
        function=activations.silu,
        derivative=derivatives.silu_derivative,
        equation=(Line(r"x\,\sigma(x)"),),
        derivative_equation=(Line(r"\sigma(x)\,(1 + x\,(1 - \sigma(x)))"),),
        range=r"[-0.278, \infty)",
    ),
    Activation(
        name="hardswish",
        title="Hard swish",
        group="static",
        function=activations.hardswish,
        derivative=derivatives.hardswish_derivative,
        equation=(Line(r"\frac{1}{6}\,x\,\min(\max(0, x + 3), 6)"),),
        derivative_equation=(
            Line(r"0", r"x \leq -3"),
            Line(r"\frac{x}{3} + \frac{1}{2}", r"-3 < x < 3"),
            Line(r"1", r"x \geq 3"),
        ),
        range=r"[-0.375, \infty)",
    ),
    Activation(
        name="mish",
        title="Mish",
        group="static",
        function=activations.mish,
        derivative=derivatives.mish_derivative,
        equation=(Line(rf"x\,{_SOFT}"),),
        derivative_equation=(Line(rf"{_SOFT} + x\,\sigma(x)\,(1 - {_SOFT}^{{2}})"),),
        range=r"[-0.309, \infty)",
    ),
)


ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {entry.name: entry for entry in (*_ARTICLE, *_RECTIFIERS, *_GATES)}
)
"""Every activation function by name, the article's six first and in its order."""
