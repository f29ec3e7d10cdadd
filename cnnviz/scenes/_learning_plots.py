"""What is seen of a network that learns: its field over the examples, loss and accuracy, and the learning rate."""

from __future__ import annotations

import numpy as np

from cnnviz.scenes._learning import Training
from cnnviz.storyboard import Curve, Dot, Plot, Surface, Values
from cnnviz.words import Text

_HIGHEST = 100.0
"""Losses beyond so many times the first are off the axes."""

_NOTHING = np.empty(0)


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
        levels=np.array([*range(-4, 0), 0.2, 0.5, 0.8, *range(2, 6)]),
        scale="diverging",
        curves=(
            Curve(name="first", role="forward", x=one[:, 0], y=one[:, 1], style="dots"),
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
        y_range=(0, 1.06 * max(1.0, min(float(training.loss.max()), _HIGHEST * float(training.loss[0])))),
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
