"""A network learns: its loss falls over the epochs, and its decision boundary bends around the examples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.network import Network, parse_layers
from cnnviz.network.learning import Learner
from cnnviz.parameters import param
from cnnviz.scene import Scene
from cnnviz.scenes._learning import (
    SCHEDULES,
    SHAPES,
    Training,
    field_of,
    make_points,
    plane,
    progress,
    schedule_plot,
    train,
)
from cnnviz.scenes._rules import RULES, Rule, Settings
from cnnviz.story import Story
from cnnviz.storyboard import Change, MoveDot, SetCurve, SetHeights, Step, Values
from cnnviz.words import Number, Strong, Text, Words

_RATES = {"sgd": 0.1, "momentum": 0.1, "nesterov": 0.1, "adagrad": 0.1, "rmsprop": 0.01, "adam": 0.02}
_SETTINGS = Settings(momentum=0.9, alpha=0.9, beta1=0.9, beta2=0.999)


@dataclass(frozen=True, kw_only=True)
class TrainingScene(Scene):
    """A small network learns to tell two classes of points apart, in batches of 20, by softmax and cross-entropy.

    Weights start as He et al. (2015) draw them; gradients come by back-propagation (Rumelhart, Hinton and Williams
    1986). The schedules: a tenth after a half and three quarters (`step`), a hundredth at the end (`exponential`), half
    a cosine (Loshchilov and Hutter 2017), and one after a rise in the first tenth (`warmup`). A loss of three times the
    first one ends the training.
    """

    examples: ClassVar = (
        "cnnviz training",
        "cnnviz training --data spirals --optimizer adam --schedule cosine --epochs 100",
        "cnnviz training --optimizer sgd --lr 30",
    )

    data: str = param("moons", help="The examples.", choices=tuple(SHAPES), always_named=True)
    layers: str = param("fc 8, tanh, fc 8, tanh, fc 2", help="Layers, as those of `cnn`; the last one gives 2 scores.")
    optimizer: str = param("sgd", help="Update rule.", choices=tuple(RULES), always_named=True)
    lr: float | None = param(
        None,
        alias="learning-rate",
        help="Learning rate.",
        lo=1e-9,
        hi=1e3,
        shown_default="one for each optimizer",
    )
    schedule: str = param("constant", help="How the learning rate changes.", choices=tuple(SCHEDULES))
    epochs: int = param(60, help="Passes over all examples.", lo=1, hi=500)
    frames: int = param(30, help="Pictures at most: of more epochs every n-th is shown.", lo=1, hi=200)
    examples_count: int = param(200, alias="count", help="Examples, half of each class.", lo=10, hi=1000)
    noise: float = param(0.12, help="Standard deviation of the examples' places.", lo=0, hi=1)

    def prepare(self) -> None:
        """The rate is the optimizer's, unless given; the network must tell two classes apart."""
        if self.lr is None:
            self.fill_in(lr=_RATES[self.optimizer])
        if (classes := self._learner.network.classes) != 2:
            raise UsageError(f"--layers ends in {classes} numbers: end with fc 2, for two classes")

    @cached_property
    def _learner(self) -> Learner:
        return Learner(Network(parse_layers(self.layers), (2, 1, 1)))

    @cached_property
    def _points(self) -> tuple[Values, Values]:
        return make_points(self.data, self.examples_count, self.noise, self.seed)

    @property
    def _reach(self) -> float:
        return float(np.ceil(10 * np.abs(self._points[0]).max() + 1) / 10)

    @property
    def _rule(self) -> Rule:
        return RULES[self.optimizer]

    @cached_property
    def _training(self) -> Training:
        x, labels = self._points
        rates = (self.lr or 0.0) * np.array([SCHEDULES[self.schedule](n / self.epochs) for n in range(self.epochs)])
        make = self._rule.make
        return train(self._learner, x[..., None, None], labels, lambda lr: make(lr, _SETTINGS), rates, self.seed)

    def story(self) -> Story:
        """A picture for every n-th epoch."""
        made, (x, labels) = self._training, self._points
        last = len(made.loss) - 1
        every = -(-max(last, 1) // self.frames)
        shown = [*range(0, last, every), last]
        story = Story(self, Text("Training a network"), point=self._point())
        story.settings = [("", self._rule.title), ("", Text("learning rate {lr}", lr=Number(self.lr or 0.0, None)))]

        def steps() -> Iterator[Step]:
            for before, now in zip([-1, *shown], shown, strict=False):
                yield story.step(self._caption(now, now == last), self._changes(before, now))

        heights = field_of(self._learner, made.weights[0], self._reach)
        alt = Text(
            "a network with {n} weights learns to tell two classes of points ({data}) apart: in {epochs} epochs its "
            "loss goes from {first} to {last} while the boundary between the classes bends",
            n=self._learner.network.parameters,
            data=self.data,
            epochs=last,
            first=Number(made.loss[0], 2),
            last=Number(made.loss[-1], 2),
        )
        return story.play(
            steps,
            len(shown),
            (plane(x, labels, heights, self._reach), progress(made, self.epochs), schedule_plot(made.rates)),
            alt=alt,
            formula=self._rule.formula(_SETTINGS),
        )

    def _changes(self, before: int, now: int) -> Iterator[Change]:
        made, new = self._training, slice(max(before, 0), now + 1)
        yield SetHeights(panel="plane", heights=field_of(self._learner, made.weights[now], self._reach))
        at = np.arange(float(len(made.loss)))[new]
        yield SetCurve(panel="progress", curve="loss", x=at, y=made.loss[new], extend=True)
        yield SetCurve(panel="progress", curve="accuracy", x=at, y=made.accuracy[new], extend=True)
        epoch = max(now, 1)
        yield MoveDot(panel="rate", dot="now", x=float(epoch), y=float(made.rates[epoch - 1]))

    def _point(self) -> Words:
        made, known = self._training, {"lr": Number(self.lr or 0.0, None), "n": len(self._training.loss) - 1}
        if made.diverged:
            return Text("A learning rate of {lr} is too high: the loss grows", **known)
        known["right"] = Number(100 * made.accuracy[-1], 0)
        return Text("In {n} epochs the boundary bends until {right} % of the examples are on their side", **known)

    def _caption(self, epoch: int, last: bool) -> Words:
        made, count = self._training, len(self._points[0])
        known = {
            "epoch": epoch,
            "loss": Number(made.loss[epoch], 3 if self.digits is None else self.digits),
            "right": round(made.accuracy[epoch] * count),
            "n": count,
        }
        if epoch == 0:
            return Text("Random weights: loss {loss}, {right} of {n} examples on the right side", **known)
        if last and made.diverged:
            return Text("Epoch {epoch}: loss {loss}, {lost}", lost=Strong(Text("diverged")), **known)
        return Text("Epoch {epoch}: loss {loss}, {right} of {n} examples on the right side", **known)
