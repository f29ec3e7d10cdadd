"""A transposed convolution as a convolution: the input is pulled apart, framed with zeros, the turned kernel slides."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from cnnviz.parameters import Size
from cnnviz.story import (
    WINDOW,
    Cells,
    Story,
    Tensor,
    Windows,
    filled,
    reading_beats,
    shared_weights,
    times,
)
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
    equation,
    joined,
    size,
)

if TYPE_CHECKING:
    from cnnviz.scenes.transposed_conv import TransposedConv

_CUT = {"input": "unreached", "zero": "padding_unreached"}


class Phase(NamedTuple):
    """The caption, the second line of the input's label, and the values and roles of its panel."""

    caption: Words
    below: Words
    values: Values
    roles: npt.NDArray[np.str_]


def slide(scene: TransposedConv, story: Story, y: Tensor, windows: Windows, formula: Filled, bias: Number) -> Story:
    """The input is stretched in some phases, then the turned kernel slides over it."""
    x, w = scene.map.values, scene.weights.values
    phases = list(_phases(scene, windows))
    corner, sides = _compact(x, windows), tuple(axis.size for axis in windows.axes)
    place = dict(zip(("row", "column", "rows", "columns"), (*corner, *x.shape), strict=True))
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
        marks=(Mark(name="map", role="boundary", **place), WINDOW),
    )
    story.graph.show_input("input", phases[0].values, x.shape)
    turned = Text("rotated by 180°")
    W = story.cells("kernel", "Kernel {size}", w[::-1, ::-1], first=w, role="kernel", below=turned, enlarge=True)
    Y = story.cells("output", "Output {size}", y, pending=True)
    count = len(phases) + 1 + windows.count
    weights, beats = W.read(), reading_beats(count)

    def steps() -> Iterator[Step]:
        labels = X.relabel(phases[0].below), W.relabel(Text("as given"))
        yield story.step(phases[0].caption, labels, Y.ask(), beats=beats)
        apart = [X.mark("map", windows.padding, sides)] if max(scene.s) > 1 else []
        for before, phase in pairwise(phases):
            yield story.step(phase.caption, _changes(X, before, phase), X.relabel(phase.below), apart, beats=beats)
            apart = []
        words = Text(
            "Rotate the kernel by 180°, slide it with stride {s}; zeros add nothing", s=equation(size("s'"), 1)
        )
        last = np.subtract(w.shape, 1)
        cells = [
            W.set(at, value=float(value), origin=tuple((last - at).tolist())) for at, value in np.ndenumerate(W.values)
        ]
        yield story.step(words, cells, W.relabel(turned), beats=beats)
        for at in windows.positions():
            cells_at = windows.cells(at)
            real = [X.role(cell) == "input" for cell in cells_at]
            caption = Y.dot_product(at, X.read(compress(cells_at, real)), list(compress(weights, real)), bias)
            yield story.step(caption, X.move_window(windows, at, notes=times(weights)), Y.write(at))

    what = Text(
        "a transposed convolution with {settings}: a {i} input is pulled apart and framed with zeros, then the {k} "
        "kernel, rotated by 180°, slides over it with stride 1; each cell of the {o} output is the sum of products",
        settings=story.settings_text("kernel"),
        i=Shape(x.shape),
        k=Shape(w.shape),
        o=Shape(windows.out),
    )
    return story.play(
        steps,
        count,
        (X, "∗", W, "=", Y),
        answer=_answer(scene, windows),
        alt=what,
        step_roles=("empty", "input", "zero", "padding", *_CUT.values(), "kernel", "kernel_on_padding", "output"),
        formula=formula,
        convention=Text("kernel rotated by 180°: the transpose of the convolution"),
    )


def _compact(x: Values, windows: Windows) -> tuple[int, ...]:
    """Where the input lies before it is stretched: in the middle."""
    return tuple(axis.before + (axis.size - i) // 2 for axis, i in zip(windows.axes, x.shape, strict=True))


def _phases(scene: TransposedConv, windows: Windows) -> Iterator[Phase]:
    """The input as given, then with cells and zeros between, with its frame, with the output padding."""
    x, k, s, a = scene.map.values, scene.weights.values.shape, scene.s, scene.output_padding
    between = s[0] - 1, s[1] - 1
    # Less than 0 where the padding is larger than the kernel reaches: cells of the input are cut off.
    frame = [d * (side - 1) - p for d, side, p in zip(scene.d, k, scene.p, strict=True)]
    values, roles = np.full(windows.drawn, np.nan), np.full(windows.drawn, "empty", dtype="U7")
    inner = tuple(slice(axis.before, axis.before + axis.size) for axis in windows.axes)

    def phase(template: str, below: Words = "", seen: npt.NDArray[np.str_] = roles, /, **given: Words) -> Phase:
        return Phase(Text(template, **given), below, values.copy(), seen.copy())

    def fill(region: tuple[slice, ...], role: str) -> None:
        empty = roles[region] == "empty"
        values[region][empty], roles[region][empty] = 0, role

    def framed(more: Size) -> npt.NDArray[np.str_]:
        sides = zip(windows.axes, frame, more, strict=True)
        slid = tuple(slice(max(0, -n), axis.before + axis.size + n + added) for axis, n, added in sides)
        fill(slid, "padding")
        seen = np.select([roles == role for role in _CUT], [*_CUT.values()], "empty")
        seen[slid] = roles[slid]
        return seen

    compact = tuple(slice(at, at + n) for at, n in zip(_compact(x, windows), x.shape, strict=True))
    values[compact], roles[compact] = x, "input"
    apart, zeros = max(s) > 1, Text("zeros between: {n}", n=Extent(between, "z"))
    template = "The {i} input; with stride {s} it is pulled apart"
    stride = Assigned(size("s"), Extent(s))
    yield phase(
        template if apart else "The {i} input; stride {s}: no zeros between its cells",
        i=Shape(x.shape, "input"),
        s=stride,
    )
    if apart:
        cells = tuple(slice(side.start, side.stop, step) for side, step in zip(inner, s, strict=True))
        values[:], roles[:] = np.nan, "empty"
        values[cells], roles[cells] = x, "input"
        z = filled(size("s") - 1, between, None, "z", s=s)
        yield phase("{z}: zeros that go between neighbours", Text("pulled apart"), z=z)
        fill(inner, "zero")
        yield phase("Zeros fill the gaps: the input is now {shape}", zeros, shape=Strong(Shape(values[inner].shape)))
    general = size("d") * (size("k") - 1) - size("p") if max(scene.d) > 1 else size("k") - size("p") - 1
    p = filled(general, frame, None, "p'", k=k, p=scene.p, d=scene.d)
    around = Text("around: {n}" if apart else "zeros around: {n}", n=Extent((frame[0], frame[1]), "p'"))
    template = "{p}: zeros on every side" if any(frame) else "{p}: no zeros around"
    if min(frame) < 0:
        around = Text("{n} cut off, hatched", n=Extent((max(0, -frame[0]), max(0, -frame[1]))))
        template = "{p}: negative, so rows and columns are cut off (hatched)"
    below = joined((zeros if apart else None, around))
    yield phase(template, below, framed((0, 0)), p=p)
    if any(a):
        template = "Output padding {a} adds rows at the bottom and columns on the right: {shape}"
        whole = [axis.size + 2 * n + added for axis, n, added in zip(windows.axes, frame, a, strict=True)]
        yield phase(template, below, framed(a), a=Assigned(size("a"), Extent(a)), shape=Strong(Shape(tuple(whole))))


def _changes(X: Cells, before: Phase, after: Phase) -> Iterator[Change]:
    """The cells that become another kind; those of the input move."""
    own = [np.isin(phase.roles, ("input", _CUT["input"])) for phase in (before, after)]
    starts, ends = (map(tuple, np.argwhere(each).tolist()) for each in own)
    moved = {end: start for start, end in zip(starts, ends, strict=True) if end != start}
    for at in np.ndindex(after.roles.shape):
        if at in moved or before.roles[at] != after.roles[at]:
            yield X.set(at, role=str(after.roles[at]), value=float(after.values[at]), origin=moved.get(at))


def _answer(scene: TransposedConv, windows: Windows) -> Words:
    """What the zeros were good for, where that can be seen."""
    x, w = scene.map.values, scene.weights.values
    sizes = {"i": Shape(x.shape, "input"), "o": Shape(windows.out, "output")}
    if min(scene.s) > 1 and np.greater_equal(w.shape, scene.s).all() and w.all():
        return Text("Every cell between the inputs is filled: {i} → {o}", **sizes)
    if scene.s == (1, 1) and np.greater(windows.out, x.shape).all():
        return Text("Zeros around the input made room for more outputs: {i} → {o}", **sizes)
    return shared_weights(w.size)
