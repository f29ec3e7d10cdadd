"""Parameters that several scenes share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from cnnviz.data import KERNEL_NAMES, MAP_NAMES, Data, load_kernel, load_map
from cnnviz.errors import UsageError
from cnnviz.limits import MAX_KERNEL, MAX_SIDE
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.words import Expression, Filled, Number, Symbol, call, leaves, size

INPUT_HELP = (
    'Input: an image, .npy, .csv or .txt file, a literal such as "1 2; 3 4", or a name: random, small-random, edge, '
    "diagonal, ramp, picture, arange, ones, zeros."
)
KERNEL_HELP = (
    "Kernel: a file, a literal, or a name: sobel-x, sobel-y, laplacian, sharpen, box, gaussian, bilinear, random, …"
)


def input_size(default: Any = None, **more: Any) -> Any:
    """Declare the input's size."""
    return _size(default, "5", **{"alias": "input-size", "help": "Input size.", "hi": MAX_SIDE, **more})


def kernel_size(default: Any = None, **more: Any) -> Any:
    """Declare the kernel's size."""
    return _size(default, "3", **{"alias": "kernel-size", "help": "Kernel size.", "hi": MAX_KERNEL, **more})


def _size(default: Any, size: str, **more: Any) -> Any:
    shown = {} if default else {"shown_default": f"{size}, or the data's own"}
    return param(default, **{"lo": 1, "always_named": True, **shown, **more})


def input_map(default: str | None, **more: Any) -> Any:
    """Declare an input."""
    return param(default, **{"help": INPUT_HELP, "group": "Data", "names": lambda: MAP_NAMES, "files": True, **more})


def input_maps(what: str) -> Any:
    """Declare an input of several maps."""
    help = f"Input: a file or a literal with {what} one below the other, random (0 to 9), arange, ones, zeros."
    return param("random", help=help, group="Data")


def kernel_values(default: str | None, **more: Any) -> Any:
    """Declare a kernel's weights."""
    return input_map(default, **{"help": KERNEL_HELP, "names": lambda: KERNEL_NAMES, **more})


def stride(default: Any = 1, **more: Any) -> Any:
    """Declare a stride."""
    return param(
        default, **{"alias": "stride", "help": "Stride.", "lo": 1, "hi": MAX_SIDE, "always_named": True, **more}
    )


def padding(default: Any = 0, **more: Any) -> Any:
    """Declare a padding."""
    return stride(default, **{"alias": "padding", "help": "Zeros around the input.", "lo": 0, **more})


def dilation(**more: Any) -> Any:
    """Declare a dilation."""
    return stride(1, **{"alias": "dilation", "help": "Spacing of the kernel's cells.", "always_named": False, **more})


def bias() -> Any:
    """Declare a bias."""
    return param(0.0, help="Added to every output.", lo=-1e9, hi=1e9, group="Data")


def choice(default: str, choices: Sequence[str], help: str) -> Any:
    """Declare a choice between several kinds of figure, which may be given without its name."""
    return param(default, help=help, choices=tuple(choices), positional=True, always_named=True)


@dataclass(frozen=True, kw_only=True)
class MapAndKernel(Scene):
    """A scene with an input map and a kernel; `prepare` sets `i` and `k` to their sizes."""

    default_size: ClassVar[Size] = (5, 5)

    i: Size | None = input_size()
    k: Size | None = kernel_size()
    input: ArrayLike = input_map("edge")
    kernel: ArrayLike = kernel_values(None, shown_default="sobel-x; random for other sizes than 3")

    def prepare(self) -> None:
        """Load both and set `i` and `k` to their sizes."""
        self.fill_in(i=self.map.values.shape)
        self.fill_in(k=self.weights.values.shape)

    @cached_property
    def map(self) -> Data:
        """The input."""
        return load_map(self.input, self.i, seed=self.seed, default_size=self.default_size)

    @cached_property
    def weights(self) -> Data:
        """The kernel."""
        return load_kernel(self.kernel_spec, self.k, seed=self.seed)

    @property
    def kernel_spec(self) -> Any:
        """The specification to load the kernel from; raises UsageError for a single number."""
        if self.k is None and isinstance(self.kernel, str) and re.fullmatch(r"\s*\d+\s*", self.kernel):
            number = self.kernel.strip()
            raise UsageError(
                f"--kernel {number} could be a size or a single weight: use --k {number}, or --k 1 --kernel {number}"
            )
        default = "sobel-x" if self.k in (None, (3, 3)) else "random"
        return default if self.kernel is None else self.kernel

    @property
    def kernel_name(self) -> str:
        """The name of the kernel, if it has one."""
        return self.weights.name if self.weights.source != "random" else ""


def convolved_size(
    dilated: bool = False, ceil_mode: bool = False, padded: bool = True, uneven: bool = False
) -> Expression:
    """The formula of a convolution's output size (Dumoulin and Visin 2016, relationships 6 and 15).

    `uneven` padding has p₁ cells before and p₂ after.
    """
    i, k, s, p, d = map(size, "ikspd")
    input = i + size("p_1") + size("p_2") if uneven else i + 2 * p if padded else i
    room = input - d * (k - 1) - 1 if dilated else input - k
    return call("ceil" if ceil_mode else "floor", room / s) + 1


def transposed_conv_size(i: str = "i", *, dilated: bool = False, padded: bool = False) -> Expression:
    """The formula of a transposed convolution's output size (relationship 14), with output padding if `padded`."""
    before, k, s, p, a, d = map(size, (i, *"kspad"))
    general = (before - 1) * s + (d * (k - 1) + 1 if dilated else k) - 2 * p
    return general + a if padded else general


def filled(
    general: Expression, results: Sequence[int], ref: str | None = None, left: str = "o", /, **sizes: Sequence[int]
) -> Filled:
    """The equation `left` = `general` with sizes filled in, along rows and columns.

    `ref` is the panel whose shape the results are.
    """
    used = {leaf.name for leaf in leaves(general) if isinstance(leaf, Symbol)}
    values = (
        tuple((name, Number(each[axis])) for name, each in sizes.items() if name in used)
        for axis in range(len(results))
    )
    found = (Number(result, 0, None if ref is None else (ref, "shape", axis)) for axis, result in enumerate(results))
    return Filled(size(left), general, tuple(values), tuple(found))
