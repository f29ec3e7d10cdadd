"""The losses by their names in figures, how far a prediction is from the label as a picture, and all together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from cnnviz.functions.losses import LABEL, LOSSES, MARGIN, PREDICTION, Loss
from cnnviz.parameters import to_cli
from cnnviz.scene import Scene
from cnnviz.scenes._curves import MANNERS, MOVING_BEATS, Point, answered, padded, places, question, zero_lines
from cnnviz.story import Graph, Story, raise_if
from cnnviz.storyboard import Change, Curve, Dot, MoveDot, Plot, Row, SetCurve, Step, Values
from cnnviz.words import Equation, Joined, Math, Number, Symbol, Text, Words, joined, listed

KINDS = {
    "mae": "l1_loss",
    "mse": "mse_loss",
    "huber": "huber_loss",
    "cross-entropy": "binary_cross_entropy",
    "hinge": "hinge_loss",
    "smooth-l1": "smooth_l1_loss",
    "binary-cross-entropy": "binary_cross_entropy",
    "logits-cross-entropy": "binary_cross_entropy_with_logits",
}
POINTS = {
    "mae": Text("The loss is the distance to the label: its gradient has one size everywhere"),
    "mse": Text("The loss is the area of the error's square: the gradient grows with the error"),
    "huber": Text("Squared near the label, straight far from it: outliers pull less"),
    "cross-entropy": Text("A sure mistake costs without limit"),
    "hinge": Text("On the right side of the margin there is no loss and no gradient"),
    "smooth-l1": Text("Squared near the label, straight far from it: outliers pull less"),
}
ROWS = (
    ("estimate", "prediction {value}", PREDICTION),
    ("loss", "loss {value}", Symbol("L")),
    ("gradient", "gradient {value}", Symbol("L'")),
)
"""The numbers beside a loss's curve: their names, how they are told, and their letters."""

_PROBABILITIES = 0.02, 0.98
_REACH, _LOGITS = 2.0, (-4.0, 4.0)
_SURELY = 0.001

_HALF, _ASIDE, _DOWN = 0.5, 0.07, 0.12
"""The square's share of the error's length, and where it stands: shares of the axes right of and below the label."""

_ARTICLE = 5


def usual_ends(entry: Loss, y: float) -> tuple[float, float]:
    """Where the prediction starts and ends unless asked for."""
    if entry.prediction == "probability":
        return _PROBABILITIES
    if entry.label == "probability":
        return _LOGITS
    return (-_REACH, _REACH) if entry.label == "sign" else (y - _REACH, y + _REACH)


def check(kind: str, entry: Loss, y: float, ends: tuple[float, float]) -> None:
    """Refuse a label that the loss cannot take, and a sure prediction of one that has no bound there."""
    label, only = f"--label {to_cli(y)}", "1 is the only label that all five losses take"
    sure = [
        f"{option} {to_cli(end)}"
        for option, end in zip(("--lo", "--hi"), ends, strict=True)
        if entry.prediction == "probability" and not _SURELY <= end <= 1 - _SURELY
    ]
    unbounded = f"no {' or '.join(sure)} for {kind}, which is unbounded at 0 and 1"
    raise_if(
        {
            f"{label} does not go with all: leave it out, {only}": kind == "all" and y != 1,
            f"{label} is not a probability: use 0 to 1 for {kind}": entry.label == "probability" and not 0 <= y <= 1,
            f"{label} is not a label of {kind}: use -1 or 1": entry.label == "sign" and y not in (-1, 1),
            f"{unbounded}: use {_SURELY} to {1 - _SURELY}": sure,
        }
    )


def label_line(label: float, top: float) -> Curve:
    """An upright line from the axis to near the `top` where the label is."""
    ends = np.array([0.0, 0.97 * top])
    text = Text("label {y}", y=LABEL)
    return Curve(name="label", role="ink", style="dashed", text=text, x=np.array([label, label]), y=ends)


def error_lines(label: float, top: float) -> tuple[Curve, Curve, Curve]:
    """The label's line, and the thick one and the square before they are seen."""
    none = np.empty(0)
    return (
        label_line(label, top),
        Curve(name="error", role="active", x=none, y=none),
        Curve(name="square", role="active", x=none, y=none, equal=True),
    )


def error_rows(loss: Loss) -> Iterator[Row]:
    """What these lines are."""
    length = MARGIN - LABEL * PREDICTION if loss.name == "hinge_loss" else Math(r"|y-\hat{y}|")
    yield Row(name="line", text=Text("thick line: {length}", length=length), role="active")
    if loss.name == "mse_loss":
        yield Row(name="square", text=Text("square: {L}, drawn half as wide", L=Symbol("L")), role="active")


def error(point: Point, label: float, step: int) -> list[Change]:
    """The distance from the label as a line on the axis, and its square below, where no curve runs; of a margin how
    much the prediction lacks of it.
    """
    x, start = float(point.at[step]), label
    if point.entry.name == "hinge_loss":
        start = label * (point.parameter.value if point.parameter else 0.0) if point.values[step] else x
    changes: list[Change] = [SetCurve(panel="plot", curve="error", x=np.array([start, x]), y=np.zeros(2))]
    if point.entry.name == "mse_loss":
        (left, right), (low, high) = point.x_range, point.y_range
        corner, top, side = label + _ASIDE * (right - left), -_DOWN * (high - low), _HALF * abs(x - label)
        columns, rows = np.array([0, 1, 1, 0, 0]), np.array([0, 0, -1, -1, 0])
        changes.append(SetCurve(panel="plot", curve="square", x=corner + side * columns, y=top + side * rows))
    return changes


def all_losses(scene: Scene, at: Values, digits: int) -> Story:
    """Points move along all curves together; the prediction of a probability has a scale of its own."""
    probable, _ = places(*_PROBABILITIES, len(at) // 2 + 1)
    label, graph = Number(1), Graph()
    stops = {"real": (at, digits), "probability": (probable, 2)}
    losses = list(LOSSES.values())[:_ARTICLE]
    points = [Point(scene, entry, *stops[entry.prediction], label) for entry in losses]
    predictions = {"real": graph.input("x", at), "probability": graph.input("p", probable)}
    for point in points:
        name = point.entry.name
        graph.show(point.computed(graph, predictions[point.entry.prediction], name), name)
    graph.main_call = 1
    what = Text("Far from the label the square grows fastest; a sure mistake costs cross-entropy most")
    story = Story(scene, Text("Loss functions"), graph, point=what)
    story.show_setting("label", "y", label, size=False)
    story.settings += [setting for point in points for setting in point.settings]
    kinds = {"plot": "real", "probability": "probability"}
    panels = {panel: [each for each in points if each.entry.prediction == kind] for panel, kind in kinds.items()}

    def steps() -> Iterator[Step]:
        for step in range(len(at)):
            moves = [
                MoveDot(panel=panel, dot=point.entry.name, x=float(point.at[step]), y=float(point.values[step]))
                for panel, here in panels.items()
                for point in here
            ]
            caption = Joined(tuple(_told(here, step, scene.max_decimals()) for here in panels.values()), "     ")
            yield story.step(caption, moves, [] if step else answered(*panels), beats=MOVING_BEATS)

    return story.play(
        steps,
        len(at),
        (
            _plot("plot", Text("prediction: any real number"), panels["plot"], span=1.5),
            _plot("probability", Text("prediction: a probability"), panels["probability"]),
        ),
        step_roles=(),
        formula=Text(
            "{loss} for one prediction {x} and one label {y}", loss=Math(r"L(y, \hat{y})"), x=PREDICTION, y=LABEL
        ),
        convention=Text("definitions as in PyTorch, hinge as in Cortes and Vapnik (1995)"),
        alt=Text(
            "the loss functions {names} for the label 1: a point moves along each curve while the prediction moves",
            names=listed(point.entry.title for point in points),
        ),
    )


def _plot(name: str, label: Words, points: Sequence[Point], **more: Any) -> Plot:
    low, high = padded(*(point.curve[1] for point in points))
    x_range, dots = points[0].x_range, list[Dot]()
    curves = [*zero_lines(x_range, (low, high)), label_line(1.0, high)]
    for point, (role, style) in zip(points, MANNERS if len(points) > 1 else MANNERS[4:], strict=False):
        title, key = point.entry.title, point.entry.name
        # Beside the label, at the right end of a probability's axis, there is no room for a name.
        x, y = (line[:: -1 if point.entry.prediction == "probability" else 1] for line in point.curve)
        curves.append(Curve(name=f"{key} curve", role=role, style=style, x=x, y=y, text=title))
        # A hinge's dot is seen behind another.
        shape = "square" if key == "hinge_loss" else "circle"
        dots.insert(0, Dot(name=key, role=role, x=math.nan, y=math.nan, shape=shape))
    return Plot(
        name=name,
        label=label,
        x_range=x_range,
        y_range=(low, high),
        x_text=PREDICTION,
        y_text=Symbol("L"),
        curves=tuple(curves),
        dots=(*dots, question(points[0].at)),
        **more,
    )


def _told(points: Sequence[Point], step: int, most: int) -> Words:
    """The losses of a step, behind the prediction that they share."""
    losses = [point.values_text(step, most) for point in points]
    x = Equation(PREDICTION, (points[0].x(step, "x" if points[0].entry.prediction == "real" else "p"),), strong=False)
    return Text("{x}:  {values}", x=x, values=joined(losses, "  "))
