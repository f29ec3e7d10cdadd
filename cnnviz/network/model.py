"""A network: the shapes of its layers, which must fit one another, and weights for it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.functions.compute import compute
from cnnviz.limits import MAX_CHANNELS, MAX_MAP_VALUES, MAX_PRODUCTS, MAX_WEIGHTS
from cnnviz.network.layers import Array, Layer, Shape, Weights

_WEIGHTS_TAG = 2

LayerCall = tuple[str, tuple[Array, ...], Mapping[str, Any]]
"""A function by its name in `compute`, its operands and its options."""


@dataclass(frozen=True, eq=False)
class Network:
    """Layers that fit one another behind an input of (channels, rows, columns); raises UsageError where they do not.

    The last layer's numbers are the scores of the classes; softmax and cross-entropy follow by themselves.
    """

    layers: tuple[Layer, ...]
    input_shape: Shape

    def __post_init__(self) -> None:
        kernels = (layer.outputs for layer in self.layers if layer.kind == "conv")
        for count, most, what in (
            (max(kernels, default=0), MAX_CHANNELS, "channels"),
            (self.parameters, MAX_WEIGHTS, "weights"),
            (self.products, MAX_PRODUCTS, "products"),
            (sum(map(math.prod, self.shapes[1:])), MAX_MAP_VALUES, "values in its maps"),
        ):
            if count > most:
                raise UsageError(
                    f"--layers makes a network of {count} {what}, more than {most}: use fewer kernels or outputs, "
                    "or a smaller --i"
                )

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes of the input and of every layer's output."""
        return tuple(accumulate(self.layers, lambda given, layer: layer.output_shape(given), initial=self.input_shape))

    @property
    def classes(self) -> int:
        """How many scores the last layer gives."""
        return math.prod(self.shapes[-1])

    @cached_property
    def weight_shapes(self) -> tuple[dict[str, Shape], ...]:
        """Every layer's weights."""
        return tuple(layer.weight_shapes(given) for layer, given in zip(self.layers, self.shapes, strict=False))

    @property
    def parameters(self) -> int:
        """How many numbers training may change."""
        return sum(math.prod(shape) for shapes in self.weight_shapes for shape in shapes.values())

    @property
    def products(self) -> int:
        """Multiplications for one input: a kernel's weights meet every position of their map, a matrix's one input."""
        layers = zip(self.weight_shapes, self.shapes[1:], strict=True)
        return sum(math.prod(shapes.get("weight", (0,))) * math.prod(output[1:]) for shapes, output in layers)

    @property
    def names(self) -> tuple[str, ...]:
        """The layers' names in a file of weights: conv1, relu1, conv2, …"""
        kinds = [layer.kind for layer in self.layers]
        return tuple(f"{kind}{kinds[:place].count(kind)}" for place, kind in enumerate(kinds, start=1))

    @staticmethod
    def seed(seed: int) -> tuple[int, ...]:
        """The seed of NumPy's generator of the weights."""
        return seed, _WEIGHTS_TAG

    def he_weights(self, seed: int) -> tuple[Weights, ...]:
        """Draw weights from normal distributions of variance 2/inputs, biases 0; batch norm starts at γ = 1, β = 0.

        He, Zhang, Ren & Sun 2015, "Delving Deep into Rectifiers", §2.2.
        """
        rng = np.random.default_rng(self.seed(seed))
        drawn = []
        for layer, shapes in zip(self.layers, self.weight_shapes, strict=True):
            own = {name: np.zeros(shape) for name, shape in shapes.items()}
            if layer.kind == "batchnorm":
                own["weight"] += 1
            elif "weight" in own:
                shape = shapes["weight"]
                own["weight"] = rng.normal(0, math.sqrt(2 / math.prod(shape[1:])), shape)
            drawn.append(own)
        return tuple(drawn)

    def forward(self, weights: Sequence[Weights], x: Array) -> tuple[Array, list[LayerCall]]:
        """The scores of pictures (n, channels, rows, columns), and the calls that lead to them."""
        calls: list[LayerCall] = []
        for layer, own in zip(self.layers, weights, strict=True):
            if layer.function == "linear" and x.ndim > 2:
                calls.append(("flatten", (x,), {}))
                x = compute("flatten", x)
            calls.append((layer.function, (x, *own.values()), layer.arguments))
            x = compute(layer.function, *calls[-1][1], **layer.arguments)
        return x.reshape(len(x), -1), calls

    @property
    def blocks(self) -> tuple[int, ...]:
        """The block of each layer, from 1 on: a layer with kernels or a matrix, and what follows it up to the next."""
        starts = (place == 0 or layer.outputs > 0 for place, layer in enumerate(self.layers))
        return tuple(accumulate(map(int, starts)))

    def with_names(self, arrays: Mapping[str, Array]) -> tuple[Weights, ...]:
        """Sort arrays named as `named_shapes` does to the layers."""
        return tuple(
            {part: arrays[f"{name}.{part}"] for part in shapes}
            for name, shapes in zip(self.names, self.weight_shapes, strict=True)
        )

    @property
    def named_shapes(self) -> dict[str, Shape]:
        """The shapes of all weights under the names that a file has them by: conv1.weight, conv1.bias, …"""
        named = zip(self.names, self.weight_shapes, strict=True)
        return {f"{name}.{part}": shape for name, shapes in named for part, shape in shapes.items()}
