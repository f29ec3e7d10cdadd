"""Pooling: a window slides over the input and keeps its maximum or its mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from cnnviz.data import Data, load_map
from cnnviz.errors import UsageError
from cnnviz.limits import MAX_SIDE
from cnnviz.parameters import ArrayLike, Size, param, to_cli
from cnnviz.scene import Scene
from cnnviz.scenes._pooling import input_panel, kept, output_panel, pooling_kind, winner
from cnnviz.story import (
    INPUT_HELP,
    Graph,
    Story,
    Windows,
    convolved_size,
    dilation,
    filled,
    filling,
    input_size,
    kernel_size,
    padding,
    stride,
)
from cnnviz.storyboard import Step
from cnnviz.words import Extent, Math, Number, Shape, Text, Words, call, equation, joined, size

_TITLES = {
    "max": ("Max pooling", "Global max pooling", "Adaptive max pooling"),
    "avg": ("Average pooling", "Global average pooling", "Adaptive average pooling"),
}


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

    kind: str = pooling_kind("What is kept of a window: its maximum or its average.")
    i: Size | None = input_size(shown_default="4, or the data's own")
    k: Size | None = kernel_size(help="Window size.", shown_default="2", always_named=False)
    s: Size | None = stride(None, shown_default="the window's size", always_named=False)
    p: Size = padding(help="Padding around the input, at most half of the window.", always_named=False)
    d: Size = dilation(help="Spacing of the window's cells, for max.")
    ceil_mode: bool = param(False, help="Keep a last window that hangs over the edge.")
    count_include_pad: bool = param(True, help="Count the padding's zeros in the mean, for avg.")
    output_size: Size | None = param(
        None, help="Output size, of adaptive pooling; 1 is global pooling.", lo=1, hi=MAX_SIDE, shown_default="none"
    )
    input: ArrayLike = param("random", group="Data", help=INPUT_HELP)

    def prepare(self) -> None:
        """The input is loaded, and its size and the window become `i`, `k` and `s`; raises UsageError."""
        self._check_together()
        self.fill_in(i=self.map.values.shape)
        if self.output_size is None:
            self.fill_in(k=self.window)
            self.fill_in(s=self.s or self.window)

    @cached_property
    def map(self) -> Data:
        """The input."""
        return load_map(self.input, self.i, seed=self.seed, default_size=(4, 4))

    @property
    def window(self) -> Size:
        """Rows and columns of a sliding window."""
        return self.k or (2, 2)

    @property
    def strides(self) -> Size:
        """Strides of a sliding window."""
        return self.s or self.window

    def _check_together(self) -> None:
        if self.kind == "avg" and self.d != (1, 1):
            raise UsageError(f"avg pooling has no dilation {to_cli(self.d)}: leave --d out, or use max")
        if self.kind == "max" and not self.count_include_pad:
            raise UsageError("max pooling counts nothing: leave --no-count-include-pad out, or use avg")
        given = {
            "--k": self.k,
            "--s": self.s,
            "--p": self.p != (0, 0),
            "--d": self.d != (1, 1),
            "--ceil-mode": self.ceil_mode,
            "--no-count-include-pad": not self.count_include_pad,
        }
        if self.output_size is not None:
            for option in [name for name, value in given.items() if value]:
                chosen = to_cli(self.output_size)
                raise UsageError(
                    f"--output-size {chosen} chooses its own windows: leave {option} out, or --output-size"
                )
            return
        for k, p in zip(self.window, self.p, strict=True):
            if 2 * p > k:
                raise UsageError(
                    f"padding {p} is more than half of window {k}: use --p {k // 2} or less, or --k {2 * p} or more"
                )

    def story(self) -> Story:
        """One step for each output cell."""
        x = self.map.values
        graph = Graph()
        options: dict[str, Any]
        if self.output_size is None:
            windows = Windows.sliding(x.shape, self.window, self.strides, self.p, self.d, ceil_mode=self.ceil_mode)
            function, options = f"{self.kind}_pool2d", {"kernel_size": self.window, "stride": self.strides}
            options |= {"padding": self.p, "ceil_mode": self.ceil_mode}
            options |= {"dilation": self.d} if self.kind == "max" else {"count_include_pad": self.count_include_pad}
        else:
            windows = Windows.adaptive(x.shape, self.output_size)
            function, options = f"adaptive_{self.kind}_pool2d", {"output_size": self.output_size}
        y = graph.compute(function, graph.map("x", x), **options)

        title = self._title()
        story = Story(self, Text(title), graph)
        story.fits(windows, "this pooling")
        if self.output_size is None:
            story.set("window", "k", self.window)
            story.sizes(s=self.strides, **({"p": self.p} if any(self.p) else {}), d=self.d)
        else:
            story.sizes(o=self.output_size)
        X = input_panel(story, self.map, windows, self.kind)
        Y = output_panel(story, X, "output", "Output {size}", y)

        def steps() -> Iterator[Step]:
            for at in windows.places():
                value = kept(self.kind, X, Y, windows, at, counts_padding=self.count_include_pad)
                caption = equation(Y.symbol("y", at), value, Y[at], letters=70)
                yield story.step(caption, X.window(windows, at, (), winner(self.kind, X, windows, at)), Y.write(at))

        return story.play(
            steps,
            windows.count,
            (X, "→", Y),
            alt=self._what(title.lower(), windows),
            step_roles=("kernel", "kernel_on_padding", "output", *(("winner",) if self.kind == "max" else ())),
            formula=self._formula(windows) if self.output_size is None else self._adaptive_formula(windows),
            convention=self._convention(),
        )

    def _title(self) -> str:
        sliding, to_one, adaptive = _TITLES[self.kind]
        if self.output_size is None:
            return sliding
        return to_one if self.output_size == (1, 1) else adaptive

    def _convention(self) -> Words:
        notes = []
        if any(self.p):
            counted = (
                "padding is counted in the mean" if self.count_include_pad else "padding is not counted in the mean"
            )
            notes.append(Text("padding never wins" if self.kind == "max" else counted))
        if self.ceil_mode:
            notes.append(Text("a last window may hang over the edge"))
        return joined(notes)

    def _formula(self, windows: Windows) -> Words:
        dilated, padded = any(d > 1 for d in self.d), any(self.p)
        general = convolved_size(dilated=dilated, ceil_mode=self.ceil_mode, padded=padded)
        given = {"i": self.map.values.shape, "k": self.window, "s": self.strides, "p": self.p, "d": self.d}
        found = filled(general, windows.out, "output", **given)
        if any(found.value(axis) != o for axis, o in enumerate(windows.out)):
            # A last window that would begin in the padding behind the input is left out.
            starts = size("i") + size("p") if padded else size("i")
            general = call("min", general, call("ceil", starts / size("s")))
            found = filled(general, windows.out, "output", **given)
        return found

    def _adaptive_formula(self, windows: Windows) -> Words:
        sizes, out = self.map.values.shape, windows.out
        if out == (1, 1):
            return Text("one window as large as the input: {size}", size=Shape(sizes, "input"))
        rows, columns = (
            Math(rf"\lfloor r\cdot {i}/{o}\rfloor\leq x<\lceil(r+1)\cdot {i}/{o}\rceil")
            for i, o in zip(sizes, out, strict=True)
        )
        counted = Math(r"r=0,1,\ldots")
        if rows == columns:
            return Text("window {r} of {n} covers {range}", r=counted, n=Number(out[0], 0, ("output", "shape", 0)), range=rows)
        return Text("window {r} covers rows {rows}, columns {columns}", r=counted, rows=rows, columns=columns)

    def _what(self, name: str, windows: Windows) -> Words:
        i, o, steps = Shape(self.map.values.shape), Shape(windows.out), filling(windows.count)
        kept = Text("maximum, which is marked" if self.kind == "max" else "mean")
        if self.output_size == (1, 1):
            return Text(
                "{name}: one window as large as the {i} input gives one output, its {kept}",
                name=Text(name),
                i=i,
                kept=kept,
            )
        if self.output_size is None:
            where = Text(
                "a {k} window slides over a {i} input with stride {s}, padding {p}{dilation}",
                k=Shape(self.window),
                i=i,
                s=Extent(self.strides),
                p=Extent(self.p),
                dilation="" if self.d == (1, 1) else Text(", dilation {d}", d=Extent(self.d)),
            )
        else:
            where = Text("windows chosen for a {o} output move over a {i} input", o=o, i=i)
        return Text(
            "{name}: {where}; {steps} the {o} output, each cell the window's {kept}",
            name=Text(name),
            where=where,
            steps=steps,
            o=o,
            kept=kept,
        )
