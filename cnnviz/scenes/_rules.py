"""The optimizers of a race: their rules in words and numbers, and the rates that suit a surface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.notation import written
from cnnviz.ops.optimizers import OPTIMIZERS, Optimizer
from cnnviz.storyboard import Values
from cnnviz.words import (
    Defined,
    Expression,
    Number,
    Ref,
    Scientific,
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
Settings = Mapping[str, float]
"""The numbers beside the learning rate that rules take: momentum, alpha, beta1 and beta2."""


@dataclass(frozen=True, kw_only=True)
class Update:
    """One update: its gradient, and what the rule remembered before and after."""

    grad: Values
    old: Slots
    new: Slots


@dataclass(frozen=True)
class Rule:
    """An optimizer of `torch.optim` as figures show it; `key` is also its role, `shape` its marker."""

    key: str
    title: Words
    optimizer: str
    shape: str
    style: str

    @property
    def legend(self) -> Text:
        """The name behind the marker."""
        return Text("{marker} {name}", marker=_MARKERS[self.shape], name=self.title)

    def options(self, settings: Settings) -> dict[str, Any]:
        """Its hyper-parameters."""
        momentum = {"momentum": settings["momentum"]}
        own: dict[str, dict[str, Any]] = {
            "momentum": momentum,
            "nesterov": momentum | {"nesterov": True},
            "rmsprop": {"alpha": settings["alpha"]},
            "adam": {"betas": (settings["beta1"], settings["beta2"])},
        }
        return own.get(self.key, {})

    def make(self, lr: float, settings: Settings) -> Optimizer:
        """The optimizer with its numbers."""
        made: Any = OPTIMIZERS[self.optimizer]
        optimizer: Optimizer = made(lr, **self.options(settings))
        return optimizer

    def program(self, settings: Settings) -> dict[str, Any]:
        """The same for programs."""
        return {"rule": self.optimizer, **self.options(settings)}

    def formula(self, settings: Settings) -> Words:
        """The rule in letters."""
        kept = _share(settings, "momentum")
        velocity = _assigned(_V, kept * _V + G)
        means = _fades(_M, settings, "beta1", G), _fades(_V, settings, "beta2", G**2)
        parts = {
            "sgd": (_step(G),),
            "momentum": (velocity, _step(_V)),
            "nesterov": (velocity, _step(G + kept * _V)),
            "adagrad": (_assigned(_SUM, _SUM + G**2), _step(_divided(G, _SUM))),
            "rmsprop": (_fades(_V, settings, "alpha", G**2), _step(_divided(G, _V))),
            "adam": (*means, _step(_divided(Symbol(r"\hat{m}"), Symbol(r"\hat{v}")))),
        }
        return joined(parts[self.key], "     ")

    def direction(self, update: Update, settings: Settings, most: int | None) -> Expression:
        """What the rate is multiplied by in an update, with numbers of `most` decimals where these are asked for."""
        if self.key == "sgd":
            digits = DIGITS if most is None else most
            return Vector(tuple(Number(float(value), digits) for value in update.grad))
        kept, grad = _share(settings, "momentum"), _pair(update.grad, most)
        if self.key == "momentum":
            # The first update starts the velocity at the gradient.
            return kept * _pair(update.old.get("momentum_buffer", np.zeros(2)), most) + grad
        if self.key == "nesterov":
            return grad + kept * _pair(update.new["momentum_buffer"], most)
        top, square = update.grad, list(update.new.values())[-1]
        if self.key == "adam":
            # Both means, corrected for their start at zero.
            top = update.new["exp_avg"] / (1 - settings["beta1"] ** update.new["step"])
            square = square / (1 - settings["beta2"] ** update.new["step"])
        optimizer: Any = OPTIMIZERS[self.optimizer]
        below = np.sqrt(square) + optimizer.eps
        pairs = zip(map(float, top), map(float, below), strict=True)
        return Vector(tuple(short(a, most) / short(b, most) if a else Number(0) for a, b in pairs))


def _share(settings: Settings, name: str) -> Number:
    return Number(settings[name], None, (name,))


def _assigned(left: Symbol, right: Expression) -> Defined:
    return Defined(left, (right,), r"\leftarrow")


def _step(direction: Expression) -> Defined:
    return _assigned(W, W - _RATE * direction)


def _divided(top: Expression, square: Expression) -> Expression:
    return top / (call("sqrt", square) + _EPS)


def _fades(mean: Symbol, settings: Settings, name: str, fresh: Expression) -> Defined:
    rest = Number(round(1 - settings[name], 12), None)
    return _assigned(mean, _share(settings, name) * mean + rest * fresh)


_RULES = (
    Rule("sgd", "SGD", "SGD", "circle", "solid"),
    Rule("momentum", Text("Momentum"), "SGD", "square", "dashed"),
    Rule("nesterov", "Nesterov", "SGD", "diamond", "dotted"),
    Rule("adagrad", "Adagrad", "Adagrad", "triangle", "solid"),
    Rule("rmsprop", "RMSProp", "RMSprop", "arrowhead", "dashed"),
    Rule("adam", "Adam", "Adam", "pentagon", "solid"),
)

RULES: Mapping[str, Rule] = MappingProxyType({rule.key: rule for rule in _RULES})
"""Every rule by its name on the command line, in the order of their invention."""


@dataclass(frozen=True)
class Course:
    """How a surface is raced on: rates at which the rules show their character, updates, and the part to look at.

    The first rate is that of the three rules that follow the gradient as it is; the others divide its size out. Where
    `view` is None the surface's own domain serves.
    """

    rates: tuple[float, float, float, float]
    steps: int
    view: tuple[tuple[float, float], tuple[float, float]] | None = None

    def rate(self, key: str) -> float:
        """The rate of a rule."""
        return self.rates[max(0, list(RULES).index(key) - 2)]


COURSES: Mapping[str, Course] = MappingProxyType(
    {
        "beale": Course((0.003, 0.5, 0.02, 0.15), 200, ((-0.5, 4.5), (-2.0, 2.0))),
        "saddle": Course((0.01, 0.05, 0.03, 0.03), 120),
        "rosenbrock": Course((0.0005, 0.2, 0.02, 0.2), 400),
        "himmelblau": Course((0.005, 0.2, 0.05, 0.2), 100),
        "bowl": Course((0.05, 0.5, 0.2, 0.5), 100, ((-10.0, 10.0), (-9.5, 9.5))),
        "booth": Course((0.01, 1.0, 0.5, 0.5), 100),
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
