"""Back-propagation through a fully connected layer: an outer product, and the transposed weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnnviz.data import load_kernel
from cnnviz.errors import UsageError
from cnnviz.notation import size_text
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.scenes._backward import BY_B, BY_X, BY_Y, MOST_NUMBERS, adding_up, column, load_row, received, sends
from cnnviz.story import WINDOW, Graph, Story
from cnnviz.storyboard import Step
from cnnviz.words import Math, Text, equation, total

_BY_W = r"\partial L/\partial W"


@dataclass(frozen=True, kw_only=True)
class FcBackward(Scene):
    """Back-propagation through y = W x + b, given the gradient of y.

    ∂L/∂W is the outer product of ∂L/∂y and x, ∂L/∂x is Wᵀ ∂L/∂y, ∂L/∂b is ∂L/∂y itself: Rumelhart, Hinton and
    Williams (1986), "Learning representations by back-propagating errors", eq. 4 to 7.
    """

    examples: ClassVar = (
        "cnnviz fc-backward",
        'cnnviz fc-backward --input "1 2" --weights "1 0; 2 1; -1 3" --grad-output "1 -1 2"',
    )

    input: ArrayLike = param("2 3 1", help='Values of x: a literal such as "2 3 1", or a file.', group="Data")
    weights: ArrayLike = param("1 -2 2; -1 1 3", help="Weights W, a row an output.", group="Data")
    grad_output: ArrayLike = param("2 -1", help="Gradient of y, one value an output.", group="Data")

    def story(self) -> Story:
        """The gradient arrives, one step for each of its values and one for each input."""
        x = load_row(self, "input")
        w = load_kernel(self.weights, None, seed=self.seed, what="weights", option="--weights").values
        if w.shape[1] != len(x) or max(w.shape) > MOST_NUMBERS:
            size, most = size_text(*w.shape), f"{MOST_NUMBERS} rows or less"
            raise UsageError(f"--weights are {size}, but there are {len(x)} inputs: give {len(x)} columns and {most}")
        g, graph = load_row(self, "grad_output", len(w)), Graph()
        given = graph.input("x", x), graph.input("w", w), graph.input("b", np.zeros(len(w)))
        found = graph.backward(graph.compute("linear", *given), graph.input("grad_y", g))
        point = Text("Each weight's gradient is its input times the gradient of its output")
        story = Story(self, Text("Fully connected layer, backward"), graph, point=point)
        rows, inputs = range(len(w)), range(len(x))
        X = column(story, "input", Math("x"), x, "forward", row=True)
        W = story.cells("weights", Math("W"), w, role="forward", notes=True, shade=None, marks=(WINDOW,))
        G = column(story, "gradient", Math(BY_Y), g)
        products = [{(j, i): float(g[j] * x[i]) for i in inputs} for j in rows]
        by_w = adding_up(story, "by-weights", Math(_BY_W), found["grad_w"], products)
        by_b = adding_up(story, "by-bias", Math(BY_B), found["grad_b"], [{(j, 0): float(g[j])} for j in rows])
        by_x = column(story, "by-input", Math(BY_X), found["grad_x"], row=True)

        def steps() -> Iterator[Step]:
            yield sends(story, G)
            template = "{g} times every input is row {row} of {w}"
            for j in rows:
                caption = Text(template, g=received(G[j, 0], (j,)), row=j + 1, w=Math(_BY_W))
                read = [*X.cover([(0, i) for i in inputs]), X.mark("window", (0, 0), (1, len(x)))]
                yield story.step(caption, read, G.mark("current", (j, 0)), by_w.add(j), by_b.add(j))
            for i in inputs:
                added = equation(by_x.symbol(BY_X, (i,)), total([W[j, i] * G[j, 0] for j in rows]), by_x[0, i])
                notes = [Text("×{g}", g=G[j, 0]) for j in rows]
                seen = [
                    *story.uncover(),
                    *W.cover([(j, i) for j in rows], notes),
                    W.mark("window", (0, i), (len(w), 1)),
                ]
                yield story.step(added, seen, by_x.write((0, i)))

        template = "Forward, row by row: {y}; backward, column by column: {x}"
        return story.play(
            steps,
            len(w) + len(x) + 1,
            # Each stands above its gradient, the output's above that of the bias.
            (X, W, G),
            (by_x, by_w, by_b),
            answer=Text(template, y=Math("Wx"), x=Math(rf"W^T\,{BY_Y}")),
            alt=Text(
                "back-propagation through a fully connected layer of {n} inputs and {m} outputs: the gradient of the "
                "weights is the outer product of the output's gradient and the input, that of the input is the "
                "transposed weights times the output's gradient",
                n=len(x),
                m=len(w),
            ),
            formula=Math(rf"{_BY_W}={BY_Y}\cdot x^T\qquad {BY_B}={BY_Y}\qquad {BY_X}=W^T\,{BY_Y}"),
            step_roles=("input", "kernel", "output"),
            convention=Text("grey: what the way forward has computed"),
        )
