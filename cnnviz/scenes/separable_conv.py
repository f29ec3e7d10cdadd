"""Depthwise separable convolution: one kernel per channel, then 1×1 filters that mix the channels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from cnnviz.data import MAP_NAMES, Data, load_kernel, load_map
from cnnviz.notation import size_text
from cnnviz.parameters import ArrayLike, Sides, Size, param
from cnnviz.scene import Scene
from cnnviz.scenes._filters import check_count
from cnnviz.scenes._padding import sides
from cnnviz.scenes._separable import separate
from cnnviz.story import (
    KERNEL_HELP,
    Sliding,
    Story,
    input_map,
    input_size,
    kernel_size,
    kernel_values,
    load_sheets,
    padding,
    raise_if,
    stride,
)

_MOST = 6


@dataclass(frozen=True, kw_only=True)
class SeparableConv(Scene):
    """A depthwise convolution and a pointwise one after it, against the full convolution of the same sizes.

    Howard et al. (2017), "MobileNets", §3.1; Chollet (2017), "Xception", both without a nonlinearity between.
    """

    examples: ClassVar = (
        "cnnviz separable-conv --channels 3 --filters 4",
        "cnnviz separable-conv --input photo.png --i 8 --filters 2",
    )

    channels: int | None = param(
        None, help="Channels of the input.", lo=2, hi=_MOST, shown_default="2, or the data's own"
    )
    filters: int = param(3, help="Pointwise filters, each of which makes a map.", lo=1, hi=_MOST)
    i: Size | None = input_size(shown_default="4, or the data's own")
    k: Size | None = kernel_size()
    s: Size = stride()
    p: Sides = padding(help="Padding: a number, before and after as in 0,1, or same: the size stays.")
    input: ArrayLike = input_map("small-random")
    kernel: ArrayLike = kernel_values("random", help=KERNEL_HELP + " One for each channel.")
    pointwise: ArrayLike = kernel_values(
        "random", help="Weights of the pointwise filters: a file, a literal, or a name."
    )

    def prepare(self) -> None:
        """What is given is loaded, and its sizes become parameters."""
        channels, *i = self.maps.values.shape
        k = self.depthwise.values.shape[2:]
        self.fill_in(i=tuple(i), k=k, channels=channels, filters=len(self.mixing.values))
        self.fill_in(p=sides(self.p, self.maps.values.shape[1:], k, self.s, (1, 1)))

    @cached_property
    def maps(self) -> Data:
        """The input, (channels, rows, columns); raises UsageError."""
        named = self.channels or (2 if isinstance(self.input, str) and self.input in MAP_NAMES else None)
        found = load_sheets(load_map, self.input, [named], self.i, seed=self.seed, default_size=(4, 4))
        channels = len(found.values)
        check_count(channels, named, "channels")
        raise_if({f"the number of channels in --input is {channels}: use 2 to {_MOST}": not 1 < channels <= _MOST})
        return found

    @cached_property
    def depthwise(self) -> Data:
        """A kernel for each channel, (channels, 1, rows, columns); raises UsageError."""
        return self._kernels(self.kernel, [len(self.maps.values), 1], self.k, "--kernel", 0)

    @cached_property
    def mixing(self) -> Data:
        """The pointwise filters, (filters, channels, 1, 1); raises UsageError."""
        return self._kernels(self.pointwise, [self.filters, len(self.maps.values)], (1, 1), "--pointwise", 64)

    def _kernels(self, spec: ArrayLike, counts: list[int], size: Size | None, option: str, apart: int) -> Data:
        found = load_sheets(load_kernel, spec, counts, size, seed=self.seed + apart)
        given = list(found.values.shape[:2])
        wanted = f"give {size_text(*counts)}, filters × channels"
        raise_if({f"{option} holds {size_text(*given)} kernels: {wanted}": given != counts})
        return found

    @cached_property
    def slide(self) -> Sliding:
        """The kernels over the input."""
        return Sliding(i=self.maps.values.shape[1:], k=self.depthwise.values.shape[2:], s=self.s, p=self.p)

    def story(self) -> Story:
        """One step for each cell of the depthwise maps, one for each cell of the output, and a comparison."""
        return separate(self)
