"""Patch embedding: a picture is cut into patches, and each becomes a token of a vision transformer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cnnviz.data import MAP_NAMES, load_kernel, load_map
from cnnviz.notation import size_text
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.scenes._channels import sheets
from cnnviz.scenes._filters import check_count
from cnnviz.story import (
    CURRENT,
    KERNEL_HELP,
    Axis,
    Graph,
    Story,
    Windows,
    input_map,
    input_size,
    kernel_values,
    load_sheets,
    raise_if,
    sheet_marks,
)
from cnnviz.storyboard import Mark, Operator, Step
from cnnviz.words import Extent, Math, Number, Shape, Text, equation, joined

_MOST_PATCHES, _MOST_NUMBERS = 16, 48


@dataclass(frozen=True, kw_only=True)
class PatchEmbed(Scene):
    """How a vision transformer reads a picture: patches are laid out in rows, and a linear layer makes tokens of them.

    Dosovitskiy et al. (2021), "An image is worth 16×16 words", equation 1, without its class token and its position
    embedding; torch's conv2d with a kernel and a stride as large as a patch.
    """

    examples: ClassVar = ("cnnviz patch-embed --channels 3", "cnnviz patch-embed --channels 1 --i 6 --patch 3 --d 2")

    channels: int | None = param(None, help="Channels.", lo=1, hi=4, shown_default="2, or the data's own")
    i: Size | None = input_size(shown_default="4, or the data's own")
    patch: Size = param(2, alias="patch-size", help="Size of a patch.", lo=1, hi=6, always_named=True)
    d: int = param(3, help="Numbers in a token.", lo=1, hi=6, always_named=True)
    input: ArrayLike = input_map("small-random")
    kernel: ArrayLike = kernel_values("random", help=KERNEL_HELP + " One for each channel and number of a token.")
    bias: float = param(1.0, help="Added to every number of a token.", lo=-1e9, hi=1e9, group="Data")

    def story(self) -> Story:
        """A step for each patch, one for each number of each token, and one for the convolution that it is."""
        asked = self.channels or (2 if isinstance(self.input, str) and self.input in MAP_NAMES else None)
        data = load_sheets(load_map, self.input, [asked], self.i, seed=self.seed, default_size=(4, 4))
        x, (rows, columns), d = data.values, self.patch, self.d
        channels, height, width = x.shape
        check_count(channels, asked, "channels")
        self.fill_in(channels=channels, i=(height, width))
        count, m = (height // rows) * (width // columns), channels * rows * columns
        fits = f"--i {-(-height // rows) * rows}x{-(-width // columns) * columns}"
        uneven = f"{rows}×{columns} patches do not divide the {height}×{width} input: use {fits}"
        most = f"which has room for {_MOST_NUMBERS} in {_MOST_PATCHES}: use a smaller --i or another --patch"
        crowded = f"{m} numbers in each of {count} patches do not fit the stage, {most}"
        raise_if({uneven: height % rows or width % columns, crowded: count > _MOST_PATCHES or m > _MOST_NUMBERS})
        w = load_sheets(
            load_kernel, self.kernel, [d, channels], self.patch, seed=self.seed, size_option="--patch"
        ).values
        given = f"--kernel holds {size_text(*w.shape[:2])} kernels: give {size_text(d, channels)}"
        raise_if({f"{given}, numbers in a token × channels": w.shape[:2] != (d, channels)})
        graph = Graph()
        slides: dict[str, Any] = {"stride": self.patch, "padding": (0, 0), "dilation": (1, 1)}
        pixels, kernel, added = graph.map("x", x), graph.kernel("w", w), graph.input("b", np.full(d, self.bias))
        unfolded = graph.compute("unfold", pixels, result="unfolded", kernel_size=self.patch, **slides)
        patches = graph.compute("tokens", unfolded, result="patches")
        y = graph.compute("conv2d", pixels, kernel, added, **slides)
        tokens = graph.compute("tokens", y, result="tokens")
        graph.main_call = 2

        windows = Windows((Axis.all(channels), *map(Axis.sliding, x.shape[1:], self.patch, self.patch)))
        template = "Each patch is a row of {m} numbers; the same weights turn every row into a token of {d}"
        story = Story(self, Text("Patch embedding"), graph, point=Text(template, m=m, d=d))
        story.show_sizes(C=channels)
        story.show_setting("patch", "p", self.patch)
        story.show_setting("token", "D", d)
        b = story.show_bias(self.bias)
        options = sheets(range(channels), channels, "channel {n}", "")
        outlines = sheet_marks("window", channels, "window")[::-1]
        X = story.cells("input", "", pixels, windows=windows, data=data, marks=outlines, **options)
        row = Mark(name="row", role="window")
        P = story.cells("patches", "Patches P {size}", patches, axes=2, pending=True, marks=(CURRENT, row))
        W = story.cells("weights", "Weights W {size}", w.reshape(d, m), role="kernel", marks=(row,))
        T = story.cells("tokens", "Tokens T {size}", tokens, axes=2, pending=True)
        options = {"axes": 3, "held": True, "captions": ("",) * d}
        Y = story.cells("maps", "Conv2d {size}", y, pending=True, **options)

        def steps() -> Iterator[Step]:
            for t, at in enumerate(windows.positions()):
                laid = [P.write((t, c), "", "input", X, cell) for c, cell in enumerate(windows.cells(at))]
                words = Text("Patch {n} of {count}, channel by channel, becomes row {n}", n=t + 1, count=count)
                yield story.step(words, X.move_windows(windows, at), *laid, P.mark("current", (t, 0), (1, m)))
            leaving = story.uncover()
            for t, o in np.ndindex(count, d):
                cells = [(t, c) for c in range(m)]
                caption = T.dot_product((t, o), P.read(cells), W.read((o, c) for c in range(m)), b, letter="t")
                lit = P.mark("row", (t, 0), (1, m)), W.mark("row", (o, 0), (1, m))
                yield story.step(caption, leaving, P.cover(cells), lit, T.write((t, o)))
                leaving = []
            leaving = story.uncover()
            for t, (_, *cell) in enumerate(windows.positions()):
                same = (Y.write((o, *cell), "", source=T, origin=(t, o)) for o in range(d))
                template = (
                    "A convolution with kernel = stride = {p} gives the same: token {n} is cell {r}, {c} of its maps"
                )
                words = Text(template, p=Extent(self.patch), n=t + 1, r=cell[0] + 1, c=cell[1] + 1)
                yield story.step(words, leaving, *same, T.mark("current", (t, 0), (1, d)), Y.mark("current", cell))
                leaving = []

        cut = Number(height) / rows * (Number(width) / columns)
        weights = Number(d) * (Number(channels) * rows * columns) + d
        formula = (
            Math(r"T=P\,W^{T}+b"),
            Text("tokens {n}", n=equation("N", cut, count)),
            Text("parameters {n}", n=equation(None, weights, d * m + d)),
        )
        times = Operator(name="times", text=Math(r"P\cdot"), size=24)
        product = Operator(name="product", text=Math(r"^{T}+b=" if b.value else r"^{T}="), size=22)
        told = "a patch embedding: {x} cut into {n} patches; weights of {w} make a token of each, as a convolution does"
        return story.play(
            steps,
            count * (d + 2),
            (X, "→", P),
            (times, W, product, T, Operator(name="same", text="="), Y),
            answer=Text("Tokens are the cells of a convolution with kernel = stride = {p}", p=Extent(self.patch)),
            alt=Text(told, x=Shape(x.shape), n=count, w=Shape((d, m))),
            formula=joined(formula, "    "),
            convention=Text("a row: channel by channel, each row by row"),
        )
