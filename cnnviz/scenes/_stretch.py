"""A transposed convolution as a convolution: the input is pulled apart, framed with zeros, the turned kernel slides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnviz.parameters import Size
from cnnviz.story import Cells, Windows
from cnnviz.storyboard import Change, Values
from cnnviz.words import (
    Assigned,
    Defined,
    Expression,
    Extent,
    Number,
    PerAxis,
    Shape,
    Strong,
    Symbol,
    Text,
    Words,
    equation,
    joined,
    size,
)

Roles = npt.NDArray[np.str_]
_CUT = {"input": "unreached", "zero": "padding_unreached"}


@dataclass(frozen=True)
class Phase:
    """What the input's panel shows, what is said about it, and the second line of its label."""

    caption: Words
    below: Words
    values: Values
    roles: Roles

    def changes(self, X: Cells, before: Phase) -> Iterator[Change]:
        """The cells in which it differs from the phase before."""
        same = (before.roles == self.roles) & ((before.values == self.values) | np.isnan(self.values))
        same &= np.isnan(before.values) == np.isnan(self.values)
        for row, column in np.argwhere(~same).tolist():
            yield X.set((row, column), role=str(self.roles[row, column]), value=float(self.values[row, column]))


@dataclass(frozen=True)
class Stretch:
    """An input `x` on its way to what the kernel of size `k` slides over, with `windows` of `Axis.stretched`."""

    x: Values
    windows: Windows
    k: Size
    s: Size
    p: Size
    a: Size
    d: Size

    @property
    def frame(self) -> Size:
        """Zeros around, p′; negative where cells are cut off instead."""
        rows, columns = (d * (k - 1) - p for d, k, p in zip(self.d, self.k, self.p, strict=True))
        return rows, columns

    def phases(self) -> list[Phase]:
        """The compact input first, then with cells and zeros between, with its frame, with the output padding."""
        i, s = Shape(self.x.shape, "input"), Assigned(size("s"), Extent(self.s))
        below: Words = ""
        if self.s == (1, 1):
            z = equation(size("z"), size("s") - 1, Number(0))
            said = Text("The {i} input; stride {s}: no zeros between its cells, {z}", i=i, s=s, z=z)
            found = [Phase(said, "", *self._compact())]
        else:
            zeros = "+ {z} zero between" if self.s == (2, 2) else "+ {z} zeros between"
            below = Text(zeros, z=Extent((self.s[0] - 1, self.s[1] - 1), "z"))
            said = Text("The {i} input; with stride {s} it is pulled apart", i=i, s=s)
            found = [
                Phase(said, "", *self._compact()),
                Phase(self._gaps(), Text("pulled apart"), *self._apart(filled=False)),
                Phase(self._filled(), below, *self._apart(filled=True)),
            ]
        found.append(Phase(self._framed_caption(), self._around(below), *self._framed(extra=False)))
        if any(self.a):
            said = Text(
                "Output padding {a} adds rows at the bottom and columns on the right: {shape}",
                a=Assigned(size("a"), Extent(self.a)),
                shape=Strong(
                    Shape(tuple(o + d * (k - 1) for o, d, k in zip(self.windows.out, self.d, self.k, strict=True)))
                ),
            )
            found.append(Phase(said, self._around(below), *self._framed(extra=True)))
        return found

    def boundary(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Where the stretched input stands within its frame, and its size."""
        return self.windows.padding, tuple(axis.size for axis in self.windows.axes)

    def formulas(self) -> list[Words]:
        """The zeros, the frame and the stride of the convolution that is seen, along one axis."""
        k, p, s, d = map(size, "kpsd")
        frame = d * (k - 1) - p if self.d[0] > 1 else k - p - 1
        return [
            Defined(size("z"), (s - 1, Number(self.s[0] - 1))),
            Defined(size("p'"), (frame, Number(self.frame[0]))),
            Defined(size("s'"), (Number(1),)),
        ]

    # What is said

    def _gaps(self) -> Words:
        z = self._along(
            lambda axis: (size("s") - 1, Number(self.s[axis]) - 1, Number(self.s[axis] - 1)), left=size("z")
        )
        return Text("{z}: zeros that go between neighbours", z=z)

    def _filled(self) -> Words:
        sides = self._along(
            lambda axis: ((Number(self.x.shape[axis]) - 1) * self.s[axis] + 1, Number(self.windows.axes[axis].size))
        )
        return Text("Zeros fill the gaps; cells per side: {sides}", sides=sides)

    def _framed_caption(self) -> Words:
        dilated = any(d > 1 for d in self.d)
        k, p, d = map(size, "kpd")

        def terms(axis: int) -> tuple[Expression, ...]:
            own_k, own_p, own_d = (Number(each[axis]) for each in (self.k, self.p, self.d))
            letters, numbers = (
                (d * (k - 1) - p, own_d * (own_k - 1) - own_p) if dilated else (k - p - 1, own_k - own_p - 1)
            )
            return letters, numbers, Number(self.frame[axis])

        if not any(self.frame):
            what = "{p}: no zeros around"
        elif min(self.frame) >= 0:
            what = "{p}: zeros on every side"
        else:
            what = "{p}: negative, so rows and columns are cut off (hatched)"
        return Text(what, p=self._along(terms, left=size("p'")))

    def _around(self, between: Words) -> Words:
        """The second line of the label with the frame in it."""
        frame = self.frame
        if max(frame) <= 0 and min(frame) < 0:
            return joined((between, Text("{n} cut off, hatched", n=Extent((-frame[0], -frame[1]), "-p'"))))
        if between:
            return joined((between, Text("{n} around", n=Extent(frame, "p'")) if any(frame) else Text("none around")))
        if not any(frame):
            return Text("no zeros around")
        return Text("+ {n} zero around" if frame == (1, 1) else "+ {n} zeros around", n=Extent(frame, "p'"))

    def _along(self, sides: Callable[[int], tuple[Expression, ...]], left: Symbol | None = None) -> PerAxis:
        """An equation along both axes; of two that differ the numbers alone."""
        rows, columns = sides(0), sides(1)
        if rows != columns and left is not None:
            rows, columns = rows[1:], columns[1:]
        return PerAxis(equation(left, *rows), equation(left, *columns))

    # What is shown

    def _compact(self) -> tuple[Values, Roles]:
        """The input in the middle of where it will be stretched."""
        values, roles = self._blank()
        inner = tuple(
            slice(first := axis.before + (axis.size - i) // 2, first + i)
            for axis, i in zip(self.windows.axes, self.x.shape, strict=True)
        )
        values[inner], roles[inner] = self.x, "input"
        return values, roles

    def _apart(self, *, filled: bool) -> tuple[Values, Roles]:
        """The input with blank cells or zeros between its own."""
        values, roles = self._blank()
        inner = tuple(slice(axis.before, axis.before + axis.size) for axis in self.windows.axes)
        if filled:
            values[inner], roles[inner] = 0, "zero"
        values[inner][:: self.s[0], :: self.s[1]] = self.x
        roles[inner][:: self.s[0], :: self.s[1]] = "input"
        return values, roles

    def _framed(self, *, extra: bool) -> tuple[Values, Roles]:
        """The stretched input within its frame, the output padding only with `extra`; what is cut off is hatched."""
        values, roles = self._apart(filled=True)
        each = zip(self.windows.axes, self.frame, self.a if extra else (0, 0), strict=True)
        reached = [
            (at >= axis.before - frame) & (at < axis.before + axis.size + frame + more)
            for axis, frame, more in each
            for at in (np.arange(axis.drawn),)
        ]
        slid = np.logical_and.outer(*reached)
        framed = slid & (roles == "empty")
        values[framed], roles[framed] = 0, "padding"
        for role, hatched in _CUT.items():
            roles[~slid & (roles == role)] = hatched
        return values, roles

    def _blank(self) -> tuple[Values, Roles]:
        return np.full(self.windows.drawn, np.nan), np.full(self.windows.drawn, "empty", dtype="U17")
