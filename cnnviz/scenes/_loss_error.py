"""How far a prediction is from the label, as a picture: the label's line, a thick one, and its square."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnnviz.functions.losses import LABEL, MARGIN, PREDICTION, Loss
from cnnviz.scenes._curves import Point
from cnnviz.storyboard import Change, Curve, Row, SetCurve
from cnnviz.words import Math, Symbol, Text

_HALF, _ASIDE, _DOWN = 0.5, 0.07, 0.12
"""The square's share of the error's length, and where it stands: shares of the axes right of and below the label."""


def label_line(label: float, top: float) -> Curve:
    """An upright line from the axis to near the `top` where the label is."""
    ends = np.array([0.0, 0.97 * top])
    text = Text("label {y}", y=LABEL)
    return Curve(name="label", role="ink", style="dashed", text=text, x=np.array([label, label]), y=ends)


def error_lines() -> tuple[Curve, Curve]:
    """The thick line and the square, before they are seen."""
    none = np.empty(0)
    return (
        Curve(name="error", role="active", x=none, y=none),
        Curve(name="square", role="active", x=none, y=none, equal=True),
    )


def error_rows(loss: Loss) -> Iterator[Row]:
    """What these lines are."""
    length = MARGIN - LABEL * PREDICTION if loss.name == "hinge_loss" else Math(r"|y-\hat{y}|")
    yield Row(name="line", text=Text("thick line: {length}", length=length), role="active")
    if loss.name == "mse_loss":
        yield Row(name="square", text=Text("square: {L}, drawn half as wide", L=Symbol("L")), role="active")


def error(point: Point[Loss], label: float, step: int) -> list[Change]:
    """The distance from the label as a line on the axis, and its square below, where no curve runs; of a margin how
    much the prediction lacks of it.
    """
    x, start = float(point.at[step]), label
    if point.entry.name == "hinge_loss":
        start = label * (point.parameter or 0.0) if point.values[step] else x
    changes: list[Change] = [SetCurve(panel="plot", curve="error", x=np.array([start, x]), y=np.zeros(2))]
    if point.entry.name == "mse_loss":
        (left, right), (low, high) = point.x_range, point.y_range
        corner, top, side = label + _ASIDE * (right - left), -_DOWN * (high - low), _HALF * abs(x - label)
        columns, rows = np.array([0, 1, 1, 0, 0]), np.array([0, 0, -1, -1, 0])
        changes.append(SetCurve(panel="plot", curve="square", x=corner + side * columns, y=top + side * rows))
    return changes
