"""Convolution of a volume: the kernel has depth too, and slides along three axes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from cnnviz.operation import KERNEL, MAP
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.story import (
    Axis,
    Graph,
    Story,
    Windows,
    input_maps,
    input_size,
    kernel_size,
    kernel_values,
    load_maps,
    padding,
    sheet_marks,
    steps_fill,
    stride,
    times,
)
from cnnviz.storyboard import Step, Values
from cnnviz.words import Math, Number, Shape, Text, dot, evaluate, total


@dataclass(frozen=True, kw_only=True)
class Conv3d(Scene):
    """A convolution over depth, rows and columns, as of scans and clips: each output sums over neighbouring slices.

    The cross-correlation of torch.nn.functional.conv3d; Ji et al. (2013), "3D convolutional neural networks for human
    action recognition", equation 2.
    """

    examples: ClassVar = ("cnnviz conv3d --depth 3 --i 3 --kernel-depth 2 --k 2", "cnnviz conv3d --depth 4 --s 2 --i 4")

    depth: int | None = param(None, help="Slices of the volume.", lo=1, hi=8, shown_default="3, or the data's own")
    i: Size | None = input_size(hi=12, help="Size of a slice.", shown_default="3, or the data's own")
    kernel_depth: int | None = param(
        None, help="Slices of the kernel.", lo=1, hi=4, shown_default="2, or the data's own"
    )
    k: Size | None = kernel_size(hi=4, help="Size of a kernel's slice.", shown_default="2, or the data's own")
    s: int = stride(help="Stride along all three axes.", hi=8)
    p: int = padding(help="Zeros around the volume, slices of zeros too.", hi=2)
    input: ArrayLike = input_maps("the slices")
    kernel: ArrayLike = kernel_values(None, help="Kernel: its slices one below the other.", shown_default="a small one")

    def story(self) -> Story:
        """One step for each output, with the partial sum of every slice."""
        x, w = self._loaded()
        self.fill_in(depth=len(x), i=x.shape[1:], kernel_depth=len(w), k=w.shape[1:])
        axes = [Axis.sliding(size, k, self.s, self.p) for size, k in zip(x.shape, w.shape, strict=True)]
        windows, graph = Windows(tuple(axes)), Graph()
        volume, kernel = graph.input("x", x[None, None], MAP), graph.input("w", w[None, None], KERNEL)
        options = {name: (value,) * 3 for name, value in (("stride", self.s), ("padding", self.p), ("dilation", 1))}
        y = graph.compute("conv3d", volume, kernel, result="y", **options)

        story = Story(self, Text("Convolution of a volume"), graph)
        template = "The kernel spans {n} slices at once: {i} → {o}"
        story.point = Text(template, n=len(w), i=Shape(x.shape, "input"), o=Shape(windows.out, "output"))
        story.check_limits(windows, "this convolution")
        story.show_sizes(s=self.s, p=self.p)
        captions = tuple(Text("slice {n}", n=n + 1) for n in range(windows.drawn[0]))
        held: dict[str, Any] = {"held": True, "captions": captions}
        marks = sheet_marks("window", len(captions), "window")
        X = story.cells("input", "Volume {size}", volume, windows=windows, marks=marks, **held)
        W = story.cells("kernel", "Kernel {size}", kernel, axes=3, role="kernel", held=True, captions=("",) * len(w))
        held = {"held": True, "captions": captions[: windows.out[0]]}
        Y = story.cells("output", "Output {size}", y, axes=3, pending=True, **held)
        weights = W.read()

        def steps() -> Iterator[Step]:
            area = w[0].size
            for at in windows.positions():
                pixels = X.read(windows.cells(at))
                slices = (dot(pixels[n : n + area], weights[n : n + area]) for n in range(0, w.size, area))
                sums = [Number(float(evaluate(each)), Y.decimals) for each in slices]
                caption = Y.equals(at, dot(pixels, weights, None, Y[at]), total(sums), letters=60)
                yield story.step(caption, X.move_windows(windows, at, notes=times(weights)), Y.write(at))

        answer = Text("Every output sums over {n} slices, with the same {weights} weights", n=len(w), weights=w.size)
        alt = "a {k} kernel sliding through a {i} volume with {settings}; {steps} the {o} output"
        shapes = {"k": Shape(w.shape), "i": Shape(x.shape), "o": Shape(windows.out)}
        return story.play(
            steps,
            windows.count,
            (W,),
            (X, "→", Y),
            answer=answer if len(w) > 1 else "",
            alt=Text(alt, settings=story.settings_text(), steps=steps_fill(windows.count), **shapes),
            formula=Math(r"o=\lfloor(i+2p-k)/s\rfloor+1"),
        )

    def _loaded(self) -> tuple[Values, Values]:
        options: dict[str, Any] = {"seed": self.seed, "what": "slices"}
        x = load_maps(self.input, self.depth, self.i, default=(3, (3, 3)), option="--depth", **options)
        given, slices = self.kernel, self.kernel_depth
        if given is None:
            # Once made, a figure has the sizes that it was made with.
            usual = self.k in (None, (2, 2)) and slices in (None, 2)
            given, slices = ("1 0; 0 1; 0 -1; 1 0", 2) if usual else ("random", slices)
        w = load_maps(given, slices, self.k, default=(2, (2, 2)), option="--kernel-depth", **options)
        return x.values, w.values
