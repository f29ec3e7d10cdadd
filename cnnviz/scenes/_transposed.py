"""What the views of a transposed convolution share: its arithmetic along an axis, its data, its panels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cnnviz.data import Data
from cnnviz.errors import UsageError
from cnnviz.notation import decimals_as_given, digits_for, size_text
from cnnviz.ops.convolution import conv_transpose2d
from cnnviz.parameters import Size
from cnnviz.scenes._sliding import CROWDED_SIDE, by_axis, each_axis, lost_of, map_shade, shade_for
from cnnviz.storyboard import Grid, Mark, Values

_MANY_COLUMNS = 22


@dataclass(frozen=True, kw_only=True)
class Axis:
    """The sizes of a transposed convolution along one axis (Dumoulin & Visin 2016, relationships 8 to 14)."""

    i: int
    k: int
    s: int
    p: int
    a: int = 0
    d: int = 1

    @property
    def stretched(self) -> int:
        """Cells of the input with s − 1 zeros between neighbours."""
        return (self.i - 1) * self.s + 1

    @property
    def frame(self) -> int:
        """Zeros on each side, p' = d(k − 1) − p; negative where cells are cut off instead."""
        return self.d * (self.k - 1) - self.p

    @property
    def before(self) -> int:
        """Cells of the drawn grid ahead of the stretched input."""
        return max(0, self.frame)

    @property
    def drawn(self) -> int:
        """Cells of a grid that holds the stretched input and its frame."""
        return self.before + self.stretched + max(0, self.frame + self.a)

    @property
    def start(self) -> int:
        """The first of the drawn cells over which the kernel slides."""
        return self.before - self.frame

    @property
    def full(self) -> int:
        """Cells that stamps of the kernel cover, before p of them are cut off on each side."""
        return self.stretched + self.d * (self.k - 1) + self.a

    @property
    def out(self) -> int:
        """Cells of the output."""
        return self.full - 2 * self.p

    def check(self) -> None:
        """Refuse what has no output, or an output padding that no convolution asks for; raises UsageError."""
        if self.a >= max(self.s, self.d):
            dilation = f" and dilation {self.d}" if self.d > 1 else ""
            raise UsageError(
                f"output padding {self.a} must be less than stride {self.s}{dilation}: use --output-padding "
                f"{max(self.s, self.d) - 1} or less"
            )
        if self.out < 1:
            raise UsageError(
                f"padding {self.p} leaves no output: its two sides take {2 * self.p} of {self.full} cells: use --p "
                f"{(self.full - 1) // 2} or less"
            )


@dataclass(frozen=True, kw_only=True)
class Transposed:
    """A transposed convolution: its input, kernel and bias, its sizes along both axes, and what it gives.

    Its numbers have `most` decimals at most.
    """

    data: Data
    kernel: Data
    bias: float
    axes: tuple[Axis, Axis]
    most: int = 2

    def sizes(self, of: Callable[[Axis], int]) -> Size:
        """A size along both axes."""
        return of(self.axes[0]), of(self.axes[1])

    def each(self, text: Callable[[Axis], str]) -> str:
        """A text about an axis: once, or for rows and for columns where these differ."""
        return each_axis([text(axis) for axis in self.axes])

    @cached_property
    def result(self) -> Values:
        """The output, by the operation."""
        return self.convolve(self.data.values, self.kernel.values, self.bias)

    def convolve(self, values: Values, weights: Values, bias: float) -> Values:
        """The same operation of another input or kernel."""
        s, p = self.sizes(lambda axis: axis.s), self.sizes(lambda axis: axis.p)
        a, d = self.sizes(lambda axis: axis.a), self.sizes(lambda axis: axis.d)
        output = conv_transpose2d(values[None], weights[None, None], np.array([bias]), s, p, a, 1, d)
        return np.asarray(output[0], np.float64)

    @property
    def lost(self) -> float:
        """What floats may leave of 0 in the output."""
        return lost_of(self.data.values, self.kernel.values)

    @cached_property
    def digits(self) -> dict[str, int]:
        """Decimals of input, kernel, products, output and bias."""
        x, w = self.data.values, self.kernel.values
        products = np.multiply.outer(np.unique(self.data.values)[:64], np.unique(self.kernel.values))
        return {
            "input": digits_for(x, most=self.most, above=0), "kernel": digits_for(w, most=self.most, above=0),
            "product": digits_for(products, most=self.most, above=0),
            "output": digits_for(self.result, most=self.most, above=self.lost),
            "bias": decimals_as_given(self.bias),
        }  # fmt: skip

    @cached_property
    def crowded(self) -> bool:
        """Whether maps show colours instead of numbers."""
        return max(self.sizes(lambda axis: max(axis.drawn, axis.out))) >= CROWDED_SIDE

    @property
    def picture(self) -> bool:
        """Whether the input is an image."""
        return self.data.source == "image"

    def input_panel(self) -> Grid:
        """The input as it comes."""
        values = self.data.values
        return Grid(
            name="input", label=f"Input {size_text(*values.shape)}", values=values,
            roles=np.full(values.shape, "input"), digits=self.digits["input"], numbers=not self.crowded,
            shade=map_shade(self.data, crowded=self.crowded), marks=(Mark(name="window", role="window"),),
        )  # fmt: skip

    def kernel_panel(self, columns: int, label: str = "") -> Grid:
        """The kernel as it is given, enlarged where `columns` other cells stand beside it."""
        values = self.kernel.values
        named = self.kernel.name and self.kernel.source != "random"
        below = label or (self.kernel.name if named else "")
        return Grid(
            name="kernel", label=f"Kernel {size_text(*values.shape)}" + (f"\n{below}" if below else ""), values=values,
            roles=np.full(values.shape, "kernel"), digits=self.digits["kernel"], enlarge=columns >= _MANY_COLUMNS,
            shade=shade_for(values, picture=False, always=False),
        )  # fmt: skip

    def formula(self) -> str:
        """The size of the output with numbers put in."""
        dilated = any(axis.d > 1 for axis in self.axes)
        extra = any(axis.a for axis in self.axes)
        left = "o=(i-1)s+" + ("d(k-1)+1" if dilated else "k") + "-2p" + ("+a" if extra else "")
        return by_axis(left, [_filled(axis, dilated, extra) for axis in self.axes])


def _filled(axis: Axis, dilated: bool, extra: bool) -> str:
    span = rf"{axis.d}\cdot({axis.k}-1)+1" if dilated else str(axis.k)
    more = f"+{axis.a}" if extra else ""
    return rf"({axis.i}-1)\cdot{axis.s}+{span}-2\cdot{axis.p}{more}={axis.out}"
