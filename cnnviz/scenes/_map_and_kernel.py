"""What scenes of an input map and a kernel share: both, their sizes, and how data brings these along."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from cnnviz.data import KERNEL_NAMES, MAP_NAMES, Data, load_kernel, load_map
from cnnviz.errors import UsageError
from cnnviz.limits import MAX_KERNEL, MAX_SIDE
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.scenes._sliding import INPUT_HELP, KERNEL_HELP


@dataclass(frozen=True, kw_only=True)
class MapAndKernel(Scene):
    """A scene with an input map and a kernel; once made, `i` and `k` are the sizes of what was given."""

    default_size: ClassVar[Size] = (5, 5)

    i: Size | None = param(
        None, alias="input-size", help="Input size.", lo=1, hi=MAX_SIDE, shown_default="5, or the data's own",
        always_named=True,
    )  # fmt: skip
    k: Size | None = param(
        None, alias="kernel-size", help="Kernel size.", lo=1, hi=MAX_KERNEL, shown_default="3, or the data's own",
        always_named=True,
    )  # fmt: skip
    input: ArrayLike = param("random", help=INPUT_HELP, names=lambda: MAP_NAMES, group="Data")
    kernel: ArrayLike = param("random", help=KERNEL_HELP, names=lambda: KERNEL_NAMES, group="Data")

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "i", self._map.values.shape)
        object.__setattr__(self, "k", self._kernel.values.shape)

    @cached_property
    def _map(self) -> Data:
        return load_map(self.input, self.i, seed=self.seed, default_size=self.default_size)

    @cached_property
    def _kernel(self) -> Data:
        if self.k is None and isinstance(self.kernel, str) and re.fullmatch(r"\s*\d+\s*", self.kernel):
            number = self.kernel.strip()
            raise UsageError(
                f"--kernel {number} could be a size or the only weight: use --k {number}, or --k 1 --kernel {number}"
            )
        return load_kernel(self.kernel, self.k, seed=self.seed)

    @property
    def _size(self) -> Size:
        return self._map.values.shape[0], self._map.values.shape[1]

    @property
    def _k(self) -> Size:
        return self._kernel.values.shape[0], self._kernel.values.shape[1]
