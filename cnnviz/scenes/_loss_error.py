"""How far a prediction is from the label, as a picture: the label's line, a segment, and its square."""

from __future__ import annotations

import numpy as np

from cnnviz.functions.losses import LABEL, Loss
from cnnviz.scenes._curves import Point
from cnnviz.storyboard import Change, Curve, SetCurve
from cnnviz.words import Text

_INSET = 0.33, 0.85, 0.07
"""The greatest square: its width and height as shares of the axes, and how far it stands from the label."""


def label_line(label: float, top: float) -> Curve:
    """An upright line from the axis to near the `top` where the label is."""
    ends = np.array([0.0, 0.97 * top])
    text = Text("label {y}", y=LABEL)
    return Curve(name="label", role="ink", style="dashed", text=text, x=np.array([label, label]), y=ends)


def error_lines() -> tuple[Curve, ...]:
    none = np.empty(0)
    return tuple(Curve(name=name, role="active", x=none, y=none) for name in ("error", "square"))


def error(point: Point[Loss], label: float, step: int, square: bool) -> list[Change]:
    """The distance from the label as a segment on the axis, and its square below, where no curve runs."""
    x = float(point.at[step])
    changes: list[Change] = [SetCurve(panel="plot", curve="error", x=np.array([label, x]), y=np.zeros(2))]
    if square:
        (left, right), (low, _) = point.x_range, point.y_range
        side = abs(x - label) / max(abs(left - label), abs(right - label))
        across, down = _INSET[0] * (right - left) * side, _INSET[1] * low * side
        corner, top = label + _INSET[2] * (right - left), 0.1 * low
        columns, rows = np.array([1, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 0])
        changes.append(SetCurve(panel="plot", curve="square", x=corner + across * columns, y=top + down * rows))
    return changes
