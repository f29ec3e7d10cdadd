"""Convolution: a kernel slides over the padded input, each output cell is a dot product."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_SIDE
from cnnviz.notation import as_given, assigned, decimals_as_given, digits_for, number, size_text
from cnnviz.ops.convolution import conv2d, conv_output_size, pad2d
from cnnviz.parameters import Size, param
from cnnviz.scenes._map_and_kernel import MapAndKernel
from cnnviz.scenes._sliding import (
    COVERING,
    CROWDED_SIDE,
    SIZES,
    Cover,
    by_axis,
    check_fit,
    check_steps,
    dot_product,
    fills,
    lost_of,
    map_shade,
    math_size,
    positions,
    reached,
    settings_text,
    shade_for,
    told,
    window,
    words_size,
)  # fmt: skip
from cnnviz.storyboard import Cell, Change, Grid, Mark, MoveMark, Sign, Step, Storyboard, Values

if TYPE_CHECKING:
    from cnnviz.operation import Operation


@dataclass(frozen=True, kw_only=True)
class Conv(MapAndKernel):
    """Convolution as networks compute it: the cross-correlation of the padded input with a kernel.

    Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning", relationship 6 and, with
    dilation, 15.
    """

    examples: ClassVar = (
        "cnnviz conv --k 3 --s 2 --p 1",
        "cnnviz conv --input photo.png --i 32 --kernel sobel-x -o edges.gif",
        'cnnviz conv --input "1 2 3; 4 5 6; 7 8 9" --kernel "1 0; 0 1"',
    )

    s: Size = param(1, alias="stride", help="Stride.", lo=1, hi=MAX_SIDE, always_named=True)
    p: Size = param(0, alias="padding", help="Zeros around the input.", lo=0, hi=MAX_SIDE, always_named=True)
    d: Size = param(1, alias="dilation", help="Spacing of the kernel's cells.", lo=1, hi=MAX_SIDE)
    flip: bool = param(False, help="Rotate the kernel by 180°: the true convolution of signal processing.")
    bias: float = param(0.0, help="Added to every output.", lo=-1e9, hi=1e9, group="Data")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fit(self._size, self._k, self.p, self.d)
        if max(self._padded.shape) > MAX_SIDE:
            raise UsageError(
                f"input {size_text(*self._size)} with padding {words_size(self.p)} is larger than "
                f"{MAX_SIDE} cells a side: use a smaller --p or --i"
            )
        check_steps(self._out[0] * self._out[1], "this convolution", self._k)

    @cached_property
    def _padded(self) -> Values:
        return np.asarray(pad2d(self._map.values, self.p), np.float64)

    @cached_property
    def _weights(self) -> Values:
        """The weights as they meet the input."""
        values: Values = self._kernel.values
        return values[::-1, ::-1] if self.flip else values

    @cached_property
    def _result(self) -> Values:
        weight, bias = self._weights[None, None], np.array([self.bias])
        result: Values = conv2d(self._map.values[None], weight, bias, self.s, self.p, self.d)[0]
        return result

    @cached_property
    def _out(self) -> Size:
        (i0, i1), (k0, k1) = self._size, self._k
        return (
            conv_output_size(i0, k0, self.s[0], self.p[0], self.d[0]),
            conv_output_size(i1, k1, self.s[1], self.p[1], self.d[1]),
        )

    def expected(self) -> dict[str, npt.NDArray[np.float64]]:
        """The vectorised convolution."""
        return {"output": self._result}

    def operation(self) -> Operation:
        """The cross-correlation, of a kernel turned first where that is asked for."""
        from cnnviz.scenes._operations import convolution

        x, w = self._map.values, self._kernel.values
        return convolution(x, w, self.bias, self.s, self.p, self.d, flip=self.flip)

    def storyboard(self) -> Storyboard:
        """One step for each output cell."""
        settings = [
            ("kernel", math_size("k", self._k)), ("stride", math_size("s", self.s)),
            ("padding", math_size("p", self.p)),
        ]  # fmt: skip
        if self.d != (1, 1):
            settings.append(("dilation", math_size("d", self.d)))
        if self.bias:
            settings.append(("bias", assigned("b", as_given(self.bias))))
        return Storyboard(
            scene="conv",
            parameters=self.public(),
            title="Convolution",
            settings=settings_text(*settings),
            formula=self._formula(),
            convention="true convolution: kernel rotated" if self.flip else "cross-correlation: kernel not flipped",
            alt=self._alt(),
            rows=((self._input_panel(), Sign(name="times", text="∗"), self._kernel_panel(),
                   Sign(name="equals", text="="), self._output_panel()),),
            steps=self._steps,
            count=self._out[0] * self._out[1],
            step_roles=("kernel", "kernel_on_padding", "output"),
            symbols=SIZES,
        )  # fmt: skip

    @property
    def _picture(self) -> bool:
        return self._map.source == "image"

    @property
    def _crowded(self) -> bool:
        return bool(max(self._size) >= CROWDED_SIDE)

    def _roles(self) -> npt.NDArray[np.str_]:
        k = self._k
        is_map = pad2d(np.ones(self._size), self.p) == 1
        seen = reached(self._padded.shape, k, self.s, self.d, self._out)
        return np.select(
            [is_map & seen, is_map, seen], ["input", "unreached", "padding"], default="padding_unreached"
        )

    def _input_panel(self) -> Grid:
        rows, columns = self._size
        label = f"Input {size_text(rows, columns)}"
        if self.p != (0, 0):
            label += f", zero padding {words_size(self.p)}"
        roles = self._roles()
        if any(str(role).endswith("unreached") for role in np.unique(roles)):
            label += "\nhatched: never reached"
        shade = map_shade(self._map, crowded=self._crowded)
        boundary = Mark(name="map", role="boundary", row=self.p[0], column=self.p[1], rows=rows, columns=columns)
        return Grid(
            name="input", label=label, values=self._padded, roles=roles, padding=self.p,
            digits=self._digits["input"], numbers=not self._crowded, shade=shade, notes=True,
            marks=((boundary,) if self.p != (0, 0) else ()) + (Mark(name="window", role="window"),),
        )  # fmt: skip

    def _kernel_panel(self) -> Grid:
        values = self._kernel.values
        label = f"Kernel {size_text(*values.shape)}"
        if self._kernel.name and self._kernel.source != "random":
            label += f"\n{self._kernel.name}"
        return Grid(
            name="kernel", label=label + ("\nrotated by 180° when applied" if self.flip else ""), values=values,
            roles=np.full(values.shape, "kernel"), digits=self._digits["kernel"], enlarge=True,
            shade=shade_for(values, picture=False, always=False),
        )  # fmt: skip

    def _output_panel(self) -> Grid:
        return Grid(
            name="output", label=f"Output {size_text(*self._out)}", values=np.full(self._out, np.nan),
            roles=np.full(self._out, "pending"), digits=self._digits["output"],
            numbers=not self._crowded,
            shade=shade_for(self._result, picture=self._picture, always=self._picture or self._crowded),
            marks=(Mark(name="current", role="result"),),
        )  # fmt: skip

    @cached_property
    def _digits(self) -> dict[str, int]:
        x, w, most = self._map.values, self._weights, self._most()
        return {
            "input": digits_for(x, most=most, above=0), "kernel": digits_for(w, most=most, above=0),
            "output": digits_for(self._result, most=most, above=lost_of(x, w)),
            "bias": decimals_as_given(self.bias),
        }  # fmt: skip

    def _steps(self) -> Iterator[Step]:
        k, digits = self._k, self._digits
        notes = [f"×{number(w, digits['kernel'])}" for w in self._weights.ravel()]
        cover = Cover("input", self._roles(), COVERING)
        span = (k[0] - 1) * self.d[0] + 1, (k[1] - 1) * self.d[1] + 1
        for row, column in positions(self._out):
            cells = window((row, column), k, self.s, self.d)
            covered = {(int(r), int(c)): note for (r, c), note in zip(cells.reshape(-1, 2), notes, strict=True)}
            value = float(self._result[row, column])
            changes: list[Change] = [
                *cover.move(covered),
                MoveMark(panel="input", mark="window", row=row * self.s[0], column=column * self.s[1],
                         rows=span[0], columns=span[1]),
                Cell(panel="output", row=row, column=column, role="output", value=value),
                MoveMark(panel="output", mark="current", row=row, column=column, rows=1, columns=1),
            ]  # fmt: skip
            pixels = self._padded[cells[..., 0], cells[..., 1]]
            caption = dot_product(f"$y_{{{row + 1},{column + 1}}}$", pixels, self._weights, value, digits, self.bias)
            yield Step(caption=caption, changes=tuple(changes))

    def _formula(self) -> str:
        dilated = self.d != (1, 1)
        filled = []
        for axis in range(2):
            i, k, o = self._size[axis], self._k[axis], self._out[axis]
            s, p, d = self.s[axis], self.p[axis], self.d[axis]
            span = rf"{d}\cdot({k}-1)-1" if dilated else str(k)
            filled.append(rf"\lfloor({i}+2\cdot{p}-{span})/{s}\rfloor+1={o}")
        return by_axis(r"o=\lfloor(i+2p-d(k-1)-1)/s\rfloor+1" if dilated else r"o=\lfloor(i+2p-k)/s\rfloor+1", filled)

    def _alt(self) -> str:
        i, k = self._size, self._k
        spread = f", dilation {words_size(self.d)}" if self.d != (1, 1) else ""
        count = self._out[0] * self._out[1]
        return (
            f"Animation of a convolution: a {size_text(*k)} kernel slides over a {size_text(*i)} input with stride "
            f"{words_size(self.s)}, padding {words_size(self.p)}{spread}; {fills(count)} the "
            f"{size_text(*self._out)} output, each cell the sum of products under the kernel"
            f"{', plus a bias' if self.bias else ''}.{told(self._result, lost_of(self._map.values, self._weights))}"
        )
