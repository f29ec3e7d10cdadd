"""Dilated causal convolutions on top of one another: the tree of everything that one output sees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from cnnviz.errors import UsageError
from cnnviz.operation import KERNEL, MAP
from cnnviz.parameters import quote
from cnnviz.story import Graph, Story, Tensor
from cnnviz.storyboard import Edge, Node, SetEdge, SetNode, Step
from cnnviz.storyboard import Graph as Network
from cnnviz.words import Expression, Math, Number, Symbol, Text, dot, equation, total

if TYPE_CHECKING:
    from cnnviz.scenes._signal import Signal

_MOST_LAYERS, _MOST_NODES = 6, 24


def read_stack(text: str) -> tuple[int, ...]:
    """The dilations of a stack, from below; raises UsageError."""
    if not re.fullmatch(r"\s*[1-9]\d{0,2}(\s*,\s*[1-9]\d{0,2})*\s*", text):
        raise UsageError(f"--stack {quote(text)} is no list of dilations up to 999: write them as 1,2,4,8")
    found = tuple(map(int, text.split(",")))
    if len(found) > _MOST_LAYERS:
        raise UsageError(f"--stack has {len(found)} layers, more than a figure shows: use {_MOST_LAYERS} or fewer")
    return found


def tell_stack(scene: Signal, dilations: tuple[int, ...]) -> Story:
    """The last output's tree opens layer by layer down to the signal, then its values come up again."""
    x, w = scene.map.values, scene.weights.values
    length, k = x.size, w.size
    if length > _MOST_NODES:
        raise UsageError(f"--i {length} is too long for a stack: use {_MOST_NODES} or less")
    graph = Graph()
    layers: list[Tensor] = [graph.given("x", x[None], MAP)]
    kernel = graph.given("w", w[None], KERNEL)
    added = graph.given("b", [scene.bias]) if scene.bias else None
    for n, d in enumerate(dilations, 1):
        padded = graph.compute("pad", layers[-1], result=f"p{n}", pad=((k - 1) * d, 0), mode="constant")
        options = {"stride": (1,), "padding": (0,), "dilation": (d,)}
        layers.append(graph.compute("conv1d", padded, kernel, added, result=f"h{n}", **options))
    graph.show(layers[-1], f"{len(dilations)}.{length - 1}", (0, 0, length - 1))

    fields = [1]
    for d in reversed(dilations):
        fields.append(fields[-1] + (k - 1) * d)
    story = Story(scene, Text("A stack of dilated causal convolutions"), graph)
    seen = min(fields[-1], length)
    story.point = Text("One output sees {n} of {length} inputs, and none that comes later", n=seen, length=length)
    for word, symbol, value in (("kernel", "k", k), ("layers", "L", len(dilations))):
        story.set(word, symbol, Number(value), size=False)
    trees = _trees(length, k, dilations)
    edges = [
        (f"{n - 1}.{t - j * d}", f"{n}.{t}")
        for n, d in enumerate(dilations, 1)
        for t in range(length)
        for j in range(k)
        if t >= j * d
    ]

    def number(n: int, t: int) -> Number:
        values = layers[n].values
        return Number(float(values[0, 0, t]), story.decimals(values), (layers[n].name, 0, t))

    def nodes() -> Iterator[Node]:
        for n in reversed(range(len(layers))):
            name = Math(f"d={dilations[n - 1]}") if n else Text("signal")
            for t in range(length):
                place = {"x": t / max(1, length - 1), "y": 1 - n / len(dilations)}
                label = name if t == 0 else ""
                text = "" if n else number(0, t)
                role = "pending" if n else "input"
                yield Node(name=f"{n}.{t}", role=role, text=text, label=label, widest=number(n, length - 1), **place)

    def steps() -> Iterator[Step]:
        top, last = len(dilations), length - 1
        asked = Text("How far back does output {t} see?", t=length)
        yield story.step(asked, SetNode(panel="stack", node=f"{top}.{last}", role="output", text="?"), beats=2)
        for n, (before, field) in zip(range(top, 0, -1), pairwise(fields), strict=True):
            d = dilations[n - 1]
            grown = equation(Symbol("r"), Number(before) + (Number(k) - 1) * d, field)
            lit = [SetNode(panel="stack", node=f"{n - 1}.{t}", role="kernel") for t in trees[n - 1]]
            tree = [
                SetEdge(panel="stack", source=f"{n - 1}.{t - j * d}", target=f"{n}.{t}", role="active")
                for t in trees[n]
                for j in range(k)
                if t >= j * d
            ]
            yield story.step(Text("Dilation {dilation}: {grown}", dilation=d, grown=grown), lit, tree, beats=2)
        for n in range(1, top + 1):
            role = "output" if n == top else "kernel"
            shown = [SetNode(panel="stack", node=f"{n}.{t}", role=role, text=number(n, t)) for t in trees[n]]
            at = [last - j * dilations[n - 1] for j in reversed(range(k))]
            pixels, weights = zip(
                *((number(n - 1, t), Number(float(v), None)) for t, v in zip(at, w[0], strict=True) if t >= 0),
                strict=True,
            )
            b = Number(scene.bias, None)
            name = Symbol("y" if n == top else f"h^{{({n})}}", (length,))
            yield story.step(equation(name, dot(pixels, weights, b, number(n, last)), number(n, last)), shown, beats=2)
        told = Text("Output {t} is made of {n} inputs, and of none that comes later", t=length, n=len(trees[0]))
        yield story.step(told, beats=2)

    spread: Expression = total([Number(d) for d in dilations])
    formula = equation(Math(r"r=1+(k-1)\cdot\Sigma d"), Number(1) + Number(k - 1) * spread, fields[-1])
    panel = Network(name="stack", nodes=tuple(nodes()), edges=tuple(Edge(source=a, target=b) for a, b in edges))
    alt = Text(
        "{n} causal convolutions with dilations {d} on a signal of {length}: the last output sees {r} inputs",
        n=len(dilations),
        d=", ".join(map(str, dilations)),
        length=length,
        r=seen,
    )
    roles = ("kernel", "output", "input", "pending")
    return story.play(steps, 2 + 2 * len(dilations), (panel,), alt=alt, step_roles=roles, formula=formula)


def _trees(length: int, k: int, dilations: tuple[int, ...]) -> list[list[int]]:
    """The cells of each layer, from the signal up, that the last output sees."""
    found = [{length - 1}]
    for d in reversed(dilations):
        found.append({t - j * d for t in found[-1] for j in range(k) if t >= j * d})
    return [sorted(each) for each in reversed(found)]
