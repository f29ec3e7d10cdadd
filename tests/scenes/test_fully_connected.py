"""The fully connected layer: sums against loops, and the edge that each step lights."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.storyboard import SetEdge, SetNode


@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (3, 2)])
def test_every_step_adds_one_product_or_the_bias_and_lights_its_edge(inputs, outputs):
    board = make("fully-connected", inputs=inputs, outputs=outputs).scene.storyboard()
    edges = {(e.source, e.target): e.role for e in board.panel("network").edges}
    assert len(edges) == board.count - 2 == outputs * (inputs + 1)
    for place, (step, states) in enumerate(islice(play(board), 1, board.count - 1)):
        j, i = divmod(place, inputs + 1)
        assert np.isfinite(states["output"].values).sum() == j + 1
        for change in step.changes:
            if isinstance(change, SetEdge):
                edges[change.source, change.target] = change.role
            elif isinstance(change, SetNode):
                assert (change.node, change.text.value) == (f"y{j}", states["output"].values[j, 0])
        assert [edge for edge, role in edges.items() if role == "active"] == [(source(i, inputs), f"y{j}")]
        assert sum(role == "added" for role in edges.values()) == place
        marks = {name: states[name].marks["current"] for name in ("weights", "input", "bias", "output")}
        shown = {name: (mark.row, mark.column) for name, mark in marks.items() if mark.rows}
        wanted = {"bias": (j, 0)} if i == inputs else {"weights": (j, i), "input": (i, 0)}
        assert shown == wanted | {"output": (j, 0)}


def source(i, inputs):
    return "bias" if i == inputs else f"x{i}"


def test_every_edge_carries_its_weight_and_of_many_only_the_active_one():
    graph = make("fully-connected", input="1 2 3", weights="1 2 3; 4 5 6", bias="7 8").storyboard().panel("network")
    texts = {(edge.source, edge.target): edge.text for edge in graph.edges}
    weights = {"y0": "1237", "y1": "4568"}
    assert texts == {(source(i, 3), y): weights[y][i] for y in weights for i in range(4)}
    board = make("fully-connected", inputs=5, outputs=4).scene.storyboard()
    shown = {(edge.source, edge.target): edge.text for edge in board.panel("network").edges}
    assert set(shown.values()) == {""}
    for place, step in enumerate(islice(board.steps(), 1, board.count - 1)):
        shown |= {(change.source, change.target): change.text for change in step.changes if isinstance(change, SetEdge)}
        j, i = divmod(place, 6)
        assert [edge for edge, text in shown.items() if text] == [(source(i, 5), f"y{j}")]


def test_sizes_follow_from_what_is_given():
    def size(**given):
        scene = make("fully-connected", **given).scene
        return scene.inputs, scene.outputs

    assert size() == (3, 2)
    assert size(weights="1 2; 3 4; 5 6") == (2, 3)
    assert size(input="1; 2; 3; 4") == (4, 2)
    assert size(bias="1 2 3") == (3, 3)
    assert size(bias="5", outputs=4) == (3, 4)
    assert size(weights="laplacian") == (3, 3)


def test_negative_weights_are_dashed():
    board = make("fully-connected", weights="1 -2; 0.5 -0.1", bias="-1").storyboard()
    dashed = {(edge.source, edge.target) for edge in board.panel("network").edges if edge.style == "dashed"}
    assert dashed == {("x1", "y0"), ("x1", "y1"), ("bias", "y0"), ("bias", "y1")}
