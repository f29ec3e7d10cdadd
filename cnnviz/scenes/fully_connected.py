"""Fully connected layer: each output is a weighted sum of all inputs, plus a bias."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from cnnviz.data import load_kernel, load_map
from cnnviz.errors import UsageError
from cnnviz.notation import size_text
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.scenes._dense import connected
from cnnviz.story import Story, refuse
from cnnviz.storyboard import Values

_MOST_NODES = 8
"""Nodes a side: of more, neither the edges nor their numbers can be told apart."""

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
        None, help="Input nodes.", lo=1, hi=_MOST_NODES, shown_default="3, or the data's own", always_named=True
    )
    outputs: int | None = param(
        None, help="Output nodes.", lo=1, hi=_MOST_NODES, shown_default="2, or the data's own", always_named=True
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
        (outputs, inputs), found, asked = self.W.shape, len(self.X), self.inputs
        shape = f"weights are {outputs}×{inputs}, outputs × inputs"
        largest = max(float(np.abs(values).max()) for values in (self.X, self.W, self.B))
        crowded = f"a layer of {inputs} inputs and {outputs} outputs is too crowded to read"
        long = f"input, weights or bias hold ±{largest:.6g}, too long to write"
        biases = f"bias has {len(self.B)} values, but the weights give {outputs} outputs"
        refuse(
            {
                f"{crowded}: use {_MOST_NODES} or less of each": max(outputs, inputs) > _MOST_NODES,
                f"{long}: use numbers below {_LARGEST:.0f}": largest >= _LARGEST,
                f"input has {found} values, but --inputs asks for {asked}: make them the same": asked
                not in (None, found),
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
        known = self.inputs or self._given.shape[1]
        return _row(load_map(self.input, None, seed=self.seed, default_size=(1, known or 3)).values, "input")

    @cached_property
    def _given(self) -> Values:
        """The weights that are data and not made to measure, else none."""
        return np.empty((0, 0)) if _name(self.weights) else self._loaded(None)

    def _loaded(self, size: tuple[int, int] | None) -> Values:
        return np.asarray(load_kernel(self.weights, size, seed=self.seed, what="weights", option="--weights").values)

    @cached_property
    def W(self) -> Values:
        """The weights, a row for each output."""
        name = _name(self.weights)
        size = self.outputs or (2 if _name(self.bias) else max(2, len(self.B))), len(self.X)
        if not name:
            return self._given
        return _random(size, self.seed, _WEIGHTS_TAG) if name == "random" else self._loaded(size)

    @cached_property
    def B(self) -> Values:
        """The biases."""
        name = _name(self.bias)
        size = (1, len(self.W)) if name else (1, 1)
        if name == "random":
            return _random(size, self.seed, _BIAS_TAG).ravel()
        data = load_map(self.bias, None, seed=self.seed, default_size=size, what="bias", option="--bias")
        return _row(data.values, "bias")

    def story(self) -> Story:
        """One step for each weight and each bias."""
        return connected(self)


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
