"""Points of two classes, schedules of a learning rate, and how a small network learns the classes, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from cnnviz.network.learning import Learner
from cnnviz.ops.optimizers import Optimizer
from cnnviz.storyboard import Curve, Dot, Plot, Surface, Values
from cnnviz.words import Text

_GROWN = 3.0
"""A loss of so many times the first is no longer on its way down."""

_BATCH, _SAMPLES = 20, 81
_START = 2
"""Weights that tell nothing yet of the usual examples."""

_NOTHING = np.empty(0)


def moons(turn: Values) -> Values:
    """Two half circles that reach into each other, by `turn` from 0 to 1 along each."""
    upper = np.stack([np.cos(np.pi * turn), np.sin(np.pi * turn)], axis=-1)
    return np.concatenate([upper, [1, 0.5] - upper]) - [0.5, 0.25]


def circles(turn: Values) -> Values:
    """One circle around the other."""
    outer = np.stack([np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)], axis=-1) * 1.2
    return np.concatenate([outer, 0.45 * outer])


def spirals(turn: Values) -> Values:
    """Two arms around one another."""
    along = np.sqrt(turn) * 1.5 * np.pi
    arm = np.stack([np.cos(along), np.sin(along)], axis=-1) * (along / (1.5 * np.pi) * 1.3)[:, None]
    return np.concatenate([arm, -arm])


SHAPES: Mapping[str, Callable[[Values], Values]] = MappingProxyType(
    {"moons": moons, "circles": circles, "spirals": spirals}
)
"""The classes' shapes: as many points of each, the first class first."""


def make_points(name: str, count: int, noise: float, seed: int) -> tuple[Values, Values]:
    """Points (count, 2), as many of each class, and their classes (count,)."""
    half = count // 2
    points = SHAPES[name]((np.arange(half) + 0.5) / half)
    points = points + np.random.default_rng(seed).normal(0, noise, points.shape)
    return points, np.repeat([0, 1], half)


SCHEDULES: Mapping[str, Callable[[float], float]] = MappingProxyType(
    {
        "constant": lambda share: 1.0,
        "step": lambda share: 0.1 ** (int(share >= 0.5) + int(share >= 0.75)),
        "exponential": lambda share: 0.01**share,
        "cosine": lambda share: (1 + math.cos(math.pi * share)) / 2,
        "warmup": lambda share: share / 0.1 if share < 0.1 else (1 + math.cos(math.pi * (share - 0.1) / 0.9)) / 2,
    }
)
"""The share of the learning rate after a share of the training."""


@dataclass(frozen=True, eq=False)
class Training:
    """Weights, loss and accuracy after each epoch, from 0 on; one that diverged ends with the epoch that did."""

    weights: tuple[Values, ...]
    loss: Values
    accuracy: Values
    rates: Values
    diverged: bool


def train(
    learner: Learner,
    x: Values,
    labels: Values,
    make: Callable[[float], Optimizer],
    rates: Values,
    seed: int,
) -> Training:
    """Train in batches, in an order drawn anew each epoch, with the rate of each epoch; stop where the loss grows."""
    rng, w = np.random.default_rng((seed, 1)), learner.start(seed + _START)
    state = make(1.0).init(w)
    weights, loss, right, diverged = [w], [learner.loss(w, x, labels)], [learner.accuracy(w, x, labels)], False
    with np.errstate(over="ignore", invalid="ignore"):
        for rate in rates:
            order = rng.permutation(len(x))
            for at in range(0, len(order), _BATCH):
                batch = order[at : at + _BATCH]
                w, state = make(float(rate)).step(w, learner.gradient(w, x[batch], labels[batch]), state)
            found = learner.loss(w, x, labels) if np.isfinite(w).all() else math.inf
            if (diverged := not found < _GROWN * loss[0]) and not math.isfinite(found):
                break
            weights.append(w)
            loss.append(found)
            right.append(learner.accuracy(w, x, labels))
            if diverged:
                break
    return Training(tuple(weights), np.array(loss), np.array(right), rates, diverged)


def field_of(learner: Learner, w: Values, reach: float) -> Values:
    """The probability of the second class over the plane, (rows, columns)."""
    at = np.linspace(-reach, reach, _SAMPLES)
    points = np.stack(np.meshgrid(at, at), axis=-1).reshape(-1, 2, 1, 1)
    scores = learner.scores(w, points)
    return np.asarray(np.round(1 / (1 + np.exp(np.clip(scores[:, 0] - scores[:, 1], -50, 50))), 4)).reshape(len(at), -1)


def plane(x: Values, labels: Values, heights: Values, reach: float) -> Surface:
    """The points of both classes over the field."""
    one, other = x[labels == 0], x[labels == 1]
    return Surface(
        name="plane",
        x_range=(-reach, reach),
        y_range=(-reach, reach),
        axes="frame",
        square=True,
        heights=heights,
        # Only the pale bands in the middle are ever reached, so that points stand out from them.
        levels=np.array([*range(-4, 0), 0.1, 0.3, 0.5, 0.7, 0.9, *range(2, 6)]),
        scale="diverging",
        curves=(
            Curve(name="first", role="curve", x=one[:, 0], y=one[:, 1], style="dots"),
            Curve(name="second", role="active", x=other[:, 0], y=other[:, 1], style="rings"),
        ),
    )


def progress(training: Training, epochs: int) -> Plot:
    """The axes of loss and accuracy over the epochs."""
    return Plot(
        name="progress",
        x_text=Text("epoch"),
        y_text=Text("loss and accuracy"),
        x_range=(0, epochs),
        y_range=(0, max(1.06, math.ceil(10 * float(training.loss[0]) + 1) / 10)),
        axes="frame",
        curves=(
            Curve(name="loss", role="tangent", x=_NOTHING, y=_NOTHING, text=Text("loss")),
            Curve(name="accuracy", role="added", x=_NOTHING, y=_NOTHING, style="dashed", text=Text("accuracy")),
        ),
    )


def schedule_plot(rates: Values) -> Plot:
    """The learning rate over the epochs, with a point that goes along."""
    return Plot(
        name="rate",
        x_text=Text("epoch"),
        y_text=Text("learning rate"),
        x_range=(0, len(rates)),
        y_range=(0, 1.1 * float(rates.max())),
        axes="frame",
        under=True,
        curves=(Curve(name="schedule", role="curve", x=np.arange(1.0, len(rates) + 1), y=rates),),
        dots=(Dot(name="now", role="active", x=1.0, y=float(rates[0])),),
    )
