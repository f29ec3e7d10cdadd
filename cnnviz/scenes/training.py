"""A network learns: its loss falls over the epochs, its decision boundary bends around the examples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.network import Network, parse_layers
from cnnviz.network.learning import Learner
from cnnviz.parameters import param
from cnnviz.scene import Scene
from cnnviz.scenes._learning import RATES, SCHEDULES, SETTINGS, USUAL, Training, make_points, points_code, record, train
from cnnviz.scenes._learning_plots import progress, view
from cnnviz.scenes._rules import RULES
from cnnviz.story import Story
from cnnviz.storyboard import Step, Values
from cnnviz.words import Number, Text

_MOST_PRODUCTS = 10**9
"""Multiplications forward: about ten seconds, and 80 times as many as of strokes as they are."""

_OWN = "chosen for the data"
_BEATS = 15
"""How long all pictures take together."""


@dataclass(frozen=True, kw_only=True)
class TrainingScene(Scene):
    """A small network learns to tell two classes of points apart, in batches of 20, by softmax and cross-entropy.

    Weights start as He et al. (2015) draw them; gradients come by back-propagation (Rumelhart, Hinton and Williams
    1986). The schedules: a tenth after a half and three quarters (`step`), a hundredth at the end (`exponential`), half
    a cosine (Loshchilov and Hutter 2017), and one after a rise in the first tenth (`warmup`). Training that ends at
    more than three times the first loss has diverged.
    """

    examples: ClassVar = (
        "cnnviz training",
        "cnnviz training --data spirals --optimizer adam --schedule cosine --epochs 100",
        "cnnviz training --data strokes",
        "cnnviz training --optimizer sgd --lr 30",
    )
    live: ClassVar = MappingProxyType({"epochs": 100, "points": 200, "frames": 50})

    data: str = param(
        "moons", help="The examples: points, or pictures of strokes.", choices=tuple(USUAL), always_named=True
    )
    layers: str | None = param(None, help="Layers, as those of `cnn`; the last gives 2 scores.", shown_default=_OWN)
    optimizer: str = param("sgd", help="Update rule.", choices=tuple(RULES), always_named=True)
    lr: float | None = param(
        None, alias="learning-rate", help="Learning rate.", lo=1e-9, hi=1e3, shown_default="one for each optimizer"
    )
    schedule: str = param("constant", help="How the learning rate changes.", choices=tuple(SCHEDULES))
    epochs: int = param(40, help="Passes over all examples.", lo=1, hi=200)
    frames: int = param(14, help="Pictures at most: of more epochs every n-th is shown.", lo=1, hi=200)
    points: int = param(200, help="Examples, half of each class.", lo=10, hi=400)
    noise: float | None = param(None, help="Noise: its standard deviation.", lo=0, hi=1, shown_default=_OWN)

    def prepare(self) -> None:
        """Fill in the data's layers and the optimizer's rate; the network must tell two classes apart."""
        self.fill_in(**{name: value for name, value in USUAL[self.data].items() if getattr(self, name) is None})
        if self.lr is None:
            self.fill_in(lr=RATES[self.optimizer])
        if (classes := self._learner.network.classes) != 2:
            raise UsageError(f"--layers ends in {classes} numbers: end with fc 2, for two classes")
        if (products := self._learner.network.products * self.points * self.epochs) > _MOST_PRODUCTS:
            most = f"{products:.0e} multiplications, more than {_MOST_PRODUCTS:.0e}"
            raise UsageError(f"this training takes {most}: use fewer --epochs or --points, or smaller --layers")

    @cached_property
    def _learner(self) -> Learner:
        shape = self._examples[0].shape[1:]
        return Learner(Network(parse_layers(self.layers or ""), shape if len(shape) == 3 else (*shape, 1, 1)))

    @cached_property
    def _examples(self) -> tuple[Values, Values]:
        return make_points(self.data, self.points, self.noise or 0.0, self.seed)

    @cached_property
    def _training(self) -> Training:
        rates = (self.lr or 0.0) * np.array([SCHEDULES[self.schedule](n / self.epochs) for n in range(self.epochs)])
        return train(self._learner, *self._examples, RULES[self.optimizer], rates, self.seed)

    def story(self) -> Story:
        """A picture for every n-th epoch."""
        made, (x, labels) = self._training, self._examples
        every = -(-max(made.epochs, 1) // self.frames)
        shown = [*range(0, made.epochs, every), made.epochs]
        rate = Number(self.lr or 0.0, None)
        source = points_code(self.data, self.noise or 0.0, self.seed, len(x))
        graph = record(self._learner, x, source, labels, RULES[self.optimizer], made, self.seed)
        story = Story(self, Text("Training a network"), graph, point=made.point(rate))
        story.settings = [("", RULES[self.optimizer].title), ("", Text("learning rate {lr}", lr=rate))]
        if self.schedule != "constant":
            story.settings.append(("", Text("schedule: {name}", name=self.schedule)))
        panels, changes = view(story, self._learner, x, labels, [made.weights[n] for n in shown])

        digits = self.max_decimals(3)

        def steps() -> Iterator[Step]:
            for before, now in zip([-1, *shown], shown, strict=False):
                caption = made.caption(now, digits)
                beats = 1.0 if now in (0, made.epochs) else min(1.0, _BEATS / len(shown))
                yield story.step(caption, changes(made.weights[now]), made.changes(before, now), beats=beats)

        return story.play(
            steps,
            len(shown),
            (*panels, *progress(made, self.epochs)),
            answer=made.answer(digits),
            alt=made.alt(self.data, self._learner.network.parameters),
            formula=RULES[self.optimizer].formula(SETTINGS),
        )
