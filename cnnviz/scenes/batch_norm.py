"""Batch normalization: each channel is standardized over the batch, scaled, shifted and activated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cnnviz.scenes._batch import Batch
from cnnviz.scenes._normalizing import normalized
from cnnviz.story import Story


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
        return normalized(self)
