"""Batch normalization at inference: running statistics instead of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.scenes._backward import MOST_NUMBERS, load_row
from cnnviz.story import Cells, Graph, Story
from cnnviz.storyboard import Mark, Shade, Sign, Step, Values
from cnnviz.words import Math, Number, Text, Words, call, equation, total

_CONVENTIONS = {"pytorch": ("PyTorch", 0.1), "tensorflow": ("TensorFlow", 0.99)}


@dataclass(frozen=True, kw_only=True)
class BatchNormInference(Scene):
    """Batch normalization of one channel: training keeps running statistics, inference uses them.

    Ioffe and Szegedy (2015), Algorithm 2. PyTorch's momentum is the share of the new batch, whose variance is the
    unbiased one; TensorFlow's is the share of what was there, and the variance is the biased one.
    """

    examples: ClassVar = ("cnnviz batch-norm-inference", "cnnviz batch-norm-inference --convention tensorflow")

    convention: str = param("pytorch", choices=tuple(_CONVENTIONS), help="Whose momentum and variance")
    momentum: float | None = param(
        None, help="Momentum.", lo=0.0, hi=1.0, shown_default="0.1, or 0.99 as in TensorFlow"
    )
    batches: ArrayLike = param("1 4 2; 3 6 4; 2 2 6; 6 4 2", help="A column a batch, a row a sample.", group="Data")
    input: ArrayLike = param("4 1 2", help="What comes in at inference.", group="Data")
    eps: float = param(1e-5, help="Added to the variance.", lo=1e-12, hi=1)

    def story(self) -> Story:
        """Three steps for each batch, one for each value at inference, and a last look."""
        data = load_map(self.batches, None, seed=self.seed, what="batches", option="--batches").values
        if len(data) < 2 or max(data.shape) > MOST_NUMBERS or np.abs(data).max() > 1e4:
            raise UsageError(
                f"--batches is {len(data)}×{len(data[0])}: give 2 to {MOST_NUMBERS} rows and at most {MOST_NUMBERS} "
                "columns of numbers within ±10000"
            )
        x, (m, count), is_torch = (
            load_row(self.input, "input", "--input", self.seed),
            data.shape,
            self.convention == "pytorch",
        )
        name, usual = _CONVENTIONS[self.convention]
        momentum = usual if self.momentum is None else self.momentum
        share = Number(momentum, None, ("momentum",)) if self.momentum is not None else Number(momentum, None)
        means, variances = data.mean(axis=0), data.var(axis=0, ddof=int(is_torch))
        old, new = (1 - momentum, momentum) if is_torch else (momentum, 1 - momentum)
        running = [np.array([0.0]), np.array([1.0])]
        for batch in range(count):
            for n, each in enumerate((means, variances)):
                running[n] = np.append(running[n], old * running[n][-1] + new * each[batch])
        graph = Graph(double=True)
        given = [
            graph.given(each, values)
            for each, values in (("x", x[:, None]), ("mean", running[0][-1:]), ("variance", running[1][-1:]))
        ]
        y = graph.compute("batch_norm_inference", *given, eps=self.eps)

        story = Story(
            self,
            Text("Batch normalization at inference"),
            graph,
            point=Text("Training keeps running statistics; inference needs no batch"),
        )
        story.settings.append(("", Text(f"{name}'s momentum {{m}}", m=share)))
        B = self._row(story, "batches", Text("batches"), data, "input")
        M, V = (
            self._row(story, *each)
            for each in (
                ("batch-mean", Text("batch {x}", x=Math(r"\mu")), means),
                ("batch-variance", Text("batch {x}", x=Math(r"\sigma^2")), variances),
            )
        )
        R = [
            self._row(story, f"running-{n}", Text("running {x}", x=Math(letter)), running[n])
            for n, letter in enumerate((r"\mu", r"\sigma^2"))
        ]
        X = self._row(story, "input", Text("inference {x}", x=Math("x")), x, "input")
        graph.show(y, "output", shape=(1, len(x)))
        Y = self._row(story, "output", Math("y"), y.values.ravel())

        def updated(batch: int, cells: Cells, of: Cells) -> Words:
            kept, added = (1 - share, share) if is_torch else (share, 1 - share)
            return equation(None, kept * cells[0, batch] + added * of[0, batch], cells[0, batch + 1])

        def steps() -> Iterator[Step]:
            start = [change for cells in R for change in cells.write((0, 0), mark="", role="kernel")]
            for batch in range(count):
                column = [(n, batch) for n in range(m)]
                mean = equation(Math(r"\mu"), total(B.read(column)) / Number(m), M[0, batch])
                yield story.step(
                    Text("Batch {batch}: {mean}", batch=batch + 1, mean=mean),
                    start,
                    B.cover(column),
                    M.write((0, batch)),
                    V.write((0, batch)),
                )
                start = []
                for label, cells, of in (("running mean: {sum}", R[0], M), ("running variance: {sum}", R[1], V)):
                    yield story.step(
                        Text(label, sum=updated(batch, cells, of)),
                        of.mark("current", (0, batch)),
                        cells.write((0, batch + 1), role="kernel"),
                    )
            gone = [*B.cover(()), *(each.hide("current") for each in (M, V))]
            last = (0, count)
            for n in range(len(x)):
                root = call("sqrt", R[1][last] + Number(self.eps, None, ("eps",)))
                caption = equation(Y.symbol("y", (n,)), (X[0, n] - R[0][last]) / root, Y[0, n])
                marks = (cells.mark("current", last) for cells in R)
                yield story.step(caption, gone, marks, X.mark("current", (0, n)), Y.write((0, n)))
                gone = []
            said = Text("One value alone gives the same as among others: there is no batch any more")
            yield story.step(said, (each.hide("current") for each in (X, Y)), beats=2)

        rule = r"(1-m)\,\mu+m\,\mu_B" if is_torch else r"m\,\mu+(1-m)\,\mu_B"
        return story.play(
            steps,
            3 * count + len(x) + 1,
            (B, "→", M, R[0]),
            (V, R[1], X, Sign(name="normalized", text="→"), Y),
            alt=Text(
                "batch normalization: {n} batches in training change the running mean and variance by momentum, and "
                "inference normalizes {k} values by these",
                n=Number(count),
                k=Number(len(x)),
            ),
            formula=Math(rf"\mu\leftarrow {rule}\qquad y=(x-\mu)/\sqrt{{\sigma^2+\epsilon}}"),
            step_roles=("input", "kernel", "output"),
            convention=Text(
                "variance of a batch: over m − 1, as in PyTorch"
                if is_torch
                else "variance of a batch: over m, as in TensorFlow"
            ),
        )

    def _row(self, story: Story, name: str, label: Words, values: Values, role: str = "") -> Cells:
        """Numbers side by side, which steps bring in unless they have a role."""
        array = np.atleast_2d(values)
        shade = Shade(scale="diverging", lo=float(array.min()), hi=float(array.max()) or 1.0)
        marks, roles = (Mark(name="current", role="result"),), {"role": role} if role else {"pending": True}
        return story.cells(name, label, array, shade=shade, marks=marks, digits=story.decimals(array), **roles)
