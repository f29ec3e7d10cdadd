"""The fully connected layer: sums against loops, and the edge that each step lights."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnviz import UsageError
from cnnviz.export import Job
from cnnviz.export.gif import write
from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.storyboard import SetEdge, SetNode

quarters = st.integers(-40, 40).map(lambda n: n / 4)


@st.composite
def layers(draw):
    inputs, outputs = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    rows = [draw(st.lists(quarters, min_size=inputs, max_size=inputs)) for _ in range(outputs + 1)]
    return np.array(rows[0]), np.array(rows[1:]), np.array(draw(st.lists(quarters, min_size=outputs, max_size=outputs)))


@settings(deadline=None, derandomize=True, max_examples=10)
@given(layers())
def test_every_step_adds_one_product_or_the_bias_and_lights_its_edge(layer):
    x, weights, bias = layer
    board = make("fully-connected", input=x, weights=weights, bias=bias).storyboard()
    outputs, inputs = weights.shape
    edges = {(e.source, e.target): e.role for e in board.panel("network").edges}
    assert len(edges) == board.count == outputs * (inputs + 1)
    nodes = {node.name: node.text for node in board.panel("network").nodes}
    for place, (step, states) in enumerate(play(board)):
        j, i = divmod(place, inputs + 1)
        total = sum(weights[j, n] * x[n] for n in range(min(i + 1, inputs))) + (bias[j] if i == inputs else 0)
        assert states["output"].values[j, 0] == pytest.approx(total)
        assert np.isfinite(states["output"].values).sum() == j + 1
        for change in step.changes:
            if isinstance(change, SetEdge):
                edges[change.source, change.target] = change.role
            elif isinstance(change, SetNode):
                nodes[change.node] = change.text
        active = [edge for edge, role in edges.items() if role == "active"]
        assert active == [("bias" if i == inputs else f"x{i}", f"y{j}")]
        assert sum(role == "added" for role in edges.values()) == place
        assert float(nodes[f"y{j}"].replace("−", "-")) == pytest.approx(total, abs=0.005001)
        marks = {name: states[name].marks["current"] for name in ("weights", "input", "bias", "output")}
        shown = {name: (mark.row, mark.column) for name, mark in marks.items() if mark.rows}
        wanted = {"bias": (j, 0)} if i == inputs else {"weights": (j, i), "input": (i, 0)}
        assert shown == wanted | {"output": (j, 0)}


def test_captions_are_written_out():
    board = make("fully-connected", input="2 3", weights="0.5 -1; 0 1", bias="1 0").storyboard()
    assert [step.caption for step in board.steps()] == [
        "$y_{1}$ so far = 0.5·2 = **1**",
        "$y_{1}$ so far = 0.5·2 + (−1)·3 = **−2**",
        "$y_{1}$ = 0.5·2 + (−1)·3 + 1 = **−1**",
        "$y_{2}$ so far = 0·2 = **0**",
        "$y_{2}$ so far = 0·2 + 1·3 = **3**",
        "$y_{2}$ = 0·2 + 1·3 + 0 = **3**",
    ]


def test_the_graph_ties_every_input_and_the_bias_to_every_output():
    graph = make("fully-connected", input="1 2 3", weights="1 2 3; 4 5 6", bias="7 8").storyboard().panel("network")
    texts = {(edge.source, edge.target): edge.text for edge in graph.edges}
    assert texts == {
        ("x0", "y0"): "1", ("x1", "y0"): "2", ("x2", "y0"): "3", ("bias", "y0"): "7",
        ("x0", "y1"): "4", ("x1", "y1"): "5", ("x2", "y1"): "6", ("bias", "y1"): "8",
    }  # fmt: skip
    assert {node.name: node.text for node in graph.nodes} == {
        "x0": "1", "x1": "2", "x2": "3", "bias": "1", "y0": "", "y1": "",
    }  # fmt: skip


def test_of_many_edges_only_the_active_one_carries_its_weight():
    board = make("fully-connected", inputs=5, outputs=4).storyboard()
    texts = {(edge.source, edge.target): edge.text for edge in board.panel("network").edges}
    assert set(texts.values()) == {""}
    weights = board.panel("weights").values
    for place, step in enumerate(board.steps()):
        for change in step.changes:
            if isinstance(change, SetEdge):
                texts[change.source, change.target] = change.text
        j, i = divmod(place, 6)
        written = {edge: text for edge, text in texts.items() if text}
        assert len(written) == 1
        if i < 5:
            assert written == {(f"x{i}", f"y{j}"): f"{weights[j, i]:.0f}".replace("-", "−")}


def test_sizes_follow_from_what_is_given():
    def size(**given):
        scene = make("fully-connected", **given).scene
        return scene.inputs, scene.outputs

    assert size() == (3, 2)
    assert size(weights="1 2; 3 4; 5 6") == (2, 3)
    assert size(input="1 2 3 4") == (4, 2)
    assert size(input="1; 2; 3; 4") == (4, 2)
    assert size(bias="1 2 3") == (3, 3)
    assert size(bias="5", outputs=4) == (3, 4)
    assert size(weights="laplacian") == (3, 3)
    assert size(weights="ones", inputs=4, outputs=1) == (4, 1)


def test_one_bias_serves_every_output():
    board = make("fully-connected", bias="5", outputs=3).storyboard()
    assert board.panel("bias").values.tolist() == [[5], [5], [5]]


def test_a_seed_gives_its_own_numbers_again():
    first, again, other = (make("fully-connected", seed=seed).storyboard() for seed in (1, 1, 2))
    for panel in ("weights", "input", "bias"):
        assert np.array_equal(first.panel(panel).values, again.panel(panel).values)
    assert not np.array_equal(first.panel("weights").values, other.panel("weights").values)
    assert 0 not in first.panel("weights").values


def test_grids_round_what_has_no_room_and_say_so():
    board = make("fully-connected", input="0.25 -1.75 1", weights="1 1 1", bias="0").storyboard()
    assert board.panel("input").digits == 1
    assert board.convention == "grids rounded"
    assert make("fully-connected", input="1 1", weights="1 1", bias="1e-5").storyboard().convention == "grids rounded"
    assert make("fully-connected").storyboard().convention == "a row of W is one output"
    assert not make("fully-connected", input="12345 1 1").storyboard().panel("output").numbers


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"inputs": 9}, "--inputs 9 is too large: use 8 or less"),
        (
            {"input": "1 2 3 4 5 6 7 8 9"},
            "a layer of 9 inputs and 2 outputs is too crowded to read: use 8 or less of each",
        ),
        ({"input": "1 2; 3 4"}, "input is 2×2: give one row of values such as '2 3 1'"),
        ({"input": "1 2", "inputs": 3}, "input has 2 values, but --inputs asks for 3: make them the same"),
        (
            {"input": "1 2 3", "weights": "1 2; 3 4"},
            "input has 3 values, but a row of the weights has 2: make them the same",
        ),
        (
            {"inputs": 4, "weights": "1 2; 3 4"},
            "weights are 2×2, outputs × inputs, but there are 4 inputs: give 4 columns",
        ),
        (
            {"outputs": 3, "weights": "1 2; 3 4"},
            "weights are 2×2, outputs × inputs, but --outputs asks for 3: leave --outputs out",
        ),
        (
            {"bias": "1 2 3", "outputs": 2},
            "bias has 3 values, but the weights give 2 outputs: give 2, or one for all",
        ),
        ({"input": "1 2000000 3"}, "input holds ±2e+06, too long to write: use numbers below 100000"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(given, message):
    with pytest.raises(UsageError) as error:
        make("fully-connected", **given)
    assert str(error.value) == message


def test_the_words_name_the_figure():
    board = make("fully-connected", input="1 1 1", weights="1 2 3; 4 5 6", bias="0 -1").storyboard()
    assert board.settings == "3 inputs     2 outputs"
    assert "8 parameters: 2·3 weights, 2 biases" in board.formula
    assert "until y is 6, 14." in board.alt
    assert make("fully-connected", inputs=1, outputs=1).storyboard().settings == "1 input     1 output"


def test_a_file_has_a_picture_for_each_step():
    figure = make("fully-connected", width=480)
    board, buffer = figure.storyboard(), io.BytesIO()
    write(Job(storyboard=board, film=lambda tween: figure.film(board), command=figure.command(), once=False), buffer)
    with Image.open(buffer) as image:
        assert image.n_frames == board.count
        assert image.size == (480, 270)
    assert len(buffer.getvalue()) < 60 * 1024


@pytest.mark.parametrize("example", make("fully-connected").scene.examples)
def test_examples_are_commands_of_this_scene(example):
    assert re.match(r"cnnviz fully-connected( --(inputs|outputs|input|weights|bias|seed) (\d+|\"[^\"]+\"))+$", example)
