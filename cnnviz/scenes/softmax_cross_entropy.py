"""Softmax with cross-entropy: the gradient of the logits is the probabilities minus the label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.scenes._backward import MOST_NUMBERS, alike, column, load_row
from cnnviz.story import Graph, Story
from cnnviz.storyboard import Step
from cnnviz.words import Math, Number, Symbol, Text, call, equation, total

_BY_Z = r"\partial L/\partial z"
_LARGEST = 30


@dataclass(frozen=True, kw_only=True)
class SoftmaxCrossEntropy(Scene):
    """Softmax and cross-entropy forward and backward: ∂L/∂z = p − y.

    Bridle (1990), "Probabilistic Interpretation of Feedforward Classification Network Outputs"; Bishop (2006),
    "Pattern Recognition and Machine Learning", eq. 4.109.
    """

    examples: ClassVar = (
        "cnnviz softmax-cross-entropy",
        'cnnviz softmax-cross-entropy --logits "3 1 0.2 -2 0" --label 2',
    )

    logits: ArrayLike = param("2 1 0 -1", help='Scores of the classes: a literal such as "2 1 0 -1", or a file.')
    label: int = param(1, help="The right class, counted from 0.", lo=0, hi=MOST_NUMBERS - 1)

    def story(self) -> Story:
        """A step for each probability, the loss, a step for each gradient, and their sum."""
        z = load_row(self, "logits")
        if not self.label < len(z) > 1:
            raise UsageError(
                f"--label {self.label} is no class of {len(z)} logits: use {len(z) - 1} or less, of 2 or more"
            )
        if np.abs(z).max() > _LARGEST:
            raise UsageError(f"logit {z.flat[np.abs(z).argmax()]:g} is too far from 0: use −{_LARGEST} to {_LARGEST}")
        graph = Graph()
        x = graph.input("x", z[None])
        p = graph.compute("softmax", x, result="probabilities", dim=1)
        loss = graph.compute("cross_entropy", x, result="loss", label=self.label)
        found = graph.descend(loss, 0)
        point = Text("The gradient of every logit is its probability minus its label")
        story = Story(self, Text("Softmax and cross-entropy"), graph, point=point)
        same = {"digits": self.max_decimals(), **alike(z, p.values, found["grad_x"].values)}
        Z = column(story, "logits", Text("logits {z}", z=Symbol("z")), z, "forward", **same)
        P = column(story, "softmax", Text("softmax {p}", p=Symbol("p")), p, **same)
        Y = column(story, "target", Text("label {y}", y=Symbol("y")), np.eye(len(z))[self.label], **same)
        G = column(story, "gradient", Math(_BY_Z), found["grad_x"], **same)
        most, here = self.max_decimals(), (self.label, 0)

        def steps() -> Iterator[Step]:
            powers = [call("exp", Z[at]) for at in np.ndindex(len(z), 1)]
            for at, power in zip(np.ndindex(len(z), 1), powers, strict=True):
                caption = equation(P.symbol("p", at[:1]), power / total(powers), P[at], letters=60)
                yield story.step(caption, Z.mark("window", at), P.write(at, role="forward"))
            chosen = P.number(here, max(most, 3))
            value = Number(float(loss.values), most, ("loss",))
            words = Text("The right class counts: {loss}", loss=equation(Symbol("L"), -call("ln", chosen), value))
            yield story.step(
                words, story.uncover(), Y.fill("input"), P.mark("current", here), Y.mark("window", here), beats=2
            )
            for at in np.ndindex(len(z), 1):
                caption = equation(G.symbol(_BY_Z, at[:1]), P[at] - Y[at], G[at])
                yield story.step(caption, P.mark("current", at), Y.mark("window", at), G.write(at))

        return story.play(
            steps,
            2 * len(z) + 1,
            (Z, "→", P, "−", Y, "=", G),
            alt=Text(
                "softmax with cross-entropy over {n} classes: logits become probabilities, the loss is the negative "
                "logarithm of that of the right class, the gradient of the logits is the probabilities minus the label",
                n=len(z),
            ),
            formula=Math(r"p_i=e^{z_i}/\Sigma_j\,e^{z_j}\qquad L=-\ln p_c\qquad \partial L/\partial z=p-y"),
            answer=Text("The right class is pushed up, all others down: the gradients sum to 0"),
            step_roles=("forward", "input", "output"),
            convention=Text("a step against the gradient raises the right class's logit"),
        )
