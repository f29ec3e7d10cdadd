"""The chain rule: a two-layer network forward and backward, every number, and one step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnnviz.data import load_kernel
from cnnviz.errors import UsageError
from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.notation import size_text
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.scenes._backward import load_row
from cnnviz.scenes._chain import Chain
from cnnviz.story import Graph, Story
from cnnviz.storyboard import Step
from cnnviz.words import Math, Text

_MOST = 3


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
        x = load_row(self, "input")
        w1 = load_kernel(self.weights1, None, seed=self.seed, what="weights", option="--weights1").values
        if w1.shape[1] != len(x) or max(w1.shape) > _MOST:
            given = size_text(*w1.shape)
            raise UsageError(
                f"--weights1 is {given}, but there are {len(x)} inputs: give {len(x)} columns, up to {_MOST}×{_MOST}"
            )
        b1 = load_row(self, "bias1", len(w1))
        w2 = load_row(self, "weights2", len(w1))
        entry, graph = ACTIVATIONS[self.activation], Graph()
        arrays = {"x": x, "w1": w1, "b1": b1, "w2": w2[None], "b2": np.array([self.bias2])}
        t = {name: graph.given(name, values) for name, values in arrays.items()}
        z = graph.compute("linear", t["x"], t["w1"], t["b1"], result="z")
        y = graph.compute("linear", graph.compute(entry.name, z, result="h"), t["w2"], t["b2"], result="y")
        found = graph.descend(graph.compute("mse_loss", y, result="loss", label=self.target), self.lr)

        point = Text("Every gradient is the next one times a local slope: the chain rule")
        story = Story(self, Text("Back-propagation, every number"), graph, point=point)
        story.parameter("target", "t")
        story.parameter("lr", r"\eta")
        chain = Chain(story, found, entry)

        def steps() -> Iterator[Step]:
            yield from chain.forward()
            yield from chain.backward()
            yield from chain.update()

        return story.play(
            steps,
            sum(1 for _ in steps()),
            *chain.stage,
            alt=Text(
                "back-propagation through a network of two layers: {forward} numbers forward, their gradients "
                "backward, one step of gradient descent, and the loss goes from {before} to {after}",
                forward=2 * len(w1) + 2,
                before=chain.loss("loss"),
                after=chain.loss("after_loss"),
            ),
            answer=chain.answer(),
            formula=Math(r"z=Wx+b\qquad h=f(z)\qquad y=v\cdot h+c\qquad L=(y-t)^2"),
            step_roles=("forward", "kernel", "output"),
            convention=Text("top: values; below each its gradient"),
        )
