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
from cnnviz.scenes._backward import BY_X, BY_Y, SENT, alike, arrives, column, load_row
from cnnviz.scenes._statistics import needs_double
from cnnviz.story import Graph, Story
from cnnviz.storyboard import Operator, Step
from cnnviz.words import Assigned, Math, Number, Symbol, Text, equation, precise, total

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
        x = load_row(self.input, "input", "--input", self.seed)
        if len(x) < 2 or np.abs(x).max() > 1e4:
            raise UsageError("--input must hold 2 values or more, from −10000 to 10000: use 1 7 9 15")
        g = load_row(self.grad_output, "grad-output", "--grad-output", self.seed, len(x))
        graph = Graph(double=needs_double(x[:, None], self.eps))
        given = graph.given("x", x[:, None]), graph.given("w", [self.gamma]), graph.given("b", [0.0])
        y = graph.compute("batch_norm", *given, training=True, eps=self.eps)
        found = graph.backward(y, graph.given("grad_y", g[:, None]))
        deviation, m = float(np.sqrt(x.var() + self.eps)), len(x)
        normal, scaled = (x - x.mean()) / deviation, self.gamma * g
        mean_of, slope_of = float(scaled.mean()), float((scaled * normal).mean())
        paths = scaled / deviation, np.full(m, -mean_of / deviation), -normal * slope_of / deviation

        point = Text("Each value changes its result, the mean and the variance: three paths back")
        story = Story(self, Text("Batch normalization, backward"), graph, point=point)
        story.settings.append(("", Assigned(Symbol(r"\gamma"), Number(self.gamma, None, ("gamma",)))))
        same = {"digits": self.most(), **alike(x, normal, g, *paths, found["grad_x"].values)}
        X = column(story, "input", Math("x"), x, role="forward", **same)
        H = column(story, "normal", Math(_HAT), normal, pending=True, **same)
        G = column(story, "gradient", Math(BY_Y), g, pending=True, **same)
        mean, variance = (Text("through {symbol}", symbol=Math(name)) for name in (r"\mu", r"\sigma^2"))
        named = enumerate(zip((Text("direct"), mean, variance), paths, strict=True))
        P = [column(story, f"path-{n}", name, path, pending=True, **same) for n, (name, path) in named]
        B = column(story, "by-input", Math(BY_X), found["grad_x"], pending=True, **same)
        places, s = (
            list(np.ndindex(m, 1)),
            Number(deviation, digits_for(round(deviation, most := max(self.most(), 3)), most=most)),
        )
        gamma, size = Number(self.gamma, None), Number(m)
        hat = [gamma * G[at] for at in places] if self.gamma != 1 else G.read(places)

        def steps() -> Iterator[Step]:
            forward = [change for at in places for change in H.write(at, mark="", role="forward")]
            mean = Number(float(x.mean()), digits_for(x.mean(), most=self.most()))
            moved = equation(Symbol(_HAT, (1,)), precise((X[0, 0] - mean) / s, H[0, 0]), H[0, 0])
            said = Text("Forward, with mean {mean} and standard deviation {s}: {sum}", mean=mean, s=s, sum=moved)
            yield story.step(said, forward, beats=2)
            yield story.step(Text(SENT, g=Math(BY_Y)), arrives(G), beats=2)
            by_mean = equation(None, precise(-(total(hat) / size / s), P[1][0, 0]), P[1][0, 0], letters=60)
            shared = Number(slope_of, digits_for(round(slope_of, most), most=most))
            by_variance = equation(None, precise(-(H[0, 0] * shared / s), P[2][0, 0]), P[2][0, 0])
            told = (
                Text("Direct, first value: {sum}", sum=equation(None, precise(hat[0] / s, P[0][0, 0]), P[0][0, 0])),
                Text("Through the mean, the same for all: {sum}", sum=by_mean),
                Text("Through the variance, mean({g}) = {n}: {sum}", g=Math(rf"g\,{_HAT}"), n=shared, sum=by_variance),
            )
            for n, (path, caption) in enumerate(zip(P, told, strict=True)):
                written = [change for at in places for change in path.write(at, mark="", role="kernel")]
                # The direct path takes one gradient, the others take all.
                marks = [G.mark("window", (0, 0), (m if n else 1, 1)), path.mark("current", (0, 0))]
                yield story.step(caption, marks, [before.hide("current") for before in P[:n]], written, beats=2)
            for at in places:
                parts = total([path[at] for path in P])
                marks = [path.mark("current", at) for path in P[:2]]
                marks += [P[2].hide("current"), P[2].mark("window", at), G.hide("window")]
                added = equation(B.symbol(BY_X, at[:1]), precise(parts, B[at]), B[at])
                yield story.step(added, marks, B.write(at))

        signs = [Operator(name=f"plus-{n}", text="+") for n in (1, 2)]
        return story.play(
            steps,
            m + 5,
            (X, H, G, "→", P[0], signs[0], P[1], signs[1], P[2], "=", B),
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
