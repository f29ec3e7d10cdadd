"""Transposed convolution: a turned kernel slides over the input pulled apart and framed with zeros."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.limits import MAX_SIDE
from cnnviz.notation import as_given, assigned, size_text
from cnnviz.parameters import Size, param
from cnnviz.scenes._map_and_kernel import MapAndKernel
from cnnviz.scenes._sliding import (
    SIZES,
    check_side,
    check_steps,
    math_size,
    settings_text,
    told,
    words_size,
)
from cnnviz.scenes._stamps import Stamps
from cnnviz.scenes._stretch import Stretch
from cnnviz.scenes._transposed import Axis, Transposed
from cnnviz.storyboard import Storyboard

if TYPE_CHECKING:
    from cnnviz.operation import Operation


@dataclass(frozen=True, kw_only=True)
class TransposedConv(MapAndKernel):
    """Transposed convolution: the gradient of a convolution, run forwards, so that a small map becomes a larger one.

    The view `convolution` pulls the input apart, frames it with zeros and slides the turned kernel with stride 1;
    `scatter` lays a multiple of the kernel on the output for every input pixel; `overlap` counts these stamps. All
    give the same numbers. Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning",
    relationships 8 to 14; the uneven overlap: Odena et al. (2016), "Deconvolution and checkerboard artifacts".
    """

    examples: ClassVar = (
        "cnnviz transposed-conv --i 3 --k 3 --s 2 --p 1",
        "cnnviz transposed-conv --view scatter --i 2 --s 2",
        "cnnviz transposed-conv --view overlap --i 4 --s 2 --kernel ones",
    )

    default_size: ClassVar = (3, 3)

    i: Size | None = param(
        None, alias="input-size", help="Input size.", lo=1, hi=MAX_SIDE, shown_default="3, or the data's own",
        always_named=True,
    )
    s: Size = param(2, alias="stride", help="Stride of the convolution that is transposed.", lo=1, hi=MAX_SIDE,
                    always_named=True)  # fmt: skip
    p: Size = param(0, alias="padding", help="Padding of the convolution that is transposed.", lo=0, hi=MAX_SIDE,
                    always_named=True)  # fmt: skip
    output_padding: Size = param(0, help="Rows and columns added below and on the right.", lo=0, hi=MAX_SIDE)
    d: Size = param(1, alias="dilation", help="Spacing of the kernel's cells.", lo=1, hi=MAX_SIDE)
    view: str = param(
        "convolution", choices=("convolution", "scatter", "overlap"),
        help="A convolution over the stretched input, stamps of the kernel that add up, or how often these overlap",
    )  # fmt: skip
    bias: float = param(0.0, help="Added to every output.", lo=-1e9, hi=1e9, group="Data")

    def __post_init__(self) -> None:
        super().__post_init__()
        for axis in self._transposed.axes:
            axis.check()
        widest = self._transposed.sizes(lambda axis: max(axis.drawn, axis.full))
        check_side(widest, "the stretched input", "use a smaller --i, --s or --k")
        check_steps(self._view.count, "this transposed convolution", self._k)

    @cached_property
    def _transposed(self) -> Transposed:
        i, k = self._map.values.shape, self._kernel.values.shape
        along = zip(i, k, self.s, self.p, self.output_padding, self.d, strict=True)
        rows, columns = (Axis(i=i, k=k, s=s, p=p, a=a, d=d) for i, k, s, p, a, d in along)
        return Transposed(
            data=self._map, kernel=self._kernel, bias=self.bias, axes=(rows, columns), most=self._most()
        )

    @cached_property
    def _view(self) -> Stretch | Stamps:
        if self.view == "convolution":
            return Stretch(self._transposed)
        return Stamps(self._transposed, counting=self.view == "overlap")

    def expected(self) -> dict[str, npt.NDArray[np.float64]]:
        """The vectorised transposed convolution and, for the view `overlap`, that of ones."""
        expected = {"output": self._transposed.result}
        if isinstance(self._view, Stamps):
            expected["overlap"] = self._view.expected_counts()
        return expected

    def operation(self) -> Operation:
        """The transposed convolution, the same in every view."""
        from cnnviz.scenes._operations import transposed

        x, w, counted = self._map.values, self._kernel.values, self.view == "overlap"
        return transposed(x, w, self.bias, self.s, self.p, self.output_padding, self.d, counted=counted)

    def storyboard(self) -> Storyboard:
        """The phases of the input and one step for each output cell, or one step for each input cell."""
        settings = [("kernel", math_size("k", self._kernel.values.shape)), ("stride", math_size("s", self.s)),
                    ("padding", math_size("p", self.p))]  # fmt: skip
        if self.output_padding != (0, 0):
            settings.append(("output padding", math_size("a", self.output_padding)))
        if self.d != (1, 1):
            settings.append(("dilation", math_size("d", self.d)))
        if self.bias:
            settings.append(("bias", assigned("b", as_given(self.bias))))
        return Storyboard(
            scene="transposed-conv",
            parameters=self.public(),
            title="Transposed convolution",
            settings=settings_text(*settings),
            formula=self._view.formula(),
            convention=self._view.convention,
            alt=self._alt(),
            rows=self._view.rows(),
            steps=self._view.steps,
            count=self._view.count,
            step_roles=self._view.roles,
            symbols=(*SIZES, "a", "z"),
        )

    def _alt(self) -> str:
        i, k, o = self._map.values.shape, self._kernel.values.shape, self._transposed.result.shape
        sizes = f"stride {words_size(self.s)}, padding {words_size(self.p)}"
        if self.output_padding != (0, 0):
            sizes += f", output padding {words_size(self.output_padding)}"
        if self.d != (1, 1):
            sizes += f", dilation {words_size(self.d)}"
        bias = ", plus a bias" if self.bias else ""
        if self.view == "convolution":
            return (
                f"Animation of a transposed convolution, {sizes}: a {size_text(*i)} input is pulled apart with zeros "
                f"and framed, then the {size_text(*k)} kernel, rotated by 180°, slides over it with stride 1 and fills "
                f"the {size_text(*o)} output, each cell the sum of products under the kernel{bias}."
                f"{told(self._transposed.result, self._transposed.lost)}"
            )
        counted = "; beside it each cell counts its stamps" if self.view == "overlap" else ""
        return (
            f"Animation of a transposed convolution, {sizes}: each cell of a {size_text(*i)} input stamps its multiple "
            f"of the {size_text(*k)} kernel, and the stamps add up to the {size_text(*o)} output{bias}{counted}."
            f"{told(self._transposed.result, self._transposed.lost)}"
        )
