"""The optimizers of a race: their rules in words and numbers, and the rates that suit a surface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from cnnviz.notation import written
from cnnviz.ops.optimizers import OPTIMIZERS, Adagrad, Adam, Optimizer, RMSprop
from cnnviz.storyboard import Values
from cnnviz.words import (
    Defined,
    Expression,
    Number,
    Product,
    Ref,
    Scientific,
    Sum,
    Symbol,
    Text,
    Vector,
    Words,
    call,
    joined,
)

DIGITS = 3
"""Decimals of weights, and of the gradient that plain descent takes from them."""

W, G = Symbol("w"), Symbol("g")
_V, _M, _SUM, _RATE, _EPS = Symbol("v"), Symbol("m"), Symbol("G"), Symbol(r"\eta"), Symbol(r"\epsilon")

_MARKERS = {"circle": "●", "square": "■", "diamond": "◆", "triangle": "▲", "arrowhead": "▼", "pentagon": "⬟"}

Slots = Mapping[str, npt.NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The numbers beside the learning rate that rules take; `most` decimals of others, where these are asked for."""

    momentum: float
    alpha: float
    beta1: float
    beta2: float
    most: int | None = None

    def share(self, name: str) -> Number:
        """A share that is kept, as it was given."""
        return Number(getattr(self, name), None, (name,))


@dataclass(frozen=True, kw_only=True)
class Update:
    """One update: weights before and after, gradient, what the rule remembered before and after, and its number."""

    before: Values
    after: Values
    grad: Values
    old: Slots
    new: Slots
    count: int


@dataclass(frozen=True, kw_only=True)
class Rule:
    """An optimizer of `torch.optim` as figures show it; `key` is also its role, `shape` its marker.

    `options` are its hyper-parameters, `formula` is the rule in letters, `direction` what the rate is multiplied by in
    an update.
    """

    key: str
    title: Words
    shape: str
    style: str
    optimizer: str
    formula: Callable[[Settings], Words]
    direction: Callable[[Update, Settings], Expression]
    options: Callable[[Settings], dict[str, Any]] = lambda settings: {}

    @property
    def legend(self) -> Text:
        """The name behind the marker."""
        return Text("{marker} {name}", marker=_MARKERS[self.shape], name=self.title)

    def make(self, lr: float, settings: Settings) -> Optimizer:
        """The optimizer with its numbers."""
        made: Any = OPTIMIZERS[self.optimizer]
        return cast("Optimizer", made(lr, **self.options(settings)))

    def program(self, settings: Settings) -> dict[str, Any]:
        """The same for programs."""
        return {"rule": self.optimizer, **self.options(settings)}


def _gradient(update: Update, settings: Settings) -> Expression:
    """The gradient, with the decimals of the weights."""
    digits = DIGITS if settings.most is None else settings.most
    return Vector(tuple(Number(float(value), digits) for value in update.grad))


def _heavy_ball(update: Update, settings: Settings) -> Expression:
    """The velocity, which the first update starts at the gradient."""
    old = update.old.get("momentum_buffer", np.zeros(2))
    kept = Product((settings.share("momentum"), _pair(old, settings.most)))
    return Sum((kept, _pair(update.grad, settings.most)))


def _look_ahead(update: Update, settings: Settings) -> Expression:
    """The gradient and once more the velocity, which already holds it."""
    velocity = _pair(update.new["momentum_buffer"], settings.most)
    return Sum((_pair(update.grad, settings.most), Product((settings.share("momentum"), velocity))))


def _quotients(top: Values, below: Values, most: int | None) -> Expression:
    pairs = zip(map(float, top), map(float, below), strict=True)
    return Vector(tuple(short(a, most) / short(b, most) if a else Number(0) for a, b in pairs))


def _adagrad(update: Update, settings: Settings) -> Expression:
    return _quotients(update.grad, np.sqrt(update.new["sum"]) + Adagrad.eps, settings.most)


def _rmsprop(update: Update, settings: Settings) -> Expression:
    return _quotients(update.grad, np.sqrt(update.new["square_avg"]) + RMSprop.eps, settings.most)


def _adam(update: Update, settings: Settings) -> Expression:
    """Both means, corrected for their start at zero."""
    first = update.new["exp_avg"] / (1 - settings.beta1**update.count)
    second = update.new["exp_avg_sq"] / (1 - settings.beta2**update.count)
    return _quotients(first, np.sqrt(second) + Adam.eps, settings.most)


def _assigned(left: Symbol, right: Expression) -> Defined:
    return Defined(left, (right,), r"\leftarrow")


def _step(direction: Expression) -> Defined:
    return _assigned(W, W - _RATE * direction)


def _fades(mean: Symbol, settings: Settings, name: str, fresh: Expression) -> Defined:
    rest = Number(round(1 - getattr(settings, name), 12), None)
    return _assigned(mean, settings.share(name) * mean + rest * fresh)


def _divided(top: Expression, square: Expression) -> Expression:
    return top / (call("sqrt", square) + _EPS)


def _in_a_row(*formulas: Defined) -> Words:
    return joined(formulas, "     ")


_RULES = (
    Rule(
        key="sgd",
        title="SGD",
        shape="circle",
        style="solid",
        direction=_gradient,
        formula=lambda s: _step(G),
        optimizer="SGD",
    ),
    Rule(
        key="momentum",
        title=Text("Momentum"),
        shape="square",
        style="dashed",
        direction=_heavy_ball,
        formula=lambda s: _in_a_row(_assigned(_V, s.share("momentum") * _V + G), _step(_V)),
        optimizer="SGD",
        options=lambda s: {"momentum": s.momentum},
    ),
    Rule(
        key="nesterov",
        title="Nesterov",
        shape="diamond",
        style="dotted",
        direction=_look_ahead,
        formula=lambda s: _in_a_row(_assigned(_V, s.share("momentum") * _V + G), _step(G + s.share("momentum") * _V)),
        optimizer="SGD",
        options=lambda s: {"momentum": s.momentum, "nesterov": True},
    ),
    Rule(
        key="adagrad",
        title="Adagrad",
        shape="triangle",
        style="solid",
        direction=_adagrad,
        formula=lambda s: _in_a_row(_assigned(_SUM, _SUM + G**2), _step(_divided(G, _SUM))),
        optimizer="Adagrad",
    ),
    Rule(
        key="rmsprop",
        title="RMSProp",
        shape="arrowhead",
        style="dashed",
        direction=_rmsprop,
        formula=lambda s: _in_a_row(_fades(_V, s, "alpha", G**2), _step(_divided(G, _V))),
        optimizer="RMSprop",
        options=lambda s: {"alpha": s.alpha},
    ),
    Rule(
        key="adam",
        title="Adam",
        shape="pentagon",
        style="solid",
        direction=_adam,
        formula=lambda s: _in_a_row(
            _fades(_M, s, "beta1", G),
            _fades(_V, s, "beta2", G**2),
            _step(_divided(Symbol(r"\hat{m}"), Symbol(r"\hat{v}"))),
        ),
        optimizer="Adam",
        options=lambda s: {"betas": (s.beta1, s.beta2)},
    ),
)

RULES: Mapping[str, Rule] = MappingProxyType({rule.key: rule for rule in _RULES})
"""Every rule by its name on the command line, in the order of their invention."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """How a surface is raced on: rates at which the rules show their character, updates, and the part to look at.

    `gradient` is the rate of the three rules that follow the gradient as it is; the others divide its size out. Where
    `view` or `start` is None the surface's own domain or start serves.
    """

    gradient: float
    adagrad: float
    rmsprop: float
    adam: float
    steps: int
    view: tuple[tuple[float, float], tuple[float, float]] | None = None
    start: tuple[float, float] | None = None

    def rate(self, key: str) -> float:
        """The rate of a rule."""
        rates = {"adagrad": self.adagrad, "rmsprop": self.rmsprop, "adam": self.adam}
        return rates.get(key, self.gradient)


COURSES: Mapping[str, Course] = MappingProxyType(
    {
        "beale": Course(
            gradient=0.003, adagrad=0.5, rmsprop=0.02, adam=0.15, steps=200, view=((-0.5, 4.5), (-2.0, 2.0))
        ),
        "saddle": Course(gradient=0.01, adagrad=0.05, rmsprop=0.03, adam=0.03, steps=120),
        "rosenbrock": Course(gradient=0.0005, adagrad=0.2, rmsprop=0.02, adam=0.2, steps=400),
        "himmelblau": Course(gradient=0.005, adagrad=0.2, rmsprop=0.05, adam=0.2, steps=100),
        "bowl": Course(gradient=0.05, adagrad=0.5, rmsprop=0.2, adam=0.5, steps=100, view=((-10.0, 10.0), (-9.5, 9.5))),
        "booth": Course(gradient=0.01, adagrad=1.0, rmsprop=0.5, adam=0.5, steps=100, start=(-9.0, 0.0)),
    }
)


def short(value: float, most: int | None = None, ref: Ref | None = None) -> Number:
    """A number by its first three digits, `36.9`, `0.8`, `1.2·10⁻⁵`, or with so many decimals at most."""
    size = abs(value)
    if most is not None and size < 1e5:
        return _number(value, most, ref) if round(value, most) or not value else Scientific(value, 0, ref)
    if 0 < size < 1e-3 or size >= 1e5:
        return Scientific(value, 1 if most is None else min(1, most), ref)
    limits = ((100, 0), (10, 1), (0.1, 2), (0.01, 3), (0, 4))
    return _number(value, next(decimals for limit, decimals in limits if size >= limit) if size else 0, ref)


def brief(value: float, most: int | None = None, ref: Ref | None = None) -> Number:
    """A number in few letters, for a list: `17`, `2.1`, `0.22`, `0.018`, `7·10⁻⁵`; of its decimals `most` at most."""
    size = abs(value)
    if size == 0:
        return Number(value, 0, ref)
    digits = 0 if size >= 10 else 1 if size >= 1 else 2 if size >= 0.1 else 3
    digits = digits if most is None else min(digits, most)
    power = size < 1e-3 or size >= 1e4 or not round(value, digits)
    return Scientific(value, 0, ref) if power else Number(value, digits, ref)


def _number(value: float, decimals: int, ref: Ref | None) -> Number:
    """A number with so many decimals, those left out that end in 0."""
    kept = (n for n in range(decimals) if written(value, n) == written(value, decimals))
    return Number(value, next(kept, decimals), ref)


def _pair(values: Values, most: int | None) -> Vector:
    return Vector(tuple(short(float(value), most) for value in values))
