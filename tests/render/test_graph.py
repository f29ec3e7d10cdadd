"""Graphs as drawn: texts that stand clear, an active edge that is thicker, and steps that leave no traces."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from cnnviz.storyboard import Edge, Graph, Node, SetEdge
from tests.render.shown import THEME, shown

SIZE = (420, 360)
LEFT, TOP = 30, 20


def graph(inputs=3, outputs=2, text="−0.5", widest="−12.5"):
    nodes = [
        Node(name=f"x{i}", x=0, y=i / max(1, inputs - 1), role="input", text=str(i), label=f"$x_{i}$")
        for i in range(inputs)
    ] + [
        Node(name=f"y{j}", x=1, y=(j + 0.5) / outputs, role="pending", label=f"$y_{j}$", widest=widest)
        for j in range(outputs)
    ]
    edges = [Edge(source=f"x{i}", target=f"y{j}", text=text) for j in range(outputs) for i in range(inputs)]
    return Graph(name="g", nodes=tuple(nodes), edges=tuple(edges))


def drawn(panel, size=SIZE):
    """A painter, its canvas, and a reader of the canvas in colours."""
    canvas = shown(panel, size, (LEFT, TOP), roles=("output", "added", "active"))
    return canvas.painter, canvas, canvas.colors


def edge(role, text=None, source="x0", target="y1"):
    return SetEdge(panel="g", source=source, target=target, role=role, text=text)


def middle_of(painter, name):
    """Where a node stands on the page."""
    x, y = painter.floats()["node", name].at
    return LEFT + x, TOP + y


def test_an_active_edge_is_drawn_in_its_colour_and_thicker_than_the_others():
    painter, canvas, picture = drawn(graph(1, 1, text=""))
    middle, ink = (middle_of(painter, "x0")[0] + middle_of(painter, "y0")[0]) // 2, {}
    for role in ("edge", "active", "added"):
        canvas.apply([edge(role, source="x0", target="y0")])
        column, ground = picture()[:, middle].astype(int), np.array(THEME.page["ground"])
        assert np.abs(column - THEME.line(role)).sum(axis=1).min() == 0
        # Pixels' worth of ink, those that are blended with the ground in part.
        ink[role] = np.abs(column - ground).sum() / np.abs(ground - THEME.line(role)).sum()
    assert ink["edge"] < ink["added"] < ink["active"]


def test_both_ends_of_an_active_edge_get_a_thick_outline():
    painter, canvas, picture = drawn(graph(text=""))
    canvas.apply([edge("active")])
    for name, touched in (("x0", True), ("y1", True), ("x1", False), ("y0", False)):
        x, y = middle_of(painter, name)
        above = picture()[y - 40 : y, x]
        assert (above == THEME.line("active")).all(axis=1).any() == touched


def test_texts_stay_clear_of_each_other():
    boxes = [item.reach for (kind, *_), item in drawn(graph(3, 2))[0].floats().items() if kind == "text"]
    assert len(boxes) == 6
    assert not any(a.grown(-2).meets(b.grown(-2)) for a, b in combinations(boxes, 2))


def test_where_texts_are_too_many_only_active_edges_show_theirs():
    painter, canvas, _ = drawn(graph(8, 8), size=(200, 300))
    assert not [name for name in painter.floats() if name[0] == "text"]
    canvas.apply([edge("active")])
    assert [name for name in painter.floats() if name[0] == "text"] == [("text", ("x0", "y1"))]
