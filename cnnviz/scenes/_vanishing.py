"""Deep networks with the same random weights, and the size of the gradient at each of their layers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from cnnviz.story import Graph, Tensor
from cnnviz.storyboard import Values

_SAMPLES, _WIDTH, _TAG = 8, 8, 7


def gradient_sizes(
    seed: int, depth: int, kinds: Sequence[str], names: Sequence[str]
) -> tuple[Graph, Mapping[tuple[str, str], Values]]:
    """The graph of a network for each kind and activation, and the mean size of each layer's gradient, first to last.

    A kind is plain, residual or norm; weights are He et al.'s (2015). One gradient arrives at the sum of all outputs.
    """
    rng, deviation = np.random.default_rng([seed]), math.sqrt(2 / _WIDTH)
    graph = Graph(double=True, seed=(seed,))
    x = graph.input("x", np.random.default_rng([seed, _TAG]).normal(size=(_SAMPLES, _WIDTH)).round(2))
    drawn = [rng.normal(0, deviation, (_WIDTH, _WIDTH)) for _ in range(depth)]
    weights = [graph.input(f"w{n}", values, std=deviation) for n, values in enumerate(drawn, 1)]
    zero, y = graph.input("b", np.zeros(_WIDTH)), x
    for kind in kinds:
        for name in names:
            last = _network(graph, kind, name, x, weights, zero)
            y = last if y is x else graph.compute("add", y, last, result=f"y_{kind}_{name}")
    sent = np.random.default_rng([seed, _TAG + 1]).normal(size=(_SAMPLES, _WIDTH)).round(2)
    found = graph.backward(y, graph.input("grad_y", sent))
    sizes = {
        (kind, name): np.array(
            [np.abs(found[gradient_name(kind, name, n, depth)].values).mean() for n in range(1, depth + 1)]
        )
        for kind in kinds
        for name in names
    }
    return graph, sizes


def gradient_name(kind: str, name: str, n: int, depth: int) -> str:
    """What the graph calls the gradient of a layer's output; that of the last layer arrives."""
    return f"grad_h_{kind}_{name}_{n}" if n < depth else "grad_y"


def _network(graph: Graph, kind: str, name: str, x: Tensor, weights: Sequence[Tensor], zero: Tensor) -> Tensor:
    h = x
    for n, w in enumerate(weights, 1):
        own = f"{kind}_{name}_{n}"
        z = graph.compute("linear", h, w, zero, result=f"z_{own}")
        if kind == "norm":
            z = graph.compute("batch_norm", z, result=f"normal_{own}", training=True, eps=1e-5)
        if kind == "residual":
            h = graph.compute("add", h, graph.compute(name, z, result=f"f_{own}"), result=f"h_{own}")
        else:
            h = graph.compute(name, z, result=f"h_{own}")
    return h
