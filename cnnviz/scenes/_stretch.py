"""A transposed convolution as a convolution: the input is pulled apart, framed with zeros, the turned kernel slides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnviz.notation import number, size_text
from cnnviz.parameters import Size
from cnnviz.scenes._sliding import (
    COVERING,
    Cover,
    dot_product,
    fits_band,
    map_shade,
    positions,
    reading_beats,
    shade_for,
    window,
    words_size,
)
from cnnviz.scenes._transposed import Axis, Transposed
from cnnviz.storyboard import Cell, Change, Grid, Mark, MoveMark, Panel, Relabel, Sign, Step, Values

Roles = npt.NDArray[np.str_]


@dataclass(frozen=True)
class _Phase:
    """What the input's panel shows, what is said about it, and the second line of its label."""

    caption: str
    below: str
    values: Values
    roles: Roles


class Stretch:
    """The steps of this view; each phase before the kernel slides is one of them."""

    roles = ("empty", "input", "zero", "padding", "unreached", "padding_unreached", "kernel", "kernel_on_padding",
             "output")  # fmt: skip
    convention = "kernel rotated by 180°: the transpose of the convolution"

    def __init__(self, transposed: Transposed) -> None:
        self._t = transposed
        self._phases = self._prepare()
        self._label = f"Input {size_text(*transposed.data.values.shape)}\n"
        out = transposed.sizes(lambda axis: axis.out)
        self.count = len(self._phases) + 1 + out[0] * out[1]

    def rows(self) -> tuple[tuple[Panel, ...], ...]:
        """Input, kernel and output side by side."""
        t, first = self._t, self._phases[0]
        out = t.sizes(lambda axis: axis.out)
        # The longest label of all phases: room is made for what stands here.
        label = self._label + max((phase.below for phase in self._phases), key=len)
        marks = (Mark(name="map", role="boundary"), Mark(name="window", role="window"))
        stretched = Grid(
            name="input", label=label, values=first.values, roles=first.roles, digits=t.digits["input"],
            numbers=not t.crowded, shade=map_shade(t.data, crowded=t.crowded), notes=True, marks=marks,
        )  # fmt: skip
        output = Grid(
            name="output", label=f"Output {size_text(*out)}", values=np.full(out, np.nan),
            roles=np.full(out, "pending"), digits=t.digits["output"], numbers=not t.crowded,
            shade=shade_for(t.result, picture=t.picture, always=t.picture or t.crowded),
            marks=(Mark(name="current", role="result"),),
        )  # fmt: skip
        return ((stretched, Sign(name="times", text="∗"), self._kernel_panel(), Sign(name="equals", text="="), output),)

    def formula(self) -> str:
        """The output's size; along one axis also the zeros, the frame and the stride of the convolution seen."""
        rows, columns = self._t.axes
        left = "d(k-1)-p" if rows.d > 1 else "k-p-1"
        whole = f"{self._t.formula()}    $z=s-1={rows.s - 1}$    $p'={left}={rows.frame}$    $s'=1$"
        return whole if rows == columns and fits_band(whole) else self._t.formula()

    def _kernel_panel(self) -> Grid:
        _, columns = self._t.axes
        return self._t.kernel_panel(columns.drawn + columns.out, "rotated by 180°")

    def steps(self) -> Iterator[Step]:
        """The phases, the kernel's turn, then one step for each output cell."""
        first = self._phases[0]
        t, name = self._t, self._kernel_panel().label.partition("\n")[0]
        yield Step(
            caption=first.caption, beats=reading_beats(self.count),
            changes=(Relabel(panel="input", label=self._label + first.below),
                     Relabel(panel="kernel", label=f"{name}\nas it is given")),
        )  # fmt: skip
        before = first
        for phase in self._phases[1:]:
            changes = [*_between(before, phase), Relabel(panel="input", label=self._label + phase.below)]
            changes += self._boundary(phase)
            yield Step(caption=phase.caption, changes=tuple(changes), beats=reading_beats(self.count))
            before = phase
        turned = t.kernel.values[::-1, ::-1]
        changes = [
            Cell(panel="kernel", row=row, column=column, value=float(turned[row, column]))
            for row, column in positions((turned.shape[0], turned.shape[1]))
        ]
        said = "The kernel turns by 180°; then it slides over every position, with stride $s'$ = **1**"
        label = Relabel(panel="kernel", label=f"{name}\nrotated by 180°")
        yield Step(caption=said, changes=(*changes, label), beats=reading_beats(self.count))
        yield from self._slide(turned, before)

    def _slide(self, weights: Values, stage: _Phase) -> Iterator[Step]:
        t, (k0, k1) = self._t, weights.shape
        d, start = t.sizes(lambda axis: axis.d), t.sizes(lambda axis: axis.start)
        notes = [f"×{number(w, t.digits['kernel'])}" for w in weights.ravel()]
        cover = Cover("input", stage.roles, COVERING)
        for row, column in positions(t.sizes(lambda axis: axis.out)):
            cells = window((row, column), (k0, k1), (1, 1), d) + np.array(start)
            covered = {(int(r), int(c)): note for (r, c), note in zip(cells.reshape(-1, 2), notes, strict=True)}
            real = stage.roles[cells[..., 0], cells[..., 1]] == "input"
            pixels = stage.values[cells[..., 0], cells[..., 1]]
            value = float(t.result[row, column])
            changes: list[Change] = [
                *cover.move(covered),
                MoveMark(panel="input", mark="window", row=int(cells[0, 0, 0]), column=int(cells[0, 0, 1]),
                         rows=(k0 - 1) * d[0] + 1, columns=(k1 - 1) * d[1] + 1),
                Cell(panel="output", row=row, column=column, role="output", value=value),
                MoveMark(panel="output", mark="current", row=row, column=column, rows=1, columns=1),
            ]  # fmt: skip
            name = f"$y_{{{row + 1},{column + 1}}}$"
            caption = dot_product(name, pixels[real], weights[real], value, t.digits, t.bias)
            yield Step(caption=caption, changes=tuple(changes))

    def _boundary(self, phase: _Phase) -> Iterator[Change]:
        if "padding" not in phase.roles:
            return
        (top, left), (rows, columns) = (self._t.sizes(lambda a: a.before), self._t.sizes(lambda a: a.stretched))
        yield MoveMark(panel="input", mark="map", row=top, column=left, rows=rows, columns=columns)

    def _prepare(self) -> list[_Phase]:
        """The phases of the input's panel, the compact input first."""
        t = self._t
        s, a = t.sizes(lambda axis: axis.s), t.sizes(lambda axis: axis.a)
        said, below = f"The input, {size_text(*t.data.values.shape)}; with stride $s$ = {words_size(s)}", ""
        if s == (1, 1):
            phases = [_Phase(f"{said} nothing goes between its cells: $z = s - 1$ = **0**", "", *self._compact())]
        else:
            z = words_size((s[0] - 1, s[1] - 1))
            below = f"+ {z} {'zero' if z == '1' else 'zeros'} between"
            phases = [
                _Phase(f"{said} it is pulled apart", "", *self._compact()),
                _Phase(self._apart_caption(), "pulled apart", *self._apart(False)),
                _Phase(self._zeros_caption(), below, *self._apart(True)),
            ]
        phases.append(_Phase(self._frame_caption(), self._around(below), *self._framed((0, 0))))
        if a != (0, 0):
            total = size_text(*t.sizes(lambda axis: axis.out + axis.d * (axis.k - 1)))
            said = f"Output padding $a$ = {words_size(a)}: as many rows below and columns on the right: **{total}**"
            phases.append(_Phase(said, self._around(below), *self._framed(a)))
        return phases

    def _around(self, between: str) -> str:
        """The second line of the label with the frame in it."""
        frame = self._t.sizes(lambda axis: axis.frame)
        ahead = f"{between}, " if between else ""
        if max(frame) <= 0 and min(frame) < 0:
            return f"{ahead}{words_size((-frame[0], -frame[1]))} cut off, hatched"
        count = words_size(frame).replace("-", "−")
        if between:
            return f"{ahead}{'none' if frame == (0, 0) else count} around"
        return "no zeros around" if frame == (0, 0) else f"+ {count} {'zero' if count == '1' else 'zeros'} around"

    def _apart_caption(self) -> str:
        z = self._t.each(lambda axis: f"{axis.s} − 1 = **{axis.s - 1}**")
        return f"$z = s - 1$ = {z}: as many cells go between two neighbours"

    def _zeros_caption(self) -> str:
        sides = self._t.each(lambda axis: f"({axis.i} − 1)·{axis.s} + 1 = **{axis.stretched}**")
        return f"Zeros fill them; the stretched input has {sides} cells a side"

    def _frame_caption(self) -> str:
        dilated = any(axis.d > 1 for axis in self._t.axes)
        terms = self._t.each(lambda axis: _frame_terms(axis, dilated))
        left = "p' = d(k - 1) - p" if dilated else "p' = k - p - 1"
        frames = self._t.sizes(lambda axis: axis.frame)
        what = "zeros on every side" if min(frames) >= 0 else "negative: as many rows and columns are cut off, hatched"
        if frames == (0, 0):
            what = "no frame of zeros"
        return f"${left}$ = {terms}: {what}"

    def _compact(self) -> tuple[Values, Roles]:
        """The input in the middle of where it will be stretched."""
        values, roles = self._blank()
        i, j = self._t.data.values.shape
        top, left = self._t.sizes(lambda a: a.before + (a.stretched - a.i) // 2)
        values[top : top + i, left : left + j] = self._t.data.values
        roles[top : top + i, left : left + j] = "input"
        return values, roles

    def _apart(self, filled: bool) -> tuple[Values, Roles]:
        """The input with blank cells or zeros between its own."""
        values, roles = self._blank()
        (top, left), (rows, columns) = (self._t.sizes(lambda a: a.before), self._t.sizes(lambda a: a.stretched))
        inner = slice(top, top + rows), slice(left, left + columns)
        if filled:
            values[inner], roles[inner] = 0, "zero"
        s = self._t.sizes(lambda a: a.s)
        values[inner][:: s[0], :: s[1]] = self._t.data.values
        roles[inner][:: s[0], :: s[1]] = "input"
        return values, roles

    def _framed(self, extra: Size) -> tuple[Values, Roles]:
        """The stretched input within its frame, `extra` cells more at the end; what is cut off stays, hatched."""
        values, roles = self._apart(True)
        slid = np.zeros(roles.shape, bool)
        ends = [axis.before + axis.stretched + axis.frame + a for axis, a in zip(self._t.axes, extra, strict=True)]
        starts = self._t.sizes(lambda axis: axis.start)
        slid[starts[0] : ends[0], starts[1] : ends[1]] = True
        values[slid & (roles == "empty")] = 0
        roles[slid & (roles == "empty")] = "padding"
        roles[~slid & (roles == "input")] = "unreached"
        roles[~slid & (roles == "zero")] = "padding_unreached"
        return values, roles

    def _blank(self) -> tuple[Values, Roles]:
        drawn = self._t.sizes(lambda axis: axis.drawn)
        return np.full(drawn, np.nan), np.full(drawn, "empty", dtype="U17")


def _frame_terms(axis: Axis, dilated: bool) -> str:
    first = f"{axis.d}·({axis.k} − 1) − {axis.p}" if dilated else f"{axis.k} − {axis.p} − 1"
    return f"{first} = **{number(axis.frame)}**"


def _between(before: _Phase, after: _Phase) -> Iterator[Change]:
    """The cells in which two phases differ."""
    same = (before.roles == after.roles) & ((before.values == after.values) | np.isnan(after.values))
    same &= np.isnan(before.values) == np.isnan(after.values)
    for row, column in np.argwhere(~same).tolist():
        yield Cell(
            panel="input", row=row, column=column, role=str(after.roles[row, column]),
            value=float(after.values[row, column]),
        )  # fmt: skip
