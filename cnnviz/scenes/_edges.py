"""A fully connected layer as nodes and edges: what stands there, and what a step lights up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from cnnviz.notation import as_given, digits_for, number
from cnnviz.story import Cells
from cnnviz.storyboard import Change, Edge, Graph, Node, SetEdge, SetNode, Values
from cnnviz.words import Number, Symbol, Text

_MOST_WRITTEN = 16
"""Edges that carry their weight all the time; of more, each does while its product is added."""

_MOST_LETTERS = 8
"""Letters of a bias up to which its edge has it in full."""


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
        """The number on an edge, of a bias in full where that is short."""
        if i < len(self.X.values):
            return self.short(self.W, (j, i))
        whole = replace(self.B[j, 0], decimals=None)
        return whole if len(as_given(whole.value)) <= _MOST_LETTERS else self.short(self.B, (j, 0))

    def short(self, cells: Cells, place: tuple[int, int]) -> Number:
        """A cell's number with as many decimals as it needs."""
        return cells.number(place, digits_for(cells.values[place], most=self.most))

    def _source(self, i: int) -> str:
        return f"x{i}" if i < len(self.X.values) else "bias"

    @property
    def _all_written(self) -> bool:
        return self.sums.size <= _MOST_WRITTEN
