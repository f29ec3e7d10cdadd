"""The article's loss functions together: those of any number in one plot, the one of probabilities beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cnnviz.functions.losses import LABEL, LOSSES, PREDICTION, Loss
from cnnviz.scene import Scene
from cnnviz.scenes._curves import MANNERS, MOVING_BEATS, Point, answered, padded, places, question, zero_lines
from cnnviz.scenes._loss_error import label_line
from cnnviz.scenes._loss_kinds import PROBABILITIES
from cnnviz.story import Graph, Story
from cnnviz.storyboard import Curve, Dot, MoveDot, Plot, Step, Values
from cnnviz.words import Equation, Joined, Math, Number, Symbol, Text, Words, joined, listed

_ARTICLE = 5


def all_losses(scene: Scene, options: Mapping[str, float | None], at: Values, digits: int) -> Story:
    """Points move along all curves together; the prediction of a probability has a scale of its own."""
    probable, _ = places(*PROBABILITIES, len(at) // 2 + 1)
    label = Number(1)
    points = [
        Point.of(entry, options, *((at, digits) if entry.prediction == "real" else (probable, 2)), scene.digits, label)
        for entry in list(LOSSES.values())[:_ARTICLE]
    ]
    graph = Graph()
    predictions = {"real": graph.given("x", at), "probability": graph.given("p", probable)}
    for point in points:
        graph.show(point.computed(graph, predictions[point.entry.prediction], point.entry.name), point.entry.name)
    graph.essential = 1
    what = Text("Far from the label the square grows fastest; a sure mistake costs cross-entropy most")
    story = Story(scene, Text("Loss functions"), graph, point=what)
    story.set("label", "y", label, size=False)
    story.settings += [("", setting) for point in points for setting in point.settings]
    panels = {
        panel: [point for point in points if point.entry.prediction == kind]
        for panel, kind in (("plot", "real"), ("probability", "probability"))
    }

    def steps() -> Iterator[Step]:
        for step in range(len(at)):
            moves = [
                MoveDot(
                    panel=panel,
                    dot=point.entry.name,
                    x=float(point.at[step]),
                    y=float(point.values[step]),
                )
                for panel, shown in panels.items()
                for point in shown
            ]
            told = Joined(tuple(_told(shown, step, scene.most()) for shown in panels.values()), "     ")
            yield story.step(told, moves, [] if step else answered(*panels), beats=MOVING_BEATS)

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


def _plot(name: str, label: Words, points: Sequence[Point[Loss]], **more: Any) -> Plot:
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


def _told(points: Sequence[Point[Loss]], step: int, most: int) -> Words:
    """The losses of a step, behind the prediction that they share."""
    losses = [point.told(step, most) for point in points]
    x = Equation(PREDICTION, (points[0].x(step, "x" if points[0].entry.prediction == "real" else "p"),), strong=False)
    return Text("{x}:  {values}", x=x, values=joined(losses, "  "))
