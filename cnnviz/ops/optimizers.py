"""Gradient descent's update rules as pure functions: `init` gives a state, `step` new parameters and a new state.

Names, arguments and defaults are those of `torch.optim`. Parameters and gradients are arrays of one shape. A state
holds the number of steps taken and what the rule remembers, under torch's names; nothing is changed in place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops._arrays import Array, floating, shape_text


@dataclass(frozen=True)
class OptimizerState:
    """How many steps were taken, and the arrays that the rule remembers between them, by torch's names."""

    step: int = 0
    slots: Mapping[str, Array] = field(default_factory=lambda: MappingProxyType({}))


class Optimizer:
    """What every update rule shares; a rule is a frozen dataclass of hyper-parameters that says how to `_move`."""

    def init(self, params: npt.ArrayLike) -> OptimizerState:
        """Give the state before the first step, for parameters of any shape."""
        zero = np.zeros_like(floating(params))
        return OptimizerState(0, MappingProxyType({name: zero + start for name, start in self._remembers().items()}))

    def step(self, params: npt.ArrayLike, grad: npt.ArrayLike, state: OptimizerState) -> tuple[Array, OptimizerState]:
        """Move the parameters once against their gradient.

        Parameters
        ----------
        params, grad : array of one shape
        state : OptimizerState
            From `init` or the last `step`.

        Returns
        -------
        params : array of that shape
        state : OptimizerState

        Raises
        ------
        UsageError
            Two shapes.
        """
        x, slope = floating(params), floating(grad)
        if x.shape != slope.shape:
            raise UsageError(
                f"grad has shape {shape_text(slope.shape)}, but params {shape_text(x.shape)}: give the same"
            )
        moved, slots = self._move(x, slope, state.slots, state.step + 1)
        return moved, OptimizerState(state.step + 1, MappingProxyType(slots))

    def _remembers(self) -> dict[str, float]:
        return {}

    def _move(self, x: Array, grad: Array, slots: Mapping[str, Array], t: int) -> tuple[Array, dict[str, Array]]:
        raise NotImplementedError


class _Checked(Optimizer):
    # Hyper-parameters that average over the past must stay below 1, else the past never fades.
    _below_one: ClassVar[frozenset[str]] = frozenset({"alpha", "rho", "betas"})

    def __post_init__(self) -> None:
        for entry in fields(self):  # type: ignore[arg-type]
            value = getattr(self, entry.name)
            fades = entry.name in self._below_one
            for number in value if isinstance(value, tuple) else (value,):
                if isinstance(number, bool):
                    continue
                if not 0 <= number < (1 if fades else math.inf):
                    wanted = "from 0 to below 1" if fades else "of at least 0"
                    raise UsageError(f"{entry.name} {value} is not possible: give a finite number {wanted}")


@dataclass(frozen=True)
class SGD(_Checked):
    """Step along −gradient, with momentum v ← μv + (1 − dampening)g and x ← x − lr·v; Nesterov's steps along g + μv.

    As in torch, the first step takes the whole gradient whatever the dampening. Raises UsageError for a negative
    hyper-parameter, and for Nesterov without momentum or with dampening.

    References
    ----------
    Polyak 1964; Sutskever et al. 2013, eq. 1–4 (there lr is inside v).
    """

    lr: float = 1e-3
    momentum: float = 0.0
    dampening: float = 0.0
    weight_decay: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        _Checked.__post_init__(self)
        if self.nesterov and (self.momentum <= 0 or self.dampening != 0):
            raise UsageError(
                f"nesterov needs momentum above 0 and dampening 0, not {self.momentum} and {self.dampening}"
            )

    def _remembers(self) -> dict[str, float]:
        return {"momentum_buffer": 0.0} if self.momentum else {}

    def _move(self, x: Array, grad: Array, slots: Mapping[str, Array], t: int) -> tuple[Array, dict[str, Array]]:
        grad = grad + self.weight_decay * x
        if not self.momentum:
            return x - self.lr * grad, {}
        velocity = self.momentum * slots["momentum_buffer"] + (1 - self.dampening if t > 1 else 1) * grad
        direction = grad + self.momentum * velocity if self.nesterov else velocity
        return x - self.lr * direction, {"momentum_buffer": velocity}


@dataclass(frozen=True)
class Adagrad(_Checked):
    """Divide each step by the root of all past squared gradients, x ← x − lr·g/(√Σg² + ε).

    Raises UsageError for a negative hyper-parameter.

    References
    ----------
    Duchi, Hazan & Singer 2011, §1.1 (the diagonal form).
    """

    lr: float = 1e-2
    lr_decay: float = 0.0
    weight_decay: float = 0.0
    initial_accumulator_value: float = 0.0
    eps: float = 1e-10

    def _remembers(self) -> dict[str, float]:
        return {"sum": self.initial_accumulator_value}

    def _move(self, x: Array, grad: Array, slots: Mapping[str, Array], t: int) -> tuple[Array, dict[str, Array]]:
        grad = grad + self.weight_decay * x
        total = slots["sum"] + grad**2
        rate = self.lr / (1 + (t - 1) * self.lr_decay)
        return x - rate * grad / (np.sqrt(total) + self.eps), {"sum": total}


@dataclass(frozen=True)
class RMSprop(_Checked):
    """Divide each step by the root of a fading mean of squared gradients, v ← αv + (1 − α)g², x ← x − lr·g/(√v + ε).

    `centered` takes the variance in place of the mean square; `momentum` gathers the quotients. Raises UsageError for a
    hyper-parameter out of bounds.

    References
    ----------
    Tieleman & Hinton 2012, lecture 6e; Graves 2013, arXiv:1308.0850, eq. 38–45 for the centred form.
    """

    lr: float = 1e-2
    alpha: float = 0.99
    eps: float = 1e-8
    weight_decay: float = 0.0
    momentum: float = 0.0
    centered: bool = False

    def _remembers(self) -> dict[str, float]:
        names = ["square_avg", *["grad_avg"] * self.centered, *["momentum_buffer"] * bool(self.momentum)]
        return dict.fromkeys(names, 0.0)

    def _move(self, x: Array, grad: Array, slots: Mapping[str, Array], t: int) -> tuple[Array, dict[str, Array]]:
        grad = grad + self.weight_decay * x
        kept = {"square_avg": _fade(slots["square_avg"], grad**2, self.alpha)}
        spread = kept["square_avg"]
        if self.centered:
            kept["grad_avg"] = _fade(slots["grad_avg"], grad, self.alpha)
            spread = spread - kept["grad_avg"] ** 2
        direction = grad / (np.sqrt(spread) + self.eps)
        if self.momentum:
            direction = self.momentum * slots["momentum_buffer"] + direction
            kept["momentum_buffer"] = direction
        return x - self.lr * direction, kept


@dataclass(frozen=True)
class Adadelta(_Checked):
    """Scale each step by the ratio of fading means of past steps and of gradients, so that both have one unit.

    Raises UsageError for a hyper-parameter out of bounds.

    References
    ----------
    Zeiler 2012, arXiv:1212.5701, Algorithm 1.
    """

    lr: float = 1.0
    rho: float = 0.9
    eps: float = 1e-6
    weight_decay: float = 0.0

    def _remembers(self) -> dict[str, float]:
        return {"square_avg": 0.0, "acc_delta": 0.0}

    def _move(self, x: Array, grad: Array, slots: Mapping[str, Array], t: int) -> tuple[Array, dict[str, Array]]:
        grad = grad + self.weight_decay * x
        square = _fade(slots["square_avg"], grad**2, self.rho)
        delta = np.sqrt(slots["acc_delta"] + self.eps) / np.sqrt(square + self.eps) * grad
        return x - self.lr * delta, {"square_avg": square, "acc_delta": _fade(slots["acc_delta"], delta**2, self.rho)}


@dataclass(frozen=True)
class Adam(_Checked):
    """Step along the fading mean of gradients over the root of that of their squares, both corrected for their start.

    m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², x ← x − lr·m̂/(√v̂ + ε) with m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ). Raises
    UsageError for a hyper-parameter out of bounds.

    References
    ----------
    Kingma & Ba 2015, arXiv:1412.6980, Algorithm 1; Reddi, Kale & Kumar 2018 for `amsgrad`.
    """

    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    amsgrad: bool = False

    def _remembers(self) -> dict[str, float]:
        names = ["exp_avg", "exp_avg_sq", *["max_exp_avg_sq"] * self.amsgrad]
        return dict.fromkeys(names, 0.0)

    def _move(self, x: Array, grad: Array, slots: Mapping[str, Array], t: int) -> tuple[Array, dict[str, Array]]:
        return self._adapt(x, grad + self.weight_decay * x, slots, t)

    def _adapt(self, x: Array, grad: Array, slots: Mapping[str, Array], t: int) -> tuple[Array, dict[str, Array]]:
        first, second = self.betas
        kept = {
            "exp_avg": _fade(slots["exp_avg"], grad, first),
            "exp_avg_sq": _fade(slots["exp_avg_sq"], grad**2, second),
        }
        spread = kept["exp_avg_sq"]
        if self.amsgrad:
            spread = kept["max_exp_avg_sq"] = np.maximum(slots["max_exp_avg_sq"], spread)
        scale = np.sqrt(spread / (1 - second**t)) + self.eps
        return x - self.lr * (kept["exp_avg"] / (1 - first**t)) / scale, kept


@dataclass(frozen=True)
class AdamW(Adam):
    """Step as Adam does, with the weight decay apart from the gradient, x ← x − lr·decay·x.

    Raises UsageError for a hyper-parameter out of bounds.

    References
    ----------
    Loshchilov & Hutter 2019, arXiv:1711.05101, Algorithm 2.
    """

    weight_decay: float = 1e-2

    def _move(self, x: Array, grad: Array, slots: Mapping[str, Array], t: int) -> tuple[Array, dict[str, Array]]:
        return self._adapt(x * (1 - self.lr * self.weight_decay), grad, slots, t)


def _fade(past: Array, fresh: Array, keep: float) -> Array:
    return keep * past + (1 - keep) * fresh


OPTIMIZERS: Mapping[str, type[Optimizer]] = MappingProxyType(
    {rule.__name__: rule for rule in (SGD, Adagrad, RMSprop, Adadelta, Adam, AdamW)}
)
"""Every update rule by its name in `torch.optim`."""
