"""What the figures of signals share: the signal, the kernel and what slides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from cnnviz.data import Data, load_kernel, load_map
from cnnviz.errors import UsageError
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.story import bias, dilation, input_map, input_size, kernel_size, kernel_values, padding, refuse, stride


@dataclass(frozen=True, kw_only=True)
class Signal(Scene):
    """A signal and a kernel; once made, `i` and `k` are their lengths."""

    i: int | None = input_size(
        help="Length of the signal.", hi=64, shown_default="10, of a stack 16, or the data's own"
    )
    k: int | None = kernel_size(hi=16, shown_default="3, of a stack 2, or the data's own")
    s: int = stride(hi=64)
    p: int = padding(help="Zeros at both ends.", hi=64)
    d: int = dilation(hi=64)
    causal: bool = param(False, help="Pad before the signal alone, so that no output sees what comes later.")
    stack: str | None = param(None, help="Dilations of causal convolutions on top of one another: 1,2,4,8.")
    input: ArrayLike = input_map("random")
    kernel: ArrayLike = kernel_values(None, shown_default='"1 2 1"; random for other sizes than 3, ones of a stack')
    bias: float = bias()

    @cached_property
    def map(self) -> Data:
        """The signal."""
        length = self.i or (16 if self.stack else None)
        return load_map(self.input, (1, length) if length else None, seed=self.seed, default_size=(1, 10))

    @cached_property
    def weights(self) -> Data:
        """The kernel."""
        size = self.k or (2 if self.stack else None)
        usual = "ones" if self.stack else "1 2 1" if size in (None, 3) else "random"
        return load_kernel(usual if self.kernel is None else self.kernel, (1, size) if size else None, seed=self.seed)

    def prepare(self) -> None:
        """The lengths of what is given become `i` and `k`; raises UsageError for what does not go together."""
        for name, data in (("input", self.map), ("kernel", self.weights)):
            if len(data.values) > 1:
                raise UsageError(f"{name} has {len(data.values)} rows, but a signal has one: give one row of numbers")
        self.fill_in(i=self.map.values.size, k=self.weights.values.size)
        refuse(
            {
                f"--causal chooses its own padding and --p {self.p}: leave one of them out": self.causal and self.p,
                f"--stack chooses its own dilations and --d {self.d}: leave one of them out": self.stack and self.d > 1,
                "--stack has stride 1 and no padding: leave --s and --p out": self.stack and (self.s > 1 or self.p),
            }
        )
