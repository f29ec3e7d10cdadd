"""The activation functions, the article's six first and in its order; corners are those of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Literal

from cnnviz.functions.definition import Definition, Parameter
from cnnviz.words import Cases, Condition, Expression, Interval, Number, Symbol, Text, call

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946

X, F = Symbol("x"), Symbol("f(x)")
ALPHA, BETA = Symbol(r"\alpha"), Symbol(r"\beta")
_INFINITY = Symbol(r"\infty")
_REALS = Interval(-_INFINITY, _INFINITY)


@dataclass(frozen=True, kw_only=True)
class Activation(Definition):
    """An activation function f(x).

    `group` is the article's: static has no free parameter, parametric has one, bounded has a range with two ends.
    """

    operands: ClassVar = (X.name,)

    group: Literal["static", "parametric", "bounded"]
    range: Interval


def _from(low: Expression | float, *, closed: bool = True) -> Interval:
    return Interval(low if isinstance(low, Expression) else Number(low, 3), _INFINITY, (closed, False))


def _within(low: float, high: float, *, closed: bool = False) -> Interval:
    return Interval(Number(low), Number(high), (closed, closed))


def _when(*sides: Expression | float | str) -> Condition:
    """A condition from its sides and the signs between: `_when(-3, "<", X, "<", 3)`."""
    numbers = (Number(side, None) if isinstance(side, int | float) else side for side in sides[::2])
    return Condition(tuple(numbers), tuple(map(str, sides[1::2])))  # type: ignore[arg-type]


def _above_or_below(above: Expression, below: Expression) -> Cases:
    return Cases(((above, (_when(X, ">", 0),)), (below, (_when(X, "≤", 0),))))


def _clamped(inner: Expression, low: float, high: float) -> Expression:
    return call("min", call("max", low, inner), high)


_SELU_BELOW = Number(SELU_SCALE * SELU_ALPHA, 4)
_EXP, _INVERSE = call("exp", X), call("exp", -X)
_SIGMOID = call("σ", X)

_ENTRIES = (
    Activation(name="identity", title=Text("Linear"), group="static", body=X, range=_REALS),
    Activation(name="relu", title="ReLU", group="static", body=call("max", 0, X), range=_from(Number(0))),
    Activation(
        name="leaky_relu",
        title="Leaky ReLU",
        group="parametric",
        body=_above_or_below(X, ALPHA * X),
        range=_REALS,
        parameter=Parameter("negative_slope", ALPHA, 0.01),
    ),
    Activation(
        name="elu",
        title="ELU",
        group="parametric",
        body=_above_or_below(X, ALPHA * call("expm1", X)),
        range=_from(-ALPHA, closed=False),
        parameter=Parameter("alpha", ALPHA, 1.0),
    ),
    Activation(
        name="tanh",
        title="tanh",
        group="bounded",
        body=(_EXP - _INVERSE) / (_EXP + _INVERSE),
        stable=call("tanh", X),
        textbook_derivative=1 - F**2,
        range=_within(-1, 1),
    ),
    Activation(
        name="sigmoid",
        title="Sigmoid",
        group="bounded",
        body=1 / (1 + _INVERSE),
        stable=_SIGMOID,
        textbook_derivative=F * (1 - F),
        range=_within(0, 1),
    ),
    Activation(
        name="selu",
        title="SELU",
        group="static",
        body=_above_or_below(Number(SELU_SCALE, 4) * X, _SELU_BELOW * call("expm1", X)),
        range=_from(-_SELU_BELOW, closed=False),
    ),
    Activation(
        name="softplus",
        title="Softplus",
        group="parametric",
        body=1 / BETA * call("softplus", BETA * X),
        textbook_derivative=1 / (1 + call("exp", -(BETA * X))),
        range=_from(Number(0), closed=False),
        parameter=Parameter("beta", BETA, 1.0),
    ),
    Activation(
        name="relu6",
        title="ReLU6",
        group="bounded",
        body=_clamped(X, 0, 6),
        range=_within(0, 6, closed=True),
    ),
    Activation(
        name="hardtanh",
        title="Hard tanh",
        group="bounded",
        body=_clamped(X, -1, 1),
        range=_within(-1, 1, closed=True),
    ),
    Activation(
        name="gelu",
        title="GELU",
        group="static",
        body=X * call("Φ", X),
        range=_from(-0.170),
    ),
    Activation(
        name="silu",
        title="SiLU (swish)",
        group="static",
        body=X * _SIGMOID,
        textbook_derivative=_SIGMOID * (1 + X * (1 - _SIGMOID)),
        range=_from(-0.278),
    ),
    Activation(
        name="hardswish",
        title="Hard swish",
        group="static",
        body=Number(1, None) / 6 * X * _clamped(X + 3, 0, 6),
        stable=X * _clamped(X + 3, 0, 6) / 6,
        textbook_derivative=Cases(
            (
                (Number(0), (_when(X, "≤", -3),)),
                (X / 3 + Number(1) / 2, (_when(-3, "<", X, "<", 3),)),
                (Number(1), (_when(X, "≥", 3),)),
            )
        ),
        range=_from(-0.375),
    ),
    Activation(
        name="mish",
        title="Mish",
        group="static",
        body=X * call("tanh", call("softplus", X)),
        range=_from(-0.309),
    ),
)

ACTIVATIONS: Mapping[str, Activation] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
"""Every activation function by its name in torch.nn.functional."""
