"""A transposed convolution as stamps: each input pixel lays its multiple of the kernel on the output, overlaps add."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from cnnviz.notation import MINUS, number, size_text, written
from cnnviz.parameters import Size
from cnnviz.scenes._sliding import (
    Cover,
    Place,
    equals,
    factor,
    outline,
    outline_off,
    positions,
    reading_beats,
    shade_for,
    window,
    words_size,
)
from cnnviz.scenes._transposed import Transposed
from cnnviz.storyboard import Cell, Change, Grid, Mark, MoveMark, Panel, Relabel, Shade, Sign, Step, Values


class Stamper:
    """Adds multiples of a kernel to a panel, of which `offset` cells before the first are not shown.

    `hit` are the cells that the last stamp has reached.
    """

    def __init__(
        self, panel: str, shape: Size, offset: Size, weights: Values, stride: Size, dilation: Size, bias: float = 0
    ) -> None:
        self.panel = panel
        self.sums: Values = np.full(shape, float(bias))
        self.counts = np.zeros(shape, np.int64)
        self.hit: list[Place] = []
        self._offset, self._weights = offset, weights
        self._stride, self._dilation = stride, dilation
        self._cover = Cover(panel, np.full(shape, "output"), {"output": "kernel"})
        self._added: dict[Place, float] = {}

    def stamp(self, position: Place, value: float, digits: int) -> Iterator[Change]:
        """Add `value` times the kernel at an input's position; notes hold what is added, to `digits` decimals."""
        size = self._weights.shape[0], self._weights.shape[1]
        cells = window(position, size, self._stride, self._dilation) - np.array(self._offset)
        rows, columns = self.sums.shape
        self._added, notes, overlaps = {}, {}, {}
        for (row, column), weight in zip(cells.reshape(-1, 2).tolist(), self._weights.ravel().tolist(), strict=True):
            if not (0 <= row < rows and 0 <= column < columns):
                continue
            product = number(value * weight, digits)
            notes[row, column] = product if product.startswith(MINUS) else f"+{product}"
            if self.counts[row, column]:
                overlaps[row, column] = "overlap"
            self.sums[row, column] += value * weight
            self.counts[row, column] += 1
            self._added[row, column] = value * weight
            yield Cell(panel=self.panel, row=row, column=column, value=float(self.sums[row, column]))
        self.hit = list(self._added)
        yield from self._cover.move(notes, overlaps)
        (top, left), (bottom, right) = cells[0, 0].tolist(), cells[-1, -1].tolist()
        yield from outline(self.panel, (max(0, top), max(0, left)), (min(rows, bottom + 1), min(columns, right + 1)))

    @property
    def telling(self) -> Place:
        """Of the cells just reached the one most often reached, rather one whose sum has changed."""
        return max(self.hit, key=lambda cell: (self.counts[cell], self._added[cell] != 0))

    def arithmetic(self, digits: int) -> str:
        """The last addition to that cell, such as `at row 1, column 3: 2 + 3 = **5**`, with `digits` decimals."""
        row, column = self.telling
        result, added = float(self.sums[row, column]), self._added[row, column]
        sign = equals(written(result - added, digits) + written(added, digits), result, digits)
        terms = f"{number(result - added, digits)} + {factor(added, digits)}"
        return f"at row {row + 1}, column {column + 1}: {terms} {sign} **{number(result, digits)}**"

    def rest(self) -> Iterator[Change]:
        """The last stamp is taken off, and cells that none has reached come in."""
        yield from self._cover.move({})
        for row, column in np.argwhere(self.counts == 0).tolist():
            value = float(self.sums[row, column])
            yield Cell(panel=self.panel, row=row, column=column, role="output", value=value)
        yield outline_off(self.panel)


class Stamps:
    """The steps of the views `scatter` and, with `counting`, `overlap`."""

    roles = ("input", "kernel", "overlap", "output", "cut")
    convention = "kernel not rotated: every pixel stamps it as it is"

    def __init__(self, transposed: Transposed, counting: bool) -> None:
        self._t, self._counting = transposed, counting
        self._p = transposed.sizes(lambda axis: axis.p)
        self._cropped = not counting and self._p != (0, 0)
        size = transposed.data.values.shape
        self.count = size[0] * size[1] + 1

    def rows(self) -> tuple[tuple[Panel, ...], ...]:
        """Input and kernel, the growing sum, and what comes of it."""
        t = self._t
        full, out = t.sizes(lambda axis: axis.full), t.sizes(lambda axis: axis.out)
        columns = t.axes[1].i + out[1] + (full[1] if self._cropped else out[1] if self._counting else 0)
        kernel = t.kernel_panel(columns)
        left = (t.input_panel(), Sign(name="times", text="∗"), kernel, Sign(name="equals", text="="))
        output = f"Output {size_text(*out)}"
        if self._cropped:
            sums = self._sum_panel("sum", f"Sum of stamps {size_text(*full)}\n", full)
            return ((*left, sums, Sign(name="crop", text="→"), self._sum_panel("output", output, out)),)
        right: tuple[Panel, ...] = (self._sum_panel("output", output, out),)
        if self._counting:
            right = (*right, self._count_panel(out))
        return ((*left, *right),)

    def formula(self) -> str:
        """The output's size."""
        return self._t.formula()

    def expected_counts(self) -> Values:
        """How many stamps reach each output cell, by the operation itself: of ones, with ones."""
        t = self._t
        return t.convolve(np.ones_like(t.data.values), np.ones_like(t.kernel.values), 0)

    def steps(self) -> Iterator[Step]:
        """One stamp for each input pixel, then what is left to do."""
        t = self._t
        size = t.data.values.shape[0], t.data.values.shape[1]
        stamper = self._stamper()
        picked = Cover("input", np.full(size, "input"), {"input": "kernel"})
        for row, column in positions(size):
            value = float(t.data.values[row, column])
            changes = [*stamper.stamp((row, column), value, t.digits["product"]), *picked.move({(row, column): ""})]
            changes += outline("input", (row, column), (row + 1, column + 1))
            if self._counting:
                changes += self._counted(stamper, changes)
            yield Step(caption=self._caption((row, column), stamper), changes=tuple(changes))
        changes = [*stamper.rest(), *picked.move({}), outline_off("input")]
        changes += self._last(stamper)
        yield Step(caption=self._last_caption(stamper), changes=tuple(changes), beats=reading_beats(self.count))

    def _stamper(self) -> Stamper:
        t = self._t
        panel, of, offset = ("sum", "full", (0, 0)) if self._cropped else ("output", "out", self._p)
        shape = t.sizes(lambda axis: int(getattr(axis, of)))
        s, d = t.sizes(lambda axis: axis.s), t.sizes(lambda axis: axis.d)
        return Stamper(panel, shape, offset, t.kernel.values, s, d, t.bias)

    def _counted(self, stamper: Stamper, changes: list[Change]) -> Iterator[Change]:
        for row, column in stamper.hit:
            count = float(stamper.counts[row, column])
            yield Cell(panel="overlap", row=row, column=column, role="output", value=count)
        for change in changes:
            if isinstance(change, MoveMark) and change.panel == stamper.panel:
                yield replace(change, panel="overlap")

    def _caption(self, position: Place, stamper: Stamper) -> str:
        """What is stamped, and the sum of the cell that most stamps have reached."""
        said = stamped("x", position, float(self._t.data.values[position]), self._t.digits["input"])
        if not stamper.hit:
            return f"{said} beyond the edges that are cut off: **nothing** is added"
        if not self._counting:
            return f"{said}; {stamper.arithmetic(max(self._t.digits['output'], self._t.digits['product']))}"
        row, column = stamper.telling
        return f"{said}; row {row + 1}, column {column + 1} has **{_times(int(stamper.counts[row, column]))}**"

    def _last_caption(self, stamper: Stamper) -> str:
        t = self._t
        if self._counting:
            low, high = int(stamper.counts.min()), int(stamper.counts.max())
            if low == high:
                return f"Every cell gets **{_times(low)}**"
            uneven = any(axis.d == 1 and axis.k % axis.s for axis in t.axes)
            why = t.each(lambda axis: f"kernel {axis.k} is no multiple of stride {axis.s}")
            why = f": {why}" if uneven and "," not in why else ""
            return f"From {low} to **{_times(high)}** a cell{why}"
        missed = int((stamper.counts == 0).sum())
        none = f"{missed} cells get no stamp and hold {number(t.bias, t.digits['bias'])}; " if missed else ""
        if not self._cropped:
            return f"{none}all {t.data.values.size} stamps are added up: **{size_text(*stamper.sums.shape)}**"
        sides = t.each(lambda axis: f"{axis.full} − 2·{axis.p} = **{axis.out}**")
        return f"{none}padding $p$ = {words_size(self._p)} is cut off on every side: {sides}"

    def _last(self, stamper: Stamper) -> Iterator[Change]:
        if self._counting:
            for row, column in np.argwhere(stamper.counts == 0).tolist():
                yield Cell(panel="overlap", row=row, column=column, role="output", value=0.0)
            yield outline_off("overlap")
        if not self._cropped:
            return
        (top, left), (rows, columns) = self._p, self._t.sizes(lambda axis: axis.out)
        for row, column in positions((stamper.sums.shape[0], stamper.sums.shape[1])):
            if top <= row < top + rows and left <= column < left + columns:
                value = float(stamper.sums[row, column])
                yield Cell(panel="output", row=row - top, column=column - left, role="output", value=value)
            else:
                yield Cell(panel="sum", row=row, column=column, role="cut")
        label = f"Sum of stamps {size_text(*stamper.sums.shape)}\nhatched: cut off"
        yield Relabel(panel="sum", label=label)
        yield from outline("sum", (top, left), (top + rows, left + columns), "kept")

    def _sum_panel(self, name: str, label: str, shape: Size) -> Grid:
        t = self._t
        return Grid(
            name=name, label=label, values=np.full(shape, np.nan), roles=np.full(shape, "pending"),
            digits=t.digits["output"], numbers=not t.crowded, shade=self._shade(),
            notes=not self._cropped or name == "sum",
            marks=(Mark(name="window", role="window"), Mark(name="kept", role="result")),
        )  # fmt: skip

    def _shade(self) -> Shade:
        """For every sum on the way: none goes beyond the sum of its positive or of its negative products alone."""
        t = self._t
        x, w = t.data.values, t.kernel.values
        most = t.convolve(np.maximum(x, 0), np.maximum(w, 0), 0) + t.convolve(np.minimum(x, 0), np.minimum(w, 0), 0)
        least = t.convolve(np.maximum(x, 0), np.minimum(w, 0), 0) + t.convolve(np.minimum(x, 0), np.maximum(w, 0), 0)
        ends = np.array([least.min() + min(0, t.bias), most.max() + max(0, t.bias)])
        return shade_for(ends, picture=t.picture, always=t.picture or t.crowded)

    def _count_panel(self, out: Size) -> Grid:
        most = float(self.expected_counts().max())
        return Grid(
            name="overlap", label="Stamps per cell", values=np.full(out, np.nan), roles=np.full(out, "pending"),
            numbers=not self._t.crowded, shade=Shade(scale="sequential", lo=0, hi=max(1.0, most), always=True),
            marks=(Mark(name="window", role="window"),),
        )  # fmt: skip


def stamped(symbol: str, position: Place, value: float, digits: int) -> str:
    """The words for a stamp, such as `$x_{1,2}$ = 3 stamps 3 × kernel`."""
    name = f"${symbol}_{{{position[0] + 1},{position[1] + 1}}}$"
    return f"{name} = {number(value, digits)} stamps {factor(value, digits)} × kernel"


def _times(count: int) -> str:
    return f"{count} stamp" + ("" if count == 1 else "s")
