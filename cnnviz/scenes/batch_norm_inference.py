"""Batch normalization at inference: running statistics instead of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.scenes._backward import MOST_NUMBERS, load_row
from cnnviz.scenes._running_statistics import running_statistics
from cnnviz.story import Graph, Story
from cnnviz.words import Math, Number, Text

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
        """Four steps for each batch, one for each value at inference, and a last look."""
        data = load_map(self.batches, None, seed=self.seed, what="batches", option="--batches").values
        if len(data) < 2 or max(data.shape) > MOST_NUMBERS or np.abs(data).max() > 1e4:
            raise UsageError(
                f"--batches is {len(data)}×{len(data[0])}: give 2 to {MOST_NUMBERS} rows and at most {MOST_NUMBERS} "
                "columns of numbers within ±10000"
            )
        x, count = load_row(self, "input"), data.shape[1]
        is_torch = self.convention == "pytorch"
        name, usual = _CONVENTIONS[self.convention]
        momentum = usual if self.momentum is None else self.momentum
        share = Number(momentum, None, ("momentum",)) if self.momentum is not None else Number(momentum, None)
        means, variances = data.mean(axis=0), data.var(axis=0, ddof=int(is_torch))
        old, new = (1 - momentum, momentum) if is_torch else (momentum, 1 - momentum)
        running = [np.array([0.0]), np.array([1.0])]
        for batch in range(count):
            for n, each in enumerate((means, variances)):
                running[n] = np.append(running[n], old * running[n][-1] + new * each[batch])
        graph, ends = Graph(double=True), [each[-1:] for each in running]
        arrays = {"x": x[:, None], "mean": ends[0], "variance": ends[1]}
        given = [graph.given(each, values) for each, values in arrays.items()]
        y = graph.compute("batch_norm_inference", *given, eps=self.eps)
        graph.show(y, "output", shape=(1, len(x)))

        point = Text("Training keeps running statistics; inference needs no batch")
        story = Story(self, Text("Batch normalization at inference"), graph, point=point)
        story.settings.append(("", Text(f"{name}'s momentum {{m}}", m=share)))
        weights = (1 - share, share) if is_torch else (share, 1 - share)
        own, result = (means, variances), y.values.ravel()
        stage, steps = running_statistics(story, data, own, running, weights, x, result, int(is_torch))
        rule = r"(1-m)\,\mu+m\,\mu_B" if is_torch else r"m\,\mu+(1-m)\,\mu_B"
        return story.play(
            steps,
            4 * count + len(x),
            *stage,
            alt=Text(
                "batch normalization: {n} batches in training change the running mean and variance by momentum, and "
                "inference normalizes {k} values by these",
                n=Number(count),
                k=Number(len(x)),
            ),
            answer=Text("Inference needs no batch: each value is normalized by itself"),
            formula=Math(rf"\mu\leftarrow {rule}\qquad y=(x-\mu)/\sqrt{{\sigma^2+\epsilon}}"),
            step_roles=("input", "kernel", "output"),
            convention=Text(
                "variance of a batch: over m − 1, as in PyTorch"
                if is_torch
                else "variance of a batch: over m, as in TensorFlow"
            ),
        )
