"""A transposed convolution as a convolution: the input is pulled apart, framed with zeros, the turned kernel slides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cnnviz.story import Cells, Story, Tensor, Windows, filled, reading_beats, shared_weights, times, tolerance
from cnnviz.storyboard import Change, Mark, Step, Values
from cnnviz.words import (
    Assigned,
    Extent,
    Filled,
    Number,
    Shape,
    Strong,
    Text,
    Words,
    dot,
    equation,
    joined,
    size,
)

if TYPE_CHECKING:
    from cnnviz.scenes.transposed_conv import TransposedConv

Picture = tuple[Values, npt.NDArray[np.str_]]
_CUT = {"input": "unreached", "zero": "padding_unreached"}
_ROLES = ("empty", "input", "zero", "padding", *_CUT.values(), "kernel", "kernel_on_padding", "output")


@dataclass(frozen=True)
class Phase:
    """What is said, the second line of the input's label, and the values and roles of its panel."""

    caption: Words
    below: Words
    values: Values
    roles: npt.NDArray[np.str_]

    def changes(self, X: Cells, before: Phase) -> Iterator[Change]:
        """The cells in which it differs from the phase before; those of the input move."""
        same = (before.roles == self.roles) & ((before.values == self.values) | np.isnan(self.values))
        same &= np.isnan(before.values) == np.isnan(self.values)
        ends, starts = (np.argwhere(roles == "input").tolist() for roles in (self.roles, before.roles))
        # Where some are cut off, none moves.
        pairs = zip(ends, starts, strict=True) if len(ends) == len(starts) else ()
        origins = {tuple(end): (start[0], start[1]) for end, start in pairs if end != start}
        for at in origins:
            same[at] = False
        for row, column in np.argwhere(~same).tolist():
            role, value = str(self.roles[row, column]), float(self.values[row, column])
            yield X.set((row, column), role=role, value=value, origin=origins.get((row, column)))


class Stretch:
    """An input on its way to what the kernel slides over, with `windows` of `Axis.stretched`."""

    def __init__(self, scene: TransposedConv, windows: Windows) -> None:
        self.x, self.s, self.a, self.windows = scene.map.values, scene.s, scene.output_padding, windows
        k, dilated = scene.weights.values.shape, scene.d != (1, 1)
        frame = [d * (k - 1) - p for d, k, p in zip(scene.d, k, scene.p, strict=True)]
        self.frame, self.between = (frame[0], frame[1]), (self.s[0] - 1, self.s[1] - 1)
        general = size("d") * (size("k") - 1) - size("p") if dilated else size("k") - size("p") - 1
        self.z = filled(size("s") - 1, self.between, None, "z", s=self.s)
        self.p = filled(general, self.frame, None, "p'", k=k, p=scene.p, d=scene.d)
        self.size = tuple(axis.size for axis in windows.axes)

    def phases(self) -> Iterator[Phase]:
        """The input as given, then with cells and zeros between, with its frame, with the output padding."""
        i, s = Shape(self.x.shape, "input"), Assigned(size("s"), Extent(self.s))
        if self.s == (1, 1):
            said = "The {i} input; stride {s}: no zeros between its cells"
            yield Phase(Text(said, i=i, s=s), "", *self._compact())
        else:
            said = "The {i} input; with stride {s} it is pulled apart"
            yield Phase(Text(said, i=i, s=s), "", *self._compact())
            said = "{z}: zeros that go between neighbours"
            yield Phase(Text(said, z=self.z), Text("pulled apart"), *self._apart(np.nan, "empty"))
            said = "Zeros fill the gaps: the input is now {shape}"
            yield Phase(Text(said, shape=Strong(Shape(self.size))), self._below(), *self._apart(0, "zero"))
        said = "{p}: zeros on every side" if any(self.frame) else "{p}: no zeros around"
        if min(self.frame) < 0:
            said = "{p}: negative, so rows and columns are cut off (hatched)"
        yield Phase(Text(said, p=self.p), self._below(framed=True), *self._framed((0, 0)))
        if any(self.a):
            said = "Output padding {a} adds rows at the bottom and columns on the right: {shape}"
            sides = zip(self.size, self.frame, self.a, strict=True)
            whole = Strong(Shape(tuple(side + 2 * frame + more for side, frame, more in sides)))
            caption = Text(said, a=Assigned(size("a"), Extent(self.a)), shape=whole)
            yield Phase(caption, self._below(framed=True), *self._framed(self.a))

    def answer(self, w: Values) -> Words:
        """What the zeros were good for, where that can be seen."""
        sizes = {"i": Shape(self.x.shape, "input"), "o": Shape(self.windows.out, "output")}
        if min(self.s) > 1 and np.greater_equal(w.shape, self.s).all() and w.all():
            return Text("Every cell between the inputs is filled: {i} → {o}", **sizes)
        if self.s == (1, 1) and np.greater(self.windows.out, self.x.shape).all():
            return Text("Zeros around the input made room for more outputs: {i} → {o}", **sizes)
        return shared_weights(w.size)

    def _below(self, *, framed: bool = False) -> Words:
        """How many zeros there are, or what is cut off."""
        between = Text("zeros between: {n}", n=Extent(self.between, "z")) if any(self.between) else None
        around = Text("around: {n}" if between else "zeros around: {n}", n=Extent(self.frame, "p'"))
        if max(self.frame) <= 0 and min(self.frame) < 0:
            around = Text("{n} cut off, hatched", n=Extent((-self.frame[0], -self.frame[1]), "-p'"))
        return joined((between, around if framed else None))

    @property
    def compact(self) -> dict[str, Any]:
        """Where the input lies before it is stretched: in the middle."""
        row, column = (
            axis.before + (axis.size - i) // 2 for axis, i in zip(self.windows.axes, self.x.shape, strict=True)
        )
        return {"row": row, "column": column, "rows": self.x.shape[0], "columns": self.x.shape[1]}

    def _compact(self) -> Picture:
        values, roles = self._blank()
        row, column, rows, columns = self.compact.values()
        inner = slice(row, row + rows), slice(column, column + columns)
        values[inner], roles[inner] = self.x, "input"
        return values, roles

    def _apart(self, value: float, role: str) -> Picture:
        """The input with cells between its own."""
        values, roles = self._blank()
        inner = tuple(slice(axis.before, axis.before + axis.size) for axis in self.windows.axes)
        values[inner], roles[inner] = value, role
        values[inner][:: self.s[0], :: self.s[1]], roles[inner][:: self.s[0], :: self.s[1]] = self.x, "input"
        return values, roles

    def _framed(self, extra: tuple[int, int]) -> Picture:
        """The stretched input within its frame and the output padding; what is cut off is hatched."""
        values, roles = self._apart(0, "zero")
        rows, columns = (
            (np.arange(axis.drawn) >= axis.before - frame)
            & (np.arange(axis.drawn) < axis.before + axis.size + frame + more)
            for axis, frame, more in zip(self.windows.axes, self.frame, extra, strict=True)
        )
        slid = np.logical_and.outer(rows, columns)
        framed = slid & (roles == "empty")
        values[framed], roles[framed] = 0, "padding"
        for role, hatched in _CUT.items():
            roles[~slid & (roles == role)] = hatched
        return values, roles

    def _blank(self) -> Picture:
        return np.full(self.windows.drawn, np.nan), np.full(self.windows.drawn, "empty", dtype="U17")


def slide(scene: TransposedConv, story: Story, y: Tensor, windows: Windows, formula: Filled, bias: Number) -> Story:
    """The input is stretched in some phases, then the turned kernel slides over it."""
    x, w, stretch = scene.map.values, scene.weights.values, Stretch(scene, windows)
    phases = list(stretch.phases())
    X = story.cells(
        "input",
        "Input {size}",
        np.nan_to_num(phases[-1].values),
        first=phases[0].values,
        roles=phases[0].roles,
        data=scene.map,
        notes=True,
        size=Shape(x.shape, "input"),
        below=phases[-1].below,
        marks=(Mark(name="map", role="boundary", **stretch.compact), Mark(name="window", role="window")),
    )
    story.graph.show_input("input", phases[0].values, x.shape)
    turned = Text("rotated by 180°")
    W = story.cells("kernel", "Kernel {size}", w[::-1, ::-1], first=w, role="kernel", below=turned, enlarge=True)
    Y = story.cells("output", "Output {size}", y, pending=True, lost=tolerance(x, w))
    count = len(phases) + 1 + windows.count
    one = equation(size("s'"), Number(1))
    weights, beats = W.read(list(np.ndindex(w.shape))), reading_beats(count)

    def steps() -> Iterator[Step]:
        labels = X.relabel(phases[0].below), W.relabel(Text("as given"))
        yield story.step(phases[0].caption, labels, Y.ask(), beats=beats)
        for n, (before, phase) in enumerate(pairwise(phases)):
            apart = [X.mark("map", windows.padding, stretch.size)] if n == 0 and stretch.s != (1, 1) else []
            yield story.step(phase.caption, phase.changes(X, before), X.relabel(phase.below), apart, beats=beats)
        said = Text("Rotate the kernel by 180°, slide it with stride {s}; zeros add nothing", s=one)
        rows, columns = W.values.shape
        cells = [
            W.set((row, column), value=float(value), origin=(rows - 1 - row, columns - 1 - column))
            for (row, column), value in np.ndenumerate(W.values)
        ]
        yield story.step(said, cells, W.relabel(turned), beats=beats)
        for at in windows.places():
            real = [X.role(cell) == "input" for cell in windows.cells(at)]
            pixels, used = X.read(list(compress(windows.cells(at), real))), list(compress(weights, real))
            caption = equation(Y.symbol("y", at), dot(pixels, used, bias, Y[at]), Y[at])
            yield story.step(caption, X.window(windows, at, times(weights)), Y.write(at))

    what = Text(
        "a transposed convolution with {settings}: a {i} input is pulled apart and framed with zeros, then the {k} "
        "kernel, rotated by 180°, slides over it with stride 1; each cell of the {o} output is the sum of products",
        settings=story.told("kernel"),
        i=Shape(x.shape),
        k=Shape(w.shape),
        o=Shape(windows.out),
    )
    return story.play(
        steps,
        count,
        (X, "∗", W, "=", Y),
        answer=stretch.answer(w),
        alt=what,
        step_roles=_ROLES,
        formula=formula,
        convention=Text("kernel rotated by 180°: the transpose of the convolution"),
    )
