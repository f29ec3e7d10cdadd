"""Output size: how many positions a kernel has on a padded input, counted step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.parameters import Size
from cnnviz.scene import Scene
from cnnviz.scenes._counting import Count
from cnnviz.story import (
    Cells,
    Graph,
    Story,
    Windows,
    convolved_size,
    dilation,
    filled,
    input_size,
    kernel_size,
    padding,
    reading_beats,
    stride,
)
from cnnviz.storyboard import Change, Equation, Mark, Relabel, Row, SetRow, Step
from cnnviz.words import (
    Defined,
    Extent,
    Number,
    Shape,
    Text,
    counted,
    equation,
    joined,
    size,
)

_MOST_NUMBERED, _MOST_PLACES = 14, 99
"""Cells a side, and places, beyond which the places' numbers would not fit their cells."""

_ROWS, _COLUMNS = 0, 1
_AXES = ("rows", "columns")


@dataclass(frozen=True, kw_only=True)
class OutputSize(Scene):
    """The output size of a convolution, o = ⌊(i + 2p − k)/s⌋ + 1, derived on the input itself.

    The kernel takes its first place, the strides that fit beside it are counted, and the first place is added. Where
    rows and columns differ, columns come first. Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep
    learning", relationship 6 and, with dilation, 15.
    """

    examples: ClassVar = (
        "cnnviz output-size --i 5 --k 3 --s 2 --p 1",
        "cnnviz output-size --i 6 --k 3 --s 2",
        "cnnviz output-size --i 5x8 --k 3x2 --s 1x2",
    )

    i: Size = input_size(5)
    k: Size = kernel_size(3)
    s: Size = stride()
    p: Size = padding()
    d: Size = dilation()

    def story(self) -> Story:
        """The padded input, the first place, each stride, what is left over, and the sum: along one axis or both."""
        windows = Windows.sliding(self.i, self.k, self.s, self.p, self.d)
        graph = Graph()
        x, w = graph.map("x", np.zeros(self.i)), graph.kernel("w", np.zeros(self.k))
        y = graph.compute("conv2d", x, w, stride=self.s, padding=self.p, dilation=self.d)
        graph.show(y, "output", (0, 0), size=True)

        story = Story(self, Text("Output size of a convolution"), graph)
        story.fits(windows, "this count", steps=sum(windows.out))
        for word, symbol, value in (
            ("input", "i", self.i),
            ("kernel", "k", self.k),
            ("stride", "s", self.s),
            ("padding", "p", self.p),
        ):
            story.set(word, symbol, value)
        if self.d != (1, 1):
            story.set("dilation", "d", self.d)
        every, marks = Windows.sliding(self.i, (1, 1), (1, 1), self.p), (Mark(name="free", role="result"),)
        numbered = max(windows.drawn) <= _MOST_NUMBERED and windows.count <= _MOST_PLACES
        common: dict[str, Any] = {"digits": 0, "shade": None, "numbers": numbered}
        missed = [~axis.reached for axis in windows.axes]
        start = Text("numbers: the kernel's top-left cell" if numbered else "marked: the kernel's top-left cell")
        hatched = Text("hatched: never reached") if any(each.any() for each in missed) else None
        below = joined((start, hatched))
        X = story.cells(
            "input",
            "Input {size}",
            np.full(self.i, np.nan),
            windows=every,
            fill=np.nan,
            below=below,
            marks=marks,
            **common,
        )
        roles, marks = np.full(windows.out, "empty"), (Mark(name="current", role="result"),)
        Y = story.cells("output", "Output {size}", np.full(windows.out, np.nan), roles=roles, marks=marks, **common)
        columns, rows = (
            Count(
                name=_AXES[axis],
                i=self.i[axis],
                k=self.k[axis],
                s=self.s[axis],
                p=self.p[axis],
                d=self.d[axis],
                out=windows.out[axis],
            )
            for axis in (_COLUMNS, _ROWS)
        )
        counts = [columns] if replace(rows, name=columns.name) == columns else [columns, rows]
        headed, dilated = len(counts) > 1, self.d != (1, 1)
        formula = Row(name="formula", text=Defined(size("o"), (convolved_size(dilated=dilated),)))
        equations = Equation(
            name="count",
            lines=(formula, *(row for each in counts for row in each.rows(headed=headed))),
            widest=tuple(line for each in counts for line in each.lines()),
            size=15.0 if headed else 18.0,
        )
        beats = reading_beats(sum(windows.out))

        def steps() -> Iterator[Step]:
            total = equation(None, columns.sum, self.i[1] + 2 * self.p[1])
            said = counted(
                self.p[1],
                "Padding adds {n} cell on each side: {total}",
                "Padding adds {n} cells on each side: {total}",
                total=total,
            )
            if not self.p[1]:
                said = Text("No padding: {total}", total=total)
            labels = X.relabel(" "), Relabel(panel="output", label=Text("Output"))
            yield story.step(said, labels, columns.line(0), [columns.head()] if headed else (), beats=beats)
            for count in counts:
                yield from self._along(count, story, X, Y, windows, headed)
            numbers = [
                change
                for n, at in enumerate(windows.places(), 1)
                for change in (X.set(windows.outline(at)[0], role="output", value=n), Y.set(at, role="output", value=n))
            ]
            product = equation(None, Number(windows.out[0]) * windows.out[1], windows.count)
            hidden = X.hide("window"), Y.hide("current")
            labels = X.relabel(below), Y.relabel()
            yield story.step(
                Text("One output cell for each position of the kernel: {product}", product=product),
                X.cover(()),
                numbers,
                hidden,
                labels,
                [count.done(3) for count in counts],
                beats=beats,
            )

        what = Text(
            "how the output size of a convolution is derived: on a {i} input with padding {p} a {k} kernel{dilation} starts in "
            "the corner, then moves by stride {s} are counted while they fit; the output is {o}",
            i=Shape(self.i),
            p=Extent(self.p),
            k=Shape(self.k),
            dilation=Text(" with dilation {d}", d=Extent(self.d)) if dilated else "",
            s=Extent(self.s),
            o=Shape(windows.out),
        )
        given: dict[str, Any] = {"d": self.d} if dilated else {}
        return story.play(
            steps,
            2 + sum(count.out + 1 + self._rests(count, windows) for count in counts),
            (X, equations, Y),
            alt=what,
            step_roles=("kernel", "kernel_on_padding", "output", "unreached", "padding_unreached", "active"),
            formula=filled(
                convolved_size(dilated=dilated), windows.out, "output", i=self.i, p=self.p, k=self.k, s=self.s, **given
            ),
        )

    def _rests(self, count: Count, windows: Windows) -> bool:
        """Whether something is left over that no move reaches, or nothing can move at all."""
        return count.out == 1 or not windows.axes[_AXES.index(count.name)].reached.all()

    def _along(self, count: Count, story: Story, X: Cells, Y: Cells, windows: Windows, headed: bool) -> Iterator[Step]:
        """Count the positions along one axis."""
        axis, beats = _AXES.index(count.name), reading_beats(sum(windows.out))
        rows = axis == _ROWS
        first = [count.head()] if headed else []
        if rows:
            first += [SetRow(panel="count", row="columns-3", role="ink"), *count.line(0)]
        starts = (
            "The kernel starts at the top; rows left to move: {left}"
            if rows
            else "The kernel starts at the left; columns left to move: {left}"
        )
        yield story.step(
            Text(starts, left=count.left()), first, self._stand(axis, 0, X, Y, windows), count.line(1), beats=beats
        )
        for move in range(1, count.out):
            last = count.line(2) if move == count.out - 1 else ()
            moved = (
                "Move {n} of {moves}: position {position}; rows left: {left}"
                if rows
                else "Move {n} of {moves}: position {position}; columns left: {left}"
            )
            moves = Number(count.out - 1, 0, ("output", "shape", axis, -1))
            position = Number(move + 1, 0, Y.ref((0, move))) if axis == _COLUMNS else move + 1
            said = Text(moved, n=move, moves=moves, position=position, left=count.left(move))
            yield story.step(said, self._stand(axis, move, X, Y, windows), last)
        if self._rests(count, windows):
            missed = ~windows.axes[axis].reached
            n, what = int(missed.sum()), "row" if rows else "column"
            hatched = (
                counted(n, f"; hatched: {{n}} {what} never reached", f"; hatched: {{n}} {what}s never reached")
                if n
                else ""
            )
            rest = equation(
                None,
                Number(count.free) - Number(count.out - 1) * count.s,
                count.free - (count.out - 1) * count.s,
                strong=False,
            )
            said = Text(
                "No room for another move: {rest} is less than stride {s}{hatched}",
                rest=rest,
                s=count.s,
                hatched=hatched,
            )
            yield story.step(said, count.line(2), self._hatch(axis, missed, X, both=not headed), beats=beats)
        said = Text("Plus the starting position: {positions}", positions=count.positions())
        yield story.step(said, count.line(3), X.hide("free"), beats=beats)

    def _stand(self, axis: int, move: int, X: Cells, Y: Cells, windows: Windows) -> Iterator[Change]:
        """The kernel stands at a position along the first row or column; its first cell gets the position's number."""
        at = (0, move) if axis == _COLUMNS else (move, 0)
        corner, extent = windows.outline(at)
        number = float(at[0] * windows.out[1] + at[1] + 1)
        yield X.set(corner, role="output", value=number)
        yield from X.cover(windows.cells(at), special={corner: "output"})
        yield X.mark("window", corner, extent)
        beside, left = [0, 0], [1, 1]
        beside[axis] = corner[axis] + extent[axis]
        left[axis] = windows.drawn[axis] - beside[axis]
        yield X.mark("free", tuple(beside), left) if left[axis] > 0 else X.hide("free")
        yield Y.set(at, role="output", value=number)
        yield Y.mark("current", at)

    def _hatch(self, axis: int, missed: npt.NDArray[np.bool_], X: Cells, *, both: bool) -> Iterator[Change]:
        """Hatch what no position reaches: whole rows or columns, both where one count is for both."""
        for place in np.ndindex(X.values.shape):
            role = {"input": "unreached", "padding": "padding_unreached"}.get(X.role(place))
            if role and (missed[place[axis]] or (both and missed[place[1 - axis]])):
                yield X.set(place, role=role)
