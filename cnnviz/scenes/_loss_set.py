"""The article's loss functions together: those of any number in one plot, the one of probabilities beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cnnviz.functions.losses import LABEL, LOSSES, PREDICTION, Loss
from cnnviz.scene import Scene
from cnnviz.scenes._curves import MANNERS, MOVING_BEATS, Trace, padded
from cnnviz.story import Graph, Story, Tensor
from cnnviz.storyboard import Curve, Dot, MoveDot, Plot, Step, Values
from cnnviz.words import (
    Assigned,
    Equation,
    Joined,
    Math,
    Number,
    Phrase,
    Strong,
    Symbol,
    Text,
    Words,
    joined,
    listed,
)

PROBABILITIES = 0.02, 0.98
_ARTICLE = 5


@dataclass(frozen=True, kw_only=True)
class Fall:
    """A loss against a label on the way of the prediction, its parameter with a value."""

    entry: Loss
    label: float
    parameter: float | None
    trace: Trace

    @classmethod
    def of(
        cls, entry: Loss, given: Mapping[str, float | None], label: float, at: Values, digits: int, most: int | None
    ) -> Fall:
        """With the parameter as given, or its default."""
        parameter = given[entry.parameter.name] if entry.parameter else None
        trace = Trace.of(
            lambda x: entry.value(x, label, parameter), lambda x: entry.slope(x, label, parameter), at, digits, most
        )
        if entry.prediction == "probability":
            # The gradient grows beyond all bounds: the axes end where the loss does, and what lies beyond is not shown.
            losses, slopes = trace.curve[1], trace.derivative[1]
            y_range = padded(losses, np.clip(slopes, -losses.max(), losses.max()))
            trace = replace(trace, x_range=(0.0, 1.0), y_range=y_range)
        return cls(entry=entry, label=label, parameter=parameter, trace=trace)

    @property
    def letters(self) -> dict[str, Number]:
        """The parameter by its letter."""
        options = zip(self.entry.options(self.parameter), self.entry.chosen(self.parameter).items(), strict=True)
        return {letter: Number(value, None, (option,)) for option, (letter, value) in options}

    @property
    def settings(self) -> tuple[Phrase, ...]:
        """The parameter with its value, if there is one."""
        return tuple(Assigned(Symbol(letter), value) for letter, value in self.letters.items())

    @property
    def name(self) -> Words:
        """The title with the parameter, for a sentence."""
        templates = {
            r"\delta": "{name} with delta {value}",
            r"\beta": "{name} with beta {value}",
            "m": "{name} with margin {value}",
        }
        for letter, value in self.letters.items():
            return Text(templates[letter], name=self.entry.title, value=value)
        return self.entry.title

    def compute(self, graph: Graph, predictions: Tensor, result: str) -> Tensor:
        """The loss of all predictions, recorded."""
        options = self.entry.options(self.parameter)
        return graph.compute(self.entry.name, predictions, result=result, label=self.label, **options)


def all_losses(scene: Scene, given: Mapping[str, float | None], at: Values, digits: int) -> Story:
    """Points move along all curves together; the prediction of a probability has a scale of its own."""
    probable = np.round(np.linspace(*PROBABILITIES, len(at)), 2)
    falls = [
        Fall.of(entry, given, 1.0, *((at, digits) if entry.prediction == "real" else (probable, 2)), scene.digits)
        for entry in list(LOSSES.values())[:_ARTICLE]
    ]
    graph = Graph()
    predictions = {"real": graph.given("x", at), "probability": graph.given("p", probable)}
    for fall in falls:
        name = fall.entry.name
        graph.show(fall.compute(graph, predictions[fall.entry.prediction], name), name)
    graph.essential = 1
    story = Story(scene, Text("Loss functions"), graph)
    story.set("label", "y", Number(1), size=False)
    story.settings += [("", setting) for fall in falls for setting in fall.settings]
    panels = {
        panel: [fall for fall in falls if fall.entry.prediction == kind]
        for panel, kind in (("plot", "real"), ("probability", "probability"))
    }

    def steps() -> Iterator[Step]:
        for step in range(len(at)):
            moves = [
                MoveDot(
                    panel=panel,
                    dot=fall.entry.name,
                    x=float(fall.trace.at[step]),
                    y=float(fall.trace.values[step]),
                )
                for panel, shown in panels.items()
                for fall in shown
            ]
            told = Joined(tuple(_told(shown, step, scene.most()) for shown in panels.values()), "     ")
            yield story.step(told, moves, beats=MOVING_BEATS)

    return story.play(
        steps,
        len(at),
        (
            _plot("plot", Text("estimate: any number"), panels["plot"], 1.5),
            _plot("probability", Text("estimate: a probability"), panels["probability"], 1.0),
        ),
        step_roles=(),
        formula=Text(
            "{loss} of one estimate {x} against one label {y}", loss=Math(r"L(y, \hat{y})"), x=PREDICTION, y=LABEL
        ),
        convention=Text("definitions as in torch, hinge as in Cortes and Vapnik"),
        alt=Text(
            "the loss functions {names} for the label 1: the estimate moves past the label and a point moves along "
            "each curve; cross-entropy, whose estimate is a probability, has a plot of its own",
            names=listed(fall.entry.title for fall in falls),
        ),
    )


def label_line(label: float, top: float) -> Curve:
    """An upright line from the axis to near the `top` where the label is."""
    ends = np.array([0.0, 0.97 * top])
    text = Text("label {y}", y=LABEL)
    return Curve(name="label", role="ink", style="dashed", text=text, x=np.array([label, label]), y=ends)


def _plot(name: str, label: Words, falls: Sequence[Fall], span: float) -> Plot:
    low, high = padded(*(fall.trace.curve[1] for fall in falls))
    curves, dots = [label_line(1.0, high)], []
    for fall, (role, style) in zip(falls, MANNERS, strict=False):
        trace, title, key = fall.trace, fall.entry.title, fall.entry.name
        curves.append(Curve(name=key, role=role, style=style, x=trace.curve[0], y=trace.curve[1], text=title))
        dots.append(Dot(name=key, role=role, x=float(trace.at[0]), y=float(trace.values[0])))
    return Plot(
        name=name,
        label=label,
        x_range=falls[0].trace.x_range,
        y_range=(low, high),
        x_text=PREDICTION,
        y_text=Symbol("L"),
        curves=tuple(curves),
        dots=tuple(dots),
        span=span,
    )


def _told(falls: Sequence[Fall], step: int, most: int) -> Words:
    """The losses of a step, behind the prediction that they share."""
    losses = [
        Text("{name} {value}", name=fall.entry.title, value=Strong(fall.trace.value(step, most, fall.entry.name)))
        for fall in falls
    ]
    x = Equation(PREDICTION, (falls[0].trace.x(step),), strong=False)
    return Text("{x}:  {values}", x=x, values=joined(losses, "  "))
