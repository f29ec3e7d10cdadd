"""The small network: its text, its shapes, forward against ONNX Runtime, backward against finite differences."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz import UsageError, limits
from cnnviz.check import check_figure
from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.functions.compute import evaluate
from cnnviz.network import Network, load_weights, parse_layers
from cnnviz.network.recorded import record
from cnnviz.operation import Operand, Operation
from cnnviz.pipeline import make

DEFAULT = "conv 4@3x3, maxpool 2, relu, conv 8@3x3, maxpool 2, relu, fc 10"
EVERY_KIND = (
    "conv 3@5x4 s2 p1 d2, avgpool 3 s2 p1, batchnorm, tanh, lrn 5 a1 b0.5 k2, leaky-relu 0.1, maxpool 2x1 s1, sigmoid, "
    "fc 7, elu 1.5, fc 5"
)


def network_of(text, shape=(1, 20, 21)):
    return Network(parse_layers(text), shape)


@pytest.mark.parametrize("text", [EVERY_KIND, "conv 2@1x1, avgpool 8x6 s6"])
def test_every_layers_output_is_that_of_onnx_runtime(text):
    report = check_figure(make("cnn", layers=text, i=(20, 21), input="random"))
    assert not report.failed, report


@pytest.mark.parametrize("text", [DEFAULT, EVERY_KIND, "lrn 4 a2, conv 2@3x3, lrn 2 a3 b1, fc 3"])
def test_each_weights_step_makes_the_loss_fall_by_as_much_as_its_gradient_says(text, tmp_path):
    """From weights of which none is 0 or 1 by convention."""
    network, rng = network_of(text), np.random.default_rng(0)
    named = zip(network.names, network.he_weights(0), strict=True)
    weights = {f"{name}.{part}": w + 0.1 * rng.normal(size=w.shape) for name, own in named for part, w in own.items()}
    np.savez(tmp_path / "w.npz", **weights)
    run = record(network, rng.normal(size=network.input_shape[1:]), tmp_path / "w.npz", 2, 1e-6, 0)
    operation = run.graph.operation()
    for name in operation.operands.keys() - {"x"}:
        before, slope, after = (run.tensors[f"{prefix}{name}"].values for prefix in ("", "grad_", "after_"))
        np.testing.assert_allclose(after, before - 1e-6 * slope, rtol=1e-12)
        moved = operation.operands | {name: Operand(values=after)}
        fallen = run["loss"] - evaluate(Operation(operands=moved, calls=operation.calls, shown=()))["loss"]
        assert fallen == pytest.approx(1e-6 * (slope**2).sum(), rel=1e-4, abs=1e-14), name


def test_weights_are_drawn_as_he_does():
    network = network_of("conv 32@5x5, batchnorm, relu, fc 50", (1, 28, 28))
    conv, norm, _, fc = network.he_weights(3)
    assert conv["weight"].std() == pytest.approx(np.sqrt(2 / 25), rel=0.05)
    assert fc["weight"].std() == pytest.approx(np.sqrt(2 / (32 * 24 * 24)), rel=0.01)
    assert (norm["weight"] == 1).all()
    assert not any(own["bias"].any() for own in (conv, norm, fc))
    assert (conv["weight"] == network.he_weights(3)[0]["weight"]).all()
    assert network.parameters == 32 * 26 + 64 + 50 * (32 * 24 * 24 + 1)


sides = st.integers(1, 9).map(str)
sizes = st.one_of(sides, st.tuples(sides, sides).map("x".join))
constants = st.sampled_from(["0.5", "1e-4", "2"])


def with_options(*names, **options):
    """A layer's words, and any of its options."""
    chosen = st.fixed_dictionaries({}, optional=options)
    words = chosen.map(lambda some: "".join(f" {letter}{value}" for letter, value in some.items()))
    return st.tuples(*names, words).map("".join)


layers = st.one_of(
    with_options(st.just("conv "), sides, st.just("@"), sizes, s=sizes, p=sizes, d=sizes),
    with_options(st.sampled_from(["maxpool ", "avgpool "]), sizes, s=sizes, p=sizes),
    with_options(st.just("lrn "), sides, a=constants, b=constants, k=constants),
    with_options(st.sampled_from(["fc ", "elu "]), sides),
    st.sampled_from(["batchnorm", "flatten", *(name.replace("_", "-") for name in ACTIVATIONS)]),
)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.lists(layers, min_size=1, max_size=limits.MAX_LAYERS))
def test_a_networks_text_reads_back_as_the_network(chosen):
    read = parse_layers(", ".join(chosen))
    assert [layer.kind for layer in read] == [words.split()[0] for words in chosen]
    assert parse_layers(", ".join(layer.text for layer in read)) == read


def test_other_words_for_the_same():
    other = parse_layers("conv 2@3 s2x2, norm, max_pool 2x2, LeakyReLU, dense 4,")
    assert other == parse_layers("conv 2@3x3 s2, batchnorm, maxpool 2, leaky-relu, fc 4")


REFUSED = {
    "conv 4@3x3, maxpol 2": "layer 2 'maxpol 2': there is no layer 'maxpol': did you mean maxpool?",
    "blur": "choose from conv, maxpool, avgpool",
    "conv 4": "layer 1 'conv 4' behind 1×20×21: it does not tell its kernels: write it as conv 16@4",
    "conv": "write it as conv 4@3x3",
    "conv 4@3x3 z1": "write it as conv 4@3x3",
    "conv 4@3x3 s1 s2": "write it as conv 4@3x3",
    "conv 4@3x3 s0": "write it as conv 4@3x3",
    "conv 65@3x3": "65 channels, more than 64",
    "conv 4@65x3": "65x3 is too large: use 64 or less",
    "avgpool 2 d2": "write it as avgpool 2",
    "fc ten": "write it as fc 10",
    "fc 400 3": "gets 420 numbers: write it as fc 3",
    "relu 2": "write it as relu and nothing",
    "elu x": "write it as elu and a number",
    "relu,, fc 3": "layer 2 '': there is no layer",
    " ": "layer 1 '': there is no layer",
    "relu," * 17: "use 16 or fewer",
    "maxpool 9, conv 4@3x4 d2": "layer 2 'conv 4@3x4 d2': kernel 3 dilated to 5",
    "avgpool 3 p2": "use p1 or less",
    "fc 5, relu, maxpool 2": "layer 3 'maxpool 2' behind 5: it takes maps",
    "avgpool 20, norm": "layer 2 'norm' behind 1×1×1",
}
TOO_MUCH = {
    "fc 1024, fc 1024": (32, f"{2 * 1024 * 1025} weights, more than 1000000"),
    "conv 64@5x5 p2, conv 64@5x5 p2": (64, f"{64 * 65 * 25 * 64**2} products, more than 50000000"),
    "conv 64@1x1, relu": (64, f"{2 * 64**3} values in its maps, more than 500000"),
}


def refusal(call, *given):
    with pytest.raises(UsageError) as caught:
        call(*given)
    return str(caught.value)


def test_a_text_that_is_no_network_or_does_not_fit():
    for text, message in REFUSED.items():
        said = refusal(network_of, text)
        assert said.startswith("--layers")
        assert message in said
    for text, (side, message) in TOO_MUCH.items():
        assert message in refusal(network_of, text, (1, side, side))


SHAPES = {"fc1.weight": (2, 3), "fc1.bias": (2,)}


def test_a_file_with_other_weights_or_none(here):
    wrong = {
        "differs in 'fc1.bias': the network needs fc1.weight, fc1.bias": {},
        "differs in 'fc2.bias'": {"fc1.bias": np.ones(2), "fc2.bias": 1},
        "fc1.bias is 3, but the network needs 2": {"fc1.bias": np.ones(3)},
        "fc1.bias holds str32 values": {"fc1.bias": ["a", "b"]},
        "fc1.bias holds float64 values: use finite numbers only": {"fc1.bias": [1, np.nan]},
        "fc1.bias is no array of numbers, or is cut short": {"fc1.bias": np.array([{}, {}])},
    }
    for message, arrays in wrong.items():
        np.savez("w.npz", **{"fc1.weight": np.ones((2, 3)), **arrays})
        said = refusal(load_weights, "w.npz", SHAPES)
        assert said.startswith("--weights file 'w.npz'")
        assert message in said
    Path("none.npz").write_bytes(b"PK nonsense")
    with zipfile.ZipFile("w.npz") as whole, zipfile.ZipFile("short.npz", "w") as archive:
        archive.writestr("fc1.weight.npy", whole.read("fc1.weight.npy")[:-8])
        archive.writestr("fc1.bias.npy", b"")
    for name, message in {
        "none.npz": "is no .npz file",
        "missing.npz": "does not exist",
        ".": "is no regular file",
        "short.npz": "fc1.weight is no array of numbers, or is cut short",
    }.items():
        said = refusal(load_weights, name, SHAPES)
        assert said.startswith(f"--weights file '{name}'")
        assert message in said
