"""A network learns: its loss falls over the epochs, its decision boundary bends around the examples."""

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
from cnnviz.scenes._learning import RATES, SCHEDULES, SETTINGS, SHAPES, Training, field_of, make_points, train
from cnnviz.scenes._learning_plots import plane, progress, schedule_plot
from cnnviz.scenes._rules import RULES
from cnnviz.story import Story
from cnnviz.storyboard import SetHeights, Step, Values
from cnnviz.words import Number, Text


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
        "cnnviz training --optimizer sgd --lr 30",
    )

    data: str = param("moons", help="The examples.", choices=tuple(SHAPES), always_named=True)
    layers: str = param("fc 8, tanh, fc 8, tanh, fc 2", help="Layers, as those of `cnn`; the last one gives 2 scores.")
    optimizer: str = param("sgd", help="Update rule.", choices=tuple(RULES), always_named=True)
    lr: float | None = param(
        None, alias="learning-rate", help="Learning rate.", lo=1e-9, hi=1e3, shown_default="one for each optimizer"
    )
    schedule: str = param("constant", help="How the learning rate changes.", choices=tuple(SCHEDULES))
    epochs: int = param(40, help="Passes over all examples.", lo=1, hi=200)
    frames: int = param(15, help="Pictures at most: of more epochs every n-th is shown.", lo=1, hi=200)
    points: int = param(200, help="Examples, half of each class.", lo=10, hi=400)
    noise: float = param(0.12, help="Standard deviation of the examples' places.", lo=0, hi=1)

    def prepare(self) -> None:
        """The rate is the optimizer's, unless given; the network must tell two classes apart."""
        if self.lr is None:
            self.fill_in(lr=RATES[self.optimizer])
        if (classes := self._learner.network.classes) != 2:
            raise UsageError(f"--layers ends in {classes} numbers: end with fc 2, for two classes")

    @cached_property
    def _learner(self) -> Learner:
        return Learner(Network(parse_layers(self.layers), (2, 1, 1)))

    @cached_property
    def _examples(self) -> tuple[Values, Values]:
        return make_points(self.data, self.points, self.noise, self.seed)

    @property
    def _reach(self) -> float:
        return float(np.ceil(10 * np.abs(self._examples[0]).max() + 1) / 10)

    @cached_property
    def _training(self) -> Training:
        x, labels = self._examples
        rates = (self.lr or 0.0) * np.array([SCHEDULES[self.schedule](n / self.epochs) for n in range(self.epochs)])
        make = RULES[self.optimizer].make
        return train(self._learner, x[..., None, None], labels, lambda lr: make(lr, SETTINGS), rates, self.seed)

    def story(self) -> Story:
        """A picture for every n-th epoch."""
        made, (x, labels) = self._training, self._examples
        every = -(-max(made.epochs, 1) // self.frames)
        shown = [*range(0, made.epochs, every), made.epochs]
        rate = Number(self.lr or 0.0, None)
        story = Story(self, Text("Training a network"), point=made.point(rate))
        story.settings = [("", RULES[self.optimizer].title), ("", Text("learning rate {lr}", lr=rate))]
        if self.schedule != "constant":
            story.settings.append(("", Text("schedule: {name}", name=self.schedule)))

        def steps() -> Iterator[Step]:
            for before, now in zip([-1, *shown], shown, strict=False):
                field = field_of(self._learner, made.weights[now], self._reach)
                caption = made.caption(now, 3 if self.digits is None else self.digits)
                yield story.step(caption, SetHeights(panel="plane", heights=field), made.changes(before, now))

        alt = Text(
            "a network with {n} weights that learns to tell two classes of points ({data}) apart: in {epochs} epochs "
            "its loss goes from {first} to {last} while the boundary between the classes bends",
            n=self._learner.network.parameters,
            data=self.data,
            epochs=made.epochs,
            first=Number(made.loss[0], 2),
            last=Number(made.loss[-1], 2),
        )
        field = plane(x, labels, field_of(self._learner, made.weights[0], self._reach), self._reach)
        return story.play(
            steps,
            len(shown),
            (field, progress(made, self.epochs), schedule_plot(made.rates)),
            alt=alt,
            formula=RULES[self.optimizer].formula(SETTINGS),
        )
