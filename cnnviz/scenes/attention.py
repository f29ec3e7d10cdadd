"""Attention: each query meets every key, softmax makes weights, values are averaged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cnnviz.data import MAP_NAMES, load_map
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.story import CURRENT, WINDOW, Cells, Graph, Story, input_map, raise_if
from cnnviz.storyboard import MoveMark, Operator, Step
from cnnviz.words import Math, Number, Text, call, dot, total

_MATRIX = "a matrix with a row for each token"
_PANELS = ("query", "Queries {size}", "input"), ("key", "Keys {size}", "kernel"), ("value", "Values {size}", "bias")


@dataclass(frozen=True, kw_only=True)
class Attention(Scene):
    """Scaled dot-product attention of one head, with numbers: scores q·k/√d, their softmax, the weighted values.

    Vaswani et al. (2017), "Attention is all you need", equation 1; torch's scaled_dot_product_attention.
    """

    examples: ClassVar = ("cnnviz attention --tokens 3", "cnnviz attention --tokens 4 --causal")

    tokens: int = param(3, help="Tokens, each with a query, a key and a value.", lo=1, hi=6, always_named=True)
    d: int = param(2, help="Numbers in a query, a key and a value.", lo=1, hi=4, always_named=True)
    causal: bool = param(False, help="A token sees itself and earlier ones alone.")
    query: ArrayLike = input_map(None, help=f"Queries: {_MATRIX}.", shown_default="random")
    key: ArrayLike = input_map(None, help=f"Keys: {_MATRIX}.", shown_default="random")
    value: ArrayLike = input_map(None, help=f"Values: {_MATRIX}.", shown_default="random")

    def story(self) -> Story:
        """For each token its scores, their softmax, and its output."""
        graph, shape = Graph(double=True), (self.tokens, self.d)
        # With this key the usual figure has no negative score, and its weights differ, and rows add up to 1 as written.
        drawn = np.random.default_rng([self.seed, 24086])
        given = {}
        for name, *_ in _PANELS:
            numbers = getattr(self, name)
            values = drawn.integers(*(0, 10) if name == "value" else (-1, 3), shape).astype(float)
            if numbers is not None:
                size = shape if isinstance(numbers, str) and numbers in MAP_NAMES else None
                values = load_map(numbers, size, seed=self.seed).values
            rows, columns = values.shape
            wrong = (
                f"--{name} is {rows}×{columns}, but there are {self.tokens} tokens of {self.d} numbers: give "
                f"{self.tokens}×{self.d} numbers, or --tokens {rows} and --d {columns}"
            )
            raise_if({wrong: values.shape != shape})
            given[name[0]] = graph.input(name[0], values)
        zeros = graph.input("zeros", np.zeros(self.tokens))
        products = graph.compute("linear", given["q"], given["k"], zeros, result="products")
        out = graph.compute("scaled_dot_product_attention", *given.values(), result="y", is_causal=self.causal)
        seen = np.tri(self.tokens) > 0 if self.causal else np.ones((self.tokens, self.tokens), bool)
        scores = np.where(seen, products.values / np.sqrt(self.d), -np.inf)
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)

        story = Story(self, Text("Attention"), graph)
        story.point = Text("Each output is a mean of all values, weighted by how well query and key agree")
        if not seen.all():
            story.point = Text("Causal: no token sees a later one, so hatched scores are never computed")
        story.show_setting("tokens", "n", self.tokens)
        story.show_setting("dimension", "d", self.d, size=False)
        marks = WINDOW, CURRENT
        Q, K, V = (
            story.cells(name, label, given[name[0]], axes=2, marks=marks, role=role) for name, label, role in _PANELS
        )
        more: dict[str, Any] = {"pending": True, "marks": marks}
        roles, decimals = np.where(seen, "pending", "cut"), self.max_decimals(1)
        S = story.cells("scores", "Scores {size}", np.where(seen, scores, 0), digits=decimals, roles=roles, **more)
        P = story.cells("weights", "Weights {size}", weights, digits=self.max_decimals(2), **more)
        Y = story.cells("output", "Output {size}", out, axes=2, digits=decimals, **more)

        def row(cells: Cells, t: int) -> tuple[MoveMark, list[Number]]:
            """A row of numbers, with an outline around it."""
            return cells.mark("window", (t, 0), (1, self.d)), cells.read((t, c) for c in range(self.d))

        def steps() -> Iterator[Step]:
            whole = (1, self.tokens)
            for t in range(self.tokens):
                keyed = range(t + 1 if self.causal else self.tokens)
                for u in keyed:
                    resting, (asking, q), (met, k) = story.uncover(), row(Q, t), row(K, u)
                    caption = S.equals((t, u), dot(q, k, None, Number(0)) / call("sqrt", self.d), letter="s")
                    yield story.step(caption, resting, asking, met, S.write((t, u)))
                powers = [call("exp", S[t, u]) for u in keyed]
                shares = [P.write((t, u), "", "overlap", S if u in keyed else None) for u in range(self.tokens)]
                caption = P.equals((t, 0), powers[0] / total(powers), letter="p")
                lit = story.uncover(), S.mark("window", (t, 0), (1, len(keyed))), P.mark("current", (t, 0), whole)
                yield story.step(caption, *lit, *shares)
                caption = Y.dot_product((t, 0), [P[t, u] for u in keyed], [V[u, 0] for u in keyed])
                sums = [Y.write((t, c), "") for c in range(self.d)]
                lit = story.uncover(), P.mark("window", (t, 0), whole), V.mark("window", (0, 0), (len(keyed), self.d))
                yield story.step(caption, *lit, *sums, Y.mark("current", (t, 0), (1, self.d)))

        return story.play(
            steps,
            int(seen.sum()) + 2 * self.tokens,
            (Q, K, Operator(name="scored", text=Math(r"q\cdot k/\sqrt{d}\;="), size=22), S),
            (Operator(name="softmax", text="softmax →", size=20), P, "·", V, "=", Y),
            answer=Text("Each row of weights sums to 1: every output lies among the values"),
            alt=Text("attention of {n} tokens: scores, their softmax by rows, and the weighted values", n=self.tokens),
            step_roles=("output", "overlap"),
            formula=Math(r"y=\mathrm{softmax}(QK^{T}/\sqrt{d})\,V"),
        )
