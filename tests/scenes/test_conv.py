"""Convolution: what the viewer sees at each step, against an engine that is not ours."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from cnnviz import UsageError
from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.storyboard import Grid

COVERED = {"kernel", "kernel_on_padding"}


def engine(image, kernel, stride, padding, dilation, bias):
    """ONNX Runtime's convolution of one map."""
    node = helper.make_node(
        "Conv", ["x", "w", "b"], ["y"], strides=stride, pads=[*padding, *padding], dilations=dilation
    )
    graph = helper.make_graph(
        [node], "conv",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in "xwb"],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    feeds = {"x": image[None, None], "w": kernel[None, None], "b": np.array([bias])}
    return session.run(None, {name: value.astype(np.float32) for name, value in feeds.items()})[0][0, 0]


@st.composite
def conv_parameters(draw):
    def pair(low, high):
        return draw(st.tuples(st.integers(low, high), st.integers(low, high)))

    i, k, s, p, d = pair(1, 9), pair(1, 4), pair(1, 3), pair(0, 3), pair(1, 3)
    assume(all(i[a] + 2 * p[a] >= d[a] * (k[a] - 1) + 1 for a in (0, 1)))
    return {
        "i": i, "k": k, "s": s, "p": p, "d": d, "seed": draw(st.integers(0, 99)), "flip": draw(st.booleans()),
        "bias": float(draw(st.integers(-3, 3))),
    }  # fmt: skip


@settings(deadline=None, derandomize=True, max_examples=40)
@given(conv_parameters())
def test_every_step_shows_the_engines_number_and_its_receptive_field(given):
    board = make("conv", **given).storyboard()
    padded = board.panel("input").values
    (pad_rows, pad_columns), (k_rows, k_columns) = given["p"], given["k"]
    image = padded[pad_rows : len(padded) - pad_rows, pad_columns : padded.shape[1] - pad_columns]
    kernel = board.panel("kernel").values
    weights = kernel[::-1, ::-1] if given["flip"] else kernel
    truth = engine(image, weights, given["s"], given["p"], given["d"], given["bias"])
    assert board.count == truth.size
    seen = 0
    for place, (_, states) in enumerate(play(board)):
        row, column = divmod(place, truth.shape[1])
        values = states["output"].values
        assert values[row, column] == pytest.approx(truth[row, column], abs=1e-4)
        assert np.isfinite(values).sum() == place + 1
        rows = {row * given["s"][0] + r * given["d"][0] for r in range(k_rows)}
        columns = {column * given["s"][1] + c * given["d"][1] for c in range(k_columns)}
        covered = {(r, c) for r, c in np.ndindex(padded.shape) if states["input"].roles[r, c] in COVERED}
        assert covered == {(r, c) for r in rows for c in columns}
        on_padding = {at for at in covered if states["input"].roles[at] == "kernel_on_padding"}
        inside = {
            (r, c) for r, c in covered
            if pad_rows <= r < pad_rows + image.shape[0] and pad_columns <= c < pad_columns + image.shape[1]
        }  # fmt: skip
        assert on_padding == covered - inside
        assert {at for at, note in states["input"].notes.items() if note} == covered
        window = states["input"].marks["window"]
        assert (window.row, window.column) == (min(rows), min(columns))
        assert (window.rows, window.columns) == (max(rows) - min(rows) + 1, max(columns) - min(columns) + 1)
        seen += 1
    assert seen == truth.size


def test_notes_are_the_weights_that_meet_the_cells():
    board = make("conv", kernel="1 2; 3 4", i=2).storyboard()
    (step,) = board.steps()
    notes = {(c.row, c.column): c.note for c in step.changes if c.panel == "input" and hasattr(c, "note")}
    assert notes == {(0, 0): "×1", (0, 1): "×2", (1, 0): "×3", (1, 1): "×4"}
    board = make("conv", kernel="1 2; 3 4", i=2, flip=True).storyboard()
    (step,) = board.steps()
    notes = {(c.row, c.column): c.note for c in step.changes if c.panel == "input" and hasattr(c, "note")}
    assert notes == {(0, 0): "×4", (0, 1): "×3", (1, 0): "×2", (1, 1): "×1"}


def test_captions_are_written_out():
    board = make("conv", input="1 2; 3 -4", kernel="1 0; -2 0.5", bias=3).storyboard()
    assert [step.caption for step in board.steps()] == [
        "$y_{1,1}$ = 1·1.0 + 3·(−2.0) + (−4)·0.5 + 3 = **−4**"
    ]  # fmt: skip


def test_a_long_caption_keeps_its_ends():
    board = make("conv", input="ones", i=5, kernel="ones", k=5).storyboard()
    (step,) = board.steps()
    assert step.caption.startswith("$y_{1,1}$ = 1·1 + 1·1 + ")
    assert step.caption.endswith(" + … + 1·1 = **25**")


def test_cells_that_no_window_reaches_are_marked():
    board = make("conv", i=6, k=2, s=3, p=1).storyboard()
    roles = board.panel("input").roles
    reached = [0, 1, 3, 4, 6, 7]
    for row, column in np.ndindex(roles.shape):
        unreached = row not in reached or column not in reached
        assert str(roles[row, column]).endswith("unreached") == unreached or str(roles[row, column]) == "unreached"
    assert "never reached" in board.panel("input").label
    assert "never reached" not in make("conv").storyboard().panel("input").label


@pytest.mark.parametrize(
    ("given", "formula"),
    [
        ({"i": 5, "k": 3, "s": 2, "p": 1}, r"$o=\lfloor(i+2p-k)/s\rfloor+1=\lfloor(5+2\cdot1-3)/2\rfloor+1=3$"),
        (
            {"i": 7, "k": 3, "d": 2},
            r"$o=\lfloor(i+2p-d(k-1)-1)/s\rfloor+1=\lfloor(7+2\cdot0-2\cdot(3-1)-1)/1\rfloor+1=3$",
        ),
        (
            {"i": "4x6", "k": 3, "s": 1, "p": 0},
            r"$o=\lfloor(i+2p-k)/s\rfloor+1$    rows $\lfloor(4+2\cdot0-3)/1\rfloor+1=2$    "
            r"columns $\lfloor(6+2\cdot0-3)/1\rfloor+1=4$",
        ),
    ],
)
def test_the_formula_has_its_numbers(given, formula):
    assert make("conv", **given).storyboard().formula == formula


def test_large_inputs_show_colours_instead_of_numbers():
    small, large = (make("conv", i=i, k=3, s=3).storyboard() for i in (19, 20))
    assert small.panel("input").numbers
    assert not large.panel("input").numbers
    assert large.panel("input").shade.always
    assert isinstance(large.panel("output"), Grid)
    assert large.panel("output").shade.always


def test_the_convention_is_stated():
    assert make("conv").storyboard().convention == "cross-correlation: kernel not flipped"
    assert make("conv", flip=True).storyboard().convention == "true convolution: kernel rotated"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"i": 3, "k": 5},
            "kernel 5 does not fit the padded input 3 (= 3 + 2·0): use --p 1 or more, or --k 3 or less",
        ),
        (
            {"i": 4, "k": 3, "d": 3},
            "kernel 3 with dilation 3 spans 7, which does not fit the padded input 4 (= 4 + 2·0): use --p 2 or more, "
            "--d 1 or less, or --k 2 or less",
        ),
        (
            {"i": 500, "k": 3, "p": 10},
            "input 500×500 with padding 10 is larger than 512 cells a side: use a smaller --p or --i",
        ),
        (
            {"i": 200, "k": 1},
            "this convolution would take 40000 steps, more than 10000: use a larger stride or less input",
        ),
        (
            {"i": 200, "k": 40, "s": 2},
            "this convolution would cover 10497600 cells in 6561 steps, more than 1000000: use a larger stride, a "
            "smaller window or less input",
        ),
        ({"input": "1 2; 3 4", "i": 3}, "input is 2×2, but --i asks for 3×3: leave --i out"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(given, message):
    with pytest.raises(UsageError) as error:
        make("conv", **given)
    assert str(error.value) == message


@pytest.mark.parametrize("hint", [{"p": 1}, {"k": 3}])
def test_the_hints_of_a_misfit_work(hint):
    make("conv", **{"i": 3, "k": 5, **hint})
