"""The network's figure: every station's values, the order of lights, and captions, against other implementations."""

from __future__ import annotations

import io
import json
import re
from itertools import pairwise

import numpy as np
import pytest
from cnnviz.scenes._digit import drawn_digit
from cnnviz.scenes._layer_words import loss_texts, rate_text, significant
from PIL import Image

from cnnviz import UsageError, limits
from cnnviz.export import Job
from cnnviz.export.json import write
from cnnviz.network import Network, parse_layers
from cnnviz.pipeline import make
from cnnviz.render.panels.base import LEAST_TEXT
from cnnviz.render.text import Typesetter
from tests import nets

DEFAULT = "conv 4@3x3, maxpool 2, relu, conv 8@3x3, maxpool 2, relu, fc 10"
NORMS = "conv 4@3x3, maxpool 2, batchnorm, relu, conv 8@3x3 s2 p1, lrn 3 a1, avgpool 2, tanh, fc 12, elu 0.5, fc 10"
DEEP = ", ".join(f"conv {n}@3x3 p1, batchnorm, leaky-relu, maxpool 2" for n in (4, 8, 16)) + ", fc 24, sigmoid, fc 10"
TINY = "conv 2@3x3, fc 3"
MAPS_ONLY = "conv 5@7x7 s7, maxpool 4"
NETWORKS = [DEFAULT, NORMS, DEEP, TINY, MAPS_ONLY, "fc 10"]


def told(**given):
    """The figure's JSON."""
    figure = make("cnn", **given)
    buffer = io.BytesIO()
    write(Job(storyboard=figure.storyboard(), film=lambda tween: figure.film(), command="", once=False), buffer)
    return json.loads(buffer.getvalue())


def network_of(text, shape=(1, 28, 28)):
    return Network(parse_layers(text), shape)


def stations_of(story):
    return {station["name"]: station for station in story["panels"][0]["stations"]}


def played(story):
    """Each step's caption with what has changed in it, by station."""
    for step in story["steps"]:
        yield step["caption"], {change["station"]: change for change in step["changes"]}


def lit(changes, role):
    return [name for name, change in changes.items() if change.get("role") == role]


def result(caption):
    """The strong number at the end of a caption."""
    return float(re.search(r"\*\*([^*]+)\*\*$", caption)[1].replace("−", "-"))


@pytest.mark.parametrize("text", NETWORKS)
def test_every_station_shows_what_onnx_runtime_computes_and_after_the_step_with_the_new_weights(text):
    network, picture = network_of(text), drawn_digit()[None]
    weights = network.he_weights(0)
    story = told(layers=text)
    label = min(3, network.classes - 1)
    *maps, p = nets.run(network, weights, picture)
    names = list(stations_of(story))
    assert names == ["input", *network.names, "softmax", "loss"]
    truth = dict(zip(names, [picture, *maps, p, np.array([-np.log(p[label])])], strict=True))
    seen = {"input": stations_of(story)["input"]["values"]}
    steps = list(played(story))
    for caption, changes in steps[1 : len(names)]:
        (name,) = lit(changes, "active")
        seen[name] = changes[name]["values"]
        assert f"{name.rstrip('0123456789')}" in caption
    assert list(seen) == names, "the stations light up in order"
    for name, values in seen.items():
        values = np.array(values)
        assert values.shape == np.shape(stations_of(story)[name]["values"])
        np.testing.assert_allclose(values.ravel(), truth[name].ravel(), rtol=1e-3, atol=1e-4, err_msg=name)
    # The descent, by gradients that finite differences check below and the last step's values by ONNX Runtime.
    slopes = network.backward(network.forward(picture, weights, label), weights, label).weights
    moved = [{k: own[k] - 0.01 * s[k] for k in own} for own, s in zip(weights, slopes, strict=True)]
    *maps, p = nets.run(network, moved, picture)
    truth = dict(zip(names, [picture, *maps, p, np.array([-np.log(p[label])])], strict=True))
    for name, change in steps[-1][1].items():
        np.testing.assert_allclose(np.ravel(change["values"]), truth[name].ravel(), rtol=1e-3, atol=1e-4, err_msg=name)
    assert set(steps[-1][1]) == set(names)


@pytest.mark.parametrize("text", NETWORKS)
def test_the_gradient_comes_back_through_every_station_and_is_that_of_finite_differences(text):
    network = network_of(text)
    # Not the digit: on its even ground the largest of a window has equals, where there is no derivative.
    picture = np.random.default_rng(3).normal(size=(1, 28, 28))
    label, weights = min(3, network.classes - 1), network.he_weights(0)
    back = list(played(told(layers=text, input=picture[0])))[len(network.layers) + 3 : -1]
    assert [lit(changes, "gradient") for _, changes in back] == (
        [["loss", "softmax"]] + [[name] for name in network.names[::-1]] + [["input"]]
    )
    for (_, before), (_, after) in pairwise(back):
        assert lit(after, "returned") == lit(before, "gradient"), "each station hands on"
    shown = {name: np.array(change["values"]) for _, c in back for name, change in c.items() if "values" in change}
    done = network.forward(picture, weights, label)
    for place in (0, *(p for p in range(1, len(network.layers)) if len(network.shapes[p]) == 3)):
        rest = Network(network.layers[place:], network.shapes[place])
        slope = shown["input" if place == 0 else network.names[place - 1]]
        assert slope.shape == network.shapes[place]
        values = done.maps[place].copy()
        for flat in np.random.default_rng(0).integers(0, values.size, 3):
            spot = np.unravel_index(flat, values.shape)
            losses = []
            for step in (1e-6, -2e-6):
                values[spot] += step
                losses.append(rest.forward(values, weights[place:], label).loss)
            values[spot] += 1e-6
            assert slope[spot] == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-3, abs=1e-6)
    scores = done.probabilities - np.eye(network.classes)[label]
    np.testing.assert_allclose(shown[network.names[-1]], scores, atol=1e-12)


@pytest.mark.parametrize("text", [DEFAULT, NORMS])
def test_notes_and_captions_tell_the_size_of_the_weights_gradient(text):
    network, picture = network_of(text), drawn_digit()[None]
    weights, e = network.he_weights(0), 1e-6
    back = list(played(told(layers=text)))[len(network.layers) + 4 : -2]
    for (caption, changes), layer, place in zip(
        back, network.layers[::-1], range(len(network.layers) - 1, -1, -1), strict=True
    ):
        (change,) = (c for c in changes.values() if c["role"] == "gradient")
        if not weights[place]:
            assert change["note"] == ""
            assert result(caption) == float(significant(np.abs(np.array(change["values"])).mean()))
            continue
        values = weights[place]["weight"]
        numeric = []
        for spot in list(np.ndindex(values.shape))[: 4 if values.size > 300 else None]:
            before, losses = values[spot], []
            for step in (e, -e):
                values[spot] = before + step
                losses.append(network.forward(picture, weights, 3).loss)
            values[spot] = before
            numeric.append((losses[0] - losses[1]) / (2 * e))
        size = result(caption)
        assert change["note"].split() == ["∂γ" if layer.kind == "batchnorm" else "∂W", caption[:-2].rpartition("**")[2]]
        if len(numeric) == values.size:
            assert size == pytest.approx(np.abs(numeric).mean(), rel=0.06)
            assert f"of {values.size} ≈" in caption


def test_captions_count_the_parameters_and_their_sum_is_in_the_settings():
    for text in NETWORKS:
        board, network, total = make("cnn", layers=text).storyboard(), network_of(text), 0
        for step in board.steps():
            if found := re.search(r", ([\d·]+)·\(([\d·]+) \+ 1\) = \*\*(\d+) parameters\*\*$", step.caption):
                outputs, inputs, count = found.groups()
                assert eval(outputs) * (eval(inputs.replace("·", "*")) + 1) == int(count)
                total += int(count)
        total += sum(2 * shape[0] for name, shape in network.named_shapes.items() if name in _norms(network))
        assert f"     {total} parameters     " in board.settings


def _norms(network):
    return {f"{name}.weight" for name in network.names if name.startswith("batchnorm")}


def test_softmax_and_loss_say_their_arithmetic():
    picture, network = drawn_digit()[None], network_of(DEFAULT)
    *_, scores, p = nets.run(network, network.he_weights(0), picture)
    captions = [step.caption for step in make("cnn").storyboard().steps()]
    softmax, loss, back = captions[8:11]
    found = re.fullmatch(r"softmax: \$p_\{3\}\$ = exp\((.+)\) / Σ exp\(z\) = (.+) / (.+) ≈ \*\*(.+)\*\*", softmax)
    assert [float(part) for part in found.groups()] == pytest.approx(
        [scores[3], np.exp(scores[3]), np.exp(scores).sum(), p[3]], abs=0.06
    )
    assert float(found[2]) / float(found[3]) == pytest.approx(float(found[4]), abs=0.005)
    found = re.fullmatch(r"the loss −ln \$p_\{3\}\$ = −ln (.+) ≈ \*\*(.+)\*\*", loss)
    assert -np.log(float(found[1])) == pytest.approx(float(found[2]), abs=0.005)
    assert float(found[2]) == pytest.approx(-np.log(p[3]), abs=0.006)
    assert back.endswith(f"{p[3]:.2f} − 1 = **−{1 - round(float(p[3]), 2):.2f}**")


def test_examples_in_captions_are_true():
    for step in make("cnn", layers="maxpool 2, avgpool 2, batchnorm, tanh, lrn 1 a2, relu, fc 4", i=16, input="random",
                     seed=3).storyboard().steps():  # fmt: skip
        python = step.caption.replace("−", "-").replace("^", "**").replace("·", "*")
        found = re.search(r"(?:for example|deviation:|β:) (.+) ([=≈]) \*\*(.+)\*\*$", python)
        if found is None:
            continue
        names = {"max": max, "mean": lambda *x: np.mean(x), "relu": lambda x: max(0, x), "tanh": np.tanh}
        value = eval(found[1], {"__builtins__": {}}, names)
        assert value == pytest.approx(float(found[3]), abs=0.011), step.caption
        if found[2] == "=":
            assert value == float(found[3])
        names.pop("max")
    captions = " ".join(s.caption for s in make("cnn").storyboard().steps())
    assert captions.count("for example") == 4


@pytest.mark.parametrize("text", NETWORKS)
def test_captions_fit_the_figure(text):
    typesetter = Typesetter()
    for step in make("cnn", layers=text).storyboard().steps():
        assert typesetter.line(step.caption, LEAST_TEXT).width <= 960 - 80, step.caption


def test_a_rectifier_says_how_much_it_lets_through():
    network = network_of(DEFAULT)
    _, pooled, _, _, deeper, *_ = nets.run(network, network.he_weights(0), drawn_digit()[None])
    captions = [step.caption for step in make("cnn").storyboard().steps() if "∂L/∂y passes" in step.caption]
    for caption, maps in zip(captions, (deeper, pooled), strict=True):
        assert f"passes where x > 0, {(maps > 0).sum()} of {maps.size}, mean" in caption
    blank = make("cnn", input="zeros", layers="relu, fc 2", i=3).storyboard()
    assert any("passes where x > 0, 0 of 9, mean" in step.caption for step in blank.steps())


def test_the_loss_falls_for_a_small_step_and_the_caption_says_what_happened():
    last = [list(make("cnn", lr=lr).storyboard().steps())[-1].caption for lr in (0.01, 1e-8, 1e-30)]
    assert re.fullmatch(
        r"w ← w − 0\.01·∂L/∂w for all 2346 parameters: the loss falls from 2\.\d\d to \*\*1\.\d\d\*\*", last[0]
    )
    assert "10⁻⁸" in last[1]
    assert re.search(r"stays at \*\*2\.\d\d\*\*$", last[2])
    rises = [list(make("cnn", lr=3, layers=DEEP, seed=seed).storyboard().steps())[-1].caption for seed in range(2)]
    for seed, caption in enumerate(rises):
        scene = make("cnn", lr=3, layers=DEEP, seed=seed).scene
        before, after = scene._run.loss, scene.expected()["loss"][0]
        assert ("falls" if after < before else "rises") in caption


def test_without_a_learning_rate_the_gradients_stay():
    figure = make("cnn", lr=0)
    board = figure.storyboard()
    assert board.count == len(list(board.steps())) == 19
    assert "w" not in board.formula.replace(r"\ln", "")
    values = {}
    for step in board.steps():
        values |= {change.station: change.values for change in step.changes if change.values is not None}
    assert figure.scene.expected().keys() == values.keys()
    for name, expected in figure.scene.expected().items():
        np.testing.assert_array_equal(values[name], expected)


def test_the_longest_network_has_at_most_40_steps():
    text = "conv 2@3x3 p1, relu, " * 7 + "fc 5, fc 4"
    assert len(parse_layers(text)) == limits.MAX_LAYERS
    assert 2 * limits.MAX_LAYERS < make("cnn", layers=text).storyboard().count <= 40


def test_blocks_start_where_weights_do():
    board = make("cnn", layers="relu, conv 2@3x3, lrn 3, conv 2@3x3, relu, fc 6, tanh, fc 3").storyboard()
    groups = [station.group for station in board.panel("network").stations]
    assert groups == ["", "block 1", *["block 2"] * 2, *["block 3"] * 2, *["block 4"] * 2, *["output"] * 2, ""]


def test_inputs_of_every_kind(tmp_path):
    Image.fromarray(np.full((40, 60), 204, np.uint8)).save(tmp_path / "grey.png")
    scene = make("cnn", input=tmp_path / "grey.png", layers=TINY).scene
    np.testing.assert_array_equal(scene.expected()["input"], np.full((1, 28, 28), 204 / 255))
    scene = make("cnn", input=[[1, 2, 3], [4, 5, 6]], layers="fc 3").scene
    np.testing.assert_array_equal(scene.expected()["input"], [[[1, 2, 3], [4, 5, 6]]])
    assert make("cnn", input="random", i=(9, 12), layers="fc 3").scene.expected()["input"].shape == (1, 9, 12)
    digit = make("cnn").scene.expected()["input"][0]
    np.testing.assert_array_equal(digit * 255, np.round(digit * 255))
    assert digit.shape == (28, 28)
    assert (digit.min(), digit.max()) == (0, 1)
    assert not digit[[0, 1, -1], :].any()
    # A 3: open at the left, three strokes across its middle.
    ink = digit > 0.5
    assert np.diff(ink[:, 14].astype(int)).clip(0).sum() == 3
    assert (ink[:, 15:].sum(axis=1) > 0).sum() > 15
    assert not ink[10:17, :10].any()


def test_weights_from_a_file(tmp_path):
    network = network_of(TINY)
    rng = np.random.default_rng(5)
    arrays = {name: rng.normal(size=shape) * 0.1 for name, shape in network.named_shapes.items()}
    np.savez(tmp_path / "w.npz", **arrays)
    figure = make("cnn", layers=TINY, weights=tmp_path / "w.npz", lr=0)
    weights = network.with_names(arrays)
    *_, p = nets.run(network, weights, drawn_digit()[None])
    np.testing.assert_allclose(figure.scene.expected()["softmax"], p, rtol=1e-4)
    assert str(tmp_path / "w.npz") in figure.command()


@pytest.mark.parametrize(("given", "message"), [
    ({"layers": "conv 4@3x3, relu"}, "--layers ends in relu with 4×26×26 numbers, more than 50 classes: end with fc "
     "10"),
    ({"layers": "fc 1"}, "--layers ends in one number: two classes are the fewest, end with fc 2 or more"),
    ({"layers": "fc 3", "label": 5}, "--label 5 is no class of 3: use 2 or less, or end --layers with fc 6 or more"),
    ({"i": 20}, "--input digit is 28×28: leave --i out"),
    ({"input": np.ones((65, 3))}, "input is 65×3: a network's input has at most 64 rows and columns"),
    ({"input": "1e9 0", "layers": "relu"}, "the network's values reach 1.00·10⁹, but a figure shows up to 1000000: use "
     "smaller weights, input values or --lr"),
    ({"weights": 3}, "--weights 3 is neither random nor the path of an .npz file"),
    ({"weights": "w"}, "--weights file 'w' does not exist: give an .npz file, or random"),
])  # fmt: skip
def test_what_cannot_be(given, message):
    with pytest.raises(UsageError) as caught:
        make("cnn", **given)
    assert str(caught.value) == message


def test_weights_beyond_all_numbers(tmp_path):
    np.savez(tmp_path / "w.npz", **{"fc1.weight": np.full((2, 3), 1e308), "fc1.bias": np.zeros(2)})
    with pytest.raises(UsageError) as caught:
        make("cnn", layers="fc 2", input="9 9 9", weights=str(tmp_path / "w.npz"))
    assert str(caught.value) == (
        "the network's values are too large to compute, but a figure shows up to 1000000: use smaller weights, input "
        "values or --lr"
    )


def test_the_command_line_has_one_line_for_each_mistake(cnnviz):
    for words in (["--layers", "conv 4@3x3, blur"], ["--label", "10"], ["--weights", "none.npz"]):
        done = cnnviz("cnn", *words)
        assert done.code == 2
        assert done.err.startswith("cnnviz: --")
        assert done.err.count("\n") == 1


def test_numbers_with_so_many_digits_that_count():
    assert [significant(v) for v in (0, 0.0871, -0.5, 12.3, 3.14e-7, 123456, 9.99)] == [
        "0", "0.087", "−0.50", "12", "3.1·10⁻⁷", "123456", "10.0",
    ]  # fmt: skip
    assert [rate_text(v) for v in (0.01, 3.0, 1e-7, 2.5e6)] == ["0.01", "3", "1·10⁻⁷", "2.5·10⁶"]
    assert loss_texts(2.4567, 1.2) == ("2.46", "1.20")
    assert loss_texts(2.4567, 2.4566) == ("2.4567", "2.4566")
    assert loss_texts(2.4567, 2.4567) == ("2.46", "2.46")


def test_the_file_plays_and_is_small(tmp_path):
    written = make("cnn", width=640).save(tmp_path / "cnn.gif")
    path = tmp_path / "cnn.gif"
    assert path.stat().st_size < 400 * 1024
    with Image.open(path) as image:
        assert image.n_frames == written.steps == 20
        frames = []
        for place in (0, 1, 19):
            image.seek(place)
            frames.append(np.asarray(image.convert("RGB")).astype(int))
    # The digit is there from the first frame: nothing else on the page is black.
    assert (frames[0].sum(axis=2) == 0).sum() > 300
    for a, b in ((0, 1), (1, 2)):
        assert (frames[a] != frames[b]).any(axis=2).mean() > 0.01
