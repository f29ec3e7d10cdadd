"""Gradient descent's update rules as pure functions: `init` gives a state, `step` new parameters and a new state.

Names, arguments and defaults are those of `torch.optim`. A state holds the number of steps taken and what the rule
remembers, under torch's names; nothing is changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.ops._arrays import Array, floating
from cnnviz.record import Record

State = Mapping[str, Any]


class Optimizer(Record):
    """What every update rule shares; a rule is a record of hyper-parameters that says how to `_move`."""

    remembers: ClassVar[tuple[str, ...]] = ()

    def init(self, params: npt.ArrayLike) -> State:
        """Give the state before the first step, for parameters of any shape."""
        return {"step": 0} | {name: np.zeros_like(floating(params)) for name in self.remembers}

    def step(self, params: npt.ArrayLike, grad: npt.ArrayLike, state: State) -> tuple[Array, State]:
        """Move the parameters once against their gradient, of the same shape."""
        count = state["step"] + 1
        moved, remembered = self._move(floating(params), floating(grad), state, count)
        return moved, {"step": count, **remembered}

    def _move(self, x: Array, grad: Array, state: State, t: int) -> tuple[Array, State]:
        raise NotImplementedError


class SGD(Optimizer):
    """Step along −gradient, with momentum v ← μv + g and x ← x − lr·v; Nesterov's steps along g + μv.

    Polyak 1964; Sutskever et al. 2013, eq. 1–4 (there lr is inside v).
    """

    lr: float = 1e-3
    momentum: float = 0.0
    nesterov: bool = False

    remembers = ("momentum_buffer",)

    def _move(self, x: Array, grad: Array, state: State, t: int) -> tuple[Array, State]:
        velocity = self.momentum * state["momentum_buffer"] + grad
        direction = grad + self.momentum * velocity if self.nesterov else velocity
        return x - self.lr * direction, {"momentum_buffer": velocity}


class Adagrad(Optimizer):
    """Divide each step by the root of all past squared gradients, x ← x − lr·g/(√Σg² + ε).

    Duchi, Hazan & Singer 2011, §1.1 (the diagonal form).
    """

    lr: float = 1e-2
    eps: float = 1e-10

    remembers = ("sum",)

    def _move(self, x: Array, grad: Array, state: State, t: int) -> tuple[Array, State]:
        total = state["sum"] + grad**2
        return x - self.lr * grad / (np.sqrt(total) + self.eps), {"sum": total}


class RMSprop(Optimizer):
    """Divide each step by the root of a fading mean of squared gradients, v ← αv + (1 − α)g², x ← x − lr·g/(√v + ε).

    Tieleman & Hinton 2012, lecture 6e.
    """

    lr: float = 1e-2
    alpha: float = 0.99
    eps: float = 1e-8

    remembers = ("square_avg",)

    def _move(self, x: Array, grad: Array, state: State, t: int) -> tuple[Array, State]:
        square = _fade(state["square_avg"], grad**2, self.alpha)
        return x - self.lr * (grad / (np.sqrt(square) + self.eps)), {"square_avg": square}


class Adam(Optimizer):
    """Step along the fading mean of gradients over the root of that of their squares, both corrected for their start.

    m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², x ← x − lr·m̂/(√v̂ + ε) with m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ).
    Kingma & Ba 2015, arXiv:1412.6980, Algorithm 1.
    """

    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    remembers = ("exp_avg", "exp_avg_sq")

    def _move(self, x: Array, grad: Array, state: State, t: int) -> tuple[Array, State]:
        first, second = self.betas
        mean, square = _fade(state["exp_avg"], grad, first), _fade(state["exp_avg_sq"], grad**2, second)
        scale = np.sqrt(square / (1 - second**t)) + self.eps
        return x - self.lr * (mean / (1 - first**t)) / scale, {"exp_avg": mean, "exp_avg_sq": square}


def _fade(past: Array, fresh: Array, keep: float) -> Array:
    return keep * past + (1 - keep) * fresh


OPTIMIZERS: Mapping[str, type[Optimizer]] = {rule.__name__: rule for rule in (SGD, Adagrad, RMSprop, Adam)}
"""Every update rule by its name in `torch.optim`."""
