"""Batch normalization: each channel is standardized over the batch, scaled, shifted and activated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from cnnviz.data import MAP_NAMES, load_map
from cnnviz.errors import UsageError
from cnnviz.notation import size_text
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.scenes._normalizing import normalized
from cnnviz.story import Story, check_magnitude
from cnnviz.storyboard import Values

_MOST_SAMPLES, _MOST_CHANNELS = 32, 6
_RANDOM_TAG = 3
_ACTIVATIONS = ("relu", "leaky-relu", "elu", "sigmoid", "tanh", "none")


@dataclass(frozen=True, kw_only=True)
class BatchNorm(Scene):
    """Batch normalization of a mini-batch as in training, channel by channel, then the activation.

    Ioffe and Szegedy (2015), "Batch normalization: accelerating deep network training by reducing internal covariate
    shift", Algorithm 1: the variance is the biased one, Σ(x − μ)²/m.
    """

    examples: ClassVar = (
        "cnnviz batch-norm --batch 5 --channels 2",
        'cnnviz batch-norm --gamma "1.5 0.5" --beta "0 1" --activation sigmoid',
        'cnnviz batch-norm --input "1 20; 2 30; 4 60" --activation none',
    )

    batch: int | None = param(
        None,
        alias="batch-size",
        help="Samples in the mini-batch.",
        lo=2,
        hi=_MOST_SAMPLES,
        shown_default="5, or the data's own",
        always_named=True,
    )
    channels: int | None = param(
        None,
        help="Channels, each normalised by itself.",
        lo=1,
        hi=_MOST_CHANNELS,
        shown_default="2, or the data's own",
        always_named=True,
    )
    gamma: ArrayLike = param("2", help="Scale γ: one number, or one a channel.")
    beta: ArrayLike = param("1", help="Shift β: one number, or one a channel.")
    eps: float = param(1e-5, help="ε, added to the variance.", lo=1e-12, hi=1)
    activation: str = param("relu", help="What follows.", choices=_ACTIVATIONS)
    input: ArrayLike = param(
        "random",
        group="Data",
        help="Input, a row a sample and a column a channel: a file, a literal, random (0 to 9), arange, ones, zeros.",
    )

    def prepare(self) -> None:
        """The batch is loaded, and its size becomes `batch` and `channels`."""
        m, channels = self.x.shape
        if not 2 <= m <= _MOST_SAMPLES or channels > _MOST_CHANNELS:
            size, most = size_text(m, channels), f"2 to {_MOST_SAMPLES} rows and 1 to {_MOST_CHANNELS} columns"
            raise UsageError(f"input is {size}, samples × channels: use {most}")
        self.fill_in(batch=m, channels=channels)
        check_magnitude(self.x)
        for name, values in zip(("gamma", "beta"), self.affine, strict=True):
            check_magnitude(values, name)

    @cached_property
    def x(self) -> Values:
        """The batch, a row for each sample."""
        name, size = _name(self.input), (self.batch or 5, self.channels or 2)
        if name == "random" or self.input is None:
            return np.random.default_rng([self.seed, _RANDOM_TAG]).integers(0, 10, size).astype(np.float64)
        values = load_map(self.input, size if name else None, seed=self.seed).values
        for wanted, found, what in zip((self.batch, self.channels), values.shape, ("batch", "channels"), strict=True):
            if wanted not in (None, found):
                raise UsageError(f"input is {size_text(*values.shape)}, but --{what} asks for {wanted}: leave it out")
        return values

    @cached_property
    def affine(self) -> tuple[Values, Values]:
        """γ and β of every channel."""
        return self._per_channel("gamma"), self._per_channel("beta")

    def _per_channel(self, name: str) -> Values:
        spec, channels = getattr(self, name), self.x.shape[1]
        given = np.reshape(spec, (1, -1)) if isinstance(spec, int | float) else spec
        size = (1, channels) if _name(spec) else None
        values = load_map(given, size, seed=self.seed, what=name, option=f"--{name}").values.ravel()
        if len(values) not in (1, channels):
            raise UsageError(f"{name} has {len(values)} numbers for {channels} channels: give one, or one a channel")
        return np.broadcast_to(values, channels).astype(np.float64)

    def story(self) -> Story:
        """Means, variances, then the moves: subtract μ, divide by σ, multiply by γ, add β, apply the activation."""
        return normalized(self)


def _name(given: object) -> str:
    """The name, such as random or ones, of values that are made to measure."""
    name = given.strip().lower() if isinstance(given, str) else ""
    return name if name in MAP_NAMES else ""
