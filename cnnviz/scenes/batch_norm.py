"""Batch normalization: each channel is standardized over the batch, scaled, shifted and activated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.scenes._backward import alike
from cnnviz.scenes._batch import Batch
from cnnviz.scenes._normalizing import MARKS, MOVES, Normalizing, statistics
from cnnviz.scenes._statistics import NumberLines, needs_double
from cnnviz.story import Cells, Graph, Story, short_digits
from cnnviz.storyboard import Values
from cnnviz.words import Assigned, Math, Number, Symbol, Text, Words, counted, joined

_LESSON = Text("Each channel got mean 0 and variance 1, then mean β and variance γ²")
_EQUAL = 1000
"""A variance of fewer ε than this does not become 1."""


@dataclass(frozen=True, kw_only=True)
class BatchNorm(Batch):
    """Batch normalization of a mini-batch as in training, channel by channel, then the activation.

    Ioffe and Szegedy (2015), "Batch normalization: accelerating deep network training by reducing internal covariate
    shift", Algorithm 1: the variance is the biased one, Σ(x − μ)²/m.
    """

    examples: ClassVar = (
        "cnnviz batch-norm --batch 5 --channels 2",
        'cnnviz batch-norm --gamma "1.5 0.5" --beta "0 1" --activation sigmoid',
        'cnnviz batch-norm --input "1 20; 2 30; 4 60" --activation none',
    )

    def story(self) -> Story:
        """Means, variances, then the moves: subtract μ, divide by σ, multiply by γ, add β, apply the activation."""
        (m, channels), (gamma, beta) = self.x.shape, self.affine
        graph = Graph(double=needs_double(self.x, self.eps))
        graph.essential = 0
        x, *affine = (graph.given(name, values) for name, values in (("x", self.x), ("gamma", gamma), ("beta", beta)))
        y = graph.compute("batch_norm", x, *affine, training=True, eps=self.eps)
        hat = graph.compute("batch_norm", x, result="normalised", training=True, eps=self.eps)

        point = Text("Each channel is moved to mean 0 and variance 1, then scaled and shifted as was learned")
        story = Story(self, Text("Batch normalization"), graph, point=point)
        story.set("batch", "m", m, size=False, always=True)
        story.set("channels", "C", channels, size=False, always=True)
        story.settings += [("", _assigned(r"\gamma", gamma)), ("", _assigned(r"\beta", beta))]
        digits = max(short_digits(each.values, self.digits) for each in (hat, y))
        same: dict[str, Any] = {"digits": digits, "marks": MARKS, **alike(self.x, hat.values, y.values)}
        given = {**same, "digits": max(digits, story.decimals(self.x))}
        X = story.cells("input", "Batch $x$, {size}", x, **given)
        label = Text("Normalized {x}", x=Math(r"\hat{x}"))
        panels = {
            "normalised": story.cells("normalised", label, hat, pending=True, **same),
            "scaled": story.cells("scaled", Math(r"y=\gamma\hat{x}+\beta"), y, pending=True, **same),
        }
        centred = self.x - [statistics(X, c, self).mean.value for c in range(channels)]
        states = [self.x, centred, hat.values, gamma * hat.values, y.values]
        if self.activation != "none":
            function = ACTIVATIONS[self.activation.replace("-", "_")]
            activated = graph.compute(function.name, y, result="activated", **function.options())
            title, own = joined((function.title, Math("(y)")), ""), short_digits(activated.values, self.digits)
            # What ReLU lets pass looks as before.
            how = same if function.name == "relu" else {"digits": own, "marks": MARKS}
            panels["activated"] = story.cells("activated", title, activated, pending=True, **how)
            states.append(activated.values)

        names = [Text("channel {n}", n=c + 1) for c in range(channels)]
        steps = Normalizing(self, story, X, panels, NumberLines("values", states, names, named=True))
        row: list[Cells | str] = [X]
        for panel in panels.values():
            row += ["→", panel]
        epsilon = Assigned(Symbol(r"\epsilon"), story.number("eps"))
        return story.play(
            steps.steps,
            1 + (2 + len(panels)) * channels + MOVES * (len(states) - 1),
            row,
            (steps.dots.plot(),),
            answer=_LESSON if self.x.var(axis=0).min() > _EQUAL * self.eps else "",
            alt=Text(
                "batch normalization: the {m} values of {channels} are dots on a number line; they are shifted to mean "
                "0, divided by √(σ² + ε), multiplied by γ and shifted by β{activation}",
                m=Number(m, 0, ("batch",)),
                channels=counted(Number(channels, 0, ("channels",)), "one channel", "each of {n} channels"),
                activation="" if self.activation == "none" else Text("; then {name} is applied", name=self.activation),
            ),
            step_roles=("selected", "output", "active", "ink"),
            formula=joined((Math(r"y_i=\gamma\,(x_i-\mu_B)/\sqrt{\sigma_B^2+\epsilon}+\beta"), epsilon), "     "),
            convention=Text("per channel; variance with 1/m"),
        )


def _assigned(symbol: str, values: Values) -> Words:
    """A parameter with its value, or the different values that channels have."""
    given = values.tolist()
    numbers = [Number(value, None, (symbol[1:], given.index(value))) for value in dict.fromkeys(given)]
    if len(numbers) == 1:
        return Assigned(Symbol(symbol), numbers[0])
    return joined((Math(symbol), joined(numbers)), " = ")
