"""Dropout: training draws a mask and enlarges what survives, inference changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cnnviz.data import load_map
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.story import CURRENT, Graph, Story, check_steps, input_map, input_size
from cnnviz.storyboard import Step
from cnnviz.words import Math, Number, Text, Words, equation

_MASK_TAG = 11
_EXAMPLE = "3 1 4 2; 5 2 1 3"


@dataclass(frozen=True, kw_only=True)
class Dropout(Scene):
    """Dropout in training and at inference: each value is dropped with probability p, survivors grow by 1/(1 − p).

    Srivastava et al. (2014), "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", with the scaling done
    in training ("inverted", §10), as torch.nn.functional.dropout does.
    """

    examples: ClassVar = ("cnnviz dropout", "cnnviz dropout --p 0.2 --i 4 --seed 3")

    p: float = param(0.5, help="Probability of a value to be dropped.", lo=0.0, hi=0.95)
    i: Size | None = input_size(shown_default="2x4, or the data's own")
    input: ArrayLike | None = input_map(None, shown_default="an example of 2×4, else random")

    def story(self) -> Story:
        """The mask, one step for each value in training, then inference, and what both have in common."""
        spec = _EXAMPLE if self.input is None and self.i in (None, (2, 4)) else self.input
        x = load_map(spec, self.i, seed=self.seed).values
        check_steps(x.size + 3, "this dropout")
        mask = (np.random.default_rng([self.seed, _MASK_TAG]).random(x.shape) >= self.p).astype(float)
        graph = Graph()
        graph.main_call = 0
        given = graph.map("x", x), graph.map("mask", mask)
        y = graph.compute("dropout", *given, p=self.p)
        same = graph.compute("identity", given[0], result="inference")
        point = Text("Training drops values and enlarges the rest; inference keeps all as they are")
        story = Story(self, Text("Dropout"), graph, point=point)
        story.show_parameter("p", "p", "dropped with")
        X = story.cells("input", "$x$ {size}", given[0])
        empty: dict[str, Any] = {"first": np.full(x.shape, np.nan), "roles": np.full(x.shape, "pending")}
        M = story.cells("mask", Text("mask"), given[1], under=True, marks=(CURRENT,), **empty)
        Y = story.cells("output", Text("training {y}", y=Math("y")), y, pending=True)
        E = story.cells("inference", Text("inference {y}", y=Math("y")), same, pending=True, under=True)
        kept_with = 1 - story.number("p")

        def steps() -> Iterator[Step]:
            drawn = [
                M.set(at, role="output" if kept else "zero", value=float(kept)) for at, kept in np.ndenumerate(mask)
            ]
            kept = Number(float(mask.sum()))
            words = Text("A new mask for every step of training: {n} of {count} values survive", n=kept, count=x.size)
            yield story.step(words, drawn, beats=2)
            for at in np.ndindex(x.shape):
                caption: Words = Y.equals(at, X[at] / kept_with)
                if not mask[at]:
                    given_x = equation(X.symbol("x", at), X[at], strong=False)
                    caption = Text("{x} is dropped: {y}", x=given_x, y=Y.equals(at))
                written = Y.write(at, source=X) if mask[at] else Y.write(at, role="zero")
                yield story.step(caption, X.cover([at]), M.mark("current", at), written)
            yield story.step(Text("Inference: no mask, no factor"), story.uncover(), E.fill(source=X), beats=2)
            at = tuple(int(n) for n in np.unravel_index(int(np.argmax(x)), x.shape))
            mean = equation(None, kept_with * (X[at] / kept_with) + story.number("p") * 0, X[at])
            words = Text("On average over all masks both are the same: {mean}", mean=mean)
            yield story.step(words, E.mark("current", at), beats=2)

        return story.play(
            steps,
            x.size + 3,
            (X, M, "→", Y, E),
            answer=Text("Inference needs no factor: training has enlarged what survived"),
            alt=Text(
                "dropout: in training a random mask keeps some of {n} values, which are divided by the probability of "
                "being kept, and sets the others to 0; at inference all values stay as they are",
                n=x.size,
            ),
            formula=Math(
                r"y=x\circ\mathrm{mask}\,/\,(1-p)\quad\mathrm{in\ training}\qquad y=x\quad\mathrm{at\ inference}"
            ),
            step_roles=("kernel", "output", "zero"),
            convention=Text("scaled in training, as in PyTorch"),
        )
