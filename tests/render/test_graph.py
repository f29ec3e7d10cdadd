"""Graphs as drawn: texts that stand clear, an active edge that is thicker, and steps that leave no traces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnnviz.render.canvas import Look
from cnnviz.render.palette import build_palette
from cnnviz.render.panels._edge_texts import place_alone, place_texts
from cnnviz.render.panels.base import Fit, Place
from cnnviz.render.panels.graph import PAINTER
from cnnviz.render.text import Typesetter
from cnnviz.render.theme import load_theme
from cnnviz.storyboard import Edge, Graph, Node, SetCurve, SetEdge, SetNode
from tests.render.shown import Shown

THEME = load_theme("article")
TYPESETTER = Typesetter()
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


def drawn(panel, size=SIZE, numbers=True):
    """A painter, its canvas after `paint`, and a reader of the canvas in colours."""
    fit = Fit(typesetter=TYPESETTER, unit=1.0, height=386, numbers=numbers)
    colors = PAINTER.colors(panel, 46, fit, THEME, ("output", "added", "active"))
    page = [THEME.page[key] for key in ("ground", "ink", "muted")]
    look = Look(theme=THEME, palette=build_palette([*page, *colors.solid], colors.ramps), typesetter=TYPESETTER, unit=1)
    painter = PAINTER(panel, Place(x=LEFT, y=TOP, width=size[0], height=size[1], cell=46), look, fit)
    canvas = Shown(painter, look, (size[0] + 2 * LEFT, size[1] + 2 * TOP))
    return painter, canvas, lambda: look.palette.colors[canvas.pixels]


def edge(role, text=None, source="x0", target="y1"):
    return SetEdge(panel="g", source=source, target=target, role=role, text=text)


def count(picture, role):
    return int((picture == np.array(THEME.line(role), np.uint8)).all(axis=2).sum())


def test_an_active_edge_is_drawn_in_its_colour_and_thicker_than_the_others():
    painter, canvas, picture = drawn(graph(1, 1, text=""))
    seats, height = painter._seats, {}
    assert abs(seats["x0"].y - seats["y0"].y) > 50
    middle = LEFT + (seats["x0"].x + seats["y0"].x) // 2
    for role in ("edge", "active", "added"):
        canvas.apply([edge(role, source="x0", target="y0")])
        column, ground = picture()[:, middle].astype(int), np.array(THEME.page["ground"])
        assert np.abs(column - THEME.line(role)).sum(axis=1).min() == 0
        # Pixels' worth of ink, those that are blended with the ground in part.
        height[role] = np.abs(column - ground).sum() / np.abs(ground - THEME.line(role)).sum()
    assert height["edge"] < height["added"] < height["active"]


def test_both_ends_of_an_active_edge_get_a_thick_outline():
    painter, canvas, picture = drawn(graph(text=""))
    canvas.apply([edge("active")])
    after = picture()
    for name in ("x0", "y1"):
        seat = painter._seats[name]
        assert tuple(after[TOP + round(seat.y - seat.radius), LEFT + round(seat.x)]) == THEME.line("active")
    for name in ("x1", "y0"):
        seat = painter._seats[name]
        assert tuple(after[TOP + round(seat.y - seat.radius), LEFT + round(seat.x)]) != THEME.line("active")


def test_what_lit_up_leaves_no_trace():
    _painter, canvas, _ = drawn(graph())
    before = canvas.pixels.copy()
    canvas.apply([edge("active", "2"), SetNode(panel="g", node="y1", role="output", text="7")])
    canvas.apply([edge("added", "−0.5")])
    assert (canvas.pixels != before).any()
    canvas.apply([edge("edge"), SetNode(panel="g", node="y1", role="pending", text="")])
    assert np.array_equal(canvas.pixels, before)


def test_a_step_draws_what_a_new_painter_would():
    """The picture does not depend on the way that led to it."""
    _painter, canvas, picture = drawn(graph())
    for target in ("y0", "y1"):
        for source in ("x0", "x1", "x2"):
            canvas.apply([edge("active", source=source, target=target)])
            canvas.apply([edge("added", source=source, target=target)])
    panel = graph()
    lit = Graph(
        name="g",
        nodes=panel.nodes,
        edges=tuple(Edge(source=e.source, target=e.target, role="added", text=e.text) for e in panel.edges),
    )
    other = drawn(lit)[2]
    # A thick line drawn over a thin one differs only where both are blended with the ground.
    apart = np.abs(picture().astype(int) - other().astype(int)).max(axis=2)
    assert (apart > 90).mean() < 0.0005
    assert count(picture(), "added") > 1000


def test_boxes_hold_everything_that_changes():
    _painter, canvas, _ = drawn(graph())
    node = SetNode(panel="g", node="y0", role="output", text="−3")
    for change in (edge("active"), edge("added"), edge("edge"), node):
        before = canvas.pixels.copy()
        boxes = canvas.apply([change])
        untouched = np.ones(canvas.pixels.shape, bool)
        for box in boxes:
            untouched[box.slices] = False
        assert np.array_equal(canvas.pixels[untouched], before[untouched])
        assert (canvas.pixels != before).any()


def test_a_node_draws_its_text_within_its_outline():
    painter, canvas, _ = drawn(graph())
    for text in ("−12.5", "7", "123456"):
        before = canvas.pixels.copy()
        canvas.apply([SetNode(panel="g", node="y0", text=text)])
        changed = np.argwhere(canvas.pixels != before)
        seat = painter._seats["y0"]
        if text != "123456":
            assert changed[:, 1].min() > LEFT + seat.x - seat.half
            assert changed[:, 1].max() < LEFT + seat.x + seat.half
        assert changed[:, 0].min() > TOP + seat.y - seat.radius
        assert changed[:, 0].max() < TOP + seat.y + seat.radius


def test_a_long_text_makes_its_node_wide_and_a_short_one_a_circle():
    seats = drawn(graph(widest="−1234.56"))[0]._seats
    assert seats["y0"].half > seats["y0"].radius
    assert seats["x0"].half == seats["x0"].radius


def test_texts_stay_clear_of_each_other_and_of_the_nodes():
    painter, _, _ = drawn(graph(3, 2))
    assert not painter._crowded
    boxes = [item.reach for (kind, _), item in painter.floats().items() if kind == "text"]
    assert len(boxes) == 6
    for place, a in enumerate(boxes):
        for b in boxes[place + 1 :]:
            assert a.right - 4 <= b.left or b.right - 4 <= a.left or a.bottom - 4 <= b.top or b.bottom - 4 <= a.top
        for seat in painter._seats.values():
            left, top, right, bottom = seat.bounds
            assert a.right - 2 <= left or right <= a.left + 2 or a.bottom - 2 <= top or bottom <= a.top + 2


def test_where_texts_are_too_many_only_active_edges_show_theirs():
    painter, canvas, _ = drawn(graph(8, 8), size=(200, 300))
    assert painter._crowded
    assert not [name for name in painter.floats() if name[0] == "text"]
    canvas.apply([edge("active")])
    assert [name for name in painter.floats() if name[0] == "text"] == [("text", ("x0", "y1"))]


def test_without_values_words_stay_and_numbers_go():
    panel = Graph(
        name="g",
        nodes=tuple(
            Node(name=name, x=x, y=0.5, role="input", text=text)
            for name, x, text in (("a", 0, "3.5"), ("b", 1, "ReLU"))
        ),
        edges=(Edge(source="a", target="b", text="−0.5"),),
    )
    painter = drawn(panel, numbers=False)[0]
    keys = {name: item.key for name, item in painter.floats().items()}
    assert keys == {("node", "a"): ("input", "", False), ("node", "b"): ("input", "ReLU", False)}


def test_a_change_of_another_panels_kind_is_refused():
    _painter, canvas, _ = drawn(graph())
    with pytest.raises(TypeError, match="cannot take SetCurve"):
        canvas.apply([SetCurve(panel="g", curve="c", x=np.zeros(1), y=np.zeros(1))])


coordinates = st.integers(0, 150)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(
    st.lists(st.tuples(coordinates, coordinates, coordinates, coordinates), min_size=1, max_size=12),
    st.lists(st.tuples(coordinates, coordinates), max_size=4),
)
def test_texts_are_placed_on_their_own_edges_and_clear_or_not_at_all(lines, nodes):
    lines = np.array(lines, float)
    assume((np.hypot(*(lines[:, 2:] - lines[:, :2]).T) > 1).all())
    sizes = np.tile([30.0, 18.0], (len(lines), 1))
    taken = np.array([(x - 15, y - 15, x + 15, y + 15) for x, y in nodes], float).reshape(-1, 4)
    alone = place_alone(lines, sizes, taken)
    found = place_texts(lines, sizes, taken)
    for centres in (alone, found):
        if centres is None:
            continue
        along, offset = lines[:, 2:] - lines[:, :2], centres - lines[:, :2]
        share = (offset * along).sum(axis=1) / (along**2).sum(axis=1)
        assert ((share > 0.1) & (share < 0.9)).all()
        np.testing.assert_allclose(offset, share[:, None] * along, atol=1e-6)
    if found is None:
        return
    for place, centre in enumerate(found):
        for other in found[place + 1 :]:
            assert abs(centre[0] - other[0]) >= 30 or abs(centre[1] - other[1]) >= 18
        for left, top, right, bottom in taken:
            x, y = centre
            assert x + 15 <= left or x - 15 >= right or y + 9 <= top or y - 9 >= bottom
