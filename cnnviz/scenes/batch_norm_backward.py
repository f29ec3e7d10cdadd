"""Back-propagation through batch normalization: three paths to every input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.notation import digits_for
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.scenes._backward import BY_X, BY_Y, alike, column, load_row, sends
from cnnviz.scenes._statistics import needs_double
from cnnviz.story import Graph, Story
from cnnviz.storyboard import Step
from cnnviz.words import Math, Number, Symbol, Text, equation, precise, total

_HAT = r"\hat{x}"


@dataclass(frozen=True, kw_only=True)
class BatchNormBackward(Scene):
    """Back-propagation through batch normalization of one channel, given the gradient of its output.

    A value changes its own result, the mean and the variance: its gradient is the sum of three paths. Ioffe and Szegedy
    (2015), "Batch Normalization", §3, the equations after Algorithm 1.
    """

    examples: ClassVar = (
        "cnnviz batch-norm-backward",
        'cnnviz batch-norm-backward --input "1 2 6" --grad-output "1 0 -1" --gamma 2',
    )

    input: ArrayLike = param(
        "1 7 9 15", help='The batch, a value a sample: a literal such as "1 7 9 15".', group="Data"
    )
    grad_output: ArrayLike = param("-2 -1 3 1", help="Gradient of the output, a value a sample.", group="Data")
    gamma: float = param(1.0, help="Scale γ.", lo=-100, hi=100)
    eps: float = param(1e-5, help="Added to the variance.", lo=1e-12, hi=1)

    def story(self) -> Story:
        """The way forward, the gradient, a step for each path, and one for each sum."""
        x = load_row(self, "input")
        if len(x) < 2 or np.abs(x).max() > 1e4:
            raise UsageError("--input must hold 2 values or more, from −10000 to 10000: use 1 7 9 15")
        g = load_row(self, "grad_output", len(x))
        graph = Graph(double=needs_double(x[:, None], self.eps))
        given = graph.input("x", x[:, None]), graph.input("w", [self.gamma]), graph.input("b", [0.0])
        y = graph.compute("batch_norm", *given, training=True, eps=self.eps)
        found = graph.backward(y, graph.input("grad_y", g[:, None]))
        deviation, m = float(np.sqrt(x.var() + self.eps)), len(x)
        normal, scaled = (x - x.mean()) / deviation, self.gamma * g
        mean_of, slope_of = float(scaled.mean()), float((scaled * normal).mean())
        paths = scaled / deviation, np.full(m, -mean_of / deviation), -normal * slope_of / deviation

        point = Text("Each value changes its result, the mean and the variance: three paths back")
        story = Story(self, Text("Batch normalization, backward"), graph, point=point)
        story.show_parameter("gamma", r"\gamma")
        same = {"digits": self.max_decimals(), **alike(x, normal, g, *paths, found["grad_x"].values)}
        X = column(story, "input", Math("x"), x, "forward", **same)
        H = column(story, "normal", Math(_HAT), normal, **same)
        G = column(story, "gradient", Math(BY_Y), g, **same)
        mean, variance = (Text("through {symbol}", symbol=Math(name)) for name in (r"\mu", r"\sigma^2"))
        named = enumerate(zip((Text("direct"), mean, variance), paths, strict=True))
        P = [column(story, f"path-{n}", name, path, **same) for n, (name, path) in named]
        B = column(story, "by-input", Math(BY_X), found["grad_x"], **same)
        places, fine, first = list(np.ndindex(m, 1)), max(self.max_decimals(), 3), (0, 0)
        s, shared = (Number(each, digits_for(round(each, fine), most=fine)) for each in (deviation, slope_of))
        hat = [Number(self.gamma, None) * G[at] for at in places] if self.gamma != 1 else G.read()
        by_mean = precise(-(total(hat) / Number(m) / s), P[1][first])
        by_variance = precise(-(H[first] * shared / s), P[2][first])
        captions = (
            Text("Direct, first value: {sum}", sum=equation(None, precise(hat[0] / s, P[0][first]), P[0][first])),
            Text("Through the mean, the same for all: {sum}", sum=equation(None, by_mean, P[1][first], letters=60)),
            Text(
                "Through the variance, mean({g}) = {n}: {sum}",
                g=Math(rf"g\,{_HAT}"),
                n=shared,
                sum=equation(None, by_variance, P[2][first]),
            ),
        )

        def steps() -> Iterator[Step]:
            mean = Number(float(x.mean()), digits_for(x.mean(), most=self.max_decimals()))
            moved = equation(Symbol(_HAT, (1,)), precise((X[first] - mean) / s, H[first]), H[first])
            words = Text("Forward, with mean {mean} and standard deviation {s}: {sum}", mean=mean, s=s, sum=moved)
            yield story.step(words, H.fill("forward"), beats=2)
            yield sends(story, G)
            for n, (path, caption) in enumerate(zip(P, captions, strict=True)):
                # The direct path takes one gradient, the others take all.
                marks = [*story.uncover(), G.mark("window", first, (m if n else 1, 1)), path.mark("current", first)]
                yield story.step(caption, marks, path.fill("kernel"), beats=2)
            for at in places:
                marks = [*story.uncover(), *(path.mark("current", at) for path in P[:2]), P[2].mark("window", at)]
                parts = total([path[at] for path in P])
                added = equation(B.symbol(BY_X, at[:1]), precise(parts, B[at]), B[at])
                yield story.step(added, marks, B.write(at))

        return story.play(
            steps,
            m + 5,
            (X, H, G, "→", P[0], "+", P[1], "+", P[2], "=", B),
            alt=Text(
                "back-propagation through batch normalization of {n} values: the gradient reaches each of them "
                "directly, by the mean and by the variance, and the three parts are added up",
                n=m,
            ),
            answer=Text("The gradients sum to 0: a shift of the whole batch changes nothing"),
            formula=Math(
                r"\partial L/\partial x_i=\gamma\,(g_i-\mathrm{mean}(g)-\hat{x}_i\,\mathrm{mean}(g\,\hat{x}))/\sigma"
            ),
            step_roles=("forward", "input", "kernel", "output"),
            convention=Text("σ holds ε; g is the gradient of the output"),
        )
