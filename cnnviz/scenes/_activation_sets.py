"""The article's activation functions together: their curves side by side, and their table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cnnviz.functions.activations import Activation, F, X
from cnnviz.scene import Scene
from cnnviz.scenes._curves import MOVING_BEATS, Point
from cnnviz.story import Graph, Story, light_rows
from cnnviz.storyboard import Curve, Plot, Step, Table
from cnnviz.words import Assigned, ByCases, Equation, Joined, Number, Symbol, Text, Words, joined, listed

_EXAMPLE = -1.0
"""Where the table's captions try a function: below zero, where they differ."""

_GROUPS = ("static", "parametric", "bounded")


def all_curves(scene: Scene, points: Sequence[Point[Activation]], point: Words) -> Story:
    """One small plot for each function, a column for each group; their points move together."""
    graph, story = _started(scene, points, point)
    first, most = points[0], scene.most()
    x = graph.given("x", first.at)
    for each in points:
        graph.show(each.computed(graph, x, each.entry.name), each.entry.name)
    columns = [_column([point for point in points if point.entry.group == group]) for group in _GROUPS]

    def steps() -> Iterator[Step]:
        for step in range(len(first.at)):
            values = Joined(tuple(point.told(step, most) for point in points), "   ")
            caption = Text("{x}:   {values}", x=Equation(X, (first.x(step),), strong=False), values=values)
            moves = (point.moved(point.entry.name, step, tangent=False) for point in points)
            yield story.step(caption, *moves, beats=MOVING_BEATS)

    return story.play(
        steps,
        len(first.at),
        *zip(*columns, strict=True),
        step_roles=(),
        formula=joined((Text("solid: {f}", f=F), Text("dashed: {slope}", slope=Symbol("f'(x)"))), "     "),
        convention=Text("slopes at kinks as in PyTorch"),
        alt=Text(
            "{n} activation functions side by side: {names}; a point moves along each curve and its derivative",
            n=len(points),
            names=listed(point.entry.title for point in points),
        ),
    )


def table(scene: Scene, points: Sequence[Point[Activation]], point: Words) -> Story:
    """Equation, range and derivative of each function; one row after the other lights up, with an example below."""
    graph, story = _started(scene, points, point)
    at = graph.given("x", [_EXAMPLE])
    examples = [each.computed(graph, at, each.entry.name) for each in points]
    header = (Text("function"), Text("group"), F, Text("range"), Symbol("f'(x)"), Text("curves"))
    entries = tuple(
        (
            point.entry.title,
            Text(point.entry.group),
            ByCases(None, point.entry.body),
            point.entry.range,
            ByCases(None, point.entry.derivative),
            "",
        )
        for point in points
    )
    asked = (("plain", "plain", "plain", "asked", "asked", "plain"),) * len(entries)
    rows = Table(name="table", header=header, entries=entries, roles=asked, sketches=tuple(map(_sketch, points)))
    x = Number(_EXAMPLE, min(2, scene.most()))
    tried = [replace(each, at=at.values) for each in points]

    def steps() -> Iterator[Step]:
        for row, (point, found) in enumerate(zip(points, examples, strict=True)):
            example = point.worked(F, x, Number(float(found.values[0]), scene.most(), (found.name, 0)))
            where = Text("{name} at {x}", name=point.entry.title, x=Assigned(X, Number(_EXAMPLE)))
            caption = Text("{where}:   {example}", where=where, example=example)
            yield story.step(caption, light_rows(rows, row))
        values = Joined(tuple(each.told(0, scene.most()) for each in tried), "   ")
        caption = Text("{x}:   {values}", x=Assigned(X, Number(_EXAMPLE)), values=values)
        yield story.step(caption, light_rows(rows, len(points)), beats=2)

    groups = (
        Text("static: no free parameter"),
        Text("parametric: one free parameter"),
        Text("bounded: output stays in an interval"),
    )
    return story.play(
        steps,
        len(points) + 1,
        (rows,),
        step_roles=(),
        animated=False,
        formula=joined(groups, "     "),
        alt=Text(
            "Table of activation functions with equation, range and derivative: {names}; the rows are highlighted one "
            "after another",
            names=listed(point.entry.title for point in points),
        ),
    )


def _sketch(point: Point[Activation]) -> tuple[Curve, Curve]:
    """The derivative, dashed, and the function."""
    (x, y), (u, v) = point.curve, point.derivative
    return (
        Curve(name="derivative", role="derivative", x=u, y=v, style="dashed"),
        Curve(name="function", role="curve", x=x, y=y),
    )


def _started(scene: Scene, points: Sequence[Point[Activation]], point: Words) -> tuple[Graph, Story]:
    graph = Graph()
    graph.essential = 1
    story = Story(scene, Text("Activation functions"), graph, point=point)
    story.settings += [
        ("", Text("{name} {value}", name=point.entry.title, value=value))
        for point in points
        for value in point.settings
    ]
    return graph, story


def _column(points: Sequence[Point[Activation]]) -> list[Plot]:
    """The plots of a group, one under the other, with the same scales."""
    lows, highs = zip(*(point.y_range for point in points), strict=True)
    both = min(lows), max(highs)
    return [point.plot(point.entry.name, label=point.entry.title, y_range=both) for point in points]
