"""`net`: a model with a residual block, made here, drawn as ONNX Runtime computes it; bad files get one line."""

from __future__ import annotations

import sys

import numpy as np
import onnx.parser
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

import cnnviz as package
from cnnviz import UsageError
from cnnviz.network.onnx_field import fields
from cnnviz.network.onnx_file import read_onnx
from cnnviz.network.onnx_gradcam import grad_cam
from cnnviz.network.onnx_layers import blocks_of, folded, layers_of
from cnnviz.network.onnx_run import prepare, run_onnx
from cnnviz.pipeline import make
from cnnviz.scenes._net_layer import crop_of

RNG = np.random.default_rng(3)


def model_of(nodes, sides="8, 8", **weights):
    """A model of an input x of three channels, its nodes in ONNX's own text form; the result is y."""
    text = f'<ir_version: 8, opset_import: ["": 13]> made (float[n, 3, {sides}] x) => (float y) {{ {nodes} }}'
    model = onnx.parser.parse_model(text)
    stored = (numpy_helper.from_array(np.asarray(values), name) for name, values in weights.items())
    model.graph.initializer.extend(stored)
    return model


def drawn(*shape):
    return RNG.normal(size=shape).astype(np.float32)


FIRST = "c = Conv<pads = [1, 1, 1, 1]>(x, w0) m = BatchNormalization(c, scale, shift, mean, var) r0 = Relu(m) "
BLOCK = """u{n} = Conv<pads = [1, 1, 1, 1]>(r{n}, a{n}) v{n} = Relu(u{n}) s{n} = Conv(v{n}, b{n})
t{n} = Add(s{n}, r{n}) r{next} = Relu(t{n}) """
LAST = "g = GlobalAveragePool(r{n}) f = Flatten(g) y = Gemm<transB = 1>(f, fc, b)"


def residual_model(repeats=1, sides="8, 8"):
    """conv + batch norm + ReLU, residual blocks of two convolutions, global average, fc: 3 classes."""
    weights = {"w0": (4, 3, 3, 3), "scale": 4, "shift": 4, "mean": 4, "var": 4, "fc": (3, 4), "b": 3}
    for n in range(repeats):
        weights |= {f"a{n}": (4, 4, 3, 3), f"b{n}": (4, 4, 1, 1)}
    blocks = "".join(BLOCK.format(n=n, next=n + 1) for n in range(repeats))
    values = {
        name: RNG.uniform(0.1, 0.4, shape).astype(np.float32) - 0.2 * (name != "var") for name, shape in weights.items()
    }
    return model_of(FIRST + blocks + LAST.format(n=repeats), sides, **values)


def given(path, x=None, scales=(0.0, 1.0)):
    return prepare(path, x, None, scales, 0)


def run(path, x, scales=(0.0, 1.0)):
    return run_onnx(given(path, x, scales))


def outputs(model, x, *names):
    """What ONNX Runtime gives, of one sample or several."""
    asked = onnx.ModelProto()
    asked.CopyFrom(model)
    del asked.graph.output[:]
    asked.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    return onnxruntime.InferenceSession(asked.SerializeToString()).run(names, {"x": x.astype(np.float32)})


@pytest.fixture
def saved(tmp_path):
    """Save a model; its path."""

    def save(model, name="small.onnx"):
        path = tmp_path / name
        path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
        return str(path)

    return save


def test_blocks_and_probabilities_are_what_onnx_runtime_gives(saved, tmp_path):
    model, x = residual_model(), drawn(3, 8, 8)
    np.save(tmp_path / "x.npy", x)
    found = run(saved(model), str(tmp_path / "x.npy"))
    r0, r1, g, y = (values[0] for values in outputs(model, x[None], "r0", "r1", "g", "y"))
    for (_, values), wanted in zip(found.blocks, (r0, r1, g.ravel(), y), strict=True):
        np.testing.assert_allclose(values, wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.probabilities, np.exp(y) / np.exp(y).sum(), rtol=1e-5)
    # Batch norm's scale and shift are learned, its mean and variance are not.
    assert [block.parameters for block, _ in found.blocks] == [4 * 27 + 8, 4 * 36 + 16, 0, 15]
    assert [block.sums for block, _ in found.blocks] == [0, 1, 0, 0]


def test_the_strongest_maps_come_first(saved):
    x, path = drawn(3, 8, 8), saved(residual_model())
    board = make("net", model=path, input=x).storyboard()
    ((panel,),) = board.rows
    assert [one.name for one in panel.stations if one.residual] == ["block2"]
    changes = [change for step in board.steps() for change in step.changes if change.station == "block1"]
    *_, last = [change.values for change in changes if change.values is not None]
    ((_, values), *_) = run(path, x).blocks
    means = np.abs(last).mean(axis=(1, 2))
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


def test_an_image_is_scaled_by_mean_and_std_and_labels_name_the_classes(saved, tmp_path, refused):
    Image.fromarray(np.full((20, 30, 3), 51, np.uint8)).save(tmp_path / "grey.png")
    path, scaled = saved(residual_model()), np.stack([np.full((8, 8), value) for value in (0, 0.2, 0)])
    found = run(path, str(tmp_path / "grey.png"), ((0.2, 0.1, 0.2), 0.5))
    np.testing.assert_allclose(found.image, 0.2)
    np.testing.assert_allclose(found.probabilities, run(path, scaled).probabilities, rtol=1e-5)
    (tmp_path / "two.txt").write_text("cat\ndog\n", encoding="utf-8")
    code, said = refused("net", path, "--labels", tmp_path / "two.txt")
    assert (code, "--labels" in said, "3 classes" in said) == (2, True, True)


@pytest.mark.parametrize(
    ("attributes", "groups"),
    [
        ("pads = [1, 0, 0, 2], strides = [2, 1], dilations = [1, 2]", 1),
        ("group = 3, pads = [1, 1, 1, 1]", 3),
        ('auto_pad = "SAME_LOWER", strides = [2, 2]', 1),
    ],
)
def test_a_layer_is_drawn_with_its_real_input_and_weights(saved, attributes, groups):
    x = drawn(3, 8, 8)
    model = model_of(f"y = Conv<{attributes}>(x, w, b)", w=drawn(6, 3 // groups, 3, 3), b=drawn(6))
    model.graph.node[0].name = "first"
    path, (y,) = saved(model), outputs(model, x[None], "y")
    crop = crop_of(given(path, x), "first", 8)
    rows, columns = (slice(at, at + side) for at, side in zip(crop.at, crop.output.shape, strict=True))
    shown = make("net", model=path, input=x, layer="first").scene.expected()["output"]
    np.testing.assert_allclose(np.squeeze(shown), y[0, crop.filter, rows, columns], rtol=1e-4, atol=1e-5)
    assert np.abs(crop.output).max() == pytest.approx(np.abs(y[0, crop.filter]).max(), rel=1e-5)


def test_grad_cam_weights_are_the_gradient_of_a_mean_and_a_layer(saved):
    # y = V·ReLU(U·mean(A)): ∂y/∂A of channel k is (V·diag(U·mean(A) > 0)·U)ₖ / Z.
    u, v, x = drawn(6, 4), drawn(3, 6), drawn(3, 8, 8)
    nodes = """c = Conv<pads = [1, 1, 1, 1]>(x, w) a = Relu(c) g = GlobalAveragePool(a) f = Reshape(g, target)
    h = Gemm<transB = 1>(f, u) r = Relu(h) z = Gemm<transB = 1>(r, v) y = Softmax(z)"""
    model = model_of(nodes, w=drawn(4, 3, 3, 3), u=u, v=v, target=np.array([1, 4]))
    cam = grad_cam(run(saved(model), x), 2)
    maps = outputs(model, x[None], "a")[0][0].astype(np.float64)
    weights = (v[2] * (u @ maps.mean(axis=(1, 2)) > 0)) @ u / 64
    np.testing.assert_allclose(cam.weights, weights, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(cam.heat, np.maximum(np.tensordot(weights, maps, 1), 0), rtol=1e-2, atol=1e-4)
    assert not cam.exact


def test_the_receptive_field_is_where_a_pixel_changes_the_cell(saved):
    nodes = """c = Conv<pads = [1, 1, 0, 0], strides = [2, 1]>(x, a)
    d = Conv<pads = [2, 2, 2, 2], dilations = [2, 2]>(c, b) s = Add(c, d)
    p = Pad(s, ends) y = AveragePool<kernel_shape = [2, 3]>(p)"""
    ones, ends = np.ones((2, 3, 3, 3), np.float32), np.array([0, 0, 1, 0, 0, 0, 0, 0])
    model = model_of(nodes, "12, 12", a=ones, b=ones[:, :2], ends=ends)
    pixels = np.zeros((144, 3, 144))
    pixels[range(144), :, range(144)] = 1
    (y,) = outputs(model, pixels.reshape(144, 3, 12, 12), "y")
    known = read_onnx(saved(model), None)
    for cell in ((0, 1), (3, 4)):
        rows, columns = fields(known, "y", cell)["x"]
        changed = np.argwhere(y[:, 0, *cell].reshape(12, 12) > 0)
        assert changed.min(axis=0).tolist() == [max(0, rows[0]), max(0, columns[0])]
        assert changed.max(axis=0).tolist() == [min(11, rows[1]), min(11, columns[1])]


def test_branches_that_are_concatenated_are_counted(saved):
    nodes = """r = Conv(x, w) b0 = Conv(r, w0) b1 = Conv<pads = [1, 1, 1, 1]>(r, w1)
    b2 = Conv<pads = [2, 2, 2, 2]>(r, w2) y = Concat<axis = 1>(b0, b1, b2)"""
    weights = {f"w{n}": drawn(2, 4, 2 * n + 1, 2 * n + 1) for n in range(3)}
    board = make("net", model=saved(model_of(nodes, w=drawn(4, 3, 1, 1), **weights))).storyboard()
    ((panel,),) = board.rows
    assert [one.branches for one in panel.stations] == [0, 0, 3]


def test_what_the_model_does_not_have_is_one_line(refused):
    for option, value, part in (("--layer", "conv3", "conv2"), ("--gradcam", "10", "0 to 9")):
        code, said = refused("net", option, value)
        assert (code, part in said) == (2, True)


def test_a_module_is_drawn_with_the_gradient_of_pytorch():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    layers = torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Flatten()
    module, x = torch.nn.Sequential(*layers, torch.nn.Linear(144, 5)), torch.rand(1, 3, 8, 8)
    figure = package.net(module, x, gradcam="1", tween=0)
    assert module.training
    module.eval()
    maps = module[:3](x).detach().requires_grad_()
    module[3:](maps)[0, 1].backward()
    found = run_onnx(given(figure.scene.model, x.numpy()))
    cam = grad_cam(found, 1)
    assert cam.exact
    np.testing.assert_allclose(cam.weights, maps.grad[0].mean(dim=(1, 2)), rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(found.probabilities, module(x).softmax(1)[0].detach(), rtol=1e-4)


def external(model):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")


def custom(model):
    model.graph.node[2].domain = "ours"
    model.opset_import.append(helper.make_opsetid("ours", 1))


def transposed(model):
    model.graph.node.append(helper.make_node("Transpose", ["y"], ["z"], perm=[1, 0]))
    model.graph.output[0].name = "z"


def test_what_is_no_model_or_cannot_be_drawn_is_one_line(saved, refused, tmp_path):
    for spoil, part in ((external, "another file"), (custom, "ours:Relu"), (transposed, "3×1")):
        model = residual_model()
        spoil(model)
        code, said = refused("net", saved(model))
        assert (code, part in said) == (2, True)
    whole = residual_model().SerializeToString()
    for path in (saved(whole[: len(whole) // 2]), saved(b"\x80\x04K\x01.", "x.pt"), str(tmp_path), "no.onnx"):
        code, said = refused("net", path)
        assert (code, "model" in said) == (2, True), path


def test_a_model_of_any_size_needs_one(saved):
    path = saved(residual_model(sides="h, w"))
    with pytest.raises(UsageError, match="--i"):
        make("net", model=path)
    assert make("net", model=path, i=12).scene.i == (12, 12)


def test_without_onnx_the_extra_is_named(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    code, said = refused("net")
    assert (code, "[check]'" in said) == (1, True)
