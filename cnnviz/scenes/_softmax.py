"""Softmax: one logit moves, and the probabilities of all classes follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.notation import digits_for, number
from cnnviz.ops import softmax
from cnnviz.scene import Scene
from cnnviz.scenes._backward import alike
from cnnviz.scenes._curves import MANNERS, MOVING_BEATS, shown_digits
from cnnviz.story import Graph, Story
from cnnviz.storyboard import Change, Curve, Dot, Mark, MoveDot, Plot, Step, Values
from cnnviz.words import Interval, Math, Number, Symbol, Text, Words, call, equation, joined, total

_DEFAULT = (1.0, 2.0, 0.5, -1.0)
_SAMPLES = 181
_MOST = len(MANNERS)
_MOST_DECIMALS = 2
"""Decimals for which cells have room."""


def softmax_story(scene: Scene, at: Values, digits: int, spec: object, point: Words) -> Story:
    """Two columns, logits and probabilities, beside the curves of all probabilities over the moving logit."""
    logits = _logits(scene, spec)
    z = np.tile(logits, (len(at), 1))
    z[:, 0] = at
    p = np.asarray(softmax(z), np.float64)
    shown, most = shown_digits(at, digits, scene.digits), scene.most()
    graph = Graph()
    result = graph.compute("softmax", graph.given("z", z[-1]), result="p", dim=0)
    graph.show(result, "probabilities", shape=(-1, 1))
    story = Story(scene, "Softmax", graph, point=point)
    range_ = Text("range {range}", range=Interval(Number(0), Number(1)))
    story.settings.append(("", joined((Text("bounded"), range_, Text("sum {n}", n=Number(1))))))
    decimals = digits_for(z, most=max(most, min(shown, _MOST_DECIMALS)))
    moving = Mark(name="moving", role="window", rows=1, columns=1)
    how: dict[str, Any] = {"digits": decimals, "marks": (moving,), **alike(z)}
    Z = story.cells("logits", Text("Logits {z}", z=Symbol("z")), z[-1][:, None], enlarge=True, **how)
    label = joined((Text("Probabilities {p}", p=Symbol("p")), Text("sum {n}", n=Number(1))))
    how = {"role": "output", "digits": most, "marks": (Mark(name="largest", role="result"),), **alike(p)}
    P = story.cells("probabilities", label, p[-1][:, None], enlarge=True, **how)

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
    if not 2 <= len(values) <= _MOST:
        raise UsageError(f"logits hold {len(values)} numbers: give 2 to {_MOST}")
    if np.abs(values).max() > 700:
        raise UsageError(f"logit {number(float(values[np.abs(values).argmax()]))} is too far from 0: use −700 to 700")
    return values


def _dot(n: int) -> str:
    return f"p{n + 1}" if n else "point"


def _plot(logits: Values, at: Values) -> Plot:
    x = np.linspace(at.min(), at.max(), _SAMPLES)
    z = np.tile(logits, (_SAMPLES, 1))
    z[:, 0] = x
    p = np.asarray(softmax(z), np.float64)
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
