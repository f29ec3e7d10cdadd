"""Points of two classes, schedules of a learning rate, and how a small network learns the classes, epoch by epoch."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from cnnviz.network.learning import Learner
from cnnviz.network.recorded import record_layers
from cnnviz.operation import MAP, Call
from cnnviz.scenes._curves import answered
from cnnviz.scenes._rules import Rule, short
from cnnviz.story import Graph
from cnnviz.storyboard import Change, MoveDot, SetCurve, Values
from cnnviz.words import Number, Text, Words

_GROWN, _LATE = 3.0, 5
"""Training has diverged where the mean loss of the last epochs, so many of them, is so many times the first."""

STROKES = "strokes"
"""The examples that are pictures rather than points."""

RATES = {"sgd": 0.2, "momentum": 0.05, "nesterov": 0.05, "adagrad": 0.1, "rmsprop": 0.01, "adam": 0.02}
"""Rates with which each optimizer learns the usual examples."""

SETTINGS = MappingProxyType({"momentum": 0.9, "alpha": 0.9, "beta1": 0.9, "beta2": 0.999})
_LONG = 1e4
_BATCH = 20
_SMALL = 0.3
_ORDER, _START = 1, 2
"""Seeds of the batches' order, and of weights that tell nothing yet of the usual examples."""


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
    along = np.sqrt(turn)
    angle = 2.2 * np.pi * along
    arm = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * 1.5 * along[:, None]
    return np.concatenate([arm, -arm])


def strokes(count: int, rng: np.random.Generator) -> Values:
    """Pictures of `count` strokes that fall and as many that rise, each moved at random, (2·count, 1, 8, 8)."""
    across, down = np.meshgrid(np.arange(8) - 3.5, np.arange(8) - 3.5)
    apart = np.concatenate([np.broadcast_to(across + sign * down, (count, 8, 8)) for sign in (-1, 1)])
    moved = np.abs(apart / np.sqrt(2) - rng.uniform(-2, 2, (2 * count, 1, 1)))
    return np.asarray(np.clip(1 - moved / 1.2, 0, 1)[:, None])


SHAPES: Mapping[str, Callable[[Values], Values]] = MappingProxyType(
    {"moons": moons, "circles": circles, "spirals": spirals}
)
"""The classes' shapes: as many points of each, the first class first."""


USUAL: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {name: {"layers": "fc 8, tanh, fc 8, tanh, fc 2", "noise": 0.12} for name in SHAPES}
    | {STROKES: {"layers": "conv 4@5x5, relu, maxpool 4, fc 2", "noise": 0.3}}
)


def make_points(name: str, count: int, noise: float, seed: int) -> tuple[Values, Values]:
    """Points (count, 2) or pictures (count, 1, 8, 8), as many of each class, and their classes (count,)."""
    half, rng = count // 2, np.random.default_rng(seed)
    points = strokes(half, rng) if name == STROKES else SHAPES[name]((np.arange(half) + 0.5) / half)
    points = points + rng.normal(0, noise, points.shape)
    return points, np.repeat([0, 1], half)


def points_code(name: str, noise: float, seed: int, count: int) -> str:
    """Python that makes the same as `make_points`, its last line an expression."""
    half = count // 2
    arguments = f"{half}, drawn" if name == STROKES else f"(np.arange({half}) + 0.5) / {half}"
    made = inspect.getsource(strokes if name == STROKES else SHAPES[name])
    return f"""

{made.replace(": Values", "").replace(" -> Values", "")}

drawn = np.random.default_rng({seed})
points = {name}({arguments})
(points + drawn.normal(0, {noise}, points.shape))"""


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
    """Weights, loss and accuracy after each epoch, from 0 on, as long as these are finite; and whether it diverged."""

    weights: tuple[Values, ...]
    loss: Values
    accuracy: Values
    rates: Values
    examples: int
    diverged: bool
    pictures: bool

    @property
    def epochs(self) -> int:
        """How many there were."""
        return len(self.loss) - 1

    @property
    def scheduled(self) -> bool:
        """Whether the rate changes."""
        return bool(np.ptp(self.rates))

    def point(self, rate: Number) -> Words:
        """What it shows."""
        if self.diverged:
            return Text("A learning rate of {lr} is too high: the loss does not settle", lr=rate)
        known = self._known(self.epochs, 0)
        if self.pictures:
            return Text("Kernels of noise turn into strokes: {right} of {n} examples are classified correctly", **known)
        return Text("The boundary bends until {right} of {n} examples are classified correctly", **known)

    def alt(self, data: str, weights: int) -> Words:
        """What is seen of it."""
        return Text(
            "a network with {n} weights that learns to tell two classes ({data}) apart: in {epochs} epochs its loss "
            "goes from {first} to {last}",
            n=weights,
            data=data,
            epochs=self.epochs,
            first=Number(self.loss[0], 2),
            last=Number(self.loss[-1], 2),
        )

    def caption(self, epoch: int, digits: int) -> Words:
        """What is said after an epoch."""
        known = self._known(epoch, digits)
        if epoch == 0:
            return Text("Random weights: loss {loss}, {right} of {n} examples correct", **known)
        return Text("Epoch {epoch}: loss {loss}, {right} of {n} examples correct", **known)

    def answer(self, digits: int) -> Words:
        """What training has come to."""
        if self.diverged:
            return Text("The steps are too long: the loss does not settle")
        first, known = Number(float(self.loss[0]), digits), self._known(self.epochs, digits)
        return Text(
            "In {epoch} epochs the loss went from {first} to {loss}: {right} of {n} correct", first=first, **known
        )

    def _known(self, epoch: int, digits: int) -> dict[str, Any]:
        right, loss = round(self.accuracy[epoch] * self.examples), float(self.loss[epoch])
        shown = Number(loss, digits) if loss < _LONG else short(loss)
        return {"epoch": epoch, "loss": shown, "right": right, "n": self.examples}

    def changes(self, before: int, now: int) -> Iterator[Change]:
        """The curves drawn on from one epoch to another, or the point that goes along the rates."""
        new = slice(max(before, 0), now + 1)
        at = np.arange(float(len(self.loss)))[new]
        yield SetCurve(panel="loss", curve="loss", x=at, y=self.loss[new], extend=True)
        if now == self.epochs:
            yield from answered("loss")
        if self.scheduled:
            epoch = max(now, 1)
            yield MoveDot(panel="rate", dot="now", x=float(epoch), y=float(self.rates[epoch - 1]))
        else:
            yield SetCurve(panel="accuracy", curve="accuracy", x=at, y=self.accuracy[new], extend=True)


def start(learner: Learner, seed: int) -> tuple[Values, float]:
    """Weights to begin with, and what they are times those of `he_weights`."""
    # What kernels have learned shall be seen over the noise that they began with.
    scale = _SMALL if learner.network.input_shape[-1] > 1 else 1.0
    return learner.start(seed + _START) * scale, scale


def train(
    learner: Learner,
    x: Values,
    labels: Values,
    rule: Rule,
    rates: Values,
    seed: int,
) -> Training:
    """Train in batches, in an order drawn anew each epoch, with the rate of each epoch."""
    x = x.reshape(-1, *learner.network.input_shape)
    rng, (w, _) = np.random.default_rng((seed, _ORDER)), start(learner, seed)
    state = rule.make(1.0, SETTINGS).init(w)
    weights, loss, right, found = [w], [learner.loss(w, x, labels)], [learner.accuracy(w, x, labels)], 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for rate in rates:
            order = rng.permutation(len(x))
            for at in range(0, len(order), _BATCH):
                batch = order[at : at + _BATCH]
                w, state = rule.make(float(rate), SETTINGS).step(w, learner.gradient(w, x[batch], labels[batch]), state)
            found = learner.loss(w, x, labels) if np.isfinite(w).all() else math.inf
            if not math.isfinite(found):
                break
            weights.append(w)
            loss.append(found)
            right.append(learner.accuracy(w, x, labels))
    # Of a loss that jumps up and down one value tells nothing.
    diverged = not math.isfinite(found) or float(np.mean(loss[-_LATE:])) > _GROWN * loss[0]
    return Training(tuple(weights), np.array(loss), np.array(right), rates, len(x), diverged, x.shape[-1] > 1)


def record(learner: Learner, x: Values, source: str, labels: Values, rule: Rule, made: Training, seed: int) -> Graph:
    """What `train` has done, for programs, as long as the loss was finite; `source` makes `x`."""
    (w, scale), network, rates = start(learner, seed), learner.network, made.rates[: max(made.epochs, 1)]
    graph, shape = Graph(double=True, seed=network.seed(seed + _START)), (len(x), *network.input_shape)
    given = graph.input("x", x.reshape(shape), MAP, source=f"{source}.reshape{shape}")
    classes = graph.input("labels", labels, source=f"np.repeat([0, 1], {len(x) // 2})")
    stages = record_layers(graph, network, given, network.with_names(learner.arrays(w)), scale=scale)
    graph.compute("mean_cross_entropy", stages[-1].y, classes, result="loss")
    options = {
        **rule.program(SETTINGS),
        "lr": float(rates.max()),
        "rates": rates,
        "batch": _BATCH,
        "seed": [seed, _ORDER],
    }
    graph.training_call = Call(
        function="train", operands=("x", "labels"), result="losses", shape=shape, options=options
    )
    return graph
