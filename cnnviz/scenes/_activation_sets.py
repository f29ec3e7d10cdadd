"""Several curves together: the article's activation functions side by side and as a table, and those of softmax."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.functions.activations import F, X
from cnnviz.notation import digits_for, number
from cnnviz.ops import softmax
from cnnviz.scene import Scene
from cnnviz.scenes._backward import alike
from cnnviz.scenes._curves import MANNERS, MOVING_BEATS, Point, shown_digits
from cnnviz.story import Graph, Story, highlight_row
from cnnviz.storyboard import Change, Curve, Dot, Mark, MoveDot, Plot, Step, Table, Values
from cnnviz.words import (
    Assigned,
    ByCases,
    Equation,
    Interval,
    Joined,
    Math,
    Number,
    Symbol,
    Text,
    Words,
    call,
    equation,
    joined,
    listed,
    total,
)

_EXAMPLE = -1.0
"""Where the table's captions try a function: below zero, where they differ."""

_GROUPS = ("static", "parametric", "bounded")

_DEFAULT = (1.0, 2.0, 0.5, -1.0)
_SAMPLES = 181
_MOST_LOGITS = len(MANNERS)
_MOST_DECIMALS = 2
"""Decimals for which cells have room."""


def all_curves(scene: Scene, points: Sequence[Point], point: Words) -> Story:
    """One small plot for each function, a column for each group; their points move together."""
    graph, story = _started(scene, points, point)
    first, most = points[0], scene.max_decimals()
    x = graph.input("x", first.at)
    for each in points:
        graph.show(each.computed(graph, x, each.entry.name), each.entry.name)
    columns = []
    for group in _GROUPS:
        members = [point for point in points if point.entry.group == group]
        lows, highs = zip(*(point.y_range for point in members), strict=True)
        # One under the other, with the same scales.
        options = {"y_range": (min(lows), max(highs))}
        columns.append([point.plot(point.entry.name, label=point.entry.title, **options) for point in members])

    def steps() -> Iterator[Step]:
        for step in range(len(first.at)):
            values = Joined(tuple(point.values_text(step, most) for point in points), "   ")
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


def table(scene: Scene, points: Sequence[Point], point: Words) -> Story:
    """Equation, range and derivative of each function; one row after the other lights up, with an example below."""
    graph, story = _started(scene, points, point)
    at = graph.input("x", [_EXAMPLE])
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
    sketches = []
    for each in points:
        (u, v), (w, y) = each.derivative, each.curve
        dashed = Curve(name="derivative", role="derivative", x=u, y=v, style="dashed")
        sketches.append((dashed, Curve(name="function", role="curve", x=w, y=y)))
    rows = Table(name="table", header=header, entries=entries, roles=asked, sketches=tuple(sketches))
    x = Number(_EXAMPLE, min(2, scene.max_decimals()))
    tried = [Point(scene, each.entry, at.values, each.digits) for each in points]

    def steps() -> Iterator[Step]:
        for row, (point, found) in enumerate(zip(points, examples, strict=True)):
            example = point.worked(F, x, Number(float(found.values[0]), scene.max_decimals(), (found.name, 0)))
            where = Text("{name} at {x}", name=point.entry.title, x=Assigned(X, Number(_EXAMPLE)))
            caption = Text("{where}:   {example}", where=where, example=example)
            yield story.step(caption, highlight_row(rows, row))
        values = Joined(tuple(each.values_text(0, scene.max_decimals()) for each in tried), "   ")
        caption = Text("{x}:   {values}", x=Assigned(X, Number(_EXAMPLE)), values=values)
        yield story.step(caption, highlight_row(rows, len(points)), beats=2)

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


def _started(scene: Scene, points: Sequence[Point], point: Words) -> tuple[Graph, Story]:
    graph = Graph()
    graph.main_call = 1
    story = Story(scene, Text("Activation functions"), graph, point=point)
    story.settings += [
        ("", Text("{name} {value}", name=point.entry.title, value=value))
        for point in points
        for _, value in point.settings
    ]
    return graph, story


def softmax_story(scene: Scene, at: Values, digits: int, spec: object, point: Words) -> Story:
    """Two columns, logits and probabilities, beside the curves of all probabilities over the moving logit."""
    logits = _logits(scene, spec)
    z, p = _probabilities(logits, at)
    shown, most = shown_digits(at, digits, scene.digits), scene.max_decimals()
    graph = Graph()
    result = graph.compute("softmax", graph.input("z", z[-1]), result="p", dim=0)
    graph.show(result, "probabilities", shape=(-1, 1))
    story = Story(scene, "Softmax", graph, point=point)
    range_ = Text("range {range}", range=Interval(Number(0), Number(1)))
    story.settings.append(("", joined((Text("bounded"), range_, Text("sum {n}", n=Number(1))))))
    decimals = digits_for(z, most=max(most, min(shown, _MOST_DECIMALS)))
    moving = Mark(name="moving", role="window", rows=1, columns=1)
    options: dict[str, Any] = {"digits": decimals, "marks": (moving,), **alike(z)}
    Z = story.cells("logits", Text("Logits {z}", z=Symbol("z")), z[-1][:, None], enlarge=True, **options)
    label = joined((Text("Probabilities {p}", p=Symbol("p")), Text("sum {n}", n=Number(1))))
    options = {"role": "output", "digits": most, "marks": (Mark(name="largest", role="result"),), **alike(p)}
    P = story.cells("probabilities", label, p[-1][:, None], enlarge=True, **options)

    def caption(step: int) -> Words:
        ref = P.ref((0, 0)) if step == len(at) - 1 else None
        powers = [call("exp", Number(float(value), shown)) for value in z[step]]
        result = Number(float(p[step, 0]), most, ref)
        return equation(Symbol("p", (1,)), powers[0] / total(powers), result, letters=60)

    def steps() -> Iterator[Step]:
        for step in range(len(at)):
            changes: list[Change] = [Z.set((0, 0), value=float(z[step, 0]))]
            for n, value in enumerate(map(float, p[step])):
                changes.append(P.set((n, 0), value=value))
                changes.append(MoveDot(panel="plot", dot=_dot(n), x=float(z[step, 0]), y=value))
            changes.append(P.mark("largest", (int(p[step].argmax()), 0)))
            yield story.step(caption(step), changes, beats=MOVING_BEATS)

    return story.play(
        steps,
        len(at),
        (Z, "→", P, _plot(logits, at)),
        step_roles=(),
        formula=joined(
            (
                Math(r"p_i=e^{z_i}\,/\,\Sigma_j\,e^{z_j}"),
                joined((Text("only {z} changes", z=Symbol("z", (1,))), Text("all probabilities change with it"))),
            ),
            "     ",
        ),
        alt=Text(
            "softmax over {n} logits: the first moves from {lo} to {hi}, the probabilities of all classes change with "
            "it and always sum to 1; their curves are drawn beside the numbers",
            n=len(logits),
            lo=Number(float(at.min()), None),
            hi=Number(float(at.max()), None),
        ),
    )


def _logits(scene: Scene, spec: object) -> Values:
    """The logits; raises UsageError for fewer than two or more than the figure has room for."""
    given = _DEFAULT if spec is None else spec
    values = np.asarray(load_map(given, None, seed=scene.seed, what="logits", option="--logits").values.ravel(), float)
    if not 2 <= len(values) <= _MOST_LOGITS:
        raise UsageError(f"logits hold {len(values)} numbers: give 2 to {_MOST_LOGITS}")
    if np.abs(values).max() > 700:
        raise UsageError(f"logit {number(float(values[np.abs(values).argmax()]))} is too far from 0: use −700 to 700")
    return values


def _probabilities(logits: Values, first: Values) -> tuple[Values, Values]:
    """The logits while the first of them moves, and their softmax."""
    z = np.tile(logits, (len(first), 1))
    z[:, 0] = first
    return z, np.asarray(softmax(z), np.float64)


def _dot(n: int) -> str:
    return f"p{n + 1}" if n else "point"


def _plot(logits: Values, at: Values) -> Plot:
    x = np.linspace(at.min(), at.max(), _SAMPLES)
    _, p = _probabilities(logits, x)
    manners = list(enumerate(MANNERS[: len(logits)]))
    return Plot(
        name="plot",
        x_range=(float(x[0]), float(x[-1])),
        y_range=(-0.02, 1.02),
        x_text=Symbol("z", (1,)),
        curves=tuple(
            Curve(name=f"p{n + 1}", role=role, style=style, x=x, y=p[:, n], text=Symbol("p", (n + 1,)))
            for n, (role, style) in manners
        ),
        dots=tuple(
            Dot(name=_dot(n), role=role, x=float(at[-1]), y=float(np.interp(at[-1], x, p[:, n])))
            for n, (role, _) in manners
        ),
    )
