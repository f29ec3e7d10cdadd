"""What a race of optimizers is made of: the rules in words and numbers, their rates, and the paths that they take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.functions.surfaces import Surface
from cnnviz.notation import number, written
from cnnviz.ops.optimizers import SGD, Adagrad, Adam, Optimizer, RMSprop
from cnnviz.storyboard import Values

DIVERGED, ESCAPED = "diverged", "escaped"
"""How a run is lost: farther than any number that a figure can show, or off a surface that has no least value."""

_FAR = 1e6
"""Farther from the origin than this an optimizer has diverged and stops."""

_W_DIGITS = 3

Slots = Mapping[str, npt.NDArray[np.float64]]

Exact = tuple[Fraction, Fraction]
"""Both weights' share of something, as it is written."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The numbers beside the learning rate that rules take; `most` decimals of others, where these are asked for."""

    momentum: float
    alpha: float
    beta1: float
    beta2: float
    most: int | None = None


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
    """An optimizer as figures show it; `key` is also its role.

    `formula` is the rule in mathtext; `direction` writes what the rate is multiplied by, with an update's numbers, and
    says what these come to as they are written. `program` names the rule in `torch.optim` and its hyper-parameters.
    """

    key: str
    title: str
    style: str
    formula: Callable[[Settings], str]
    make: Callable[[float, Settings], Optimizer]
    direction: Callable[[Update, Settings], tuple[str, Exact]]
    program: Callable[[Settings], dict[str, Any]]


def _plain(update: Update, settings: Settings) -> tuple[str, Exact]:
    return _pair(update.grad, settings.most), _written(update.grad, settings.most)


def _heavy_ball(update: Update, settings: Settings) -> tuple[str, Exact]:
    """The velocity, which the first update starts at the gradient."""
    mu, most, v = settings.momentum, settings.most, update.old.get("momentum_buffer", np.zeros(2))
    shown = _sum(_times(mu, _written(v, most)), _written(update.grad, most))
    return f"[{rate_text(mu)}·{_pair(v, most)} + {_pair(update.grad, most)}]", shown


def _look_ahead(update: Update, settings: Settings) -> tuple[str, Exact]:
    """The gradient and once more the velocity, which already holds it."""
    mu, most, v = settings.momentum, settings.most, update.new["momentum_buffer"]
    shown = _sum(_written(update.grad, most), _times(mu, _written(v, most)))
    return f"[{_pair(update.grad, most)} + {rate_text(mu)}·{_pair(v, most)}]", shown


def _quotient(top: Values, below: Values, most: int | None) -> tuple[str, Exact]:
    parts = [f"{short(a, most)}/{short(b, most)}" if a else "0" for a, b in zip(top, below, strict=True)]
    (a, b), (c, d) = _written(top, most), _written(below, most)
    return f"({', '.join(parts)})", (a / c if c else Fraction(0), b / d if d else Fraction(0))


def _adagrad(update: Update, settings: Settings) -> tuple[str, Exact]:
    return _quotient(update.grad, np.sqrt(update.new["sum"]) + Adagrad.eps, settings.most)


def _rmsprop(update: Update, settings: Settings) -> tuple[str, Exact]:
    return _quotient(update.grad, np.sqrt(update.new["square_avg"]) + RMSprop.eps, settings.most)


def _adam(update: Update, settings: Settings) -> tuple[str, Exact]:
    """Both means, corrected for their start at zero."""
    first = update.new["exp_avg"] / (1 - settings.beta1**update.count)
    second = update.new["exp_avg_sq"] / (1 - settings.beta2**update.count)
    return _quotient(first, np.sqrt(second) + Adam.eps, settings.most)


def _fades(symbol: str, keep: float, fresh: str) -> str:
    return rf"{symbol}\leftarrow {keep:g}\,{symbol}+{round(1 - keep, 12):g}\,{fresh}"


RULES: Mapping[str, Rule] = MappingProxyType({rule.key: rule for rule in (
    Rule(
        key="sgd", title="SGD", style="solid", direction=_plain,
        formula=lambda s: r"$w\leftarrow w-\eta\,g$", make=lambda lr, s: SGD(lr),
        program=lambda s: {"rule": "SGD"},
    ),
    Rule(
        key="momentum", title="Momentum", style="dashed", direction=_heavy_ball,
        formula=lambda s: rf"$v\leftarrow {s.momentum:g}\,v+g$     $w\leftarrow w-\eta\,v$",
        make=lambda lr, s: SGD(lr, s.momentum),
        program=lambda s: {"rule": "SGD", "momentum": s.momentum},
    ),
    Rule(
        key="nesterov", title="Nesterov", style="dotted", direction=_look_ahead,
        formula=lambda s: rf"$v\leftarrow {s.momentum:g}\,v+g$     $w\leftarrow w-\eta\,(g+{s.momentum:g}\,v)$",
        make=lambda lr, s: SGD(lr, s.momentum, nesterov=True),
        program=lambda s: {"rule": "SGD", "momentum": s.momentum, "nesterov": True},
    ),
    Rule(
        key="adagrad", title="Adagrad", style="solid", direction=_adagrad,
        formula=lambda s: r"$G\leftarrow G+g^2$     $w\leftarrow w-\eta\,g/(\sqrt{G}+\epsilon)$",
        make=lambda lr, s: Adagrad(lr),
        program=lambda s: {"rule": "Adagrad"},
    ),
    Rule(
        key="rmsprop", title="RMSProp", style="dashed", direction=_rmsprop,
        formula=lambda s: rf"${_fades('v', s.alpha, 'g^2')}$     $w\leftarrow w-\eta\,g/(\sqrt{{v}}+\epsilon)$",
        make=lambda lr, s: RMSprop(lr, s.alpha),
        program=lambda s: {"rule": "RMSprop", "alpha": s.alpha},
    ),
    Rule(
        key="adam", title="Adam", style="solid", direction=_adam,
        formula=lambda s: rf"${_fades('m', s.beta1, 'g')}$     ${_fades('v', s.beta2, 'g^2')}$     "
        r"$w\leftarrow w-\eta\,\hat{m}/(\sqrt{\hat{v}}+\epsilon)$",
        make=lambda lr, s: Adam(lr, (s.beta1, s.beta2)),
        program=lambda s: {"rule": "Adam", "betas": (s.beta1, s.beta2)},
    ),
)})  # fmt: skip
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


COURSES: Mapping[str, Course] = MappingProxyType({
    "beale": Course(
        gradient=0.003, adagrad=0.5, rmsprop=0.02, adam=0.1, steps=200, view=((-0.5, 4.5), (-2.0, 2.0))
    ),
    "saddle": Course(gradient=0.01, adagrad=0.05, rmsprop=0.03, adam=0.03, steps=120),
    "rosenbrock": Course(gradient=0.0005, adagrad=0.2, rmsprop=0.02, adam=0.2, steps=400),
    "himmelblau": Course(gradient=0.005, adagrad=0.2, rmsprop=0.05, adam=0.2, steps=100),
    "bowl": Course(gradient=0.05, adagrad=0.5, rmsprop=0.2, adam=0.5, steps=100),
    "booth": Course(gradient=0.01, adagrad=1.0, rmsprop=0.5, adam=0.5, steps=100, start=(-9.0, 0.0)),
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Run:
    """A rule's way down a surface: `path` (updates + 1, 2), the loss there, and how it was `lost`, if it was."""

    rule: Rule
    rate: float
    settings: Settings
    path: Values
    loss: Values
    updates: Sequence[Update]
    lost: str = ""

    @property
    def made(self) -> int:
        """Updates until the end, or until it was lost."""
        return len(self.updates)

    def lost_by(self, count: int) -> bool:
        """Whether it is lost after so many updates: with the one that leaves, or past the last possible."""
        return bool(self.lost) and count >= self.made + (self.lost == DIVERGED)

    def arithmetic(self, count: int) -> str:
        """An update with its numbers: `w = (1.200, 0.350) − 0.01·(−3.10, 0.80) = **(1.231, 0.342)**`."""
        update = self.updates[count - 1]
        text, shown = self.rule.direction(update, self.settings)
        result, start = (tuple(written(v, self._digits) for v in w) for w in (update.after, update.before))
        rate = Fraction(f"{self.rate:g}")
        same = all(w - rate * step == end for w, step, end in zip(start, shown, result, strict=True))
        sign = "=" if same else "≈"
        before, after = self.weights(update.before), self.weights(update.after)
        return f"w = {before} − {rate_text(self.rate)}·{text} {sign} **{after}**"

    @property
    def _digits(self) -> int:
        return _W_DIGITS if self.settings.most is None else self.settings.most

    def weights(self, w: Values) -> str:
        """Both weights with the decimals of captions."""
        return f"({', '.join(number(v, self._digits) for v in w)})"


def descend(surface: Surface, rule: Rule, rate: float, settings: Settings, start: Values, steps: int) -> Run:
    """Take `steps` updates, or fewer: until the weights diverge, or leave a surface that has no least value."""
    optimizer = rule.make(rate, settings)
    w, state = np.array(start, np.float64), optimizer.init(start)
    path, updates, lost = [w], list[Update](), ""
    with np.errstate(over="ignore", invalid="ignore"):
        for count in range(1, steps + 1):
            grad = surface.gradient(*w)
            after, then = optimizer.step(w, grad, state)
            if not np.isfinite(after).all() or np.abs(after).max() > _FAR:
                lost = DIVERGED
                break
            updates.append(Update(before=w, after=after, grad=grad, old=state.slots, new=then.slots, count=count))
            path.append(after)
            w, state = after, then
            if not surface.minima and not _within(w, surface):
                lost = ESCAPED
                break
    places = np.array(path)
    return Run(
        rule=rule, rate=rate, settings=settings, path=places, loss=surface.f(places[:, 0], places[:, 1]),
        updates=updates, lost=lost,
    )  # fmt: skip


def _within(w: Values, surface: Surface) -> bool:
    return all(lo <= v <= hi for v, (lo, hi) in zip(w, surface.domain, strict=True))


def rate_text(rate: float) -> str:
    """A learning rate, or a share that is kept, as it was given."""
    return f"{rate:g}".replace("-", "−")


def _decimals(value: float) -> int:
    size = abs(value)
    return 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 or size == 0 else 3 if size >= 0.01 else 4


def short(value: float, most: int | None = None) -> str:
    """A number by its first three digits, `36.9`, `0.8`, `1.2e−5`, or with so many decimals at most."""
    if most is not None and abs(value) < 1e5:
        return _strip(number(value, most)) if round(value, most) or not value else _power(value, 0)
    if (0 < abs(value) < 1e-3) or abs(value) >= 1e5:
        return _power(value, 1 if most is None else min(1, most))
    return _strip(number(value, _decimals(value)))


def brief(value: float, most: int | None = None) -> str:
    """A number in few letters, for a list: `17`, `2.1`, `0.22`, `0.018`, `7e−5`; of its decimals `most` at most."""
    size = abs(value)
    if size == 0:
        return "0"
    digits = 0 if size >= 10 else 1 if size >= 1 else 2 if size >= 0.1 else 3
    digits = digits if most is None else min(digits, most)
    return _power(value, 0) if size < 1e-3 or size >= 1e4 or not round(value, digits) else number(value, digits)


def _power(value: float, digits: int) -> str:
    """A number as a power of ten: `1.2e−5`."""
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return f"{number(float(mantissa), digits)}e{number(int(exponent))}"


def _strip(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _written(values: Values, most: int | None) -> Exact:
    """The numbers as `short` writes them."""
    x, y = (Fraction(short(float(v), most).replace("−", "-")) for v in values)
    return x, y


def _times(factor: float, values: Exact) -> Exact:
    """A multiple, the factor as `rate_text` writes it."""
    exact = Fraction(f"{factor:g}")
    return exact * values[0], exact * values[1]


def _sum(first: Exact, second: Exact) -> Exact:
    return first[0] + second[0], first[1] + second[1]


def _pair(values: Values, most: int | None) -> str:
    return f"({', '.join(short(float(v), most) for v in values)})"
