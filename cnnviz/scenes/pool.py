"""Pooling: a window slides over the input and keeps its maximum or its mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from cnnviz.limits import MAX_SIDE
from cnnviz.parameters import Size, param, to_cli
from cnnviz.scenes._pooling import Pooled, adaptive_ranges, left_of
from cnnviz.story import Graph, Sliding, Story, Windows, dilation, kernel_size, padding, raise_if, stride
from cnnviz.storyboard import Step
from cnnviz.words import Shape, Text, equation, joined

_TITLES = {
    "max": ("Max pooling", "Global max pooling", "Adaptive max pooling"),
    "avg": ("Average pooling", "Global average pooling", "Adaptive average pooling"),
}


@dataclass(frozen=True, kw_only=True)
class Pool(Pooled):
    """Pooling: each output is the maximum or the mean of a window of the input.

    With an output size it is adaptive pooling; an output size of 1 is global pooling. Dumoulin and Visin (2016), "A
    guide to convolution arithmetic for deep learning", relationship 7; windows at the edges, divisors and adaptive
    windows are as in torch.nn.functional.
    """

    examples: ClassVar = (
        "cnnviz pool max --i 4 --k 2",
        "cnnviz pool avg --i 5 --k 3 --s 2 --p 1 --no-count-include-pad",
        "cnnviz pool avg --i 6 --output-size 1",
    )

    k: Size | None = kernel_size(help="Window size.", shown_default="2", always_named=False)
    s: Size | None = stride(None, shown_default="the window's size", always_named=False)
    p: Size = padding(help="Padding around the input, at most half the window.", always_named=False)
    d: Size = dilation(help="Spacing of the window's cells, for max.")
    ceil_mode: bool = param(False, help="Keep a last window that extends past the edge.")
    count_include_pad: bool = param(True, help="Count the padding's zeros in the mean, for avg.")
    output_size: Size | None = param(
        None, help="Output size of adaptive pooling; 1 is global pooling.", lo=1, hi=MAX_SIDE, shown_default="none"
    )

    def prepare(self) -> None:
        """Load the input and set `i`, `k` and `s`; raises UsageError."""
        is_max, chosen, dilated, k = self.kind == "max", self.output_size, self.d != (1, 1), self.k or (2, 2)
        uncounted, most = not self.count_include_pad, to_cli(tuple(side // 2 for side in k))
        least = to_cli(tuple(max(side, 2 * p) for side, p in zip(k, self.p, strict=True)))
        own = self.k or self.s or any(self.p) or dilated or self.ceil_mode or uncounted
        windows = f"--output-size {to_cli(chosen)} chooses its own windows"
        options = "--k, --s, --p, --d, --ceil-mode and --no-count-include-pad"
        large = f"padding {to_cli(self.p)} is more than half of window {to_cli(k)}"
        raise_if(
            {
                f"avg pooling has no dilation {to_cli(self.d)}: leave --d out, or use max": dilated and not is_max,
                "max pooling counts nothing: leave --no-count-include-pad out, or use avg": uncounted and is_max,
                f"{windows}: leave {options} out": chosen and own,
                f"{large}: use --p {most} or less, or --k {least} or more": least != to_cli(k),
            }
        )
        self.fill_in(i=self.map.values.shape)
        if chosen is None:
            self.fill_in(k=self.k or (2, 2))
            self.fill_in(s=self.s or self.k)

    def story(self) -> Story:
        """One step per output cell."""
        x, graph, options = self.map.values, Graph(), dict[str, Any]()
        title = _TITLES[self.kind][0 if self.output_size is None else 1 if self.output_size == (1, 1) else 2]
        story = Story(self, Text(title), graph)
        if self.output_size:
            function, windows = "adaptive_", Windows.adaptive(x.shape, self.output_size)
            options = {"output_size": self.output_size}
            story.show_sizes(o=self.output_size)
            formula = adaptive_ranges(x.shape, windows.out)
            what = Text("windows chosen for a {o} output cover a {i} input", o=Shape(windows.out), i=Shape(x.shape))
        elif self.k and self.s:
            slide = Sliding(i=x.shape, k=self.k, s=self.s, p=self.p, d=self.d, ceil_mode=self.ceil_mode)
            function, windows, formula = "", slide.windows, slide.formula(padded=any(self.p))
            options = {"kernel_size": self.k, "stride": self.s, "padding": self.p, "ceil_mode": self.ceil_mode}
            options |= {"dilation": self.d} if self.kind == "max" else {"count_include_pad": self.count_include_pad}
            story.show_setting("window", "k", self.k)
            story.show_sizes(s=self.s, **({"p": self.p} if any(self.p) else {}), d=self.d)
            what = slide.describe(story.settings_text("window"), "window")
        y = graph.compute(f"{function}{self.kind}_pool2d", graph.map("x", x), **options)
        keeps = {"max": "Each window keeps its maximum: {i} → {o}", "avg": "Each window keeps its mean: {i} → {o}"}
        story.point = Text(keeps[self.kind], i=Shape(x.shape, "input"), o=Shape(windows.out, "output"))
        story.check_limits(windows, "this pooling")
        X = self.input_panel(story, windows)
        Y = self.output_panel(story, X, "output", "Output {size}", y)
        winners = self.winners(X, windows)

        def steps() -> Iterator[Step]:
            for at in windows.positions():
                value = self.kept(X, Y, windows, at, counts_padding=self.count_include_pad)
                caption = equation(Y.symbol("y", at), value, Y.rounded(at), letters=70)
                yield story.step(caption, X.move_window(windows, at, winner=winners.get(at)), Y.write(at))
            if windows.count > 1:
                kept = [X.set(cell, role="winner") for cell in winners.values()]
                yield story.step(left_of(x.size, winners), kept, story.uncover(), beats=2)

        means = "padding is counted in the mean" if self.count_include_pad else "padding is not counted in the mean"
        padding = Text("padding never wins" if winners else means)
        hangs = Text("a last window may hang over the edge")
        value = Text("maximum, which is marked" if winners else "mean")
        template = "{name}: {windows}; each cell of the {o} output is its window's {kept}"
        return story.play(
            steps,
            windows.count + (windows.count > 1),
            (X, "→", Y),
            alt=Text(template, name=Text(title.lower()), windows=what, o=Shape(windows.out), kept=value),
            step_roles=("kernel", "kernel_on_padding", "output", *["winner"] * bool(winners)),
            formula=formula,
            convention=joined((padding if any(self.p) else None, hangs if self.ceil_mode else None)),
        )
