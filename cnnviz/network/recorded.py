"""A network as a recorded graph: one picture's way to the loss."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_CLASSES
from cnnviz.network.layers import Array, Layer, Shape, Weights
from cnnviz.network.model import Network
from cnnviz.network.weights import TRAINED, load_weights
from cnnviz.notation import size_text
from cnnviz.operation import KERNEL, PACKAGED, PLAIN
from cnnviz.parameters import quote
from cnnviz.story import Graph, Tensor

_GREATEST = 1e6


@dataclass(frozen=True, eq=False)
class Stage:
    """A layer in the graph: what goes in, what comes out (of the last layer in one row), and its weights."""

    name: str
    layer: Layer
    x: Tensor
    y: Tensor
    weights: Mapping[str, Tensor]

    @property
    def tensor(self) -> Tensor:
        """The tensor whose gradient is shown: its weights, or its output where it has none."""
        return self.weights.get("weight", self.y)

    @property
    def letter(self) -> str:
        """The letter of that tensor."""
        return "y" if not self.weights else "γ" if self.layer.kind == "batchnorm" else "W"


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

    @property
    def stations(self) -> tuple[tuple[str, str], ...]:
        """The places of a figure that show the network, each with the tensor that it shows on the way forward."""
        layers = ((stage.name, stage.y.name) for stage in self.stages)
        return ("input", "x"), *layers, ("softmax", "probabilities"), ("loss", "loss")

    def over_time(self, name: str) -> Iterator[Tensor]:
        """A tensor, its gradient and what it is after the step, where there are these."""
        yield from (self.tensors[each] for each in (name, f"grad_{name}", f"after_{name}") if each in self.tensors)


def record(network: Network, picture: Array, source: object, label: int, rate: float, seed: int) -> Run:
    """Run a network on a picture of the class `label`, with weights drawn at `random` or of an .npz file.

    The graph knows what the stations show. Raises UsageError for what does not fit together, and for values too large
    to show.
    """
    if not 2 <= network.classes <= MAX_CLASSES:
        shape = size_text(*network.shapes[-1])
        raise UsageError(f"--layers ends in {shape} scores, but 2 to {MAX_CLASSES} can be drawn: end with fc 10")
    if label >= network.classes:
        raise UsageError(
            f"--label {label} is no class of {network.classes}: use {network.classes - 1} or less, or end --layers "
            f"with fc {label + 1} or more"
        )
    if not isinstance(source, str | os.PathLike):
        raise UsageError(f"--weights {quote(source)} is neither random nor the path of an .npz file")
    file = "" if source == "random" else os.fspath(source)
    weights = network.with_names(load_weights(file, network.named_shapes)) if file else network.he_weights(seed)
    graph = Graph(seed=network.seed(seed))
    with np.errstate(over="ignore", invalid="ignore"):
        stages = record_layers(graph, network, graph.map("x", picture), weights, file)
        graph.compute("softmax", stages[-1].y, result="probabilities", dim=1)
        loss = graph.compute("cross_entropy", stages[-1].y, result="loss", label=label)
        run = Run(graph, tuple(stages), graph.descend(loss, rate))
    most = float(np.max([np.abs(tensor.values).max() for tensor in run.tensors.values()]))
    if not most <= _GREATEST:
        raise UsageError(
            f"the network's values reach {most:.3g}, but a figure shows up to {_GREATEST:.0f}: use smaller weights, "
            "input values or --lr"
        )
    _show(run)
    return run


def record_layers(
    graph: Graph, network: Network, y: Tensor, weights: Sequence[Weights], file: str = "", scale: float = 1.0
) -> list[Stage]:
    """Run the layers on maps, with weights of a file, or as `he_weights` draws them and then times `scale`."""
    stages = list[Stage]()
    for name, layer, own in zip(network.names, network.layers, weights, strict=True):
        given = {part: _weight(graph, layer, f"{name}.{part}", values, file, scale) for part, values in own.items()}
        x = y
        rows = _flat(graph, x, "flat") if layer.kind == "fc" else x
        y = graph.compute(layer.function, rows, *given.values(), result=name.replace("-", "_"), **layer.arguments)
        y = _flat(graph, y, "scores") if name == network.names[-1] else y
        stages.append(Stage(name, layer, x, y, given))
    return stages


def _show(run: Run) -> None:
    """Register what the stations show forward, backward, and after the step; programs print the last two at the end."""
    run.graph.show_input("input", run["x"], run["x"].shape)
    for station, name in run.stations:
        end = station in ("softmax", "loss")
        first, *later = run.over_time(name)
        shown = [tensor for tensor in (first, *later) if not (end and tensor.name.startswith("grad_"))]
        if name == "x":
            shown = [*later, first] if "after_loss" in run.tensors else later
        where: tuple[Shape, ...] = ((0,),) if first.values.ndim else ((), (1,))
        for tensor in shown:
            run.graph.show(tensor, station, *where, printed=end and tensor is shown[-1])


def _flat(graph: Graph, x: Tensor, name: str) -> Tensor:
    return graph.compute("flatten", x, result=name) if x.values.ndim > 2 else x


def _weight(graph: Graph, layer: Layer, name: str, values: Array, file: str, scale: float) -> Tensor:
    where = f"{PACKAGED}digits.npz" if file == TRAINED else file
    source: dict[str, object] = {"file": (where, name)} if file else {}
    if not file and name.endswith(".weight") and layer.kind != "batchnorm":
        source = {"std": scale * math.sqrt(2 / math.prod(values.shape[1:]))}
    return graph.input(name.replace(".", "_"), values, KERNEL if values.ndim == 4 else PLAIN, **source)
