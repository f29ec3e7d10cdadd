"""A kernel or window that slides over an input: its windows, output size, and descriptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cnnviz.errors import UsageError
from cnnviz.parameters import Sides, Size, sides_of
from cnnviz.story.graph import Graph, Tensor
from cnnviz.story.parameters import convolved_size, filled
from cnnviz.story.windows import Windows
from cnnviz.words import Extent, Filled, Joined, Shape, Text, Words, call, counted, size


@dataclass(frozen=True, kw_only=True)
class Sliding:
    """A window of size `k` that slides over an input of size `i`; `p` is None for scenes without a padding option.

    `mode` is torch.nn.Conv2d's `padding_mode`.
    """

    i: Size
    k: Size
    s: Size = (1, 1)
    p: Sides | None = None
    d: Size = (1, 1)
    ceil_mode: bool = False
    mode: str = "zeros"

    @cached_property
    def windows(self) -> Windows:
        """The windows; raises UsageError if none fits."""
        p = (None, None) if self.p is None else self.ends
        return Windows.sliding(self.i, self.k, self.s, p, self.d, ceil_mode=self.ceil_mode)

    @property
    def ends(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Padding before and after, along rows and columns."""
        p = self.p or (0, 0)
        return (p[0], p[-2]), (p[1], p[-1])

    @property
    def sizes(self) -> dict[str, Sequence[int]]:
        """All sizes by letter; if padding before and after differ they are p₁ and p₂."""
        before, after = zip(*self.ends, strict=True)
        p = {"p_1": before, "p_2": after} if before != after else {"p": before}
        return {"i": self.i, "k": self.k, "s": self.s, **p, "d": self.d}

    @property
    def settings(self) -> dict[str, Sequence[int]]:
        """All sizes except the input's."""
        return {symbol: size for symbol, size in self.sizes.items() if symbol != "i"}

    @property
    def options(self) -> dict[str, Any]:
        """The options of a convolution of the `padded` input."""
        return {
            "stride": self.s,
            "padding": (0, 0) if self._needs_explicit_pad else self.p or (0, 0),
            "dilation": self.d,
        }

    def padded(self, graph: Graph, x: Tensor) -> Tensor:
        """The input, padded if the convolution itself cannot: with another mode, or different padding on each side."""
        return self.pad(graph, x) if self._needs_explicit_pad else x

    def pad(self, graph: Graph, x: Tensor, result: str = "padded") -> Tensor:
        """The input with its padding."""
        mode = "constant" if self.mode == "zeros" else self.mode
        sides = [n for ends in reversed(self.ends) for n in ends]
        return graph.compute("pad", x, result=result, pad=tuple(sides), mode=mode)

    @property
    def _needs_explicit_pad(self) -> bool:
        return "p" not in self.sizes or (self.mode != "zeros" and any(self.p or ()))

    @property
    def leftover(self) -> Size:
        """The padded input's last rows and columns that no window reaches: the transpose's output padding."""
        rows, columns = (axis.size + axis.before - axis.spans[-1][-1] - 1 for axis in self.windows.axes)
        return rows, columns

    def formula(self, panel: str = "output", *, padded: bool = True) -> Filled:
        """The formula of the output size, which is that of `panel`; without p unless `padded`."""
        general, out = convolved_size(self.d != (1, 1), self.ceil_mode, padded, "p" not in self.sizes), self.windows.out
        formula = filled(general, out, panel, **self.sizes)
        if all(formula.value(axis) == o for axis, o in enumerate(out)):
            return formula
        # A last window that would start in the padding after the input is left out.
        starts = size("i") + size("p") if padded else size("i")
        return filled(call("min", general, call("ceil", starts / size("s"))), out, panel, **self.sizes)

    def describe(self, settings: Words, what: str = "kernel") -> Text:
        """A phrase for alt texts: what slides over what, with the other settings in words."""
        template = f"a {{k}} {what} slides over a {{i}} input with {{settings}}"
        return Text(template, k=Shape(self.k), i=Shape(self.i), settings=settings)

    def size_change(self, back: str = "") -> Words:
        """How the size changes, maybe back to that of a panel `back`: `5×5 → 3×3 → 5×5`."""
        there = Shape(self.i, "input"), Shape(self.windows.out, "output")
        return Joined((*there, Shape(self.i, back)) if back else there, " → ")

    def point(self) -> Words:
        """A sentence about how the kernel, padding or stride changes the size."""
        out, p, k = self.windows.out, Extent(self.p or (0, 0)), Shape(self.k)
        if any(d > 1 for d in self.d):
            template = "Dilation {d} spreads the {k} kernel without more weights: {sizes}"
        elif max(self.s) == 1 and out == self.i:
            padded = any(self.p or ())
            template = "Padding {p} keeps the size: {sizes}" if padded else "A {k} kernel keeps the size: {sizes}"
        elif max(self.s) == 1:
            grows = out[0] >= self.i[0] and out[1] >= self.i[1]
            template = (
                "Padding {p} makes the output larger: {sizes}" if grows else "A {k} kernel takes {n} off: {sizes}"
            )
        elif self.s == (2, 2) and out == tuple(-(-i // 2) for i in self.i):
            template = "Stride {s} halves the size: {sizes}"
        else:
            template = "Stride {s} skips positions: {sizes}"
        taken = tuple(i - o for i, o in zip(self.i, out, strict=True))
        one, many = "{n} row and column", "{n} rows and columns"
        n = counted(max(taken), one, many) if taken[0] == taken[1] else Text("rows and columns")
        return Text(template, d=Extent(self.d), k=k, p=p, s=Extent(self.s), n=n, sizes=self.size_change())


def same_padding(i: Size, k: Size, s: Size, d: Size) -> Sides:
    """The padding for an output size of ⌈i/s⌉, as in TensorFlow and, for stride 1, in PyTorch.

    If it is odd, the side after gets one cell more.
    """
    ends = []
    for cells, kernel, step, gap in zip(i, k, s, d, strict=True):
        total = max(0, (-(-cells // step) - 1) * step + gap * (kernel - 1) + 1 - cells)
        ends.append((total // 2, total - total // 2))
    return sides_of(*ends)


def raise_if(rules: Mapping[str, object]) -> None:
    """Raise UsageError with the first message whose condition is true."""
    for message, condition in rules.items():
        if condition:
            raise UsageError(message)
