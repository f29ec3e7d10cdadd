"""A network that learns: its weights as one vector, which an optimizer steps all at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnnviz.functions.compute import compute, gradients
from cnnviz.network.layers import Array
from cnnviz.network.model import LayerCall, Network


class Learner:
    """A network of which all weights are one vector, in the order of `Network.named_shapes`."""

    def __init__(self, network: Network) -> None:
        self.network, self.shapes = network, network.named_shapes
        self._ends = np.cumsum([np.prod(shape, dtype=int) for shape in self.shapes.values()])

    def start(self, seed: int) -> Array:
        """Random weights, as `Network.he_weights` draws them."""
        drawn = (value.ravel() for own in self.network.he_weights(seed) for value in own.values())
        return np.concatenate(list(drawn))

    def vector(self, arrays: Mapping[str, Array]) -> Array:
        """Weights by their names in a row."""
        return np.concatenate([arrays[name].ravel() for name in self.shapes])

    def arrays(self, w: Array) -> dict[str, Array]:
        """The weights by their names."""
        parts = np.split(w, self._ends[:-1])
        return {name: part.reshape(shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}

    def scores(self, w: Array, x: Array) -> Array:
        """The scores (n, classes) of inputs (n, channels, rows, columns)."""
        return self._forward(w, x)[0]

    def _forward(self, w: Array, x: Array) -> tuple[Array, list[LayerCall]]:
        return self.network.forward(self.network.with_names(self.arrays(w)), x)

    def loss(self, w: Array, x: Array, labels: Array) -> float:
        """The mean cross-entropy."""
        return float(compute("cross_entropy", self.scores(w, x), label=labels).mean())

    def gradient(self, w: Array, x: Array, labels: Array, smoothing: float = 0.0) -> Array:
        """∂L/∂w of the mean cross-entropy, whose labels may be smoothed (Szegedy et al. 2016, §7)."""
        scores, calls = self._forward(w, x)
        classes = scores.shape[1]
        wanted = (1 - smoothing) * np.eye(classes, dtype=scores.dtype)[labels] + smoothing / classes
        grad = (compute("softmax", scores, dim=1) - wanted) / len(x)
        found: list[Array] = []
        for function, operands, options in reversed(calls):
            grad, *own = gradients(function, grad, *operands, **options)
            found = [*own, *found]
        return np.concatenate([part.ravel() for part in found])

    def accuracy(self, w: Array, x: Array, labels: Array) -> float:
        """The share of inputs whose largest score is their class's."""
        return float((self.scores(w, x).argmax(axis=1) == labels).mean())
