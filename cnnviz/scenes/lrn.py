"""Local response normalization: each value is divided by the strength of its neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from cnnviz.data import Data
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.scenes._lrn import normalized
from cnnviz.story import (
    Axis,
    Story,
    Windows,
    check_magnitude,
    choice,
    input_maps,
    input_size,
    kernel_size,
    load_maps,
)

_DEFAULTS: dict[str, tuple[int, Size]] = {"inter": (4, (2, 2)), "intra": (1, (4, 4))}


@dataclass(frozen=True, kw_only=True)
class Lrn(Scene):
    """Local response normalization: b = a / (k + α·Σ a²)^β, the sum over a value's neighbourhood.

    Between channels the neighbourhood is the same pixel in nearby channels (Krizhevsky, Sutskever and Hinton 2012,
    "ImageNet classification with deep convolutional neural networks", §3.3, with n = 5, k = 2, α = 0.0001, β = 0.75);
    within a channel it is an n×n window (Caffe's WITHIN_CHANNEL).
    """

    examples: ClassVar = (
        "cnnviz lrn intra --n 3 --i 5 --channels 1 --k 2",
        "cnnviz lrn inter --n 5 --k 2 --alpha 1e-4 --beta 0.75 --channels 6",
    )

    kind: str = choice("inter", ("inter", "intra"), "Neighbours in nearby channels, or within one.")
    n: int = kernel_size(3, alias="neighbours", help="Neighbourhood: n channels, or n×n pixels.")
    k: float = param(1.0, help="Constant k of the denominator.", lo=0, hi=1e6)
    alpha: float = param(0.1, help="Constant α, the weight of the neighbours.", lo=0, hi=1e6)
    beta: float = param(0.75, help="Exponent β.", lo=0, hi=4)
    alpha_over_n: bool = param(False, help="Divide α by the number of neighbours, as torch and Caffe do.")
    i: Size | None = input_size(help="Size of a channel.", hi=64, shown_default="2, for intra 4", always_named=False)
    channels: int | None = param(None, help="Number of channels.", lo=1, hi=64, shown_default="4, for intra 1")
    input: ArrayLike = input_maps("the channels")

    @cached_property
    def maps(self) -> Data:
        """The input."""
        return load_maps(self.input, self.channels, self.i, seed=self.seed, default=_DEFAULTS[self.kind])

    def prepare(self) -> None:
        """The maps are loaded, and their sizes become `channels` and `i`."""
        channels, *size = self.maps.values.shape
        self.fill_in(channels=channels, i=tuple(size))
        check_magnitude(self.maps.values)

    @cached_property
    def windows(self) -> Windows:
        """The neighbourhood of every value: along the channels, or along rows and columns."""
        spread = (0,) if self.kind == "inter" else (1, 2)
        sizes = enumerate(self.maps.values.shape)
        return Windows(tuple(Axis.around(size, self.n) if axis in spread else Axis.each(size) for axis, size in sizes))

    def story(self) -> Story:
        """One step for each value: pixel by pixel through the channels, or channel by channel."""
        return normalized(self)
