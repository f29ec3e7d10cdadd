"""Fully connected layer: each output is a weighted sum of all inputs, plus a bias."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from cnnviz.notation import digits_for, number
from cnnviz.scenes._dense import DenseLayer, Edges
from cnnviz.story import Graph, Story
from cnnviz.storyboard import Mark, Shade, Step, Values
from cnnviz.words import Math, Number, Shape, Symbol, Text, Words, counted, equation, joined, total

_FEW_INPUTS = 5
"""Up to here the cells have room for four letters, else for three."""


@dataclass(frozen=True, kw_only=True)
class FullyConnected(DenseLayer):
    """A fully connected layer, y = W x + b: one step for each product w·x and each bias.

    A row of W holds the weights of one output, as in torch.nn.Linear. Goodfellow, Bengio and Courville (2016), "Deep
    Learning", §6.1 and §9.2, where it is what convolution is held against.
    """

    examples: ClassVar = (
        "cnnviz fully-connected --inputs 3 --outputs 2",
        'cnnviz fully-connected --input "2 3 1" --weights "0.5 1 -1; 2 0 1" --bias "1 -1"',
        "cnnviz fully-connected --inputs 5 --outputs 4 --seed 7",
    )

    def story(self) -> Story:
        """One step for each weight and each bias."""
        (outputs, inputs), graph = self.W.shape, Graph()
        given = (("x", self.X), ("w", self.W), ("b", np.broadcast_to(self.B, outputs)))
        x, w, b = (graph.given(name, values) for name, values in given)
        y = graph.compute("linear", x, w, b)
        # What has been added up after each input, and at last with the bias.
        sums = np.column_stack([np.cumsum(self.W * self.X, axis=1), y.values])
        fitting = self._fitting(sums)

        point = Text("Every output is a weighted sum of all inputs, plus a bias")
        story = Story(self, Text("Fully connected layer"), graph, point=point)
        story.settings += [
            ("", counted(inputs, "{n} input", "{n} inputs")),
            ("", counted(outputs, "{n} output", "{n} outputs")),
        ]
        # The range tells the renderer how small the numbers must be that steps will bring.
        shade = Shade(scale="diverging", lo=float(sums.min()), hi=float(sums.max())) if fitting["numbers"] else None
        Y = story.cells("output", "$y$ {size}", y, pending=True, shade=shade, **fitting)
        more: dict[str, Any] = {"marks": (Mark(name="current", role="window"),)}
        weights = {**self._fitting(w.values), "numbers": True}
        W = story.cells("weights", "$W$ {size}", w, role="kernel", **weights, **more)
        X = story.cells("input", "$x$ {size}", x, shade=None, **self._fitting(x.values), **more)
        B = story.cells("bias", "$b$ {size}", b, role="bias", shade=None, **self._fitting(b.values), **more)
        edges = Edges(W, X, B, sums, self.most())

        def steps() -> Iterator[Step]:
            yield story.step(Text("Each output adds up its weighted inputs and a bias: how much is that?"), Y.ask())
            digits = digits_for(sums, most=self.most())
            for j, i in np.ndindex(sums.shape):
                at, name = (j, 0), Symbol("y", (j + 1,))
                terms = [edges.short(W, (j, n)) * edges.short(X, (n, 0)) for n in range(min(i + 1, inputs))]
                if i == inputs:
                    value = Y.number(at, digits)
                    caption: Words = equation(name, total([*terms, replace(B[at], decimals=None)]), value)
                    marks = [B.mark("current", at), W.hide("current"), X.hide("current")]
                else:
                    value = Number(float(sums[j, i]), digits)
                    caption = Text("{y} so far: {sum}", y=name, sum=equation(None, total(terms), value))
                    marks = [W.mark("current", (j, i)), X.mark("current", (i, 0)), B.hide("current")]
                written = Y.set(at, role="output", value=value.value), Y.mark("current", at)
                yield story.step(caption, edges.light(j, i, value), written, marks)
            best, rest = int(y.values.argmax()), [change for cells in (W, X, B) for change in cells.rest()]
            said = Text("Every input reaches every output; {y} is the largest", y=Y.symbol("y", (best,)))
            if outputs == 1 or np.sum(y.values == y.values.max()) > 1:
                said = Text("Every input reaches every output by a weight of its own")
            yield story.step(said, edges.added(sums.size), rest, Y.mark("current", (best, 0)), beats=2)

        return story.play(
            steps,
            2 + sums.size,
            (edges.panel(), W, *(["·"] if inputs <= _FEW_INPUTS else []), X, "+", B, "=", Y),
            alt=Text(
                "a fully connected layer: {inputs}, each connected to each of {outputs}; {n} steps add one product of "
                "weight and input, or one bias, at a time, until y is {y}",
                inputs=counted(inputs, "{n} input node", "{n} input nodes"),
                outputs=counted(outputs, "{n} output node", "{n} output nodes"),
                n=sums.size,
                y=joined([edges.short(Y, (j, 0)) for j in range(outputs)]),
            ),
            step_roles=("output", "active", "added"),
            formula=Text(
                "{formula}    {weights} weights + {biases} = {count} parameters",
                formula=Math(r"y_j=\Sigma_i\, w_{ji}\,x_i+b_j"),
                count=sums.size,
                weights=Shape((outputs, inputs), "weights"),
                biases=counted(outputs, "{n} bias", "{n} biases"),
            ),
            convention=Text("each row of W: one output; dashed: negative weight"),
        )

    def _fitting(self, values: Values) -> dict[str, Any]:
        """Decimals with which every value fits a cell beside the graph, and whether any do."""
        letters = 4 if len(self.X) <= _FEW_INPUTS else 3
        each = range(digits_for(values, most=self.most()), -1, -1)
        digits = next((d for d in each if max(len(number(v, d)) for v in values.flat) <= letters), -1)
        return {"digits": max(0, digits), "numbers": digits >= 0}
