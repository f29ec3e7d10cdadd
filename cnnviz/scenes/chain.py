"""The chain rule: a two-layer network forward and backward, every number, and one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.scenes._chain import chain
from cnnviz.story import Story


@dataclass(frozen=True, kw_only=True)
class ChainRule(Scene):
    """Back-propagation through a network of two layers, and one step of gradient descent.

    z = Wx + b, h = f(z), y = v·h + c, L = (y − t)². Rumelhart, Hinton and Williams (1986), "Learning representations
    by back-propagating errors".
    """

    examples: ClassVar = (
        "cnnviz chain",
        "cnnviz chain --activation relu --lr 0.05",
        'cnnviz chain --input "1 -1" --weights1 "1 0; 0 1" --weights2 "2 1" --target 0',
    )

    activation: str = param("sigmoid", choices=("sigmoid", "tanh", "relu"), help="The hidden layer's activation")
    target: float = param(1.0, help="The right output t.", lo=-100, hi=100)
    lr: float = param(0.1, help="Learning rate.", lo=0.0001, hi=10)
    input: ArrayLike = param("1 2", help='Values of x: a literal such as "1 2", or a file.', group="Data")
    weights1: ArrayLike = param(
        "0.5 -0.4; 0.3 0.8", help="Weights W of the first layer, a row an output.", group="Data"
    )
    bias1: ArrayLike = param("0.1 -0.2", help="Its biases b.", group="Data")
    weights2: ArrayLike = param("0.7 -0.6", help="Weights v of the second layer, one row.", group="Data")
    bias2: float = param(0.2, help="Its bias c.", lo=-100, hi=100, group="Data")

    def story(self) -> Story:
        """A step for each number forward and backward, the update, and the loss after it."""
        return chain(self)
