"""Signals: what their figures share, and dilated causal convolutions on top of one another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from cnnviz.data import Data, load_kernel, load_map
from cnnviz.errors import UsageError
from cnnviz.operation import KERNEL, MAP
from cnnviz.parameters import ArrayLike, param, quote
from cnnviz.scene import Scene
from cnnviz.story import (
    Graph,
    Story,
    Tensor,
    bias,
    dilation,
    input_map,
    input_size,
    kernel_size,
    kernel_values,
    padding,
    raise_if,
    stride,
)
from cnnviz.storyboard import Edge, Node, SetEdge, SetNode, Step
from cnnviz.storyboard import Graph as Network
from cnnviz.words import Expression, Math, Number, Symbol, Text, dot, equation, total

_MOST_LAYERS, _MOST_NODES = 6, 24


@dataclass(frozen=True, kw_only=True)
class Signal(Scene):
    """A signal and a kernel; once made, `i` and `k` are their lengths."""

    i: int | None = input_size(
        help="Length of the signal.", hi=64, shown_default="10, of a stack 16, or the data's own"
    )
    k: int | None = kernel_size(hi=16, shown_default="3, of a stack 2, or the data's own")
    s: int = stride(hi=64)
    p: int = padding(help="Zeros at both ends.", hi=64)
    d: int = dilation(hi=64)
    causal: bool = param(False, help="Pad before the signal alone, so that no output sees what comes later.")
    stack: str | None = param(None, help="Dilations of causal convolutions on top of one another: 1,2,4,8.")
    input: ArrayLike = input_map("random")
    kernel: ArrayLike = kernel_values(None, shown_default='"1 2 1"; random for other sizes than 3, ones of a stack')
    bias: float = bias()

    @cached_property
    def map(self) -> Data:
        """The signal."""
        length = self.i or (16 if self.stack else None)
        return load_map(self.input, (1, length) if length else None, seed=self.seed, default_size=(1, 10))

    @cached_property
    def weights(self) -> Data:
        """The kernel."""
        size = self.k or (2 if self.stack else None)
        usual = "ones" if self.stack else "1 2 1" if size in (None, 3) else "random"
        return load_kernel(usual if self.kernel is None else self.kernel, (1, size) if size else None, seed=self.seed)

    def prepare(self) -> None:
        """The lengths of what is given become `i` and `k`; raises UsageError for what does not go together."""
        for name, data in (("input", self.map), ("kernel", self.weights)):
            if len(data.values) > 1:
                raise UsageError(f"{name} has {len(data.values)} rows, but a signal has one: give one row of numbers")
        self.fill_in(i=self.map.values.size, k=self.weights.values.size)
        raise_if(
            {
                f"--causal chooses its own padding and --p {self.p}: leave one of them out": self.causal and self.p,
                f"--stack chooses its own dilations and --d {self.d}: leave one of them out": self.stack and self.d > 1,
                "--stack has stride 1 and no padding: leave --s and --p out": self.stack and (self.s > 1 or self.p),
            }
        )


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
    layers: list[Tensor] = [graph.input("x", x[None], MAP)]
    kernel = graph.input("w", w[None], KERNEL)
    added = graph.input("b", [scene.bias]) if scene.bias else None
    for n, d in enumerate(dilations, 1):
        padded = graph.compute("pad", layers[-1], result=f"p{n}", pad=((k - 1) * d, 0), mode="constant")
        options = {"stride": (1,), "padding": (0,), "dilation": (d,)}
        layers.append(graph.compute("conv1d", padded, kernel, added, result=f"h{n}", **options))
    graph.show(layers[-1], f"{len(dilations)}.{length - 1}", (0, 0, length - 1))

    top, last = len(dilations), length - 1

    def taps(n: int, t: int) -> list[int]:
        """The cells of the layer below that make a cell, the latest first."""
        d = dilations[n - 1]
        return [u for u in range(t, t - k * d, -d) if u >= 0]

    # The cells of each layer that the last output sees, and what it could see of a longer signal.
    trees, fields = {top: {last}}, [1]
    for n in range(top, 0, -1):
        trees[n - 1] = {u for t in trees[n] for u in taps(n, t)}
        fields.append(fields[-1] + (k - 1) * dilations[n - 1])
    story = Story(scene, Text("A stack of dilated causal convolutions"), graph)
    seen = min(fields[-1], length)
    story.point = Text("One output sees {n} of {length} inputs, and none that comes later", n=seen, length=length)
    story.show_setting("kernel", "k", Number(k), size=False)
    story.show_setting("layers", "L", top)

    def number(n: int, t: int) -> Number:
        values = layers[n].values
        return Number(float(values[0, 0, t]), story.decimals(values), (layers[n].name, 0, t))

    def nodes() -> Iterator[Node]:
        for n in reversed(range(top + 1)):
            name = Math(f"d={dilations[n - 1]}") if n else Text("signal")
            for t in range(length):
                place = {"x": t / max(1, last), "y": 1 - n / top}
                label, text, role = name if t == 0 else "", "" if n else number(0, t), "pending" if n else "input"
                yield Node(name=f"{n}.{t}", role=role, text=text, label=label, widest=number(n, last), **place)

    def steps() -> Iterator[Step]:
        asked = Text("How far back does output {t} see?", t=length)
        yield story.step(asked, SetNode(panel="stack", node=f"{top}.{last}", role="output", text="?"), beats=2)
        for n, (before, field) in zip(range(top, 0, -1), pairwise(fields), strict=True):
            d = dilations[n - 1]
            grown = equation(Symbol("r"), Number(before) + (Number(k) - 1) * d, field)
            lit = [SetNode(panel="stack", node=f"{n - 1}.{t}", role="kernel") for t in sorted(trees[n - 1])]
            tree = [
                SetEdge(panel="stack", source=f"{n - 1}.{u}", target=f"{n}.{t}", role="active")
                for t in sorted(trees[n])
                for u in taps(n, t)
            ]
            yield story.step(Text("Dilation {dilation}: {grown}", dilation=d, grown=grown), lit, tree, beats=2)
        for n in range(1, top + 1):
            role = "output" if n == top else "kernel"
            shown = [SetNode(panel="stack", node=f"{n}.{t}", role=role, text=number(n, t)) for t in sorted(trees[n])]
            pixels = [number(n - 1, t) for t in reversed(taps(n, last))]
            weights = [Number(weight, None) for weight in w[0, k - len(pixels) :].tolist()]
            name = Symbol("y" if n == top else f"h^{{({n})}}", (length,))
            products = dot(pixels, weights, Number(scene.bias, None), number(n, last))
            yield story.step(equation(name, products, number(n, last)), shown, beats=2)
        caption = Text("Output {t} is made of {n} inputs, and of none that comes later", t=length, n=len(trees[0]))
        yield story.step(caption, beats=2)

    spread: Expression = total([Number(d) for d in dilations])
    formula = equation(Math(r"r=1+(k-1)\cdot\Sigma d"), Number(1) + Number(k - 1) * spread, fields[-1])
    edges = (
        Edge(source=f"{n - 1}.{u}", target=f"{n}.{t}")
        for n in range(1, top + 1)
        for t in range(length)
        for u in taps(n, t)
    )
    panel = Network(name="stack", nodes=tuple(nodes()), edges=tuple(edges))
    alt = Text(
        "{n} causal convolutions with dilations {d} on a signal of {length}: the last output sees {r} inputs",
        n=top,
        d=", ".join(map(str, dilations)),
        length=length,
        r=seen,
    )
    roles = ("kernel", "output", "input", "pending")
    return story.play(steps, 2 + 2 * top, (panel,), alt=alt, step_roles=roles, formula=formula)
