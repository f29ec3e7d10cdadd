"""What is seen of a network that learns: its field over the examples, loss and accuracy, and the learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cnnviz.network.learning import Learner
from cnnviz.scenes._curves import question
from cnnviz.scenes._learning import Training
from cnnviz.story import Cells, Story
from cnnviz.storyboard import Change, Curve, Dot, Panel, Plot, SetHeights, Shade, Surface, Values
from cnnviz.words import Text

_HIGHEST = 100.0
"""Losses beyond so many times the first are off the axes."""

_SAMPLES, _MOST_KERNELS = 81, 8

View = tuple[Sequence[Panel | Cells], Callable[[Values], Iterator[Change]]]
"""Panels, and what changes there with other weights."""


def view(story: Story, learner: Learner, x: Values, labels: Values, weights: Sequence[Values]) -> View:
    """What is seen of the network beside its loss, with all `weights` that are shown."""
    return _kernels(story, learner, x, labels, weights) if x.ndim > 2 else _plane(learner, x, labels, weights[0])


def _plane(learner: Learner, x: Values, labels: Values, w: Values) -> View:
    """The points of both classes over the field that the network makes."""
    reach = float(np.ceil(10 * np.abs(x).max() + 1) / 10)
    at = np.linspace(-reach, reach, _SAMPLES)
    places = np.stack(np.meshgrid(at, at), axis=-1).reshape(-1, 2, 1, 1)

    def field(w: Values) -> Values:
        """The probability of the second class over the plane, (rows, columns)."""
        scores = learner.scores(w, places)
        gap = np.clip(scores[:, 0] - scores[:, 1], -50, 50)
        return np.asarray(np.round(1 / (1 + np.exp(gap)), 4)).reshape(len(at), -1)

    def changes(w: Values) -> Iterator[Change]:
        yield SetHeights(panel="plane", heights=field(w))

    one, other = x[labels == 0], x[labels == 1]
    panel = Surface(
        name="plane",
        label=Text("dots: class 1, rings: class 2"),
        x_range=(-reach, reach),
        y_range=(-reach, reach),
        square=True,
        heights=field(w),
        # Only the pale bands in the middle are ever reached, so that points stand out from them.
        levels=np.array([*range(-4, 0), 0.2, 0.5, 0.8, *range(2, 6)]),
        scale="diverging",
        curves=(
            Curve(name="first", role="forward", x=one[:, 0], y=one[:, 1], style="dots"),
            Curve(name="second", role="active", x=other[:, 0], y=other[:, 1], style="rings"),
        ),
    )
    return [panel], changes


def _kernels(story: Story, learner: Learner, x: Values, labels: Values, weights: Sequence[Values]) -> View:
    """The weights of the first layer as pictures, beside two examples of each class."""

    def kernels(w: Values) -> Values:
        """At most eight, (kernels, rows, columns); the weights of a number are a square."""
        found = next(each for each in learner.arrays(w).values() if each.ndim > 1)
        side = math.isqrt(found[0].size)
        return np.asarray(found.reshape(-1, side, side)[:_MOST_KERNELS])

    def changes(w: Values) -> Iterator[Change]:
        for place, value in np.ndenumerate(kernels(w)):
            yield learned.set(place, value=float(value))

    chosen = [np.flatnonzero(labels == label)[n] for n in (0, 1) for label in (0, 1)]
    held: dict[str, Any] = {"columns": 2, "held": True, "numbers": False}
    names = tuple(Text("class {n}", n=n) for n in (1, 2))
    # Noise below 0 and above 1 would leave the strokes few greys.
    grays = Shade(scale="gray", lo=0.0, hi=1.0, always=True)
    examples = story.cells("examples", Text("Examples"), x[chosen, 0], shade=grays, captions=names * 2, **held)
    first, most = kernels(weights[0]), max(float(np.abs(kernels(w)).max()) for w in weights)
    shade = Shade(scale="diverging", lo=-most, hi=most, always=True)
    look: dict[str, Any] = {"shade": shade, "captions": ("",) * len(first), "enlarge": True}
    learned = story.cells("kernels", Text("First layer's kernels"), first, **look, **held)
    return [examples, learned], changes


def progress(training: Training, epochs: int) -> tuple[Plot, Plot]:
    """The loss over the epochs, above the learning rate where that changes, else above the accuracy."""
    most = max(1.0, min(float(training.loss.max()), _HIGHEST * float(training.loss[0])))
    loss = replace(_course("loss", "tangent", epochs, most), dots=(question(np.array([epochs])),))
    rates = training.rates
    if not training.scheduled:
        return loss, replace(_course("accuracy", "added", epochs, 1.0), x_text=Text("epoch"), under=True)
    return loss, Plot(
        name="rate",
        x_text=Text("epoch"),
        y_text=Text("learning rate"),
        x_range=(0, len(rates)),
        y_range=(0, 1.1 * float(rates.max())),
        under=True,
        curves=(Curve(name="schedule", role="curve", x=np.arange(1.0, len(rates) + 1), y=rates),),
        # It goes along.
        dots=(Dot(name="now", role="active", x=1.0, y=float(rates[0])),),
    )


def _course(name: str, role: str, epochs: int, most: float) -> Plot:
    return Plot(
        name=name,
        y_text=Text(name),
        x_range=(0, epochs),
        y_range=(0, 1.06 * most),
        curves=(Curve(name=name, role=role, x=np.empty(0), y=np.empty(0)),),
    )
