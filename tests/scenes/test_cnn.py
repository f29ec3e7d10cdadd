"""The network: what every station shows at every step, and every number that is told, by the recorded graph."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cnnviz import UsageError, limits
from cnnviz.functions.compute import evaluate as computed
from cnnviz.network import parse_layers
from cnnviz.network.picture import drawn_digit
from cnnviz.pipeline import make
from cnnviz.render.panels.base import LEAST_TEXT
from cnnviz.render.text import Typesetter

NORMS = "conv 4@3x3, maxpool 2, batchnorm, relu, conv 8@3x3 s2 p1, lrn 3 a1, avgpool 2, tanh, fc 12, elu 0.5, fc 10"
NETWORKS = [
    {},
    {"layers": NORMS, "lr": 0.3},
    {"layers": "conv 2@3x3, fc 3", "lr": 0, "digits": 4},
    {"layers": "fc 2", "input": "900 0; 0 1", "label": 0},
    {"layers": "relu, fc 2", "input": "zeros", "i": 3},
]


@pytest.mark.parametrize("given", NETWORKS)
def test_stations_show_forward_values_gradients_and_what_follows_the_step_in_this_order(given):
    scene = make("cnn", **given).scene
    board, operation = scene.storyboard(), scene.operation()
    results = {name: operand.values for name, operand in operation.operands.items()} | computed(operation)
    shown = {station.name: [] for station in board.panel("network").stations}
    active, gradient, again = [], [], False
    for step in board.steps():
        for change in step.changes:
            if change.values is not None:
                shown[change.station].append(change.values)
            again |= change.role == "updated"
            active += [change.station] if change.role == "active" and not again else []
            gradient += [change.station] if change.role == "gradient" else []
    assert active == list(shown)
    assert [gradient[1], gradient[0], *gradient[2:]] == active[::-1][1:2] + active[::-1][:1] + active[::-1][2:]
    expected = {name: [] for name in shown}
    for each in operation.shown:
        expected[each.panel].append(results[each.name][each.index])
    for name, values in shown.items():
        assert len(values) == len(expected[name])
        for ours, theirs in zip(values, expected[name], strict=True):
            np.testing.assert_array_equal(ours, np.reshape(theirs, np.shape(ours)))


def test_the_loss_falls_rises_or_stays_and_has_the_decimals_that_tell():
    for lr, how, places in ((0.01, "falls", 2), (1e-6, "falls", 4), (1e-30, "stays", 2), (3, "rises", 2)):
        scene = make("cnn", lr=lr, layers="conv 2@3x3, tanh, fc 4").scene
        *_, last = scene.storyboard().steps()
        before, after = last.caption.values["loss"], last.caption.values["strong"].inner
        assert how in last.caption.template
        assert before.decimals == after.decimals >= places
        assert np.sign(after.exact() - before.exact()) == {"falls": -1, "stays": 0, "rises": 1}[how]


@pytest.mark.parametrize("given", NETWORKS[:3])
def test_captions_fit_the_figure(given):
    typesetter = Typesetter()
    for step in make("cnn", **given).storyboard().steps():
        assert typesetter.line(step.caption, LEAST_TEXT).width <= 960 - 80, step.caption


def test_the_longest_network_has_at_most_60_steps_and_its_parameters_are_counted():
    text = "conv 2@3x3 p1, relu, " * 7 + "fc 5, fc 4"
    assert len(parse_layers(text)) == limits.MAX_LAYERS
    made = make("cnn", layers=text)
    board = made.storyboard()
    weights = [o.values.size for name, o in made.scene.operation().operands.items() if name != "x"]
    assert made.scene.storyboard().settings.parts[1].values["parameters"] == sum(weights)
    assert 2 * limits.MAX_LAYERS < board.count == len(list(board.steps())) <= 60


def test_blocks_start_where_weights_do():
    board = make("cnn", layers="relu, conv 2@3x3, lrn 3, conv 2@3x3, relu, fc 6, tanh, fc 3").storyboard()
    groups = [station.group for station in board.panel("network").stations]
    assert groups == ["", "block 1", *["block 2"] * 2, *["block 3"] * 2, *["block 4"] * 2, *["output"] * 2, ""]


def test_forward_again_names_the_block_whose_layers_change():
    board = make("cnn", layers="conv 2@3x3, relu, conv 2@3x3, relu, fc 4, relu, fc 3").storyboard()
    group = {station.name: station.group for station in board.panel("network").stations}
    *again, _end = list(board.steps())[-5:]
    for step in again:
        (block,) = {group[change.station] for change in step.changes if change.values is not None} - {""}
        assert step.caption.endswith(f": {block}")


def test_inputs_of_every_kind(tmp_path):
    Image.fromarray(np.full((40, 60), 204, np.uint8)).save(tmp_path / "grey.png")
    for given, picture in (
        ({"input": tmp_path / "grey.png"}, np.full((28, 28), 204 / 255)),
        ({"input": [[1, 2, 3], [4, 5, 6]]}, [[1, 2, 3], [4, 5, 6]]),
        ({}, drawn_digit()),
    ):
        np.testing.assert_array_equal(make("cnn", layers="fc 3", **given).scene.expected()["input"], [picture])
    assert make("cnn", input="random", i=(9, 12), layers="fc 3").scene.expected()["input"].shape == (1, 9, 12)


@pytest.mark.parametrize(
    ("size", "box", "ink", "ground"),
    [
        ((300, 200), (180, 20, 260, 150), 20, 240),
        ((90, 400), (5, 30, 80, 140), 255, 0),
    ],
)
def test_a_digit_in_an_image_is_found_centred_and_read(tmp_path, size, box, ink, ground):
    drawn = Image.fromarray((drawn_digit() * 255).astype(np.uint8)).resize((box[2] - box[0], box[3] - box[1]))
    page = Image.new("L", size, 0)
    page.paste(drawn, box)
    page.point(lambda level: ground + (ink - ground) * level // 255).save(tmp_path / "mine.png")
    scene = make("cnn", input=tmp_path / "mine.png").scene
    (picture,) = scene.expected()["input"]
    assert scene.storyboard().panel("network").stations[-2].marked == 3
    rows, columns = (np.flatnonzero(picture.sum(axis=axis)) for axis in (1, 0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    centre = [(picture.sum(axis=1 - axis) @ (np.arange(28) + 0.5)) / picture.sum() for axis in (0, 1)]
    assert np.abs(np.subtract(centre, 14)).max() <= 0.5
    assert picture.max() == 1


def test_only_the_trained_network_reads_the_drawn_3():
    seen = make("cnn", lr=0).scene.expected()["softmax"]
    assert seen.argmax() == 3
    assert seen.max() > 0.9 > make("cnn", lr=0, untrained=True).scene.expected()["softmax"].max()


def test_a_picture_without_a_digit_is_refused(tmp_path):
    Image.new("L", (30, 40), 200).save(tmp_path / "grey.png")
    with pytest.raises(UsageError, match=r"--input grey\.png.*no digit"):
        make("cnn", input=tmp_path / "grey.png")
