"""Fully connected layer: each output is a weighted sum of all inputs, plus a bias."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.scenes._dense import MOST_NODES, connected, load_layer
from cnnviz.story import Story
from cnnviz.storyboard import Values


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
        outputs, inputs = self.layer[1].shape
        self.fill_in(inputs=inputs, outputs=outputs)

    @cached_property
    def layer(self) -> tuple[Values, Values, Values]:
        """The input, the weights and the bias."""
        return load_layer(self)

    def story(self) -> Story:
        """One step for each weight and each bias."""
        return connected(self)
