"""Unpooling: pooled values go back to where the maxima stood, or spread over their windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.data import MAP_NAMES, Data, load_map
from cnnviz.limits import MAX_KERNEL, MAX_SIDE
from cnnviz.notation import digits_for, number, size_text, written
from cnnviz.ops.pooling import avg_pool2d, avg_pool_divisor, max_pool2d, pool_geometry
from cnnviz.ops.unpooling import avg_unpool2d, max_unpool2d
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.scenes._pooling import Pooled, Walk, Windows
from cnnviz.scenes._sliding import (
    INPUT_HELP,
    SIZES,
    Place,
    by_axis,
    check_steps,
    equals,
    factor,
    lost_of,
    math_size,
    positions,
    reading_beats,
    settings_text,
    shade_for,
    summed,
    words_size,
)
from cnnviz.storyboard import Cell, Change, Grid, Mark, MoveMark, Sign, Step, Storyboard, Values

if TYPE_CHECKING:
    from cnnviz.operation import Operation

# The unpooled size stands in the same line.
_POOLED_LETTERS = 60


@dataclass(frozen=True, kw_only=True)
class Unpool(Scene):
    """Unpooling: a pooled map becomes as large as the input was, though not the input again.

    Max unpooling puts each value back where its maximum stood, zeros elsewhere: Zeiler and Fergus (2014),
    "Visualizing and Understanding Convolutional Networks", §2.1. Average unpooling gives every cell of a window the
    window's value, the mean of these where windows overlap.
    """

    examples: ClassVar = (
        "cnnviz unpool max --i 4 --k 2",
        "cnnviz unpool avg --i 4 --k 2",
        "cnnviz unpool max --i 5 --k 3 --s 2",
    )

    kind: str = param("max", choices=("max", "avg"), positional=True, always_named=True,
                      help="What the pooling before kept of a window: its maximum or its average.")  # fmt: skip
    i: Size | None = param(
        None, alias="input-size", help="Input size.", lo=1, hi=MAX_SIDE, shown_default="4, or the data's own",
        always_named=True,
    )
    k: Size = param(2, alias="kernel-size", help="Window size.", lo=1, hi=MAX_KERNEL, always_named=True)
    s: Size | None = param(
        None, alias="stride", help="Stride.", lo=1, hi=MAX_SIDE, shown_default="the window's size", always_named=True
    )
    input: ArrayLike = param("random", group="Data", names=lambda: MAP_NAMES, help=INPUT_HELP)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "i", self._map.values.shape)
        object.__setattr__(self, "s", self.s or self.k)
        check_steps(self._count, "this unpooling", self.k)

    @cached_property
    def _map(self) -> Data:
        return load_map(self.input, self.i, seed=self.seed, default_size=(4, 4))

    @property
    def _s(self) -> Size:
        return self.s or self.k

    @property
    def _count(self) -> int:
        rows, columns = self._pooled.windows.output
        return 2 * rows * columns + 1

    @cached_property
    def _pooled(self) -> Pooled:
        values, size = self._map.values[None], (self._map.values.shape[0], self._map.values.shape[1])
        windows = Windows.sliding(size, self.k, self._s)
        if self.kind == "max":
            best, indices = max_pool2d(values, self.k, self._s, return_indices=True)
            return Pooled(self._map, windows, best[0], winners=indices[0], most=self._most())
        divisors = avg_pool_divisor(pool_geometry(size, self.k, self._s))
        return Pooled(self._map, windows, avg_pool2d(values, self.k, self._s)[0], divisors=divisors, most=self._most())

    @cached_property
    def _result(self) -> Values:
        pooled, size = self._pooled.result[None], self._map.values.shape
        if self._pooled.winners is not None:
            unpooled = max_unpool2d(pooled, self._pooled.winners[None], self.k, self._s, output_size=size)
        else:
            unpooled = avg_unpool2d(pooled, self.k, self._s, output_size=size)
        return np.asarray(unpooled[0], np.float64)

    def expected(self) -> dict[str, npt.NDArray[np.float64]]:
        """The vectorised pooling and unpooling."""
        return {"pooled": np.asarray(self._pooled.result, np.float64), "output": self._result}

    def operation(self) -> Operation:
        """The pooling and the unpooling."""
        from cnnviz.scenes._operations import unpooling

        return unpooling(self._map.values, self.kind, self.k, self._s, self._pooled.windows.output)

    def storyboard(self) -> Storyboard:
        """One step for each pooled cell on the way down, one on the way back, and a last look."""
        size = size_text(*self._map.values.shape)
        marks = (Mark(name="winner", role="result"),) if self.kind == "max" else ()
        roles = ("kernel", "output", "zero", "input") + (("winner",) if self.kind == "max" else ())
        what = "max" if self.kind == "max" else "average"
        return Storyboard(
            scene="unpool",
            parameters=self.public(),
            title=f"{what.capitalize()} unpooling",
            settings=settings_text(("window", math_size("k", self.k)), ("stride", math_size("s", self._s))),
            formula=self._formula(),
            convention="of equal maxima the first is kept" if self.kind == "max" else "the value itself is spread",
            alt=self._alt(),
            rows=((self._pooled.input_panel(f"Input {size}", marks), Sign(name="pool", text="→"),
                   self._pooled.output_panel("pooled", "Pooled"), Sign(name="unpool", text="→"),
                   self._output_panel(f"Unpooled {size}")),),
            steps=self._steps,
            count=self._count,
            step_roles=roles,
            symbols=SIZES,
        )  # fmt: skip

    @cached_property
    def _digits(self) -> int:
        """Decimals of the unpooled map."""
        lost = lost_of(self._map.values)
        return digits_for(self._result, self._pooled.result, most=self._most(), above=lost)

    def _output_panel(self, label: str) -> Grid:
        values, crowded = self._map.values, self._pooled.crowded
        shade = self._pooled.output_panel("pooled", "").shade
        if self._map.source != "image":
            shade = shade_for(np.append(self._pooled.result, 0), picture=False, always=crowded)
        return Grid(
            name="output", label=label, values=np.full(values.shape, np.nan),
            roles=np.full(values.shape, "pending"), digits=self._digits,
            numbers=not crowded, shade=shade,
            marks=(Mark(name="window", role="window"), Mark(name="winner", role="result")),
        )  # fmt: skip

    def _steps(self) -> Iterator[Step]:
        pooled, walk = self._pooled, Walk(self._pooled, keep=True)
        for row, column in positions(pooled.windows.output):
            value = float(pooled.result[row, column])
            changes: list[Change] = [
                *walk.to((row, column)),
                Cell(panel="pooled", row=row, column=column, role="output", value=value),
                MoveMark(panel="pooled", mark="current", row=row, column=column, rows=1, columns=1),
            ]
            winner = pooled.winner((row, column))
            caption = f"{_name(row, column)} = {pooled.arithmetic((row, column))}"
            yield Step(caption=caption + (f", found at {_place(winner)}" if winner else ""), changes=tuple(changes))
        leaving = tuple(walk.leave())
        back = self._put_back if pooled.winners is not None else self._spread
        for caption, changed in back():
            yield Step(caption=caption, changes=(*leaving, *changed))
            leaving = ()
        yield self._last_step()

    def _put_back(self) -> Iterator[tuple[str, list[Change]]]:
        """Each pooled value to the place of its maximum, zeros to the rest of its window."""
        pooled, digits = self._pooled, self._pooled.result_digits
        known: set[Place] = set()
        for row, column in positions(pooled.windows.output):
            winner, value = pooled.winner((row, column)), float(pooled.result[row, column])
            assert winner is not None
            cells = pooled.windows.inside((row, column))
            changes = self._marks((row, column))
            changes += [
                Cell(panel="output", row=cell[0], column=cell[1], role="zero", value=0.0)
                for cell in cells if cell not in known and cell != winner
            ]  # fmt: skip
            known.update(cells)
            changes.append(Cell(panel="output", row=winner[0], column=winner[1], role="output", value=value))
            for panel in ("input", "output"):
                mark = MoveMark(panel=panel, mark="winner", row=winner[0], column=winner[1], rows=1, columns=1)
                changes.append(mark)
            shown = number(value, digits)
            yield f"{_name(row, column)} goes back to {_place(winner)}, zeros around it: **{shown}**", changes

    def _spread(self) -> Iterator[tuple[str, list[Change]]]:
        """Each pooled value to all cells of its window; a cell of several windows takes the mean."""
        pooled, digits = self._pooled, self._pooled.result_digits
        parts: dict[Place, list[float]] = {}
        for row, column in positions(pooled.windows.output):
            value, cells = float(pooled.result[row, column]), pooled.windows.inside((row, column))
            changes = self._marks((row, column))
            for cell in cells:
                parts.setdefault(cell, []).append(value)
                mean = sum(parts[cell]) / len(parts[cell])
                changes.append(Cell(panel="output", row=cell[0], column=cell[1], role="output", value=mean))
            shown = number(value, digits)
            caption = f"{_name(row, column)} goes to all {len(cells)} cells of its window: **{shown}**"
            most = max(cells, key=lambda cell: len(parts[cell]))
            if len(parts[most]) > 1:
                caption = f"{_name(row, column)} = {shown}; at {_place(most)} {self._mean_text(parts[most])}"
            yield caption, changes

    def _mean_text(self, parts: list[float]) -> str:
        digits, most = self._pooled.result_digits, self._digits
        mean = sum(parts) / len(parts)
        sign = equals(sum(written(part, digits) for part in parts) / Fraction(len(parts)), mean, most)
        terms = [number(parts[0], digits), *(factor(part, digits) for part in parts[1:])]
        return f"windows overlap: ({summed(terms, 40)}) / {len(parts)} {sign} **{number(mean, most)}**"

    def _marks(self, position: Place) -> list[Change]:
        return [
            MoveMark(panel="pooled", mark="current", row=position[0], column=position[1], rows=1, columns=1),
            self._pooled.windows.mark("output", position),
        ]

    def _last_step(self) -> Step:
        reached = self._pooled.windows.roles() == "input"
        changes: list[Change] = [
            Cell(panel="output", row=row, column=column, role="zero", value=0.0)
            for row, column in np.argwhere(~reached).tolist()
        ]
        pairs = [("pooled", "current"), ("output", "window")]
        if self.kind == "max":
            pairs += [("output", "winner"), ("input", "winner")]
        changes += [MoveMark(panel=p, mark=m, row=0, column=0, rows=0, columns=0) for p, m in pairs]
        size = size_text(*self._map.values.shape)
        if self.kind == "max":
            kept = len(set(self._pooled.winners.ravel().tolist())) if self._pooled.winners is not None else 0
            placed = "1 maximum in its place" if kept == 1 else f"{kept} maxima in their places"
            caption = f"{size} again: {placed}, {self._result.size} − {kept} = "
            caption += f"**{self._result.size - kept} cells are 0**"
        else:
            rest = int((~reached).sum())
            none = f"; {rest} cells in no window hold 0" if rest else ""
            caption = f"{size} again, each cell the mean of its window and no longer itself{none}: **the size is back**"
        return Step(caption=caption, changes=tuple(changes), beats=reading_beats(self._count))

    def _formula(self) -> str:
        filled = [
            rf"\lfloor({i}-{k})/{s}\rfloor+1={o}"
            for i, k, s, o in zip(self._map.values.shape, self.k, self._s, self._pooled.windows.output, strict=True)
        ]
        pooled = by_axis(r"o=\lfloor(i-k)/s\rfloor+1", filled, _POOLED_LETTERS)
        return f"pooled {pooled}    unpooled ${self._map.values.shape[0]}\\times{self._map.values.shape[1]}$"

    def _alt(self) -> str:
        i, o = self._map.values.shape, self._pooled.windows.output
        back = (
            "each pooled value then returns to the place where its maximum stood, with zeros elsewhere"
            if self.kind == "max"
            else "each pooled value then spreads over all cells of its window"
        )
        return (
            f"Animation of {'max' if self.kind == 'max' else 'average'} unpooling: a {size_text(*self.k)} window with "
            f"stride {words_size(self._s)} pools a {size_text(*i)} input to {size_text(*o)}; {back}, on a "
            f"{size_text(*i)} map."
        )


def _name(row: int, column: int) -> str:
    return f"$y_{{{row + 1},{column + 1}}}$"


def _place(cell: Place) -> str:
    return f"row {cell[0] + 1}, column {cell[1] + 1}"
