"""Nodes and the edges between them; an edge that lights up is drawn above the others, what it leaves is kept."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product

import numpy as np

from cnnviz.render.canvas import Box, Look
from cnnviz.render.panels.base import LABEL_SIZE, Colors, Extent, Fit, Item, Painter, Place, Slot
from cnnviz.render.pen import Pen, Points, Stamp
from cnnviz.render.text import TextLine
from cnnviz.render.theme import Color, Theme
from cnnviz.storyboard import Change, Graph, Node, SetEdge, SetNode

QUIET, ACTIVE = "edge", "active"
_STROKES = {QUIET: 1.5, ACTIVE: 4.5}
_OTHER_STROKE = 2.5
_TEXT_SIZES = 18, 16
_SHARES = 0.3, 0.25, 0.35, 0.2
"""How far from its source an edge's text may stand, as a share of the edge: where edges to one node are still apart."""
_LARGEST_RADIUS, _LEAST_RADIUS, _AIR, _WIDER = 27, 13, 0.42, 1.4
_CLOSER = 140
_BESIDE = 10
_LEAST_SPAN, _SPAN, _SPAN_OF_NODE = 90, 290, 14
_PLATE = 3
_NUMBER = re.compile(r"[-−+.,·×=≈() \d]*\d[-−+.,·×=≈() \d]*")

EdgeKey = tuple[str, str]


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
        self._typeset = look.typesetter.line
        self._nodes = {node.name: (node.role, node.text) for node in panel.nodes}
        self._edges = {(e.source, e.target): (e.role, e.text) for e in panel.edges}
        self._styles = {(e.source, e.target): e.style for e in panel.edges}
        self._seats = _seats(panel, place.width, place.height, fit)
        self._labels = {node.name: self._label_place(node) for node in panel.nodes if node.label}
        self._text_size, self._share, self._crowded = self._sit_texts()
        for key, (role, _) in self._edges.items():
            self.lay(("edge", key), self._edge(key, role))
        self.lay(("labels",), Item("", self.whole, self._draw_labels))

    @classmethod
    def measure(cls, panel: Graph, cell: int, fit: Fit) -> Extent:
        """Room for the columns and rows of nodes with space to see the edges; it takes what is left of its row."""
        columns = {node.x for node in panel.nodes}
        fullest = max((sum(node.x == x for node in panel.nodes) for x in columns), default=1)
        radius = _largest_radius(fit)
        texts = any(edge.text for edge in panel.edges)
        # Larger texts stand beside the nodes, and take their room from between them.
        apart = 200 - _CLOSER * (min(fit.text, _WIDER) - 1)
        between = fit.px(apart if texts else max(_LEAST_SPAN, _SPAN - _SPAN_OF_NODE * len(panel.nodes)))
        width = sum(_insets(panel, radius, fit)) + between * (len(columns) - 1)
        height = min(fit.height - fit.label_room, fullest * fit.px(2 * _LEAST_RADIUS + 10))
        return Extent(width=min(round(width), fit.px(440)), height=height, stretch=1.0)

    @classmethod
    def colors(cls, panel: Graph, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """Fills and inks of the nodes, lines and texts of the edges."""
        ground, ink, muted = theme.page["ground"], theme.page["ink"], theme.page["muted"]
        colors = Colors(solid=[muted, theme.line(ACTIVE)], ramps=[(ground, muted)])
        for role in dict.fromkeys([*(edge.role for edge in panel.edges), ACTIVE, *step_roles]):
            if role in theme.lines:
                colors.solid.append(theme.line(role))
                colors.ramps.append((ground, theme.line(role)))
        for role in dict.fromkeys([*(node.role for node in panel.nodes), *step_roles]):
            if role in theme.cells:
                style = theme.cell(role)
                colors.solid.append(style.fill)
                colors.ramps += [(style.fill, style.ink), (ground, style.fill)]
        colors.ramps.append((ground, ink))
        return colors

    def _draw_labels(self, pen: Pen) -> None:
        for line, x, baseline in self._labels.values():
            pen.text(line, x, baseline, self.look.theme.page["muted"])

    def floats(self) -> dict[Slot, Item]:
        """Active edges, the texts on edges, and the nodes, those at an active edge with a thick outline."""
        found: dict[Slot, Item] = {}
        touched = set()
        for key, (role, _) in self._edges.items():
            if role == ACTIVE:
                touched |= set(key)
                found["active", key] = self._edge(key, role)
        for key, (role, text) in self._edges.items():
            if text and self._shows(text) and (role == ACTIVE or not self._crowded):
                found["text", key] = self._text_item(key, role, text)
        for name, (role, text) in self._nodes.items():
            found["node", name] = self._node_item(name, role, text if self._shows(text) else "", name in touched)
        return found

    def update(self, change: Change) -> None:
        """Take a node's or an edge's new role and text."""
        if isinstance(change, SetNode):
            role, text = self._nodes[change.node]
            self._nodes[change.node] = _changed(role, change.role), _changed(text, change.text)
        elif isinstance(change, SetEdge):
            key = change.source, change.target
            before, text = self._edges[key]
            role = _changed(before, change.role)
            self._edges[key] = role, _changed(text, change.text)
            # While it is active, the edge as it was stays under it.
            if role not in (ACTIVE, self.ground["edge", key].key):
                # Above those that were drawn before.
                self.ground.pop(("edge", key))
                self.lay(("edge", key), self._edge(key, role))
        else:
            super().update(change)

    def _shows(self, text: str) -> bool:
        return self.fit.numbers or not _NUMBER.fullmatch(text)

    def _edge(self, key: EdgeKey, role: str) -> Item:
        ends, color = self._ends(key), self.look.theme.line(role)
        stroke = max(1.0, _STROKES.get(role, _OTHER_STROKE) * self.look.unit)
        (left, top), (right, bottom) = ends.min(axis=0).tolist(), ends.max(axis=0).tolist()
        box = _box(left, top, right, bottom, self.look.px(_STROKES[ACTIVE]) + 2)
        return Item(role, box, lambda pen: pen.polyline(ends, color, stroke, self._styles[key]), covers=stroke)

    def _ends(self, key: EdgeKey) -> Points:
        return np.array([(self._seats[name].x, self._seats[name].y) for name in key], np.float64)

    def _text_item(self, key: EdgeKey, role: str, text: str) -> Item:
        page, pad = self.look.theme.page, self.look.px(_PLATE)
        line = self._typeset(text, self._text_size, bold=role == ACTIVE)
        plate = self._text_place(key, line, self._share)
        color = page["muted"] if role == QUIET else self.look.theme.line(role)

        def draw(pen: Pen) -> None:
            pen.rect(plate.left, plate.top, plate.width, plate.height, page["ground"])
            pen.text(line, plate.left + pad, plate.top + pad + line.ascent, color)

        return Item((role, text), plate.grown(2), draw)

    def _node_item(self, name: str, role: str, text: str, touched: bool) -> Item:
        seat, theme, unit = self._seats[name], self.look.theme, self.look.unit
        style = theme.cell(role)
        line = _node_text(text, seat.radius, self.fit) if text else None
        edge, stroke = (theme.line(ACTIVE), 3.5 * unit) if touched else (theme.page["muted"], 1.5 * unit)
        inside, rim = _node_stamps(seat.half, seat.radius, stroke)

        def draw(pen: Pen) -> None:
            pen.stamp(inside, 0, 0, style.fill)
            pen.stamp(rim, 0, 0, edge)
            if line is not None:
                baseline = round(seat.y + (line.ascent - line.descent) / 2) - seat.y
                pen.text(line, round(seat.x - line.width / 2) - seat.x, baseline, style.ink)

        box = _box(-seat.half, -seat.radius, seat.half, seat.radius, self.look.px(5))
        return Item((role, text, touched), box, draw, (seat.x, seat.y))

    def _label_place(self, node: Node) -> tuple[TextLine, int, int]:
        seat, beside = self._seats[node.name], self.look.px(_BESIDE)
        line = self._typeset(node.label, self.fit.size(LABEL_SIZE))
        middle = round(seat.y + (line.ascent - line.descent) / 2)
        side = _side(node)
        if side == "left":
            return line, round(seat.x - seat.half) - beside - line.width, middle
        if side == "right":
            return line, round(seat.x + seat.half) + beside, middle
        return line, round(seat.x - line.width / 2), round(seat.y - seat.radius) - self.look.px(6) - line.descent

    def _sit_texts(self) -> tuple[float, float, bool]:
        """The first size and share of the edges at which no two texts meet, or the usual ones; whether all do."""
        ways = list(product(map(self.fit.size, _TEXT_SIZES), _SHARES))
        texts = [(key, text) for key, (_, text) in self._edges.items() if text]
        for size, share in ways:
            boxes = [self._text_place(key, self._typeset(text, size, bold=True), share) for key, text in texts]
            if not any(a.meets(b) for a, b in combinations(boxes, 2)):
                return size, share, False
        return *ways[0], True

    def _text_place(self, key: EdgeKey, line: TextLine, share: float) -> Box:
        """The plate under an edge's text."""
        (x0, y0), (x1, y1) = self._ends(key).tolist()
        x, y = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
        left, top, pad = round(x - line.width / 2), round(y - (line.ascent + line.descent) / 2), self.look.px(_PLATE)
        return Box(left, top, left + line.width, top + line.ascent + line.descent).grown(pad)


def _changed(old: str, new: str | None) -> str:
    return old if new is None else new


def _box(left: float, top: float, right: float, bottom: float, reach: int) -> Box:
    return Box(
        math.floor(left) - reach, math.floor(top) - reach, math.ceil(right) + reach + 1, math.ceil(bottom) + reach + 1
    )


@lru_cache(maxsize=64)
def _node_stamps(half: float, radius: float, stroke: float) -> tuple[Stamp, Stamp]:
    """A node's inside and its outline: a circle, its halves drawn apart where a node is wide."""
    turn = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    shift = np.where(np.cos(turn) >= 0, 1, -1) * (half - radius)
    shape = np.stack([shift + radius * np.cos(turn), radius * np.sin(turn)], axis=1)
    box = _box(-half, -radius, half, radius, math.ceil(stroke) + 1)

    def rim(pen: Pen, color: Color) -> None:
        pen.polyline(np.concatenate([shape, shape[:2]]), color, stroke)

    return Stamp(box, lambda pen, color: pen.polygon(shape, color)), Stamp(box, rim)


def _side(node: Node) -> str:
    """Where the label stands: outside of the graph at its sides, above the node elsewhere."""
    return "left" if node.x <= 0.25 else "right" if node.x >= 0.75 else "above"


def _node_text(text: str, radius: float, fit: Fit) -> TextLine:
    """A text in a node, smaller where the node is."""
    return fit.typesetter.line(text, min(fit.size(_TEXT_SIZES[0]), max(fit.least, 1.2 * radius)))


def _half(node: Node, radius: float, fit: Fit) -> float:
    """Half the width of a node whose text must fit, now and later."""
    widest = max(_node_text(text, radius, fit).width if text else 0 for text in (node.text, node.widest))
    return max(radius, widest / 2 + 0.2 * radius)


def _insets(panel: Graph, radius: float, fit: Fit) -> tuple[float, float]:
    """Room left and right of the nodes' centres, for half a node and its label."""
    room = {"left": 0.0, "right": 0.0, "above": 0.0}
    for node in panel.nodes:
        half = _half(node, radius, fit) + fit.px(4)
        label = fit.typesetter.line(node.label, fit.size(LABEL_SIZE)).width + fit.px(_BESIDE) if node.label else 0
        outside = {"left": half, "right": half, _side(node): half + (label if _side(node) != "above" else 0)}
        for side, wide in outside.items():
            room[side] = max(room[side], wide)
    return room["left"], room["right"]


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
