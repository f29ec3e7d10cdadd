"""Shared by pooling, unpooling and the gradient of pooling: the input, the arithmetic of a window, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from cnnviz.data import Data, load_map
from cnnviz.notation import exact_digits
from cnnviz.parameters import ArrayLike, Size
from cnnviz.scene import Scene
from cnnviz.scenes._backward import Sums, received, stamp
from cnnviz.story import (
    Cells,
    Graph,
    Index,
    Sliding,
    Story,
    Tensor,
    Windows,
    choice,
    input_map,
    input_size,
    kernel_size,
    rounding_error,
    stride,
)
from cnnviz.storyboard import Change, Mark, Values
from cnnviz.words import (
    Expression,
    Math,
    Number,
    PerAxis,
    Shape,
    Strong,
    Text,
    Words,
    call,
    counted,
    equation,
    total,
)

CaptionAndChanges = tuple[Words, list[Change]]
# The example of Stanford's course CS231n.
_EXAMPLE = "1 1 2 4; 5 6 7 8; 3 2 1 0; 1 2 3 4"


@dataclass(frozen=True, kw_only=True)
class Pooled(Scene):
    """A scene that pools an input, by maximum or average."""

    kind: str = choice("max", ("max", "avg"), "What is kept of a window: its maximum or its average.")
    i: Size | None = input_size(shown_default="4, or the data's own")
    input: ArrayLike = input_map(None, shown_default="an example of 4×4, else random")

    @cached_property
    def map(self) -> Data:
        """The input."""
        spec = _EXAMPLE if self.input is None and self.i in (None, (4, 4)) else self.input
        return load_map(spec, self.i, seed=self.seed, default_size=(4, 4))

    def input_panel(self, story: Story, windows: Windows) -> Cells:
        """The input with its padding: zeros for an average, blank for a maximum, which is outlined."""
        fill, marks = (np.nan, (Mark(name="winner", role="result"),)) if self.kind == "max" else (0.0, ())
        options: dict[str, Any] = {"windows": windows, "fill": fill, "data": self.map, "marks": marks}
        return story.cells("input", "Input {size}", self.map.values, **options)

    def output_panel(self, story: Story, X: Cells, name: str, label: str, values: Tensor, **more: Any) -> Cells:
        """The output, in the input's greys if that is a picture."""
        shared = {"shade": X.panel.shade} if story.is_picture else {}
        return story.cells(
            name, label, values, pending=True, rounding_error=rounding_error(self.map.values), **{**shared, **more}
        )

    def winners(self, X: Cells, windows: Windows) -> dict[Index, Index]:
        """The cell with the maximum of each window, the first of equal ones; empty for an average."""
        places = windows.positions() if self.kind == "max" else ()
        return {at: max(windows.inside(at), key=lambda cell: X.values[cell]) for at in places}

    def kept(self, X: Cells, Y: Cells, windows: Windows, at: Index, *, counts_padding: bool = True) -> Expression:
        """The maximum or the mean of a window, with its numbers."""
        cells = windows.cells(at) if self.kind == "avg" and counts_padding else windows.inside(at)
        # If the input is rounded, as many decimals as in the output make up for it.
        exact = np.array_equal(np.round(self.map.values, X.decimals), self.map.values)
        decimals = X.decimals if exact else max(X.decimals, Y.decimals)
        terms = [X.number(cell, decimals) for cell in cells]
        return call("max", *terms) if self.kind == "max" else total(terms) / len(terms)


@dataclass(frozen=True, kw_only=True)
class PooledBack(Pooled):
    """A scene that pools without padding and goes back."""

    k: Size = kernel_size(2, help="Window size.")
    s: Size | None = stride(None, shown_default="the window's size")

    def prepare(self) -> None:
        """Load the input and set `i` and `s`."""
        self.fill_in(i=self.map.values.shape, s=self.s or self.k)

    @property
    def slide(self) -> Sliding:
        """The window that slides over the input."""
        return Sliding(i=self.map.values.shape, k=self.k, s=self.s or self.k)

    def pooled(self, graph: Graph, **more: bool) -> tuple[Tensor, ...]:
        """The pooled input, and the indices of the maxima if asked for; `more` are options."""
        options: dict[str, Any] = {"kernel_size": self.k, "stride": self.slide.s, "padding": (0, 0), "ceil_mode": False}
        options |= {"count_include_pad": True} if self.kind == "avg" else {"dilation": (1, 1)}
        return graph.compute_several(
            f"{self.kind}_pool2d", graph.map("x", self.map.values), names=("y", "indices"), **options, **more
        )


def adaptive_ranges(size: tuple[int, ...], out: tuple[int, ...]) -> Words:
    """The cells that each window of adaptive pooling covers."""
    if out == (1, 1):
        return Text("one window as large as the input: {size}", size=Shape(size, "input"))
    rows, columns = (
        Math(rf"\lfloor r\cdot {i}/{o}\rfloor\leq x<\lceil(r+1)\cdot {i}/{o}\rceil")
        for i, o in zip(size, out, strict=True)
    )
    return Text("window {r} covers {range}", r=Math(r"r=0,1,\ldots"), range=PerAxis(rows, columns))


def left_of(size: int, winners: Mapping[Index, Index]) -> Words:
    """How many of `size` values pooling has kept."""
    if not winners:
        return Text("Each window became one value, its mean")
    one, many = "{n} of {all} values is left", "{n} of {all} values are left"
    found = Number(len(set(winners.values())), 0, ("input", "role", "winner"))
    left = counted(found, one, many, all=Number(size, 0, ("x", "size")))
    return Text("Each window kept its maximum: {left}", left=left)


def back_of(size: int, best: Mapping[Index, Index], outside: int) -> Words:
    """How many of `size` values unpooling has restored; `outside` are in no window."""
    if best:
        found = len(set(best.values()))
        one = "{n} maximum is back, the other {zeros} cells are 0"
        many = "{n} maxima are back, the other {zeros} cells are 0"
        zeros = equation(None, Number(size) - found, size - found)
        return counted(Number(found, 0, ("output", "role", "output")), one, many, zeros=zeros)
    one, many = "; {n} cell outside all windows is 0", "; {n} cells outside all windows are 0"
    none = counted(Number(outside, 0, ("output", "role", "zero")), one, many) if outside else ""
    return Text("{size}, the detail is not{none}", size=Strong(Text("The size is back")), none=none)


def put_back(windows: Windows, P: Cells, Y: Cells, best: Mapping[Index, Index]) -> Iterator[CaptionAndChanges]:
    """Return each pooled value to the cell of its maximum, with zeros around: captions and changes."""
    template, known = "{value} returns to {place}; the rest of its window is 0", set[Index]()
    for at, cell in best.items():
        new = [each for each in windows.cells(at) if each not in known and each != cell]
        known.update(windows.cells(at))
        changes: list[Change] = [Y.set(each, role="zero", value=0.0) for each in new]
        changes.append(Y.set(cell, role="output", value=P[at].value))
        yield Text(template, value=Strong(P.rounded(at)), place=place_of(cell)), changes


def spread(windows: Windows, P: Cells, Y: Cells) -> Iterator[CaptionAndChanges]:
    """Spread each pooled value over its window, averaged where windows overlap: captions and changes."""
    parts: dict[Index, list[Number]] = {}
    for at in windows.positions():
        cells, value, changes = windows.cells(at), P.rounded(at), list[Change]()
        for cell in cells:
            parts.setdefault(cell, []).append(value)
            changes.append(Y.set(cell, role="output", value=_mean(parts[cell])))
        most = max(cells, key=lambda cell: len(parts[cell]))
        n = Number(len(cells), 0, ("k", "product"))
        caption = Text("{value} goes to all {n} cells of its window", value=Strong(value), n=n)
        if len(parts[most]) > 1:
            found = Number(_mean(parts[most]), Y.decimals, Y.ref(most))
            mean = equation(None, total(parts[most]) / len(parts[most]), found, letters=40)
            y = equation(P.symbol("y", at), value, strong=False)
            caption = Text("{y}; windows overlap at {place}: {mean}", y=y, place=place_of(most), mean=mean)
        yield caption, changes


def place_of(cell: Index) -> Text:
    """A cell in words."""
    return Text("row {row}, column {column}", row=cell[0] + 1, column=cell[1] + 1)


def _mean(parts: list[Number]) -> float:
    return sum(part.value for part in parts) / len(parts)


def shared(windows: Windows, g: Values, best: Mapping[Index, Index]) -> list[dict[Index, float]]:
    """What each cell of the gradient adds to the input's: to the `best` cell of its window, or to all."""
    found = []
    for at in windows.positions():
        cells = windows.cells(at)
        shares = np.array([cell == best[at] if best else 1 / len(cells) for cell in cells])
        # A maximum adds only to its own cell.
        found.append({cell: more for cell, more in stamp(windows, at, g[at] * shares).items() if more})
    return found


def sent(windows: Windows, G: Cells, at: Index, by_x: Sums, best: Index | None) -> Words:
    """Where a cell of the gradient goes: to the `best` cell of its window, or to all."""
    value, count = received(G[at], at), len(windows.cells(at))
    if best is not None:
        return Text("{g} goes to the maximum at {place}", g=value, place=place_of(best))
    part = float(G.values[at]) / count
    share = Number(part, exact_digits(part, by_x.decimals))
    return Text("{g}: each cell of its window gets {share}", g=value, share=equation(None, G[at] / count, share))
