"""Fully connected layer: each output is a weighted sum of all inputs, plus a bias."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from cnnviz.data import load_kernel, load_map
from cnnviz.errors import UsageError
from cnnviz.notation import as_given, digits_for, number, size_text
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.story import Cells, Graph, Story
from cnnviz.storyboard import Edge, Mark, Node, SetEdge, SetNode, Shade, Step, Values
from cnnviz.storyboard import Graph as Network
from cnnviz.words import Math, Number, Shape, Symbol, Text, Words, counted, equation, joined, total

Panels = tuple[Cells, Cells, Cells, Cells]
"""The weights, the input, the bias and the output."""

MOST_NODES = 8
"""Nodes a side: of more, neither the edges nor their numbers can be told apart."""

_MOST_WRITTEN = 16
"""Edges that carry their weight all the time; of more, each does while its product is added."""

_FEW_INPUTS = 5
"""Up to here the cells have room for four letters, else for three."""

_MOST_LETTERS = 8
"""Letters of a bias up to which its edge has it in full."""

_LARGEST = 1e5
_RANDOM_VALUES = np.array([-2.0, -1.0, 1.0, 2.0])
_MADE_TO_MEASURE = frozenset({"random", "arange", "ones", "zeros", "box", "gaussian", "identity"})
_WEIGHTS_TAG, _BIAS_TAG = 2, 3


@dataclass(frozen=True, kw_only=True)
class FullyConnected(Scene):
    """A fully connected layer, y = W x + b: one step for each product w·x and each bias.

    A row of W holds the weights of one output, as in torch.nn.Linear. Goodfellow, Bengio and Courville (2016), "Deep
    Learning", §6.1 and §9.2, where it is what convolution is held against.
    """

    examples: ClassVar = (
        "cnnviz fully-connected --inputs 3 --outputs 2",
        'cnnviz fully-connected --input "2 3 1" --weights "0.5 1 -1; 2 0 1" --bias "1 -1"',
        "cnnviz fully-connected --inputs 5 --outputs 4 --seed 7",
    )

    inputs: int | None = param(
        None, help="Input nodes.", lo=1, hi=MOST_NODES, shown_default="3, or the data's own", always_named=True
    )
    outputs: int | None = param(
        None, help="Output nodes.", lo=1, hi=MOST_NODES, shown_default="2, or the data's own", always_named=True
    )
    input: ArrayLike = param(
        "random", group="Data", help='Values of x: a literal such as "2 3 1", a file, random, arange, ones or zeros.'
    )
    weights: ArrayLike = param(
        "random",
        group="Data",
        help='Weights W, a row an output: a literal such as "1 0 2; 3 1 1", a file, ones, or random: whole '
        "numbers from −2 to 2, never 0.",
    )
    bias: ArrayLike = param(
        "random",
        group="Data",
        help="Bias b, one value an output or one for all: as for the input; random as for the weights.",
    )

    def prepare(self) -> None:
        """The data are loaded, and their sizes become `inputs` and `outputs`."""
        (outputs, inputs), found = self._weights.shape, len(self._x)
        shape = f"weights are {outputs}×{inputs}, outputs × inputs"
        largest = max(float(np.abs(values).max()) for values in (self._x, self._weights, self._bias))
        for wrong, message in (
            (
                max(outputs, inputs) > MOST_NODES,
                f"a layer of {inputs} inputs and {outputs} outputs is too crowded to read: use {MOST_NODES} or less of "
                "each",
            ),
            (
                largest >= _LARGEST,
                f"input, weights or bias hold ±{largest:.6g}, too long to write: use numbers below {_LARGEST:.0f}",
            ),
            (inputs != found, f"{shape}, but there are {found} inputs: give {found} columns"),
            (
                self.outputs not in (None, outputs),
                f"{shape}, but --outputs asks for {self.outputs}: leave --outputs out",
            ),
            (
                len(self._bias) not in (1, outputs),
                f"bias has {len(self._bias)} values, but the weights give {outputs} outputs: give {outputs}, or one "
                "for all",
            ),
        ):
            if wrong:
                raise UsageError(message)
        self.fill_in(inputs=inputs, outputs=outputs)

    @cached_property
    def _x(self) -> Values:
        known = self.inputs or self._given.shape[1] or None
        values = _row(load_map(self.input, None, seed=self.seed, default_size=(1, known or 3)).values, "input")
        if known is not None and len(values) != known:
            source = f"--inputs asks for {known}" if self.inputs else f"a row of the weights has {known}"
            raise UsageError(f"input has {len(values)} values, but {source}: make them the same")
        return values

    @cached_property
    def _given(self) -> Values:
        """The weights that are data and not made to measure, else none."""
        return np.empty((0, 0)) if _name(self.weights) else self._loaded(None)

    def _loaded(self, size: tuple[int, int] | None) -> Values:
        return np.asarray(load_kernel(self.weights, size, seed=self.seed, what="weights", option="--weights").values)

    @cached_property
    def _weights(self) -> Values:
        name = _name(self.weights)
        size = self.outputs or (2 if _name(self.bias) else max(2, len(self._bias))), len(self._x)
        if not name:
            return self._given
        return _random(size, self.seed, _WEIGHTS_TAG) if name == "random" else self._loaded(size)

    @cached_property
    def _bias(self) -> Values:
        name = _name(self.bias)
        size = (1, len(self._weights)) if name else (1, 1)
        if name == "random":
            return _random(size, self.seed, _BIAS_TAG).ravel()
        data = load_map(self.bias, None, seed=self.seed, default_size=size, what="bias", option="--bias")
        return _row(data.values, "bias")

    def story(self) -> Story:
        """One step for each weight and each bias."""
        outputs, inputs = self._weights.shape
        graph, offsets = Graph(), np.broadcast_to(self._bias, outputs)
        given = (("x", self._x), ("w", self._weights), ("b", offsets))
        x, w, b = (graph.given(name, values) for name, values in given)
        y = graph.compute("linear", x, w, b)
        # What has been added up after each input, and at last with the bias.
        sums = np.column_stack([np.cumsum(self._weights * self._x, axis=1), y.values])
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
        W = story.cells("weights", "Weights $W$ {size}", w, role="kernel", **weights, **more)
        X = story.cells("input", "$x$ {size}", x, shade=None, **self._fitting(x.values), **more)
        B = story.cells("bias", "$b$ {size}", b, role="bias", shade=None, **self._fitting(b.values), **more)
        panels = W, X, B, Y
        return story.play(
            lambda: self._steps(story, panels, sums),
            sums.size,
            (self._network(panels, sums), W, X, "+", B, "=", Y),
            alt=Text(
                "a fully connected layer: {inputs}, each connected to each of {outputs}; {n} steps add one product of "
                "weight and input, or one bias, at a time, until y is {y}",
                inputs=counted(inputs, "{n} input node", "{n} input nodes"),
                outputs=counted(outputs, "{n} output node", "{n} output nodes"),
                n=sums.size,
                y=joined([self._short(Y, (j, 0)) for j in range(outputs)]),
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

    def _steps(self, story: Story, panels: Panels, sums: Values) -> Iterator[Step]:
        W, X, B, Y = panels
        digits, inputs = self._digits(sums), W.values.shape[1]
        before: list[SetEdge] = []
        for j, i in np.ndindex(sums.shape):
            at, last = (j, 0), i == inputs
            terms = [self._short(W, (j, n)) * self._short(X, (n, 0)) for n in range(min(i + 1, inputs))]
            value = Y.number(at, digits) if last else Number(float(sums[j, i]), digits)
            name, nodes = Symbol("y", (j + 1,)), {"panel": "network", "source": self._source(i), "target": f"y{j}"}
            edge = SetEdge(**nodes, role="active", text=self._weight(panels, i, j))
            if last:
                caption: Words = equation(name, total([*terms, replace(B[at], decimals=None)]), value)
                marks = [B.mark("current", at), W.hide("current"), X.hide("current")]
            else:
                caption = Text("{y} so far: {sum}", y=name, sum=equation(None, total(terms), value))
                marks = [W.mark("current", (j, i)), X.mark("current", (i, 0)), B.hide("current")]
            yield story.step(
                caption,
                before,
                edge,
                SetNode(panel="network", node=f"y{j}", role="output", text=value),
                Y.set(at, role="output", value=value.value),
                Y.mark("current", at),
                marks,
            )
            before = [replace(edge, role="added", text=None if self._written else "")]

    def _network(self, panels: Panels, sums: Values) -> Network:
        X, (outputs, inputs) = panels[1], self._weights.shape
        written = [Number(value, self._digits(sums)) for value in sums.ravel().tolist()]
        widest = max(written, key=lambda each: len(number(each.value, each.places)))
        nodes = [
            *(
                Node(name=f"x{i}", x=0, y=i / inputs, role="input", text=text, label=Symbol("x", (i + 1,)))
                for i, text in enumerate(self._short(X, (i, 0)) for i in range(inputs))
            ),
            Node(name="bias", x=0, y=1, role="bias", text="1", label=Text("bias")),
            *(
                Node(name=f"y{j}", x=1, y=y, role="pending", label=Symbol("y", (j + 1,)), widest=widest)
                for j, y in enumerate((np.arange(outputs) + 0.5) / outputs)
            ),
        ]
        # A negative weight is a dashed line.
        every = ((i, j, self._weight(panels, i, j)) for j, i in np.ndindex(sums.shape))
        edges = (
            Edge(
                source=self._source(i),
                target=f"y{j}",
                text=weight if self._written else "",
                style="dashed" if weight.value < 0 else "solid",
            )
            for i, j, weight in every
        )
        return Network(name="network", nodes=tuple(nodes), edges=tuple(edges))

    def _source(self, i: int) -> str:
        return f"x{i}" if i < len(self._x) else "bias"

    @property
    def _written(self) -> bool:
        """Whether every edge carries its weight all the time."""
        return self._weights.size + len(self._weights) <= _MOST_WRITTEN

    def _weight(self, panels: Panels, i: int, j: int) -> Number:
        """The number on an edge, of a bias in full where that is short."""
        W, _, B, _ = panels
        if i < len(self._x):
            return self._short(W, (j, i))
        whole = replace(B[j, 0], decimals=None)
        return whole if len(as_given(whole.value)) <= _MOST_LETTERS else self._short(B, (j, 0))

    def _short(self, cells: Cells, place: tuple[int, int]) -> Number:
        return cells.number(place, self._digits(cells.values[place]))

    def _digits(self, values: Any) -> int:
        return digits_for(values, most=self.most())

    def _fitting(self, values: Values) -> dict[str, Any]:
        """Decimals with which every value fits a cell beside the graph, and whether any do."""
        letters = 4 if len(self._x) <= _FEW_INPUTS else 3
        fits = (
            d for d in range(self._digits(values), -1, -1) if max(len(number(v, d)) for v in values.flat) <= letters
        )
        digits = next(fits, -1)
        return {"digits": max(0, digits), "numbers": digits >= 0}


def _name(given: object) -> str:
    """The name, such as random or ones, of values that are made to measure; empty for data of a size of their own."""
    name = given.strip().lower() if isinstance(given, str) else ""
    return name if name in _MADE_TO_MEASURE else ""


def _random(size: tuple[int, int], seed: int, tag: int) -> Values:
    return np.asarray(np.random.default_rng([seed, tag]).choice(_RANDOM_VALUES, size))


def _row(values: Values, what: str) -> Values:
    if min(values.shape) != 1:
        raise UsageError(f"{what} is {size_text(*values.shape)}: give one row of values such as '2 3 1'")
    return values.ravel()
