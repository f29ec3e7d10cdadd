"""A network as a recorded graph: one picture's way to the loss."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnnviz.network.layers import Array, BatchNorm, FullyConnected, Layer, Weights
from cnnviz.network.model import Network
from cnnviz.operation import KERNEL, PLAIN
from cnnviz.story import Graph, Tensor


@dataclass(frozen=True, eq=False)
class Stage:
    """A layer in the graph: what goes in, what comes out (of the last layer in one row), and its weights."""

    name: str
    layer: Layer
    x: Tensor
    y: Tensor
    weights: Mapping[str, Tensor]

    @property
    def letter(self) -> str:
        """That of its weights, or of its output where it has none."""
        return "y" if not self.weights else "γ" if isinstance(self.layer, BatchNorm) else "W"


@dataclass(frozen=True, eq=False)
class Run:
    """A network on one picture and a step of gradient descent: its layers in the graph, and all tensors by name.

    Beside the layers' tensors these are the picture `x`, `probabilities` and `loss`, each with its gradient grad_… and,
    where there is a step, its value after_… it.
    """

    graph: Graph
    stages: tuple[Stage, ...]
    tensors: Mapping[str, Tensor]

    def __getitem__(self, name: str) -> Array:
        """A tensor's values for the picture, without the axis of samples."""
        values = self.tensors[name].values
        return values[0] if values.ndim else values

    def show(self, panel: str, *names: str, printed: bool = False) -> None:
        """A panel shows those of these tensors that there are, one after the other; a program may print the last."""
        found = [self.tensors[name] for name in names if name in self.tensors]
        for tensor in found:
            index, shape = ((0,), None) if tensor.values.ndim else ((), (1,))
            self.graph.show(tensor, panel, index, shape, printed=printed and tensor is found[-1])


def record(
    network: Network, picture: Array, weights: Sequence[Weights], label: int, rate: float, seed: int, file: str = ""
) -> Run:
    """Run a network on a picture of the class `label`; `file` is where the weights are from, unless from the seed."""
    graph, stages = Graph(seed=network.seed(seed)), list[Stage]()
    y = graph.map("x", picture)
    for name, layer, own in zip(network.names, network.layers, weights, strict=True):
        given = {part: _weight(graph, layer, f"{name}.{part}", values, file) for part, values in own.items()}
        x = y
        rows = _flat(graph, x, "flat") if isinstance(layer, FullyConnected) else x
        y = graph.compute(layer.function, rows, *given.values(), result=name.replace("-", "_"), **layer.arguments)
        y = _flat(graph, y, "scores") if name == network.names[-1] else y
        stages.append(Stage(name, layer, x, y, given))
    graph.compute("softmax", y, result="probabilities", dim=1)
    loss = graph.compute("cross_entropy", y, result="loss", label=label)
    return Run(graph, tuple(stages), graph.descend(loss, rate))


def _flat(graph: Graph, x: Tensor, name: str) -> Tensor:
    return graph.compute("flatten", x, result=name) if x.values.ndim > 2 else x


def _weight(graph: Graph, layer: Layer, name: str, values: Array, file: str) -> Tensor:
    source: dict[str, object] = {"file": (file, name)} if file else {}
    if not file and name.endswith(".weight") and not isinstance(layer, BatchNorm):
        source = {"std": math.sqrt(2 / math.prod(values.shape[1:]))}
    return graph.given(name.replace(".", "_"), values, KERNEL if values.ndim == 4 else PLAIN, **source)
