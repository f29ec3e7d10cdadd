"""Pooling: a window slides over the input and keeps its maximum or its mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.data import MAP_NAMES, Data, load_map
from cnnviz.errors import UsageError
from cnnviz.limits import MAX_KERNEL, MAX_SIDE
from cnnviz.notation import size_text
from cnnviz.ops.pooling import (
    adaptive_avg_pool2d,
    adaptive_max_pool2d,
    avg_pool2d,
    avg_pool_divisor,
    max_pool2d,
    pool_geometry,
)
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.scenes._pooling import Pooled, Walk, Windows
from cnnviz.scenes._sliding import (
    INPUT_HELP,
    SIZES,
    by_axis,
    check_side,
    check_steps,
    fills,
    lost_of,
    math_size,
    positions,
    settings_text,
    told,
    words_size,
)
from cnnviz.storyboard import Cell, Change, Mark, MoveMark, Sign, Step, Storyboard

if TYPE_CHECKING:
    from cnnviz.operation import Operation

_NAMES = {"max": "max pooling", "avg": "average pooling"}


@dataclass(frozen=True, kw_only=True)
class Pool(Scene):
    """Pooling: each output is the maximum or the mean of a window of the input.

    With an output size the windows are chosen to give it, as adaptive pooling does; an output size of 1 is global
    pooling. Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning", relationship 7; windows
    at the edges, divisors and adaptive windows are those of torch.nn.functional.
    """

    examples: ClassVar = (
        "cnnviz pool max --i 4 --k 2",
        "cnnviz pool avg --i 5 --k 3 --s 2 --p 1 --no-count-include-pad",
        "cnnviz pool avg --i 6 --output-size 1",
    )

    kind: str = param("max", choices=("max", "avg"), positional=True, always_named=True,
                      help="What is kept of a window: its maximum or its average.")  # fmt: skip
    i: Size | None = param(
        None, alias="input-size", help="Input size.", lo=1, hi=MAX_SIDE, shown_default="4, or the data's own",
        always_named=True,
    )
    k: Size | None = param(
        None, alias="kernel-size", help="Window size.", lo=1, hi=MAX_KERNEL, shown_default="2"
    )
    s: Size | None = param(
        None, alias="stride", help="Stride.", lo=1, hi=MAX_SIDE, shown_default="the window's size"
    )
    p: Size = param(0, alias="padding", help="Padding around the input, at most half of the window.", lo=0, hi=MAX_SIDE)
    d: Size = param(1, alias="dilation", help="Spacing of the window's cells, for max.", lo=1, hi=MAX_SIDE)
    ceil_mode: bool = param(False, help="Keep a last window that hangs over the edge.")
    count_include_pad: bool = param(True, help="Count the padding's zeros in the mean, for avg.")
    output_size: Size | None = param(
        None, help="Output size, of adaptive pooling; 1 is global pooling.", lo=1, hi=MAX_SIDE, shown_default="none"
    )
    input: ArrayLike = param("random", group="Data", names=lambda: MAP_NAMES, help=INPUT_HELP)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_together()
        object.__setattr__(self, "i", self._map.values.shape)
        if self.output_size is None:
            object.__setattr__(self, "k", self.k or (2, 2))
            object.__setattr__(self, "s", self.s or self.k)
            for k, p in zip(self._k, self.p, strict=True):
                if 2 * p > k:
                    less = f"use --p {k // 2} or less, or --k {2 * p} or more"
                    raise UsageError(f"padding {p} is more than half of window {k}: {less}")
        output = self._pooled.windows.output
        rows, columns = self._map.values.shape
        adaptive = -(-rows // output[0]), -(-columns // output[1])
        check_steps(output[0] * output[1], "this pooling", self.k or adaptive)
        check_side(self._pooled.windows.drawn, "the padded input", "use a smaller --p or --i")

    def _check_together(self) -> None:
        if self.kind == "avg" and self.d != (1, 1):
            raise UsageError(f"avg pooling has no dilation {words_size(self.d)}: leave --d out, or use max")
        if self.kind == "max" and not self.count_include_pad:
            raise UsageError("max pooling counts nothing: leave --no-count-include-pad out, or use avg")
        if self.output_size is None:
            return
        given = {"--k": self.k, "--s": self.s, "--p": self.p != (0, 0), "--d": self.d != (1, 1),
                 "--ceil-mode": self.ceil_mode, "--no-count-include-pad": not self.count_include_pad}  # fmt: skip
        for option in [name for name, value in given.items() if value]:
            size = words_size(self.output_size)
            raise UsageError(f"--output-size {size} chooses its own windows: leave {option} out, or --output-size")

    @property
    def _k(self) -> Size:
        return self.k or (2, 2)

    @property
    def _s(self) -> Size:
        return self.s or self._k

    @cached_property
    def _map(self) -> Data:
        return load_map(self.input, self.i, seed=self.seed, default_size=(4, 4))

    @cached_property
    def _pooled(self) -> Pooled:
        values, size = self._map.values[None], (self._map.values.shape[0], self._map.values.shape[1])
        most = self._most()
        if self.output_size is not None:
            windows = Windows.adaptive(size, self.output_size)
            if self.kind == "max":
                best, indices = adaptive_max_pool2d(values, self.output_size, True)
                return Pooled(self._map, windows, best[0], winners=indices[0], most=most)
            counts = np.outer([len(span) for span in windows.rows], [len(span) for span in windows.columns])
            means = adaptive_avg_pool2d(values, self.output_size)
            return Pooled(self._map, windows, means[0], divisors=counts, most=most)
        windows = Windows.sliding(size, self._k, self._s, self.p, self.d, self.ceil_mode)
        if self.kind == "max":
            best, indices = max_pool2d(
                values, self._k, self._s, self.p, self.d, self.ceil_mode, return_indices=True
            )  # fmt: skip
            return Pooled(self._map, windows, best[0], winners=indices[0], most=most)
        geometry = pool_geometry(size, self._k, self._s, self.p, 1, self.ceil_mode)
        means = avg_pool2d(values, self._k, self._s, self.p, self.ceil_mode, self.count_include_pad)
        divisors = avg_pool_divisor(geometry, self.count_include_pad)
        return Pooled(self._map, windows, means[0], divisors=divisors, most=most)

    def expected(self) -> dict[str, npt.NDArray[np.float64]]:
        """The vectorised pooling."""
        return {"output": np.asarray(self._pooled.result, np.float64)}

    def operation(self) -> Operation:
        """The pooling."""
        from cnnviz.scenes._operations import pooling

        if self.output_size is not None:
            return pooling(self._map.values, f"adaptive_{self.kind}_pool2d", {"output_size": self.output_size})
        last = {"dilation": self.d} if self.kind == "max" else {"count_include_pad": self.count_include_pad}
        options = {"kernel_size": self._k, "stride": self._s, "padding": self.p, "ceil_mode": self.ceil_mode, **last}
        return pooling(self._map.values, f"{self.kind}_pool2d", options)

    def storyboard(self) -> Storyboard:
        """One step for each output cell."""
        output = self._pooled.windows.output
        marks = (Mark(name="winner", role="result"),) if self.kind == "max" else ()
        roles = ("kernel", "kernel_on_padding", "output") + (("winner",) if self.kind == "max" else ())
        return Storyboard(
            scene="pool",
            parameters=self.public(),
            title=self._title(),
            settings=self._settings(),
            formula=self._formula(),
            convention=self._convention(),
            alt=self._alt(),
            rows=((self._pooled.input_panel(self._label(), marks), Sign(name="becomes", text="→"),
                   self._pooled.output_panel("output", "Output")),),
            steps=self._steps,
            count=output[0] * output[1],
            step_roles=roles,
            symbols=SIZES,
        )  # fmt: skip

    def _steps(self) -> Iterator[Step]:
        walk = Walk(self._pooled)
        for row, column in positions(self._pooled.windows.output):
            value = float(self._pooled.result[row, column])
            changes: list[Change] = [
                *walk.to((row, column)),
                Cell(panel="output", row=row, column=column, role="output", value=value),
                MoveMark(panel="output", mark="current", row=row, column=column, rows=1, columns=1),
            ]
            arithmetic = self._pooled.arithmetic((row, column), self.count_include_pad)
            yield Step(caption=f"$y_{{{row + 1},{column + 1}}}$ = {arithmetic}", changes=tuple(changes))

    def _title(self) -> str:
        name = _NAMES[self.kind]
        if self.output_size is not None:
            name = ("global " if self.output_size == (1, 1) else "adaptive ") + name
        return name.capitalize()

    def _settings(self) -> str:
        if self.output_size is not None:
            return f"output {math_size('o', self.output_size)}"
        settings = [("window", math_size("k", self._k)), ("stride", math_size("s", self._s))]
        if self.p != (0, 0):
            settings.append(("padding", math_size("p", self.p)))
        if self.d != (1, 1):
            settings.append(("dilation", math_size("d", self.d)))
        return settings_text(*settings)

    def _label(self) -> str:
        label = f"Input {size_text(*self._map.values.shape)}"
        if self.p == (0, 0):
            return label
        kind = "padding" if self.kind == "max" else "zero padding"
        return f"{label}, {kind} {words_size(self.p)}"

    def _convention(self) -> str:
        notes = []
        if self.p != (0, 0):
            counted = "counted" if self.count_include_pad else "not counted"
            notes.append("padding never wins" if self.kind == "max" else f"padding is {counted} in the mean")
        if self.ceil_mode:
            notes.append("a last window may hang over the edge")
        return ", ".join(notes)

    def _formula(self) -> str:
        if self.output_size is not None:
            return self._adaptive_formula()
        span = "d(k-1)-1" if self.d != (1, 1) else "k"
        left, right = (r"\lceil", r"\rceil") if self.ceil_mode else (r"\lfloor", r"\rfloor")
        filled, dropped = [], False
        for i, k, s, p, d, o in zip(
            self._map.values.shape, self._k, self._s, self.p, self.d, self._pooled.windows.output, strict=True
        ):
            span_filled = rf"{d}\cdot({k}-1)-1" if self.d != (1, 1) else str(k)
            padding = rf"+2\cdot{p}" if self.p != (0, 0) else ""
            room = i + 2 * p - d * (k - 1) - 1
            whole = (-(-room // s) if self.ceil_mode else room // s) + 1
            less = "-1" if whole > o else ""
            dropped = dropped or bool(less)
            filled.append(rf"{left}({i}{padding}-{span_filled})/{s}{right}+1{less}={o}")
        padding = "+2p" if self.p != (0, 0) else ""
        formula = by_axis(rf"o={left}(i{padding}-{span})/s{right}+1", filled)
        return formula + (": the last would start beyond the input" if dropped else "")

    def _adaptive_formula(self) -> str:
        size, output = self._pooled.windows.size, self._pooled.windows.output
        if output == (1, 1):
            return f"one window of the input's size, {size_text(*size)}"
        filled = [
            rf"\lfloor r\cdot{i}/{o}\rfloor\leq x<\lceil(r+1)\cdot{i}/{o}\rceil"
            for i, o in zip(size, output, strict=True)
        ]
        if filled[0] == filled[1]:
            return f"window $r=0,1,\\ldots$ of {output[0]} covers ${filled[0]}$"
        return f"window $r=0,1,\\ldots$ covers rows ${filled[0]}$, columns ${filled[1]}$"

    def _alt(self) -> str:
        i, o = self._map.values.shape, self._pooled.windows.output
        what = "maximum, which is marked" if self.kind == "max" else "mean"
        if self.output_size == (1, 1):
            return (
                f"Animation of {self._title().lower()}: one window as large as the {size_text(*i)} input gives one "
                f"output, its {what}.{told(self._pooled.result, lost_of(self._pooled.data.values))}"
            )
        if self.output_size is not None:
            where = f"windows chosen for a {size_text(*o)} output move over a {size_text(*i)} input"
        else:
            where = (
                f"a {size_text(*self._k)} window slides over a {size_text(*i)} input with stride {words_size(self._s)}"
                f", padding {words_size(self.p)}" + (f", dilation {words_size(self.d)}" if self.d != (1, 1) else "")
            )
        return (
            f"Animation of {self._title().lower()}: {where}; {fills(o[0] * o[1])} the {size_text(*o)} output, each "
            f"cell the window's {what}.{told(self._pooled.result, lost_of(self._pooled.data.values))}"
        )
