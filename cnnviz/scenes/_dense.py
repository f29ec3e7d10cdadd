"""A fully connected layer: inputs, weights and biases that fit together, and these as nodes and edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cnnviz.data import load_kernel, load_map
from cnnviz.notation import digits_for, number, size_text
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.story import Cells, refuse
from cnnviz.storyboard import Change, Edge, Graph, Node, SetEdge, SetNode, Values
from cnnviz.words import Number, Symbol, Text

MOST_NODES = 8
"""Nodes a side: of more, neither the edges nor their numbers can be told apart."""

_MOST_WRITTEN = 16
"""Edges that carry their weight all the time; of more, each does while its product is added."""

_LARGEST = 1e5
_RANDOM_VALUES = np.array([-2.0, -1.0, 1.0, 2.0])
_MADE_TO_MEASURE = frozenset({"random", "arange", "ones", "zeros", "box", "gaussian", "identity"})
_WEIGHTS_TAG, _BIAS_TAG = 2, 3


@dataclass(frozen=True, kw_only=True)
class DenseLayer(Scene):
    """A scene with a vector `X`, weights `W` (outputs, inputs) and one bias `B` an output, or one for all."""

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
        (outputs, inputs), found = self.W.shape, len(self.X)
        shape = f"weights are {outputs}×{inputs}, outputs × inputs"
        largest = max(float(np.abs(values).max()) for values in (self.X, self.W, self.B))
        crowded = f"a layer of {inputs} inputs and {outputs} outputs is too crowded to read"
        long = f"input, weights or bias hold ±{largest:.6g}, too long to write"
        biases = f"bias has {len(self.B)} values, but the weights give {outputs} outputs"
        asked = f"input has {found} values, but --inputs asks for {self.inputs}"
        refuse(
            {
                f"{crowded}: use {MOST_NODES} or less of each": max(outputs, inputs) > MOST_NODES,
                f"{long}: use numbers below {_LARGEST:.0f}": largest >= _LARGEST,
                f"{asked}: leave --inputs out": self.inputs not in (None, found),
                f"{shape}, but there are {found} inputs: give {found} columns": inputs != found,
                f"{shape}, but --outputs asks for {self.outputs}: leave --outputs out": self.outputs
                not in (None, outputs),
                f"{biases}: give {outputs}, or one for all": len(self.B) not in (1, outputs),
            }
        )
        self.fill_in(inputs=inputs, outputs=outputs)

    @cached_property
    def X(self) -> Values:
        """The input, a vector."""
        columns = self.inputs or (3 if _name(self.weights) else self.W.shape[1])
        return _row(load_map(self.input, None, seed=self.seed, default_size=(1, columns)).values, "input")

    @cached_property
    def W(self) -> Values:
        """The weights, a row for each output."""
        name, size = _name(self.weights), None
        if name:
            size = self.outputs or (2 if _name(self.bias) else max(2, len(self.B))), len(self.X)
        if size and name == "random":
            return _random(size, self.seed, _WEIGHTS_TAG)
        return load_kernel(self.weights, size, seed=self.seed, what="weights", option="--weights").values

    @cached_property
    def B(self) -> Values:
        """The biases."""
        name = _name(self.bias)
        size = (1, len(self.W)) if name else (1, 1)
        if name == "random":
            return _random(size, self.seed, _BIAS_TAG).ravel()
        data = load_map(self.bias, None, seed=self.seed, default_size=size, what="bias", option="--bias")
        return _row(data.values, "bias")


def _name(given: object) -> str:
    """The name, such as random or ones, of values that are made to measure; empty for data of a size of their own."""
    name = given.strip().lower() if isinstance(given, str) else ""
    return name if name in _MADE_TO_MEASURE else ""


def _random(size: tuple[int, int], seed: int, tag: int) -> Values:
    return np.asarray(np.random.default_rng([seed, tag]).choice(_RANDOM_VALUES, size))


def _row(values: Values, what: str) -> Values:
    refuse({f"{what} is {size_text(*values.shape)}: give one row of values such as '2 3 1'": min(values.shape) != 1})
    return values.ravel()


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

    def panel(self) -> Graph:
        """The inputs and a node for the biases at the left, the outputs at the right; negative weights dashed."""
        outputs, inputs = self.W.values.shape
        written = [Number(value, digits_for(self.sums, most=self.most)) for value in self.sums.ravel().tolist()]
        widest = max(written, key=lambda each: len(number(each.value, each.places)))
        values = [self.short(self.X, (i, 0)) for i in range(inputs)]
        nodes = [
            Node(name=f"x{i}", x=0, y=i / inputs, role="input", text=value, label=Symbol("x", (i + 1,)))
            for i, value in enumerate(values)
        ]
        nodes.append(Node(name="bias", x=0, y=1, role="bias", text="1", label=Text("bias")))
        nodes += [
            Node(name=f"y{j}", x=1, y=y, role="pending", text="?", label=Symbol("y", (j + 1,)), widest=widest)
            for j, y in enumerate((np.arange(outputs) + 0.5) / outputs)
        ]
        weights = [(i, j, self.weight(j, i)) for j, i in np.ndindex(self.sums.shape)]
        return Graph(
            name="network",
            nodes=tuple(nodes),
            edges=tuple(
                Edge(
                    source=self._source(i),
                    target=f"y{j}",
                    text=weight if self._all_written else "",
                    style="dashed" if weight.value < 0 else "solid",
                )
                for i, j, weight in weights
            ),
        )

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
