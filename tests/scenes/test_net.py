"""`net`: a model with a residual block, made here, drawn as ONNX Runtime computes it; bad files get one line."""

from __future__ import annotations

import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from cnnviz import UsageError
from cnnviz.network.onnx_file import read_onnx
from cnnviz.network.onnx_layers import blocks_of, folded, layers_of
from cnnviz.network.onnx_run import run_onnx
from cnnviz.pipeline import make

RNG = np.random.default_rng(3)


def residual_model(repeats=1, sides=(8, 8)):
    """conv + batch norm + ReLU, residual blocks of two convolutions, global average, fc: 3 classes."""
    weights = {"w0": (4, 3, 3, 3), "scale": 4, "shift": 4, "mean": 4, "var": 4, "fc": (3, 4), "b": 3}
    nodes = [
        helper.make_node("Conv", ["x", "w0"], ["c"], pads=[1] * 4),
        helper.make_node("BatchNormalization", ["c", "scale", "shift", "mean", "var"], ["n"]),
        helper.make_node("Relu", ["n"], ["r0"]),
    ]
    for n in range(repeats):
        weights |= {f"a{n}": (4, 4, 3, 3), f"b{n}": (4, 4, 1, 1)}
        nodes += [
            helper.make_node("Conv", [f"r{n}", f"a{n}"], [f"u{n}"], pads=[1] * 4),
            helper.make_node("Relu", [f"u{n}"], [f"v{n}"]),
            helper.make_node("Conv", [f"v{n}", f"b{n}"], [f"s{n}"]),
            helper.make_node("Add", [f"s{n}", f"r{n}"], [f"t{n}"]),
            helper.make_node("Relu", [f"t{n}"], [f"r{n + 1}"]),
        ]
    nodes += [
        helper.make_node("GlobalAveragePool", [f"r{repeats}"], ["g"]),
        helper.make_node("Flatten", ["g"], ["f"]),
        helper.make_node("Gemm", ["f", "fc", "b"], ["y"], transB=1),
    ]
    stored = [
        numpy_helper.from_array(RNG.uniform(0.1 if name == "var" else -0.3, 0.4, shape).astype(np.float32), name)
        for name, shape in weights.items()
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, *sides])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])
    graph = helper.make_graph(nodes, "small", [x], [y], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


@pytest.fixture
def saved(tmp_path):
    """Save a model; its path."""

    def save(model, name="small.onnx"):
        path = tmp_path / name
        path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
        return str(path)

    return save


def test_blocks_and_probabilities_are_what_onnx_runtime_gives(saved, tmp_path):
    model, x = residual_model(), RNG.normal(size=(3, 8, 8))
    np.save(tmp_path / "x.npy", x)
    run = run(saved(model), str(tmp_path / "x.npy"))
    names = ["r0", "r1", "g", "y"]
    onnx.checker.check_model(model)
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    r0, r1, g, y = (found[0] for found in session.run(names, {"x": x[None].astype(np.float32)}))
    for (_, values), wanted in zip(run.blocks, (r0, r1, g.ravel(), y), strict=True):
        np.testing.assert_allclose(values, wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(run.probabilities, np.exp(y) / np.exp(y).sum(), rtol=1e-5)
    # Batch norm's scale and shift are learned, its mean and variance are not.
    assert [block.parameters for block, _ in run.blocks] == [4 * 27 + 8, 4 * 36 + 16, 0, 15]
    assert [block.sums for block, _ in run.blocks] == [0, 1, 0, 0]


def test_the_strongest_maps_come_first(saved):
    x, path = RNG.normal(size=(3, 8, 8)), saved(residual_model())
    board = make("net", model=path, input=x).storyboard()
    ((panel,),) = board.rows
    assert [one.name for one in panel.stations if one.residual] == ["block2"]
    *_, last = [
        change
        for step in board.steps()
        for change in step.changes
        if change.station == "block1" and change.values is not None
    ]
    ((_, values), *_) = run_onnx(path, x, None, (0.0, 1.0), 0).blocks
    means = np.abs(last.values).mean(axis=(1, 2))
    assert (np.diff(means) <= 0).all()
    np.testing.assert_allclose(sorted(means), sorted(np.abs(values).mean(axis=(1, 2))))


def test_a_hundred_layers_are_few_blocks_whose_parameters_add_up(saved):
    model = read_onnx(saved(residual_model(40)), None)
    layers = layers_of(model)
    blocks = blocks_of(layers)
    assert len(layers) > 100
    assert [block.sums for block in blocks] == [0] + [1] * 40 + [0, 0]
    for block in blocks:
        block.shape = (4, 8, 8) if block.last.kind != "Gemm" else (3,)
    few = folded(blocks)
    assert len(few) <= 10
    assert sum(block.parameters for block in few) == 116 + 40 * 160 + 15
    assert sum(block.sums for block in few) == 40


def test_an_image_is_scaled_by_mean_and_std_and_labels_name_the_classes(saved, tmp_path, cnnviz):
    Image.fromarray(np.full((20, 30, 3), 51, np.uint8)).save(tmp_path / "grey.png")
    path, scaled = saved(residual_model()), np.stack([np.full((8, 8), value) for value in (0, 0.2, 0)])
    run = run_onnx(path, str(tmp_path / "grey.png"), None, ((0.2, 0.1, 0.2), 0.5), 0)
    np.testing.assert_allclose(run.image, 0.2)
    np.testing.assert_allclose(run.probabilities, run_onnx(path, scaled, None, (0, 1), 0).probabilities, rtol=1e-5)
    (tmp_path / "two.txt").write_text("cat\ndog\n", encoding="utf-8")
    done = cnnviz("net", path, "--labels", tmp_path / "two.txt")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "--labels" in done.err
    assert "3 classes" in done.err


def external(model):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")


def custom(model):
    model.graph.node[2].domain = "ours"
    model.opset_import.append(helper.make_opsetid("ours", 1))


def sequence(model):
    model.graph.node.append(helper.make_node("Transpose", ["y"], ["z"], perm=[1, 0]))
    model.graph.output[0].name = "z"
    model.graph.output[0].type.tensor_type.ClearField("shape")


def two_inputs(model):
    model.graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, [1]))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(external, "another file"), (custom, "ours.Relu"), (two_inputs, "2 inputs"), (sequence, "3×1")],
    ids=["external data", "custom operator", "two inputs", "no scores"],
)
def test_a_model_that_cannot_be_drawn_is_one_line(saved, cnnviz, spoil, said):
    model = residual_model()
    spoil(model)
    done = cnnviz("net", saved(model))
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert said in done.err


def test_what_is_no_model_is_one_line(saved, cnnviz, tmp_path):
    whole = residual_model().SerializeToString()
    for path in (
        saved(whole[: len(whole) // 2]),
        saved(b"\x80\x04K\x01.", "x.pt"),
        saved(b""),
        str(tmp_path),
        "no.onnx",
    ):
        done = cnnviz("net", path)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), path
        assert "model" in done.err


def test_a_model_of_any_size_needs_one(saved):
    path = saved(residual_model(sides=("h", "w")))
    with pytest.raises(UsageError, match="--i"):
        make("net", model=path)
    assert make("net", model=path, i=12).scene.i == (12, 12)


def test_without_onnx_the_extra_is_named(cnnviz, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    done = cnnviz("net")
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert "[check]'" in done.err
