"""Nodes and the edges between them; an edge that lights up is drawn above the others, what it leaves is kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np

from cnnviz.render.canvas import Box, Look
from cnnviz.render.panels.base import (
    LABEL_SIZE,
    Colors,
    Extent,
    Fit,
    Item,
    Painter,
    Place,
    Slot,
    box_around,
    changed,
    stamps,
)
from cnnviz.render.pen import Pen, Points, Stamp
from cnnviz.render.text import TextLine
from cnnviz.render.theme import Theme
from cnnviz.storyboard import Edge, Graph, Node, SetNode

QUIET, ACTIVE = "edge", "active"
_STROKES = {QUIET: 1.5, ACTIVE: 4.5}
_OTHER_STROKE = 2.5
_SHARES = 0.3, 0.25, 0.35, 0.2
"""How far from its source an edge's text may stand, as a share of the edge: where edges to one node are still apart."""
_LARGEST_RADIUS, _LEAST_RADIUS, _AIR, _WIDER = 27, 13, 0.42, 1.4
_BESIDE = 10
_LEAST_SPAN, _TEXT_SPAN, _WIDEST = 90, 200, 440
_PLATE = 3
_NUMBER = re.compile(r"[-−+.,·×=≈() \d]*\d[-−+.,·×=≈() \d]*")


@dataclass(frozen=True)
class _Seat:
    """Where a node stands: its centre, half its width and half its height; wider than tall where its text is."""

    x: int
    y: int
    half: float
    radius: float


class GraphPainter(Painter):
    """Edges are ground; active ones, the texts and the nodes are above it."""

    def __init__(self, panel: Graph, place: Place, look: Look, fit: Fit) -> None:
        super().__init__(panel, place, look, fit)
        self._nodes = {node.name: node for node in panel.nodes}
        self._edges = {(edge.source, edge.target): edge for edge in panel.edges}
        self._seats = _seats(panel, place.width, place.height, fit)
        # The first share at which no two texts meet; None where all do, and only active edges have theirs.
        self._share = next((share for share in _SHARES if self._clear(share)), None)
        for key, edge in self._edges.items():
            self.lay(("edge", key), self._edge(edge))
        self.lay(("labels",), Item("", self.whole, self._draw_labels))

    @classmethod
    def measure(cls, panel: Graph, cell: int, fit: Fit) -> Extent:
        """Room for the columns and rows of nodes with space to see the edges; it takes what is left of its row."""
        columns = Counter(node.x for node in panel.nodes)
        between = _TEXT_SPAN if any(edge.text for edge in panel.edges) else _LEAST_SPAN
        width = sum(_insets(panel, _largest_radius(fit), fit)) + fit.px(between) * (len(columns) - 1)
        height = max(columns.values()) * fit.px(2 * _LEAST_RADIUS + 10)
        room = fit.height - fit.label_room
        return Extent(width=min(round(width), fit.px(_WIDEST)), height=min(room, height), stretch=1.0)

    @classmethod
    def colors(cls, panel: Graph, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """Fills and inks of the nodes, lines and texts of the edges."""
        colors, ground = Colors(), theme.page["ground"]
        lines = [role for role in (*(edge.role for edge in panel.edges), ACTIVE, *step_roles) if role in theme.lines]
        colors.add(ground, *(theme.page[key] for key in ("ink", "muted")), *map(theme.line, lines))
        for role in (*(node.role for node in panel.nodes), *step_roles):
            if style := theme.cells.get(role):
                colors.add(ground, style.fill)
                colors.ramps.append((style.fill, style.ink))
        return colors

    def _draw_labels(self, pen: Pen) -> None:
        """The labels of nodes, outside of the graph at its sides and above elsewhere."""
        for node in self._nodes.values():
            seat, beside = self._seats[node.name], self.look.px(_BESIDE)
            line = self._line(node.label)
            x, baseline = seat.x - line.width / 2, round(seat.y - seat.radius) - self.look.px(6) - line.descent
            if (side := _side(node)) != "above":
                x = seat.x + seat.half + beside if side == "right" else seat.x - seat.half - beside - line.width
                baseline = round(seat.y + (line.ascent - line.descent) / 2)
            pen.text(line, round(x), baseline, self.look.theme.page["muted"])

    def floats(self) -> dict[Slot, Item]:
        """Active edges, the texts on edges, and the nodes, those at an active edge with a thick outline."""
        active = {key: edge for key, edge in self._edges.items() if edge.role == ACTIVE}
        told = active if self._share is None else self._edges
        touched = {name for key in active for name in key}
        found: dict[Slot, Item] = {("active", key): self._edge(edge) for key, edge in active.items()}
        found |= {("text", key): self._text_item(edge) for key, edge in told.items() if self._shown(edge.text)}
        return found | {("node", n): self._node_item(node, n in touched) for n, node in self._nodes.items()}

    def update(self, change: Any) -> None:
        """Take a node's or an edge's new role and text."""
        if isinstance(change, SetNode):
            self._nodes[change.node] = changed(self._nodes[change.node], change, "role", "text")
        else:
            key = change.source, change.target
            self._edges[key] = edge = changed(self._edges[key], change, "role", "text")
            # While it is active, the edge as it was stays under it.
            if edge.role not in (ACTIVE, self.ground["edge", key].key):
                # Above those that were drawn before.
                self.ground.pop(("edge", key))
                self.lay(("edge", key), self._edge(edge))

    def _shown(self, text: str) -> str:
        """A text, or nothing where it is a number and there are to be none."""
        return text if self.fit.numbers or not _NUMBER.fullmatch(text) else ""

    def _line(self, text: str, bold: bool = False) -> TextLine:
        return self.look.typesetter.line(text, self.fit.size(LABEL_SIZE), bold=bold)

    def _edge(self, edge: Edge) -> Item:
        ends, color = self._ends(edge), self.look.theme.line(edge.role)
        stroke = max(1.0, _STROKES.get(edge.role, _OTHER_STROKE) * self.look.unit)
        box = box_around(ends, self.look.px(_STROKES[ACTIVE]) + 2)
        return Item(edge.role, box, lambda pen: pen.polyline(ends, color, stroke, edge.style), covers=stroke)

    def _ends(self, edge: Edge) -> Points:
        seats = self._seats[edge.source], self._seats[edge.target]
        return np.array([(seat.x, seat.y) for seat in seats], np.float64)

    def _text_item(self, edge: Edge) -> Item:
        page, pad = self.look.theme.page, self.look.px(_PLATE)
        line = self._line(edge.text, bold=edge.role == ACTIVE)
        plate = self._plate(edge, line, self._share or _SHARES[0])
        color = page["muted"] if edge.role == QUIET else self.look.theme.line(edge.role)

        def draw(pen: Pen) -> None:
            pen.rect(*plate[:2], plate.width, plate.height, page["ground"])
            pen.text(line, plate.left + pad, plate.top + pad + line.ascent, color)

        return Item((edge.role, edge.text), plate.grown(2), draw)

    def _plate(self, edge: Edge, line: TextLine, share: float) -> Box:
        """The plate under an edge's text."""
        start, end = self._ends(edge)
        x, y = (start + share * (end - start)).tolist()
        height = line.ascent + line.descent
        corner = round(x - line.width / 2), round(y - height / 2)
        return Box(0, 0, line.width, height).moved(*corner).grown(self.look.px(_PLATE))

    def _clear(self, share: float) -> bool:
        """Whether texts at a share of their edges are clear of each other."""
        texts = [edge for edge in self._edges.values() if edge.text]
        boxes = [self._plate(edge, self._line(edge.text, bold=True), share) for edge in texts]
        return not any(a.meets(b) for a, b in combinations(boxes, 2))

    def _node_item(self, node: Node, touched: bool) -> Item:
        seat, theme, unit = self._seats[node.name], self.look.theme, self.look.unit
        style, line = theme.cell(node.role), _node_text(self._shown(node.text), seat.radius, self.fit)
        edge, stroke = (theme.line(ACTIVE), 3.5 * unit) if touched else (theme.page["muted"], 1.5 * unit)
        inside, rim = _node_stamps(seat.half, seat.radius, stroke)

        def draw(pen: Pen) -> None:
            pen.stamp(inside, 0, 0, style.fill)
            pen.stamp(rim, 0, 0, edge)
            pen.text(line, round(-line.width / 2), round((line.ascent - line.descent) / 2), style.ink)

        return Item((node.role, node.text, touched), rim.box, draw, (seat.x, seat.y))


@lru_cache(maxsize=64)
def _node_stamps(half: float, radius: float, stroke: float) -> tuple[Stamp, Stamp]:
    """A node's inside and its outline: a circle, its halves drawn apart where a node is wide."""
    turn = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    shift = np.where(np.cos(turn) >= 0, 1, -1) * (half - radius)
    return stamps(np.stack([shift + radius * np.cos(turn), radius * np.sin(turn)], axis=1), stroke)


def _side(node: Node) -> str:
    """Where the label stands: outside of the graph at its sides, above the node elsewhere."""
    return "left" if node.x <= 0.25 else "right" if node.x >= 0.75 else "above"


def _node_text(text: str, radius: float, fit: Fit) -> TextLine:
    """A text in a node, smaller where the node is."""
    return fit.typesetter.line(text, min(fit.size(LABEL_SIZE), max(fit.least, 1.2 * radius)))


def _half(node: Node, radius: float, fit: Fit) -> float:
    """Half the width of a node whose text must fit, now and later."""
    widest = max(_node_text(text, radius, fit).width for text in (node.text, node.widest))
    return max(radius, widest / 2 + 0.2 * radius)


def _insets(panel: Graph, radius: float, fit: Fit) -> tuple[float, float]:
    """Room left and right of the nodes' centres, for half a node and its label."""

    def room(side: str) -> float:
        found = 0.0
        for node in panel.nodes:
            text = node.label if _side(node) == side else ""
            label = fit.typesetter.line(text, fit.size(LABEL_SIZE)).width + fit.px(_BESIDE) if text else 0
            found = max(found, _half(node, radius, fit) + fit.px(4) + label)
        return found

    return room("left"), room("right")


def _largest_radius(fit: Fit) -> int:
    return fit.px(_LARGEST_RADIUS * min(fit.text, _WIDER))


def _seats(panel: Graph, width: int, height: int, fit: Fit) -> dict[str, _Seat]:
    """The nodes' places in pixels, as large as their neighbours allow."""
    across, down = (side - 2 * _largest_radius(fit) for side in (width, height))
    pairs = list(combinations(panel.nodes, 2))
    gaps = [abs(a.y - b.y) * down for a, b in pairs if a.x == b.x]
    gaps += [abs(a.x - b.x) * across for a, b in pairs if a.y == b.y]
    radius = max(fit.px(_LEAST_RADIUS), min([_largest_radius(fit), *(_AIR * gap for gap in gaps)]))
    left, right = _insets(panel, radius, fit)
    above = fit.tx(26) if any(node.label and _side(node) == "above" for node in panel.nodes) else 0
    top, bottom = radius + fit.px(4) + above, radius + fit.px(4)
    return {
        node.name: _Seat(
            round(left + node.x * (width - left - right)),
            round(top + node.y * (height - top - bottom)),
            _half(node, radius, fit),
            radius,
        )
        for node in panel.nodes
    }


PAINTER = GraphPainter
