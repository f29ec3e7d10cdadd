"""Batch normalization at inference: running statistics instead of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.scenes._running_statistics import running_statistics
from cnnviz.story import Story


@dataclass(frozen=True, kw_only=True)
class BatchNormInference(Scene):
    """Batch normalization of one channel: training keeps running statistics, inference uses them.

    Ioffe and Szegedy (2015), Algorithm 2. PyTorch's momentum is the share of the new batch, whose variance is the
    unbiased one; TensorFlow's is the share of what was there, and the variance is the biased one.
    """

    examples: ClassVar = ("cnnviz batch-norm-inference", "cnnviz batch-norm-inference --convention tensorflow")

    convention: str = param("pytorch", choices=("pytorch", "tensorflow"), help="Whose momentum and variance")
    momentum: float | None = param(
        None, help="Momentum.", lo=0.0, hi=1.0, shown_default="0.1, or 0.99 as in TensorFlow"
    )
    batches: ArrayLike = param("1 4 2; 3 6 4; 2 2 6; 6 4 2", help="A column a batch, a row a sample.", group="Data")
    input: ArrayLike = param("4 1 2", help="What comes in at inference.", group="Data")
    eps: float = param(1e-5, help="Added to the variance.", lo=1e-12, hi=1)

    def story(self) -> Story:
        """Four steps for each batch, one for each value at inference, and a last look."""
        return running_statistics(self)
