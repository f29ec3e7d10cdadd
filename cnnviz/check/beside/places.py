"""What an operation's sizes say of every step: the window's place, the cells in it, the cell that wins."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from cnnviz.check.beside.stepping import HIDDEN, OTHERS, Cells, Expected, Rect, one
from cnnviz.check.subject import Subject, Values
from cnnviz.parameters import Size
from cnnviz.storyboard import MoveMark


@dataclass(frozen=True)
class Slide:
    """A window of `k` cells, `d` apart, that moves by `s` over a map; `out` are its places."""

    k: Size
    s: Size
    d: Size
    out: Size

    def places(self) -> Iterator[Size]:
        """The places in reading order."""
        yield from itertools.product(range(self.out[0]), range(self.out[1]))

    def rect(self, place: Size) -> Rect:
        """The outline there."""
        (row, column), span = self.corner(place), [d * (k - 1) + 1 for k, d in zip(self.k, self.d, strict=True)]
        return row, column, span[0], span[1]

    def corner(self, place: Size) -> Size:
        """Its first cell."""
        return place[0] * self.s[0], place[1] * self.s[1]

    def cells(self, place: Size) -> Cells:
        """All of its cells."""
        row, column = self.corner(place)
        down, across = (range(at, at + d * k, d) for at, d, k in zip((row, column), self.d, self.k, strict=True))
        return set(itertools.product(down, across))

    def missed(self, shape: Size) -> Cells:
        """The cells of a map that no place reaches."""
        along = [
            {place * s + cell * d for place in range(o) for cell in range(k)}
            for o, s, k, d in zip(self.out, self.s, self.k, self.d, strict=True)
        ]
        every = itertools.product(range(shape[0]), range(shape[1]))
        return {(row, column) for row, column in every if row not in along[0] or column not in along[1]}


def shape_of(figure: Subject, panel: str) -> Size:
    """Rows and columns of a grid."""
    rows, columns = figure.panels[panel].shape[-2:]
    return rows, columns


def _boundary(figure: Subject) -> dict[tuple[str, str], Rect]:
    p, i = figure.size("p"), figure.size("i")
    return {("input", "map"): (*p, *i)}


def _conv_slide(figure: Subject) -> Slide:
    d = figure.size("d") if "d" in figure.parameters else (1, 1)
    return Slide(figure.size("k"), figure.size("s"), d, shape_of(figure, "output"))


def conv(figure: Subject) -> Iterator[Expected]:
    """A convolution: the window, the cells under the kernel, those that it never reaches."""
    slide = _conv_slide(figure)
    missed = slide.missed(shape_of(figure, "input"))
    for place in slide.places():
        yield Expected(
            {("input", "window"): slide.rect(place), ("output", "current"): one(*place), **_boundary(figure)},
            {("input", "under"): slide.cells(place), ("input", "hatched"): missed},
        )


def conv_relation(figure: Subject) -> Iterator[Expected]:
    """The same, and back: each output cell over its window in a map without padding."""
    slide, i, p = _conv_slide(figure), figure.size("i"), figure.size("p")
    yield from conv(figure)
    for place in slide.places():
        marks = {("input", "window"): slide.rect(place), ("output", "current"): one(*place)}
        under, outline = _cut(slide, place, p, i)
        yield Expected({**marks, ("back", "window"): outline}, {("back", "under"): under, ("input", "under"): set()})
    gone = {("input", "window"): HIDDEN, ("output", "current"): HIDDEN, ("back", "window"): HIDDEN}
    yield Expected(gone, {("back", "under"): set(), ("input", "under"): set()})


def _cut(slide: Slide, place: Size, offset: Size, shape: Size) -> tuple[Cells, Rect]:
    """A window's cells and outline in a map of which `offset` cells before the first are cut off."""
    cells = {(row - offset[0], column - offset[1]) for row, column in slide.cells(place)}
    row, column, rows, columns = slide.rect(place)
    first = max(0, row - offset[0]), max(0, column - offset[1])
    end = min(shape[0], row - offset[0] + rows), min(shape[1], column - offset[1] + columns)
    outline = (*first, end[0] - first[0], end[1] - first[1])
    inside: Cells = {(r, c) for r, c in cells if 0 <= r < shape[0] and 0 <= c < shape[1]}
    return inside, outline if min(outline[2:]) > 0 else HIDDEN


def transposed_conv(figure: Subject) -> Iterator[Expected]:
    """The kernel over the input pulled apart, or a stamp for each of its cells."""
    i, k, s, p, a, d = (figure.size(name) for name in ("i", "k", "s", "p", "output_padding", "d"))
    if figure.parameters["view"] == "convolution":
        yield from _slid(figure, (i, k, s, p, a, d))
        return
    cropped = "sum" in figure.panels
    panel, slide = "sum" if cropped else "output", Slide(k, s, d, i)
    shape, counted = shape_of(figure, panel), "overlap" in figure.panels
    offset = (0, 0) if cropped else p
    for place in slide.places():
        under, outline = _cut(slide, place, offset, shape)
        marks = {(panel, "window"): outline, ("input", "window"): one(*place)}
        if counted:
            marks["overlap", "window"] = outline
        yield Expected(marks, {(panel, "under"): under, ("input", "under"): {place}})
    out = shape_of(figure, "output")
    last = Expected({(panel, "window"): HIDDEN, ("input", "window"): HIDDEN}, {(panel, "under"): set()})
    if cropped:
        kept = set(itertools.product(*(range(q, q + o) for q, o in zip(p, out, strict=True))))
        last.marks["sum", "kept"] = (*p, *out)
        last.cells["sum", "hatched"] = set(itertools.product(*map(range, shape))) - kept
    yield last


def _slid(figure: Subject, how: tuple[Size, ...]) -> Iterator[Expected]:
    i, k, s, p, a, d = how
    out = shape_of(figure, "output")
    frame = [gap * (size - 1) - q for gap, size, q in zip(d, k, p, strict=True)]
    before, start = [max(0, f) for f in frame], [max(0, -f) for f in frame]
    apart = [(size - 1) * step + 1 for size, step in zip(i, s, strict=True)]
    first = len(figure.steps) - out[0] * out[1]
    boundary: dict[tuple[str, str], Rect] = {}
    if min(frame) >= 0 and max(frame) > 0:
        boundary["input", "map"] = (*before, *apart)
    for step in figure.steps[:first]:
        moved = any(isinstance(change, MoveMark) and change.mark == "map" for change in step.changes)
        yield Expected(boundary if moved else {})
    ends = [b + side + f + more for b, side, f, more in zip(before, apart, frame, a, strict=True)]
    inner = set(itertools.product(*(range(b, b + side) for b, side in zip(before, apart, strict=True))))
    hatched = {cell for cell in inner if any(not lo <= at < hi for at, lo, hi in zip(cell, start, ends, strict=True))}
    slide = Slide(k, (1, 1), d, out)
    for place in slide.places():
        row, column, rows, columns = slide.rect(place)
        under: Cells = {(r + start[0], c + start[1]) for r, c in slide.cells(place)}
        marks = {("input", "window"): (row + start[0], column + start[1], rows, columns),
                 ("output", "current"): one(*place)}  # fmt: skip
        yield Expected(marks | boundary, {("input", "under"): under, ("input", "hatched"): hatched})


@dataclass(frozen=True)
class Spans:
    """The rows and the columns of each window of a pooling, in cells of the map; some may lie outside of it."""

    rows: list[range]
    columns: list[range]
    size: Size
    p: Size

    @classmethod
    def of(cls, figure: Subject, panel: str) -> Spans:
        """The windows that make what a panel shows."""
        given, out, size = figure.parameters, shape_of(figure, panel), figure.size("i")
        p = figure.size("p") if "p" in given else (0, 0)
        spans: list[list[range]] = []
        for axis in (0, 1):
            if given.get("output_size") is not None:
                ends = [(r * size[axis] // out[axis], -(-(r + 1) * size[axis] // out[axis])) for r in range(out[axis])]
                spans.append([range(*each) for each in ends])
                continue
            k, s = figure.size("k")[axis], figure.size("s")[axis]
            d = figure.size("d")[axis] if "d" in given else 1
            spans.append([range(r * s - p[axis], r * s - p[axis] + d * (k - 1) + 1, d) for r in range(out[axis])])
        return cls(spans[0], spans[1], size, p)

    def cells(self, row: int, column: int) -> Cells:
        """The cells of a window on the map and its padding."""
        every = itertools.product(self.rows[row], self.columns[column])
        return {(r, c) for r, c in every if r < self.size[0] + self.p[0] and c < self.size[1] + self.p[1]}

    def drawn(self, cells: Cells) -> Cells:
        """Cells as they are counted where padding is drawn."""
        return {(r + self.p[0], c + self.p[1]) for r, c in cells}

    def rect(self, row: int, column: int) -> Rect:
        """The outline of a window there."""
        down, across = self.rows[row], self.columns[column]
        return down[0] + self.p[0], across[0] + self.p[1], down[-1] - down[0] + 1, across[-1] - across[0] + 1

    def best(self, x: Values, row: int, column: int) -> tuple[int, int]:
        """The first of the greatest values in a window."""
        inside = sorted(c for c in self.cells(row, column) if 0 <= c[0] < x.shape[0] and 0 <= c[1] < x.shape[1])
        best = inside[int(np.argmax([x[cell] for cell in inside]))]
        return best[0], best[1]

    def missed(self) -> Cells:
        """The cells of the map and its padding that no window holds."""
        down, across = ({at for span in spans for at in span} for spans in (self.rows, self.columns))
        sides = (range(-q, size + q) for q, size in zip(self.p, self.size, strict=True))
        return {(row, column) for row, column in itertools.product(*sides) if row not in down or column not in across}


def pool(figure: Subject) -> Iterator[Expected]:
    """The window, its cells, and the one that wins."""
    spans, x, maximum = Spans.of(figure, "output"), figure.operand("input"), figure.parameters["kind"] == "max"
    missed = spans.drawn(spans.missed())
    for row, column in np.ndindex(*shape_of(figure, "output")):
        under = spans.drawn(spans.cells(row, column))
        marks = {("input", "window"): spans.rect(row, column), ("output", "current"): one(row, column)}
        won = spans.drawn({spans.best(x, row, column)}) if maximum else set()
        if maximum:
            marks["input", "winner"] = (*min(won), 1, 1)
        yield Expected({**marks, **_boundary(figure)},
                       {("input", "under"): under - won, ("input", "winner"): won, ("input", "hatched"): missed})


def unpool(figure: Subject) -> Iterator[Expected]:
    """There as in pooling, and each value back over its window."""
    spans, x, maximum = Spans.of(figure, "pooled"), figure.operand("input"), figure.parameters["kind"] == "max"
    missed, places = spans.missed(), list(np.ndindex(*shape_of(figure, "pooled")))
    winners = {place: spans.best(x, *place) for place in places} if maximum else {}
    before: Cells = set()
    for place in places:
        won = {winners[place]} if maximum else set()
        before |= won
        under = spans.cells(*place) - won
        marks = {("input", "window"): spans.rect(*place), ("pooled", "current"): one(*place)}
        if maximum:
            marks["input", "winner"] = one(*winners[place])
        yield Expected(marks, {("input", "under"): under, ("input", "winner"): before - under,
                               ("input", "hatched"): missed})  # fmt: skip
    for place in places:
        marks = {("input", "window"): HIDDEN, ("pooled", "current"): one(*place)}
        marks["output", "window"] = spans.rect(*place)
        if maximum:
            marks |= {(panel, "winner"): one(*winners[place]) for panel in ("input", "output")}
        yield Expected(marks, {("input", "under"): set(), ("input", "winner"): before})
    gone = [("pooled", "current"), ("output", "window"), ("output", "winner"), ("input", "winner")]
    yield Expected(dict.fromkeys(gone, HIDDEN), {("input", "winner"): before})


def lrn(figure: Subject) -> Iterator[Expected]:
    """The neighbourhood of a value on every channel, and the value."""
    channels, rows, columns = figure.operand("input").shape
    n, within = figure.parameters["n"], figure.parameters["kind"] == "intra"
    order = list(itertools.product(range(channels), range(rows), range(columns)))
    if not within:
        order.sort(key=lambda place: (place[1], place[2], place[0]))
    for place in order:
        near = [
            range(max(0, at - n // 2), min(end, at + (n - 1) // 2 + 1)) if (axis > 0) == within else range(at, at + 1)
            for axis, (at, end) in enumerate(zip(place, (channels, rows, columns), strict=True))
        ]
        outline = near[1][0], near[2][0], len(near[1]), len(near[2])
        marks: dict[tuple[str, str], Rect] = {
            ("input", f"window {c}"): (*outline, c) if c in near[0] else HIDDEN for c in range(channels)
        }
        centre = *one(*place[1:]), place[0]
        marks |= {("input", "centre"): centre, ("output", "current"): centre}
        cells: Cells = set(itertools.product(*near)) - {place}
        yield Expected(marks, {("input", "neighbour"): cells, ("input", "selected"): {place}})


def norm(figure: Subject) -> Iterator[Expected]:
    """The sheets that share a mean: in three steps each, in the last of which their results come."""
    given, kind = figure.parameters, figure.parameters["kind"]
    if kind == "compare":
        yield from (Expected() for _ in figure.steps)
        return
    batch, channels, whole = given["batch"], given["channels"], (0, 0, *figure.size("i"))
    every = [range(n * channels, (n + 1) * channels) for n in range(batch)]
    share = channels // given["groups"] if kind == "group" else {"layer": channels}.get(kind, 1)
    groups = [sheets[at : at + share] for sheets in every for at in range(0, channels, share)]
    if kind == "batch":
        groups = [range(c, batch * channels, channels) for c in range(channels)]
    for group in groups:
        lit: Cells = set(itertools.product(group, range(whole[2]), range(whole[3])))
        for part in range(3):
            marks: dict[tuple[str, str], Rect] = {}
            for sheet in range(batch * channels):
                around = (*whole, sheet) if sheet in group else HIDDEN
                marks["input", f"sheet {sheet}"] = around
                marks["output", f"sheet {sheet}"] = around if part == 2 else HIDDEN
            yield Expected(marks, {("input", "selected"): lit})


PLACES: dict[str, Callable[[Subject], Iterator[Expected]]] = {
    "conv": conv, "conv-relation": conv_relation, "transposed-conv": transposed_conv, "pool": pool, "unpool": unpool,
    "lrn": lrn, "norm": norm, **OTHERS,
}  # fmt: skip
