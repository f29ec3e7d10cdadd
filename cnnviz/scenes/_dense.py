"""The story of a fully connected layer: nodes and edges that light up one by one, beside the matrix and the sums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.data import load_kernel, load_map
from cnnviz.errors import UsageError
from cnnviz.notation import digits_for, number, size_text
from cnnviz.story import Cells, Graph, Story, raise_if
from cnnviz.storyboard import Change, Edge, Mark, Node, SetEdge, SetNode, Shade, Step, Values
from cnnviz.storyboard import Graph as Network
from cnnviz.words import Math, Number, Shape, Symbol, Text, Words, counted, equation, joined, total

if TYPE_CHECKING:
    from cnnviz.scenes.fully_connected import FullyConnected

MOST_NODES = 8
"""Nodes a side: of more, neither the edges nor their numbers can be told apart."""

_LARGEST = 1e5
_RANDOM_VALUES = np.array([-2.0, -1.0, 1.0, 2.0])
_MADE_TO_MEASURE = frozenset({"random", "arange", "ones", "zeros", "box", "gaussian", "identity"})
_WEIGHTS_TAG, _BIAS_TAG = 2, 3

_FEW_INPUTS = 5
"""Up to here the cells have room for four letters, else for three."""

_MOST_WRITTEN = 16
"""Edges that carry their weight all the time; of more, each does while its product is added."""


def load_layer(scene: FullyConnected) -> tuple[Values, Values, Values]:
    """The input, the weights (outputs, inputs) and one bias an output, or one for all; raises UsageError."""

    def row(what: str, size: tuple[int, int]) -> Values:
        spec = getattr(scene, what)
        found = load_map(spec, None, seed=scene.seed, default_size=size, what=what, option=f"--{what}").values
        if min(found.shape) != 1:
            raise UsageError(f"{what} is {size_text(*found.shape)}: give one row of values such as '2 3 1'")
        return found.ravel()

    def matrix(size: tuple[int, int] | None) -> Values:
        found = load_kernel(scene.weights, size, seed=scene.seed, what="weights", option="--weights")
        return np.asarray(found.values)

    def drawn(size: tuple[int, ...], tag: int) -> Values:
        return np.asarray(np.random.default_rng([scene.seed, tag]).choice(_RANDOM_VALUES, size))

    # Those with a name are made to measure, data have a size of their own.
    name, bias_name = _name(scene.weights), _name(scene.bias)
    w = np.empty((0, 0)) if name else matrix(None)
    x = row("input", (1, scene.inputs or w.shape[1] or 3))
    b = np.empty(2) if bias_name else row("bias", (1, 1))
    if name:
        size = scene.outputs or max(2, len(b)), len(x)
        w = drawn(size, _WEIGHTS_TAG) if name == "random" else matrix(size)
    outputs, inputs = w.shape
    if bias_name:
        b = drawn((outputs,), _BIAS_TAG) if bias_name == "random" else row("bias", (1, outputs))
    shape = f"weights are {outputs}×{inputs}, outputs × inputs"
    largest = max(float(np.abs(values).max()) for values in (x, w, b))
    crowded = f"a layer of {inputs} inputs and {outputs} outputs is too crowded to read"
    long = f"input, weights or bias hold ±{largest:.6g}, too long to write"
    asked = f"input has {len(x)} values, but --inputs asks for {scene.inputs}"
    raise_if(
        {
            f"{crowded}: use {MOST_NODES} or less of each": max(outputs, inputs) > MOST_NODES,
            f"{long}: use numbers below {_LARGEST:.0f}": largest >= _LARGEST,
            f"{asked}: make them the same": scene.inputs not in (None, len(x)),
            f"{shape}, but there are {len(x)} inputs: give {len(x)} columns": inputs != len(x),
            f"{shape}, but --outputs asks for {scene.outputs}: leave it out": scene.outputs not in (None, outputs),
            f"bias has {len(b)} values: give {outputs}, or one for all": len(b) not in (1, outputs),
        }
    )
    return x, w, b


def _name(given: object) -> str:
    name = given.strip().lower() if isinstance(given, str) else ""
    return name if name in _MADE_TO_MEASURE else ""


def connected(scene: FullyConnected) -> Story:
    """One step for each weight and each bias."""
    graph, layer = Graph(), scene.layer
    outputs, inputs = layer[1].shape
    x, w = graph.input("x", layer[0]), graph.input("w", layer[1])
    b = graph.input("b", np.broadcast_to(layer[2], outputs))
    y = graph.compute("linear", x, w, b)
    # What has been added up after each input, and at last with the bias.
    sums = np.column_stack([np.cumsum(w.values * x.values, axis=1), y.values])
    fitting = _fitting(scene, sums)

    point = Text("Every output is a weighted sum of all inputs, plus a bias")
    story = Story(scene, Text("Fully connected layer"), graph, point=point)
    story.settings += [
        ("", counted(inputs, "{n} input", "{n} inputs")),
        ("", counted(outputs, "{n} output", "{n} outputs")),
    ]
    # The range tells the renderer how small the numbers must be that steps will bring.
    shade = Shade(scale="diverging", lo=float(sums.min()), hi=float(sums.max())) if fitting["numbers"] else None
    Y = story.cells("output", "$y$ {size}", y, pending=True, shade=shade, **fitting)
    more: dict[str, Any] = {"marks": (Mark(name="current", role="window"),)}
    weights = {**_fitting(scene, w.values), "numbers": True}
    W = story.cells("weights", "$W$ {size}", w, role="kernel", **weights, **more)
    X = story.cells("input", "$x$ {size}", x, shade=None, **_fitting(scene, x.values), **more)
    B = story.cells("bias", "$b$ {size}", b, role="bias", shade=None, **_fitting(scene, b.values), **more)
    edges = Edges(W, X, B, sums, scene.max_decimals())

    def steps() -> Iterator[Step]:
        yield story.step(Text("Each output adds up its weighted inputs and a bias: how much is that?"), Y.ask())
        digits = digits_for(sums, most=scene.max_decimals())
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
        best = int(y.values.argmax())
        words = Text("Every input reaches every output; {y} is the largest", y=Y.symbol("y", (best,)))
        if outputs == 1 or np.sum(y.values == y.values.max()) > 1:
            words = Text("Every input reaches every output by a weight of its own")
        yield story.step(words, edges.added(sums.size), story.uncover(), Y.mark("current", (best, 0)), beats=2)

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


def _fitting(scene: FullyConnected, values: Values) -> dict[str, Any]:
    """Decimals with which every value fits a cell beside the graph, and whether any do."""
    letters = 4 if len(scene.layer[0]) <= _FEW_INPUTS else 3
    each = range(digits_for(values, most=scene.max_decimals()), -1, -1)
    digits = next((d for d in each if max(len(number(v, d)) for v in values.flat) <= letters), -1)
    return {"digits": max(0, digits), "numbers": digits >= 0}


@dataclass(frozen=True, eq=False)
class Edges:
    """The network of weights, input and biases, with the `sums` (outputs, inputs + 1) after each edge.

    Numbers have as many decimals as they need, `most` at most.
    """

    W: Cells
    X: Cells
    B: Cells
    sums: Values
    most: int

    def panel(self) -> Network:
        """The inputs and a node for the biases at the left, the outputs at the right; negative weights dashed."""
        (outputs, inputs), digits = self.W.values.shape, digits_for(self.sums, most=self.most)
        widest = max((Number(float(value), digits) for value in self.sums.flat), key=lambda each: len(each.text))
        nodes = [
            Node(
                name=f"x{i}",
                x=0,
                y=i / inputs,
                role="input",
                text=self.short(self.X, (i, 0)),
                label=Symbol("x", (i + 1,)),
            )
            for i in range(inputs)
        ]
        nodes.append(Node(name="bias", x=0, y=1, role="bias", text="1", label=Text("bias")))
        for j, y in enumerate((np.arange(outputs) + 0.5) / outputs):
            label = Symbol("y", (j + 1,))
            nodes.append(Node(name=f"y{j}", x=1, y=y, role="pending", text="?", label=label, widest=widest))
        edges = list[Edge]()
        for j, i in np.ndindex(self.sums.shape):
            weight = self.weight(j, i)
            text, style = weight if self._all_written else "", "dashed" if weight.value < 0 else "solid"
            edges.append(Edge(source=nodes[i].name, target=f"y{j}", text=text, style=style))
        return Network(name="network", nodes=tuple(nodes), edges=tuple(edges))

    def light(self, j: int, i: int, value: Number) -> Iterator[Change]:
        """The edge that adds to an output now, what that comes to, and the edge before as one that has been added."""
        yield from self.added(j * self.sums.shape[1] + i)
        source, target = self._source(i), f"y{j}"
        yield SetEdge(panel="network", source=source, target=target, role="active", text=self.weight(j, i))
        yield SetNode(panel="network", node=target, role="output", text=value)

    def added(self, count: int) -> Iterator[Change]:
        """The last of `count` edges is one that has been added."""
        if count:
            j, i = divmod(count - 1, self.sums.shape[1])
            text = None if self._all_written else ""
            yield SetEdge(panel="network", source=self._source(i), target=f"y{j}", role="added", text=text)

    def weight(self, j: int, i: int) -> Number:
        """The number on an edge."""
        return self.short(self.W, (j, i)) if i < len(self.X.values) else self.short(self.B, (j, 0))

    def short(self, cells: Cells, place: tuple[int, int]) -> Number:
        """A cell's number with as many decimals as it needs."""
        return cells.number(place, digits_for(cells.values[place], most=self.most))

    def _source(self, i: int) -> str:
        return f"x{i}" if i < len(self.X.values) else "bias"

    @property
    def _all_written(self) -> bool:
        return self.sums.size <= _MOST_WRITTEN
