"""The article's activation functions together: their curves side by side, and their table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cnnviz.functions.activations import Activation, F, X
from cnnviz.scene import Scene
from cnnviz.scenes._curves import MOVING_BEATS, Trace, shown_digits
from cnnviz.story import Graph, Story, Tensor
from cnnviz.storyboard import SetEntry, Step, Table, Values
from cnnviz.words import (
    Assigned,
    ByCases,
    Equation,
    Joined,
    Number,
    Phrase,
    Strong,
    Symbol,
    Text,
    Words,
    joined,
    listed,
)

_EXAMPLE = -1.0
"""Where the table's captions try a function: below zero, where they differ."""

_GROUPS = ("static", "parametric", "bounded")
_SHOWN_DEFAULTS = {"leaky_relu": 0.1}
"""Parameters for which the library's own default is too small to be seen on a curve."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """A point on the curve of a function, whose parameter has a value and a name as an option."""

    entry: Activation
    parameter: float | None
    trace: Trace

    @classmethod
    def of(
        cls, entry: Activation, given: Mapping[str, float | None], at: Values, digits: int, most: int | None
    ) -> Point:
        """With the parameter as given, or one with which the figure shows what it does."""
        value = None
        if entry.parameter is not None:
            value = given.get(entry.parameter.name)
            if value is None:
                value = _SHOWN_DEFAULTS.get(entry.name, entry.parameter.default)
        trace = Trace.of(lambda x: entry.value(x, value), lambda x: entry.slope(x, value), at, digits, most)
        return cls(entry=entry, parameter=value, trace=trace)

    @property
    def settings(self) -> tuple[Phrase, ...]:
        """The parameter with its value, if there is one."""
        return tuple(Assigned(Symbol(name), value) for name, value in self._letters.items())

    @property
    def _letters(self) -> dict[str, Number]:
        option = "beta" if self.entry.name == "softplus" else "alpha"
        return {name: Number(value, None, (option,)) for name, value in self.entry.chosen(self.parameter).items()}

    @property
    def name(self) -> Words:
        """The title with the parameter, for a sentence."""
        templates = {r"\alpha": "{name} with alpha {value}", r"\beta": "{name} with beta {value}"}
        for letter, value in self._letters.items():
            return Text(templates[letter], name=self.entry.title, value=value)
        return self.entry.title

    def worked(self, x: Number, result: Number) -> Equation:
        """The function with numbers put in."""
        reach = float(np.abs(self.trace.at).max())
        return self.entry.worked(F, {X.name: x, **self._letters}, result, reach)

    def compute(self, graph: Graph, x: Tensor, result: str) -> Tensor:
        """The function at all places, recorded."""
        return graph.compute(self.entry.name, x, result=result, **self.entry.options(self.parameter))


def all_curves(scene: Scene, points: Sequence[Point]) -> Story:
    """One small plot for each function, a column for each group; their points move together."""
    graph, story = _started(scene, points)
    x, at, most = graph.given("x", points[0].trace.at), points[0].trace, scene.most()
    for point in points:
        graph.show(point.compute(graph, x, point.entry.name), point.entry.name)
    graph.essential = 1
    columns = [[point for point in points if point.entry.group == group] for group in _GROUPS]
    plots = [
        [
            point.trace.plot(
                point.entry.name,
                label=Text("{name} ({group})", name=point.entry.title, group=Text(point.entry.group)),
            )
            for point in row
        ]
        for row in zip(*columns, strict=True)
    ]

    def steps() -> Iterator[Step]:
        for step in range(len(at.at)):
            x = Number(float(at.at[step]), shown_digits(at.at, at.digits, most))
            values = [
                Text("{name} {value}", name=p.entry.title, value=Strong(p.trace.value(step, most, p.entry.name)))
                for p in points
            ]
            caption = Text("{x}:   {values}", x=Equation(X, (x,), strong=False), values=Joined(tuple(values), "   "))
            moves = (p.trace.moved(p.entry.name, step, tangent=False) for p in points)
            yield story.step(caption, *moves, beats=MOVING_BEATS)

    return story.play(
        steps,
        len(at.at),
        *plots,
        step_roles=(),
        formula=joined((Text("solid: {f}", f=F), Text("dashed: {slope}", slope=Symbol("f'(x)"))), "     "),
        convention=Text("derivatives at corners as in torch"),
        alt=Text(
            "{n} activation functions side by side: {names}. One value of x moves from {lo} to {hi}, and a point along "
            "each curve and its dashed derivative with it",
            n=len(points),
            names=listed(point.entry.title for point in points),
            lo=Number(float(at.at[0]), None),
            hi=Number(float(at.at[-1]), None),
        ),
    )


def table(scene: Scene, points: Sequence[Point]) -> Story:
    """Equation, range and derivative of each function; one row after the other lights up, with an example below."""
    _, story = _started(scene, points)
    header = (Text("function"), Text("group"), F, Text("range"), Symbol("f'(x)"))
    entries = tuple(
        (
            point.entry.title,
            Text(point.entry.group),
            ByCases(None, point.entry.body),
            point.entry.range,
            ByCases(None, point.entry.derivative),
        )
        for point in points
    )
    x = Number(_EXAMPLE, min(2, scene.most()))

    def steps() -> Iterator[Step]:
        for row, point in enumerate(points):
            value = float(point.entry.value(_EXAMPLE, point.parameter))
            example = point.worked(x, Number(value, scene.most()))
            where = Text("{name} at {x}", name=point.entry.title, x=Assigned(X, Number(_EXAMPLE)))
            lights = [(row - 1, "plain")] * bool(row) + [(row, "selected")]
            yield story.step(
                Text("{where}:   {example}", where=where, example=example),
                [
                    SetEntry(panel="table", row=at, column=column, role=role)
                    for at, role in lights
                    for column in range(len(header))
                ],
            )

    groups = (
        Text("static: no free parameter"),
        Text("parametric: a free parameter"),
        Text("bounded: a range with two ends"),
    )
    return story.play(
        steps,
        len(points),
        (Table(name="table", header=header, entries=entries),),
        step_roles=(),
        animated=False,
        formula=joined(groups, "     "),
        alt=Text(
            "Table of activation functions with equation, range and derivative: {names}; one row after the other is "
            "highlighted",
            names=listed(point.entry.title for point in points),
        ),
    )


def _started(scene: Scene, points: Sequence[Point]) -> tuple[Graph, Story]:
    graph = Graph()
    story = Story(scene, Text("Activation functions"), graph)
    story.settings += [
        ("", Text("{name} {value}", name=point.entry.title, value=value))
        for point in points
        for value in point.settings
    ]
    return graph, story
