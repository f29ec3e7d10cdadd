"""Output size: how many positions a kernel has on a padded input, counted step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.limits import MAX_KERNEL, MAX_SIDE
from cnnviz.notation import size_text
from cnnviz.ops.convolution import conv_output_size
from cnnviz.parameters import Size, param
from cnnviz.scene import Scene
from cnnviz.scenes._sliding import (
    COVERING,
    SIZES,
    Cover,
    by_axis,
    check_fit,
    check_side,
    check_steps,
    math_size,
    outline,
    outline_off,
    positions,
    reading_beats,
    settings_text,
    window,
    words_size,
)
from cnnviz.storyboard import (
    Cell,
    Change,
    Equation,
    Grid,
    Mark,
    MoveMark,
    Relabel,
    Row,
    SetRow,
    Step,
    Storyboard,
)

if TYPE_CHECKING:
    from cnnviz.operation import Operation

_MOST_NUMBERED, _MOST_PLACES = 14, 99
"""Cells a side, and places, beyond which the places' numbers would not fit their cells."""

_AXES = ("rows", "columns")
_ROWS, _COLUMNS = 0, 1


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

    i: Size = param(5, alias="input-size", help="Input size.", lo=1, hi=MAX_SIDE, always_named=True)
    k: Size = param(3, alias="kernel-size", help="Kernel size.", lo=1, hi=MAX_KERNEL, always_named=True)
    s: Size = param(1, alias="stride", help="Stride.", lo=1, hi=MAX_SIDE, always_named=True)
    p: Size = param(0, alias="padding", help="Zeros around the input.", lo=0, hi=MAX_SIDE, always_named=True)
    d: Size = param(1, alias="dilation", help="Spacing of the kernel's cells.", lo=1, hi=MAX_SIDE)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fit(self.i, self.k, self.p, self.d)
        check_side(self._padded, "the padded input", "use a smaller --p or --i")
        check_steps(sum(self._out), "this count", self.k)

    @property
    def _padded(self) -> Size:
        return self.i[0] + 2 * self.p[0], self.i[1] + 2 * self.p[1]

    @cached_property
    def _out(self) -> Size:
        rows, columns = (
            conv_output_size(i, k, s, p, d)
            for i, k, s, p, d in zip(self.i, self.k, self.s, self.p, self.d, strict=True)
        )
        return rows, columns

    @property
    def _span(self) -> Size:
        return self.d[0] * (self.k[0] - 1) + 1, self.d[1] * (self.k[1] - 1) + 1

    @cached_property
    def _counted(self) -> tuple[int, ...]:
        """The axes that are counted: columns, and rows where these are not counted in the same way."""
        each = zip(self.i, self.k, self.s, self.p, self.d, strict=True)
        return (_COLUMNS,) if len(set(each)) == 1 else (_COLUMNS, _ROWS)

    def _reached(self, axis: int) -> npt.NDArray[np.bool_]:
        """Which cells along an axis some position of the kernel covers."""
        found = np.zeros(self._padded[axis], bool)
        starts = np.arange(self._out[axis]) * self.s[axis]
        found[np.add.outer(starts, np.arange(self.k[axis]) * self.d[axis]).ravel()] = True
        return found

    def expected(self) -> dict[str, npt.NDArray[np.float64]]:
        """The output's cells, numbered as the kernel's places are."""
        rows, columns = self._out
        return {"output": np.arange(1.0, rows * columns + 1).reshape(rows, columns)}

    def operation(self) -> Operation:
        """The convolution whose output has that size."""
        from cnnviz.scenes._operations import output_size

        return output_size(self.i, self.k, self.s, self.p, self.d)

    def storyboard(self) -> Storyboard:
        """The padded input, the first place, each stride, what is left over, and the sum: along one axis or both."""
        settings = [("input", math_size("i", self.i)), ("kernel", math_size("k", self.k)),
                    ("stride", math_size("s", self.s)), ("padding", math_size("p", self.p))]  # fmt: skip
        if self.d != (1, 1):
            settings.append(("dilation", math_size("d", self.d)))
        return Storyboard(
            scene="output-size",
            parameters=self.public(),
            title="Output size of a convolution",
            settings=settings_text(*settings),
            formula=self._formula(),
            alt=self._alt(),
            rows=((self._grid(), self._equation(), self._output()),),
            steps=self._steps,
            count=sum(1 for _ in self._steps()),
            step_roles=("kernel", "kernel_on_padding", "output", "unreached", "padding_unreached", "active"),
            symbols=SIZES,
        )

    def _roles(self) -> npt.NDArray[np.str_]:
        roles = np.full(self._padded, "padding", dtype="U17")
        roles[self.p[0] : self.p[0] + self.i[0], self.p[1] : self.p[1] + self.i[1]] = "input"
        return roles

    def _label(self, below: str) -> str:
        padding = f", padding {words_size(self.p)}" if self.p != (0, 0) else ""
        return f"Input {size_text(*self.i)}{padding}\n{below}"

    def _grid(self) -> Grid:
        boundary = Mark(name="map", role="boundary", row=self.p[0], column=self.p[1], rows=self.i[0], columns=self.i[1])
        return Grid(
            name="input", label=self._label(self._last_line), values=np.full(self._padded, np.nan),
            roles=self._roles(), padding=self.p, numbers=self._numbered,
            marks=((boundary,) if self.p != (0, 0) else ())
            + (Mark(name="free", role="result"), Mark(name="window", role="window")),
        )  # fmt: skip

    def _output(self) -> Grid:
        """The output, of which a cell appears for every place that is counted."""
        return Grid(
            name="output", label=f"Output {size_text(*self._out)}", values=np.full(self._out, np.nan),
            roles=np.full(self._out, "empty"), numbers=self._numbered, marks=(Mark(name="current", role="result"),),
        )  # fmt: skip

    @property
    def _numbered(self) -> bool:
        return max(self._padded) <= _MOST_NUMBERED and self._out[0] * self._out[1] <= _MOST_PLACES

    @property
    def _last_line(self) -> str:
        """The label's second line at the end."""
        hatched = any(not self._reached(axis).all() for axis in (_ROWS, _COLUMNS))
        return ("numbered" if self._numbered else "marked") + ": kernel's start" + (
            ", hatched: never reached" if hatched else ""
        )

    def _equation(self) -> Equation:
        lines = [Row(name="formula", text=f"${self._left()}$")]
        for axis in self._counted:
            if len(self._counted) > 1:
                lines.append(Row(name=f"{_AXES[axis]}-head", text=""))
            lines += [Row(name=f"{_AXES[axis]}-{place}", text="") for place in range(len(self._lines(axis)))]
        widest = tuple(text for axis in self._counted for text in self._lines(axis))
        size = 18.0 if len(self._counted) == 1 else 15.0
        return Equation(name="count", lines=tuple(lines), widest=widest, size=size)

    def _lines(self, axis: int) -> list[str]:
        """The derivation along an axis, one line a step."""
        i, s, p, d = (size[axis] for size in (self.i, self.s, self.p, self.d))
        padded, span, out = self._padded[axis], self._span[axis], self._out[axis]
        less = r"$-\,d(k-1)-1$" if d > 1 else r"$-\,k$"
        return [
            f"$i+2p$ = {i} + 2·{p} = {_many(padded, 'cell')}",
            f"{less}:  {padded} − {span} = **{padded - span}** beside the kernel",
            f"$/s$:  ⌊{padded - span} / {s}⌋ = {_many(out - 1, 'stride')}",
            f"$+1$:  {out - 1} + 1 = {_many(out, 'place')}",
        ]

    def _steps(self) -> Iterator[Step]:
        labels = Relabel(panel="input", label=self._label("")), Relabel(panel="output", label="Output")
        i, p = self.i[_COLUMNS], self.p[_COLUMNS]
        side = "wide" if len(self._counted) > 1 else "a side"
        first = SetRow(panel="count", row="columns-0", text=self._lines(_COLUMNS)[0], role="active")
        heads = self._heads(_COLUMNS)
        padded = f"With {p} on both sides the" if p else "The"
        yield Step(
            caption=f"{padded} input is {i} + 2·{p} = {_many(i + 2 * p, 'cell')} {side}",
            changes=(*labels, first, *heads), beats=reading_beats(sum(self._out)),
        )  # fmt: skip
        roles = self._roles()
        cover = Cover("input", roles, {**COVERING, "output": "output"})
        for axis in self._counted:
            yield from self._along(axis, roles, cover)
        yield self._last_step(roles, cover)

    def _along(self, axis: int, roles: npt.NDArray[np.str_], cover: Cover) -> Iterator[Step]:
        """Count the positions along one axis."""
        lines, s, out, span = self._lines(axis), self.s[axis], self._out[axis], self._span[axis]
        free, what = self._padded[axis] - span, _AXES[axis]
        changes: list[Change] = [*self._heads(axis)]
        if axis == _ROWS:
            changes += [SetRow(panel="count", row="columns-3", role="ink"),
                        SetRow(panel="count", row="rows-0", text=lines[0])]  # fmt: skip
        changes += [*self._stand(axis, 0, roles, cover), *self._next_line(axis, 1)]
        said = f"The kernel takes its first place; {what} left beside it: {self._padded[axis]} − {span} = **{free}**"
        yield Step(caption=said, changes=tuple(changes), beats=reading_beats(sum(self._out)))
        for place in range(1, out):
            changes = [*self._stand(axis, place, roles, cover)]
            if place == out - 1:
                changes += self._next_line(axis, 2)
            said = f"Stride {place} of {out - 1} leads to place {place + 1}; {what} left: "
            said += f"{free} − {place}·{s} = **{free - place * s}**"
            yield Step(caption=said, changes=tuple(changes))
        rest, missed = free - (out - 1) * s, ~self._reached(axis)
        if missed.any() or out == 1:
            changes = [*self._next_line(axis, 2), *self._hatch(axis, missed, roles)]
            said = self._rest_caption(axis, rest, missed)
            yield Step(caption=said, changes=tuple(changes), beats=reading_beats(sum(self._out)))
        changes = [*self._next_line(axis, 3), outline_off("input", "free")]
        said = f"The first place counts too: {out - 1} + 1 = {_many(out, 'place')}"
        yield Step(caption=said, changes=tuple(changes), beats=reading_beats(sum(self._out)))

    def _stand(self, axis: int, place: int, roles: npt.NDArray[np.str_], cover: Cover) -> Iterator[Change]:
        """The kernel stands at a place along the first row or column; its first cell gets the place's number."""
        position = (0, place) if axis == _COLUMNS else (place, 0)
        cells = window(position, self.k, self.s, self.d)
        row, column = (int(v) for v in cells[0, 0])
        roles[row, column] = "output"
        yield from cover.move({(int(r), int(c)): "" for r, c in cells.reshape(-1, 2)}, {(row, column): "output"})
        number = float(position[0] * self._out[1] + position[1] + 1)
        yield Cell(panel="input", row=row, column=column, role="output", value=number)
        (rows, columns), end = self._span, self._padded[axis]
        yield MoveMark(panel="input", mark="window", row=row, column=column, rows=rows, columns=columns)
        # What is left beside the kernel.
        if axis == _COLUMNS:
            yield from outline("input", (0, column + columns), (1, end), "free")
        else:
            yield from outline("input", (row + rows, 0), (end, 1), "free")
        yield Cell(panel="output", row=position[0], column=position[1], role="output", value=number)
        yield from outline("output", position, (position[0] + 1, position[1] + 1), "current")

    def _next_line(self, axis: int, place: int) -> list[Change]:
        name = _AXES[axis]
        return [
            SetRow(panel="count", row=f"{name}-{place - 1}", role="ink"),
            SetRow(panel="count", row=f"{name}-{place}", text=self._lines(axis)[place], role="active"),
        ]

    def _heads(self, axis: int) -> list[Change]:
        if len(self._counted) == 1:
            return []
        return [SetRow(panel="count", row=f"{_AXES[axis]}-head", text=_AXES[axis].capitalize(), role="muted")]

    def _hatch(self, axis: int, missed: npt.NDArray[np.bool_], roles: npt.NDArray[np.str_]) -> Iterator[Change]:
        """Hatch what no place of the kernel reaches: whole rows or columns, both where one count is for both."""
        cells = np.zeros(self._padded, bool)
        if axis == _COLUMNS:
            cells[:, missed] = True
        if axis == _ROWS or len(self._counted) == 1:
            cells[missed, :] = True
        for row, column in np.argwhere(cells).tolist():
            role = {"input": "unreached", "padding": "padding_unreached"}.get(str(roles[row, column]))
            if role:
                roles[row, column] = role
                yield Cell(panel="input", row=row, column=column, role=role)

    def _rest_caption(self, axis: int, rest: int, missed: npt.NDArray[np.bool_]) -> str:
        free, out, s, what = self._padded[axis] - self._span[axis], self._out[axis], self.s[axis], _AXES[axis]
        count = int(missed.sum())
        hatched = f"; hatched: {_many(count, what[:-1])} never reached" if count else ""
        return f"No room for another stride: {free} − {out - 1}·{s} = {rest} is less than {s}{hatched}"

    def _last_step(self, roles: npt.NDArray[np.str_], cover: Cover) -> Step:
        starts = [(row * self.s[0], column * self.s[1]) for row, column in positions(self._out)]
        for start in starts:
            roles[start] = "output"
        changes: list[Change] = [*cover.move({})]
        changes += [
            Cell(panel="input", row=row, column=column, role="output", value=float(place))
            for place, (row, column) in enumerate(starts, 1)
        ]
        changes += [
            Cell(panel="output", row=row, column=column, role="output", value=float(place))
            for place, (row, column) in enumerate(positions(self._out), 1)
        ]
        changes += [
            outline_off("input"),
            outline_off("output", "current"),
            Relabel(panel="input", label=self._label(self._last_line)),
            Relabel(panel="output", label=f"Output {size_text(*self._out)}"),
        ]
        rows, columns = self._out
        changes += [SetRow(panel="count", row=f"{_AXES[axis]}-3", role="ink") for axis in self._counted]
        said = f"One output cell for each place of the kernel: {rows}×{columns} = **{rows * columns}**"
        return Step(caption=said, changes=tuple(changes), beats=reading_beats(sum(self._out)))

    def _left(self) -> str:
        return r"o=\lfloor(i+2p-d(k-1)-1)/s\rfloor+1" if self.d != (1, 1) else r"o=\lfloor(i+2p-k)/s\rfloor+1"

    def _formula(self) -> str:
        filled = []
        for i, k, s, p, d, o in zip(self.i, self.k, self.s, self.p, self.d, self._out, strict=True):
            span = rf"{d}\cdot({k}-1)-1" if self.d != (1, 1) else str(k)
            filled.append(rf"\lfloor({i}+2\cdot{p}-{span})/{s}\rfloor+1={o}")
        return by_axis(self._left(), filled)

    def _alt(self) -> str:
        spread = f" with dilation {words_size(self.d)}" if self.d != (1, 1) else ""
        return (
            f"Animation that derives the output size of a convolution: on a {size_text(*self.i)} input with padding "
            f"{words_size(self.p)} a {size_text(*self.k)} kernel{spread} takes its first place, then strides of "
            f"{words_size(self.s)} are counted while they fit; the output is {size_text(*self._out)}."
        )


def _many(count: int, what: str) -> str:
    return f"**{count}** {what}" + ("" if count == 1 else "s")
