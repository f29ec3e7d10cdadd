"""The link between a window and the cell that it makes: two lines from corner to corner, not over texts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from cnnviz.render.canvas import Box, Look
from cnnviz.render.layout import Layout
from cnnviz.render.panels.base import Item, Painter, Place, Shape, Slot, box_around
from cnnviz.render.panels.cells import CellsPainter
from cnnviz.render.pen import Pen, Points

_STROKE = 1.2
# Pixels that a line keeps from texts, and of the shortest piece between them that is drawn.
_CLEAR, _SHORTEST = 4, 10
# Through the middle of pixels a level line is sharp.
_MIDDLE = 0.5
_End = tuple[CellsPainter, Box]


class Link(Painter):
    """Lines between two panels of cells; they pass behind those that stand between them.

    They appear when the window has arrived: lines that move would double the bytes of a GIF.
    """

    def __init__(self, panels: Sequence[Painter], layout: Layout, look: Look) -> None:
        place = Place(x=0, y=0, width=layout.width, height=layout.height)
        super().__init__(None, place, look, layout.fit)
        self._panels = panels
        # Where the result in a panel comes from, by the panel's name.
        self.sources: dict[str, Box] = {}

    def floats(self) -> dict[Slot, Item]:
        """The lines, where a window and another cell are marked; those of several pairs would cross their labels."""
        pairs = self._linked()
        self.sources = {painter.name: box for (_, box), (painter, _) in pairs}
        if len(pairs) != 1:
            return {}
        painters, (start, end) = [painter for painter, _ in pairs[0]], [box for _, box in pairs[0]]
        clear, behind = self.look.px(_CLEAR), list[Box]()
        for p in self._panels:
            boxes = [p.whole.grown(0 if isinstance(p, CellsPainter) else clear)] if p not in painters else []
            boxes += [item.reach.grown(clear)] if (item := p.label_item()) else []
            behind += [box.moved(p.place.x, p.place.y) for box in boxes]
        behind += [box for painter, own in pairs[0] for box in painter.in_front(own)]
        return {("link", n): self._line(tuple(behind), line) for n, line in enumerate(_lines(start, end))}

    def _linked(self) -> list[tuple[_End, _End]]:
        """Windows with their results: all pairs there are, else the last neighbours, else the first two windows."""
        found = list(self._ends())
        kinds = [window for *_, window in found]
        near = [(a[:2], b[:2]) for a, b in pairwise(found) if a[2] != b[2]]
        if len(found) > 3 and kinds == [True, False] * (len(found) // 2):
            return near[::2]
        return near[-1:] or ([(found[0][:2], found[1][:2])] if len(found) > 1 and all(kinds[:2]) else [])

    def _ends(self) -> Iterator[tuple[CellsPainter, Box, bool]]:
        """What is marked in each panel as a window or a result: of several windows what they are around."""
        for painter in self._panels:
            if not isinstance(painter, CellsPainter):
                continue
            marks = painter.state.marks
            windows = [name for name in marks if name.startswith("window") and marks[name].rows]
            names = (["centre"] if len(windows) > 1 else []) + (windows or ["current"])
            boxes = ((name, painter.box_of(name)) for name in names if name in marks)
            yield from [(painter, box, name != "current") for name, box in boxes if box][:1]

    def _line(self, behind: tuple[Box, ...], ends: Shape) -> Item:
        color, stroke = self.look.theme.page["muted"], _STROKE * max(1.0, self.look.unit)
        style = "hard" if self.fit.bare else "crisp"
        line, least = np.array(ends).reshape(2, 2) + _MIDDLE, self.look.px(_SHORTEST)
        parts = [part for part in _apart_from(behind, line) if np.linalg.norm(part[1] - part[0]) >= least]

        def draw(pen: Pen) -> None:
            for part in parts:
                pen.polyline(part, color, stroke, style)

        return Item(("link", behind), box_around(line, 3), draw, shape=ends, pauses=True)


def _lines(a: Box, b: Box) -> tuple[Shape, Shape]:
    """From corner to corner, so that they bound what lies between two boxes."""
    if a.bottom <= b.top or b.bottom <= a.top:
        upper, lower = sorted((a, b), key=lambda box: box.top)
        return (upper.left, upper.bottom, lower.left, lower.top), (upper.right, upper.bottom, lower.right, lower.top)
    left, right = sorted((a, b))
    return (left.right, left.top, right.left, right.top), (left.right, left.bottom, right.left, right.bottom)


def _apart_from(boxes: Sequence[Box], line: Points) -> list[Points]:
    """The parts of a line outside of boxes, to a pixel."""
    points = np.linspace(line[0], line[1], math.ceil(np.abs(line[1] - line[0]).max()) + 1)
    corners = np.reshape(boxes, (-1, 4))
    within = (points[:, None] >= corners[:, :2]) & (points[:, None] <= corners[:, 2:])
    hidden = np.any(np.all(within, axis=2), axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[True], hidden, [True]])))
    return [points[[start, end - 1]] for start, end in edges.reshape(-1, 2)]
