"""The small network: its text, its shapes, forward against ONNX Runtime, backward against finite differences."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz import UsageError, limits
from cnnviz.check import check_figure
from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.functions.compute import evaluate
from cnnviz.network import Network, layer_words, load_weights, parse_layers
from cnnviz.network.layers import Activate, AvgPool, BatchNorm, Conv, FullyConnected, Lrn, MaxPool
from cnnviz.network.recorded import record
from cnnviz.operation import Operand, Operation
from cnnviz.pipeline import make

DEFAULT = "conv 4@3x3, maxpool 2, relu, conv 8@3x3, maxpool 2, relu, fc 10"
EVERY_KIND = (
    "conv 3@5x4 s2 p1 d2, avgpool 3 s2 p1, batchnorm, tanh, lrn 5 a1 b0.5 k2, leaky-relu 0.1, maxpool 2x1 s1, sigmoid, "
    "fc 7, elu 1.5, fc 5"
)
BEHIND = "write it as conv 4@3x3 (4 kernels of 3×3) and, where wanted, s2 (stride), p1 (padding), d2 (dilation)"
WORDS = ", ".join(layer_words())


def network_of(text, shape=(1, 20, 21)):
    return Network(parse_layers(text), shape)


def picture_of(network, seed=0):
    return np.random.default_rng(seed).normal(size=network.input_shape)


def disturbed(network, seed=0):
    """Weights of which none is 0 or 1 by convention."""
    rng = np.random.default_rng(seed)
    return tuple(
        {part: value + 0.1 * rng.normal(size=value.shape) for part, value in own.items()}
        for own in network.he_weights(seed)
    )


@pytest.fixture
def run_of(tmp_path):
    """Run a network with weights of a file, none of them 0 or 1 by convention."""

    def run(text, seed=0, label=1, rate=0.001):
        network = network_of(text)
        weights = disturbed(network, seed)
        named = zip(network.names, weights, strict=True)
        np.savez(tmp_path / "w.npz", **{f"{name}.{part}": v for name, own in named for part, v in own.items()})
        return network, weights, record(network, picture_of(network, seed)[0], tmp_path / "w.npz", label, rate, seed)

    return run


def loss_with(operation, name, values):
    """The loss with other values of an operand or a result."""
    made = {call.result: place + 1 for place, call in enumerate(operation.calls)}
    known = evaluate(operation)
    operands = operation.operands | {result: Operand(values=known[result]) for result in made}
    calls = operation.calls[made.get(name, 0) :]
    return float(evaluate(Operation(operands=operands | {name: Operand(values=values)}, calls=calls, shown=()))["loss"])


@pytest.mark.parametrize("text", [EVERY_KIND, "conv 2@1x1, avgpool 8x6 s6"])
def test_every_layers_output_is_that_of_onnx_runtime(text):
    report = check_figure(make("cnn", layers=text, i=(20, 21), input="random"))
    assert not report.failed, report


@pytest.mark.parametrize("text", [DEFAULT, EVERY_KIND, "lrn 4 a2, conv 2@3x3, lrn 2 a3 b1, fc 3"])
def test_gradients_are_those_of_finite_differences(run_of, text):
    network, _, run = run_of(text, label=2)
    operation = run.graph.operation()
    names = [*operation.operands, *(stage.y.name for stage in run.stages)]
    assert len(names) == 1 + len(network.named_shapes) + len(network.layers)
    rng = np.random.default_rng(7)
    for name in names:
        values, slope = run.tensors[name].values.copy(), run.tensors[f"grad_{name}"].values
        assert values.shape == slope.shape
        for _ in range(4):
            place = tuple(rng.integers(0, side) for side in values.shape)
            before, losses = values[place], []
            for step in (1e-6, -1e-6):
                values[place] = before + step
                losses.append(loss_with(operation, name, values))
            values[place] = before
            assert slope[place] == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-4, abs=1e-7)


def test_a_step_of_descent_goes_against_the_gradient_and_the_loss_falls(run_of):
    _, _, run = run_of(DEFAULT, label=3, rate=0.001)
    squares = 0.0
    for name in run.graph.operation().operands.keys() - {"x"}:
        before, slope, after = (run.tensors[f"{prefix}{name}"].values for prefix in ("", "grad_", "after_"))
        np.testing.assert_allclose(after, before - 0.001 * slope, rtol=1e-12)
        squares += (slope**2).sum()
    assert run["loss"] - run["after_loss"] == pytest.approx(0.001 * squares, rel=0.1)


def test_weights_are_drawn_as_he_does():
    network = network_of("conv 32@5x5, batchnorm, relu, fc 50", (1, 28, 28))
    conv, norm, _, fc = network.he_weights(3)
    assert conv["weight"].std() == pytest.approx(np.sqrt(2 / 25), rel=0.05)
    assert fc["weight"].std() == pytest.approx(np.sqrt(2 / (32 * 24 * 24)), rel=0.01)
    assert (norm["weight"] == 1).all()
    assert not any(own["bias"].any() for own in (conv, norm, fc))
    np.testing.assert_array_equal(conv["weight"], network.he_weights(3)[0]["weight"])
    assert (conv["weight"] != network.he_weights(4)[0]["weight"]).all()
    assert network.parameters == 32 * 26 + 64 + 50 * (32 * 24 * 24 + 1)


sides = st.integers(1, 9)
sizes = st.tuples(sides, sides)
paddings = st.tuples(st.integers(0, 4), st.integers(0, 4))
constants = st.sampled_from([0.5, 1e-4, 2.0])
layers = st.one_of(
    st.builds(Conv, sides, sizes, sizes, paddings, sizes), st.builds(MaxPool, sizes, sizes, paddings),
    st.builds(AvgPool, sizes, sizes, paddings), st.just(BatchNorm()), st.builds(FullyConnected, sides),
    st.builds(Lrn, sides, constants, constants, constants), st.sampled_from([Activate(name) for name in ACTIVATIONS]),
    st.builds(Activate, st.just("elu"), constants),
)  # fmt: skip


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.lists(layers, min_size=1, max_size=limits.MAX_LAYERS))
def test_a_networks_text_reads_back_as_the_network(chosen):
    assert parse_layers(", ".join(layer.text for layer in chosen)) == tuple(chosen)


def test_other_words_for_the_same():
    other = parse_layers("conv 2@3 s2x2, norm, max_pool 2x2, LeakyReLU, dense 4,")
    assert other == parse_layers("conv 2@3x3 s2, batchnorm, maxpool 2, leaky-relu, fc 4")


@pytest.mark.parametrize(("text", "message"), [
    ("conv 4@3x3, maxpol 2", "--layers, layer 2 'maxpol 2': there is no layer 'maxpol': did you mean maxpool?"),
    ("blur", f"--layers, layer 1 'blur': there is no layer 'blur': choose from {WORDS}"),
    ("conv 4", f"--layers, layer 1 'conv 4': {BEHIND}"),
    ("conv", f"--layers, layer 1 'conv': {BEHIND}"),
    ("conv 4@3x3 z1", f"--layers, layer 1 'conv 4@3x3 z1': {BEHIND}"),
    ("conv 4@3x3 s1 s2", f"--layers, layer 1 'conv 4@3x3 s1 s2': {BEHIND}"),
    ("conv 4@3x3 s0", "--layers, layer 1 'conv 4@3x3 s0': 0 cells of stride cannot be: use 1 to 512"),
    ("conv 65@3x3", "--layers, layer 1 'conv 65@3x3': 65 kernels cannot be: use 1 to 64"),
    ("avgpool 2 d2", "--layers, layer 1 'avgpool 2 d2': write it as avgpool 2 (windows of 2×2) and, where wanted, s1 "
     "(stride), p1 (padding)"),
    ("fc ten", "--layers, layer 1 'fc ten': write it as fc 10"),
    ("fc 2000", "--layers, layer 1 'fc 2000': 2000 outputs cannot be: use 1 to 1024"),
    ("relu 2", "--layers, layer 1 'relu 2': write it as relu and nothing behind it"),
    ("elu x", "--layers, layer 1 'elu x': write it as elu and a number, or nothing, behind it"),
    ("lrn 5 k0", "--layers, layer 1 'lrn 5 k0': k 0 divides by zero where all neighbours are 0: use k above 0"),
    ("fc 10, softmax", "--layers, layer 2 'softmax': softmax comes by itself behind the last layer: leave it out"),
    ("relu,, fc 3", "--layers, layer 2 is empty: write a layer between the commas, such as relu"),
    (" ", "--layers is empty: give layers such as 'conv 4@3x3, maxpool 2, relu, fc 10'"),
    ("relu," * 17, "--layers has 17 layers, more than a figure shows: use 16 or fewer"),
])  # fmt: skip
def test_a_text_that_is_no_network(text, message):
    with pytest.raises(UsageError) as caught:
        parse_layers(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(("text", "message"), [
    ("maxpool 9, conv 4@3x4 d2", "layer 2 (conv 4@3×4 d2) behind maxpool 9 of 1×2×2: kernel 3 with dilation 2 spans 5, "
     "which does not fit the padded map 2 (= 2 + 2·0): use a kernel of 1 or less, or p2 or more"),
    ("conv 4@21x3", "layer 1 (conv 4@21×3) behind the input of 1×20×21: kernel 21 does not fit the padded map 20 "
     "(= 20 + 2·0): use a kernel of 20 or less, or p1 or more"),
    ("avgpool 3 p2", "layer 1 (avgpool 3 p2) behind the input of 1×20×21: padding 2 is more than half of its window 3: "
     "use p1 or less"),
    ("fc 5, relu, maxpool 2", "layer 3 (maxpool 2) behind relu of 5: it takes maps, but gets 5 numbers in a row: put "
     "it before fc"),
    ("fc 5, lrn 3", "layer 2 (lrn 3) behind fc 5 of 5: it takes maps, but gets 5 numbers in a row: put it before fc"),
    ("avgpool 20, norm", "layer 2 (batchnorm) behind avgpool 20 of 1×1×1: one picture gives each channel one value, "
     "which is its own mean: put it before fc, where maps are"),
])  # fmt: skip
def test_layers_that_do_not_fit(text, message):
    with pytest.raises(UsageError) as caught:
        network_of(text)
    assert str(caught.value) == "--layers, " + message


@pytest.mark.parametrize(("text", "side", "count", "what", "most"), [
    ("fc 1024, fc 1024", 32, 2 * 1024 * 1025, "weights", "1000000"),
    ("conv 64@5x5 p2, conv 64@5x5 p2", 64, 64 * 65 * 25 * 64**2, "products", "50000000"),
    ("conv 64@1x1, relu", 64, 2 * 64**3, "values in its maps", "500000"),
])  # fmt: skip
def test_networks_beyond_the_limits(text, side, count, what, most):
    with pytest.raises(UsageError) as caught:
        network_of(text, (1, side, side))
    assert str(caught.value) == (
        f"--layers makes a network of {count} {what}, more than {most}: use fewer kernels or outputs, or a smaller --i"
    )


SHAPES = {"fc1.weight": (2, 3), "fc1.bias": (2,)}
GOOD = {"fc1.weight": np.ones((2, 3)), "fc1.bias": np.ones(2)}


@pytest.mark.parametrize(("arrays", "message"), [
    ({"fc1.weight": np.ones((2, 3))}, "lacks fc1.bias: the network needs fc1.weight, fc1.bias"),
    ({**GOOD, "fc2.bias": np.ones(2)}, "holds 'fc2.bias', which no layer has: did you mean fc1.bias?"),
    ({**GOOD, "fc1.bias": np.ones(3)}, ": fc1.bias is 3, but the network needs 2"),
    ({**GOOD, "fc1.bias": np.array(["a", "b"])}, ": fc1.bias holds str32 values: use whole or real numbers"),
    ({**GOOD, "fc1.bias": np.array([1, np.nan])}, ": fc1.bias holds numbers that are not finite: use finite numbers "
     "only"),
    ({**GOOD, "fc1.bias": np.array([{}, {}])}, ": fc1.bias is no array of numbers, or is cut short: use numpy.savez"),
])  # fmt: skip
def test_a_file_with_other_weights(tmp_path, monkeypatch, arrays, message):
    monkeypatch.chdir(tmp_path)
    np.savez("w.npz", **arrays)
    with pytest.raises(UsageError) as caught:
        load_weights("w.npz", SHAPES)
    assert str(caught.value).removeprefix("--weights file 'w.npz'").lstrip() == message.lstrip()


def test_a_file_that_is_no_archive_or_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.npz").write_bytes(b"PK nonsense")
    promise = io.BytesIO()
    np.lib.format.write_array_header_1_0(promise, {"descr": "<f8", "fortran_order": False, "shape": (2, 3)})
    with zipfile.ZipFile("short.npz", "w") as archive:
        archive.writestr("fc1.weight.npy", promise.getvalue())
        archive.writestr("fc1.bias.npy", b"")
    for name, message in {
        "w.npz": "is no .npz file: save the arrays with numpy.savez",
        "none.npz": "does not exist: give an .npz file, or random",
        ".": "is a folder: give a file in it",
        "short.npz": "fc1.weight is no array of numbers, or is cut short: use numpy.savez",
    }.items():
        with pytest.raises(UsageError) as caught:
            load_weights(name, SHAPES)
        assert str(caught.value) in (f"--weights file '{name}' {message}", f"--weights file '{name}': {message}")
