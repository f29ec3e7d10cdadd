"""The loss functions as data: one estimate against one label, with the gradient in the estimate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops import losses
from cnnviz.ops._arrays import Array, floating
from cnnviz.ops.activations import sigmoid
from cnnviz.ops.curves import Line, Parameter


@dataclass(frozen=True, kw_only=True)
class Loss:
    r"""One loss function of single estimates and labels, before any reduction.

    Attributes
    ----------
    name : str
        The key in `LOSSES`, and the function of that name in `cnnviz.ops.losses`.
    title : str
        As a reader knows it.
    function, derivative : callable
        (estimate, label) to an array of their broadcast shape; a parametric one takes its parameter third.
    equation, derivative_equation : tuple of Line
        The right-hand sides of L(y, ŷ) = and ∂L/∂ŷ =, with the estimate `\hat{y}` and the label `y`.
    estimate, label : "real", "probability" or "sign"
        What the two may be: any number, 0 to 1, or −1 and 1.
    parameter : Parameter or None
    """

    name: str
    title: str
    function: Callable[..., Array]
    derivative: Callable[..., Array]
    equation: tuple[Line, ...]
    derivative_equation: tuple[Line, ...]
    estimate: Literal["real", "probability"] = "real"
    label: Literal["real", "probability", "sign"] = "real"
    parameter: Parameter | None = None

    def value(self, estimate: npt.ArrayLike, label: npt.ArrayLike, parameter: float | None = None) -> Array:
        """Compute L for each pair; raises UsageError for a parameter that it has not, or a value it cannot take."""
        return self.function(*_pairs(estimate, label), *self._arguments(parameter))

    def slope(self, estimate: npt.ArrayLike, label: npt.ArrayLike, parameter: float | None = None) -> Array:
        """Compute ∂L/∂ŷ for each pair; raises UsageError for a parameter that it has not."""
        return self.derivative(*_pairs(estimate, label), *self._arguments(parameter))

    def _arguments(self, parameter: float | None) -> tuple[float, ...]:
        if self.parameter is None:
            if parameter is not None:
                raise UsageError(f"{self.name} has no parameter to set to {parameter}: leave it out")
            return ()
        return (self.parameter.default if parameter is None else parameter,)


def _pairs(estimate: npt.ArrayLike, label: npt.ArrayLike) -> tuple[Array, Array]:
    pairs = np.broadcast_arrays(floating(estimate), floating(label))
    return pairs[0], pairs[1]


def _l1(x: Array, y: Array) -> Array:
    return losses.l1_loss(x, y, reduction="none")


def _l1_slope(x: Array, y: Array) -> Array:
    return np.asarray(np.sign(x - y))


def _mse(x: Array, y: Array) -> Array:
    return losses.mse_loss(x, y, reduction="none")


def _mse_slope(x: Array, y: Array) -> Array:
    return np.asarray(2 * (x - y))


def _huber(x: Array, y: Array, delta: float) -> Array:
    return losses.huber_loss(x, y, reduction="none", delta=delta)


def _huber_slope(x: Array, y: Array, delta: float) -> Array:
    return np.asarray(np.clip(x - y, -delta, delta))


def _smooth_l1(x: Array, y: Array, beta: float) -> Array:
    return losses.smooth_l1_loss(x, y, reduction="none", beta=beta)


def _smooth_l1_slope(x: Array, y: Array, beta: float) -> Array:
    return _l1_slope(x, y) if beta == 0 else np.asarray(np.clip((x - y) / beta, -1, 1))


def _cross_entropy(x: Array, y: Array) -> Array:
    return losses.binary_cross_entropy(x, y, reduction="none")


def _cross_entropy_slope(x: Array, y: Array) -> Array:
    # As in torch: the floor keeps the slope finite where the estimate is a certainty.
    return np.asarray((x - y) / np.maximum(x * (1 - x), 1e-12))


def _logits(x: Array, y: Array) -> Array:
    return losses.binary_cross_entropy_with_logits(x, y, reduction="none")


def _logits_slope(x: Array, y: Array) -> Array:
    return sigmoid(x) - y


def _hinge(x: Array, y: Array, margin: float) -> Array:
    return losses.hinge_loss(x, y, margin, reduction="none")


def _hinge_slope(x: Array, y: Array, margin: float) -> Array:
    return np.asarray(np.where(y * x < margin, -y, np.zeros_like(y)))


_ERROR = r"\hat{y} - y"
_DISTANCE = r"|y - \hat{y}|"


_ARTICLE = (
    Loss(
        name="l1_loss",
        title="MAE",
        function=_l1,
        derivative=_l1_slope,
        equation=(Line(_DISTANCE),),
        derivative_equation=(Line("1", r"\hat{y} > y"), Line("0", r"\hat{y} = y"), Line("-1", r"\hat{y} < y")),
    ),
    Loss(
        name="mse_loss",
        title="MSE",
        function=_mse,
        derivative=_mse_slope,
        equation=(Line(r"(y - \hat{y})^{2}"),),
        derivative_equation=(Line(rf"2\,({_ERROR})"),),
    ),
    Loss(
        name="huber_loss",
        title="Huber",
        function=_huber,
        derivative=_huber_slope,
        equation=(
            Line(r"\frac{1}{2}\,(y - \hat{y})^{2}", rf"{_DISTANCE} \leq \delta"),
            Line(rf"\delta\,({_DISTANCE} - \frac{{1}}{{2}}\,\delta)", rf"{_DISTANCE} > \delta"),
        ),
        derivative_equation=(Line(rf"\min(\max({_ERROR}, -\delta), \delta)"),),
        parameter=Parameter("delta", r"\delta", 1.0),
    ),
    Loss(
        name="binary_cross_entropy",
        title="Cross-entropy",
        function=_cross_entropy,
        derivative=_cross_entropy_slope,
        equation=(Line(r"-y\,\ln(\hat{y}) - (1 - y)\,\ln(1 - \hat{y})"),),
        derivative_equation=(Line(rf"\frac{{{_ERROR}}}{{\hat{{y}}\,(1 - \hat{{y}})}}"),),
        estimate="probability",
        label="probability",
    ),
    Loss(
        name="hinge_loss",
        title="Hinge",
        function=_hinge,
        derivative=_hinge_slope,
        equation=(Line(r"\max(0, m - y\,\hat{y})"),),
        derivative_equation=(Line("-y", r"y\,\hat{y} < m"), Line("0", r"y\,\hat{y} \geq m")),
        label="sign",
        parameter=Parameter("margin", "m", 1.0),
    ),
)


_FURTHER = (
    Loss(
        name="smooth_l1_loss",
        title="Smooth L1",
        function=_smooth_l1,
        derivative=_smooth_l1_slope,
        equation=(
            Line(r"\frac{(y - \hat{y})^{2}}{2\,\beta}", rf"{_DISTANCE} < \beta"),
            Line(rf"{_DISTANCE} - \frac{{1}}{{2}}\,\beta", rf"{_DISTANCE} \geq \beta"),
        ),
        derivative_equation=(Line(rf"\min(\max(\frac{{{_ERROR}}}{{\beta}}, -1), 1)"),),
        parameter=Parameter("beta", r"\beta", 1.0),
    ),
    Loss(
        name="binary_cross_entropy_with_logits",
        title="Cross-entropy of logits",
        function=_logits,
        derivative=_logits_slope,
        equation=(Line(r"\ln(1 + e^{\hat{y}}) - y\,\hat{y}"),),
        derivative_equation=(Line(r"\sigma(\hat{y}) - y"),),
        label="probability",
    ),
)


LOSSES: Mapping[str, Loss] = MappingProxyType({entry.name: entry for entry in (*_ARTICLE, *_FURTHER)})
"""Every elementwise loss function by name, the article's five first and in its order."""
