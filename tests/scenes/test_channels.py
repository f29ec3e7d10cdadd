"""Convolutions of several channels, in groups, separable, and with every padding, against engines and algebra."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from PIL import Image

from cnnviz import UsageError
from cnnviz.check import check_figure
from cnnviz.ops import conv2d
from cnnviz.parameters import changed
from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.words import Equation, evaluate

RANDOM = np.random.default_rng(4)


def last(board):
    return deque(play(board), maxlen=1)[0][1]


@pytest.mark.parametrize(
    "given",
    [
        {"channels": 3, "filters": 2, "bias": (1, -2)},
        {"channels": 4, "filters": 4, "groups": 2, "i": "4x5", "k": "2x3", "p": (0, 1, 2, 1)},
        {"channels": 3, "groups": 3, "filters": 6, "i": 4, "s": 2, "p": 1, "padding_mode": "circular"},
        {"channels": 5, "filters": 3, "k": 1, "i": 3, "bias": 0.5},
        {"input": RANDOM.normal(size=(2, 6, 4)), "kernel": RANDOM.normal(size=(3, 2, 2, 3)), "d": "3x1", "p": "same"},
        {"i": 4, "p": (2, 0, 1, 3), "padding_mode": "reflect", "flip": True},
        {"channels": 8, "filters": 4, "groups": 4, "i": 3, "k": 2, "p": 1, "padding_mode": "replicate"},
    ],
)
def test_an_engine_gives_the_same(given):
    pytest.importorskip("onnxruntime")
    report = check_figure(make("conv", **given))
    assert (report.difference, report.reason) == ("", "")
    assert report.equal == report.count > 0


def test_a_cell_is_the_sum_of_what_each_kernel_gives_and_the_bias():
    scipy = pytest.importorskip("scipy.signal")
    scene = make("conv", channels=3, filters=2, bias=(1, -1)).scene
    x, w = scene.maps.values, scene.weight.values
    each = [[scipy.correlate2d(x[c], w[f, c], mode="valid") for c in range(3)] for f in range(2)]
    board = scene.storyboard()
    for (step, states), (f, *place) in zip(play(board), np.ndindex(2, 3, 3), strict=True):
        sums = [each[f][c][tuple(place)] for c in range(3)]
        bias, cell = (1, -1)[f], states["output"].values[(f, *place)]
        np.testing.assert_allclose(states["sums"].values.ravel(), [*sums, bias, cell])
        caption = step.caption
        assert isinstance(caption, Equation)
        assert evaluate(caption.sides[0]) == pytest.approx(cell)
    np.testing.assert_array_equal(states["output"].values, np.add(np.sum(each, axis=1), [[[1]], [[-1]]]))


def test_of_many_channels_the_first_and_the_last_are_drawn_and_the_others_are_one_sum():
    scene = make("conv", channels=9, filters=7, i=3, k=2, bias=tuple(range(7))).scene
    y = conv2d(scene.maps.values, scene.weight.values, np.arange(7.0))
    board = scene.storyboard()
    np.testing.assert_array_equal(board.panel("input").values, scene.maps.values[[0, 8]])
    for (_, states), (f, row, column) in zip(play(board), np.ndindex(2, 2, 2), strict=True):
        first, between, last, bias, total = states["sums"].values.ravel()
        window, w = np.s_[row : row + 2, column : column + 2], scene.weight.values[f * 6]
        each = [(x[window] * kernel).sum() for x, kernel in zip(scene.maps.values, w, strict=True)]
        assert (first, between, last, bias) == pytest.approx((each[0], sum(each[1:8]), each[8], f * 6))
        assert total == pytest.approx(y[f * 6, row, column])
    np.testing.assert_allclose(states["output"].values, y[[0, 6]])


def test_a_filter_sees_the_channels_of_its_group():
    board = make("conv", channels=4, groups=2, i=4).scene.storyboard()
    seen = [
        {mark.channel for name, mark in states["input"].marks.items() if name.startswith("window ") and mark.rows}
        for _, states in play(board)
    ]
    assert seen == [{0, 1}] * 4 + [{2, 3}] * 4


def test_channels_follow_from_the_data(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((3, 4, 4)))
    np.save(tmp_path / "w.npy", np.ones((2, 3, 2, 2)))
    scene = make("conv", input=str(tmp_path / "x.npy"), kernel=str(tmp_path / "w.npy")).scene
    assert (scene.channels, scene.filters, scene.i, scene.k) == (3, 2, (4, 4), (2, 2))
    assert make("conv", kernel=str(tmp_path / "w.npy")).scene.channels == 3
    colors = np.zeros((8, 8, 3), np.uint8)
    colors[..., 0], colors[:4, :, 2] = 200, 90
    Image.fromarray(colors).save(tmp_path / "colour.png")
    Image.fromarray(colors[..., :1].repeat(3, axis=2)).save(tmp_path / "grey.png")
    scene = make("conv", input=str(tmp_path / "colour.png"), i=4).scene
    np.testing.assert_array_equal(scene.maps.values[:, ::3, 0], [[200, 200], [0, 0], [90, 0]])
    assert scene.storyboard().panel("input").captions == ("R", "G", "B")
    for one in ({"input": "grey.png"}, {"input": "colour.png", "channels": 1}):
        assert make("conv", i=4, **{**one, "input": str(tmp_path / one["input"])}).scene.maps.values.shape == (1, 4, 4)
    grey = make("conv", i=4, channels=3, input=str(tmp_path / "grey.png")).scene.maps.values
    np.testing.assert_array_equal(grey, [grey[0]] * 3)


def test_data_of_more_channels_than_can_be_asked_for_is_made_again_by_its_own_parameters():
    scene = make("conv", input=np.ones((65, 2, 2)), k=2).scene
    assert make("conv", **changed(scene)).scene == scene


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"channels": 3, "groups": 2}, ("--groups 2", "channels, 3", "--groups 1")),
        ({"input": np.ones((3, 5, 5)), "kernel": np.ones((2, 4, 3, 3))}, ("4 channels", "kernels for 3")),
        ({"input": "1 2; 3 4", "kernel": np.ones((1, 3, 2, 2))}, ("3 channels", "has 1")),
        ({"channels": 4, "groups": 3}, ("channels, 4", "--groups 1 or 2 or 4")),
        ({"filters": 2, "bias": "1,2"}, ("'1.2'", "'1 2'")),
        ({"input": np.ones((3, 5, 5)), "channels": 2}, ("3 channels", "leave --channels out")),
        ({"input": np.ones((2049, 2, 2)), "k": 1}, ("2049×2×2", "at most 2048")),
        ({"channels": 3, "filters": 2, "bias": "1,2,3"}, ("3 numbers", "--filters 3")),
        ({"s": 2, "p": "same", "i": 6}, ("stride 1", "PyTorch", "--p 0,1")),
        ({"p": 5, "padding_mode": "reflect"}, ("size 5", "4 or less")),
        ({"i": 1, "k": 1, "p": 1, "padding_mode": "reflect"}, ("size 1", "size 2 or more")),
        ({"p": "wide"}, ("'wide'", "0,1", "same")),
    ],
)
def test_what_cannot_be_is_said_in_one_line(given, named):
    with pytest.raises(UsageError) as error:
        make("conv", **given)
    assert "\n" not in str(error.value)
    assert [part for part in named if part not in str(error.value)] == []


def test_the_remedy_of_same_padding_halves_the_size():
    assert make("conv", i=6, s=2, p="0,1").scene.expected()["output"].shape == (3, 3)
    assert make("conv", k=4, p="same").scene.expected()["output"].shape == (5, 5)
    assert make("conv", p="valid").scene.p == (0, 0)


@pytest.mark.parametrize(("mode", "numpy"), [("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")])
def test_padding_is_filled_from_the_map(mode, numpy):
    scene = make("conv", i=4, input="ramp", p="2,1", padding_mode=mode).scene
    board = scene.storyboard()
    assert np.isnan(board.panel("input").values).sum() == 7 * 7 - 16
    np.testing.assert_array_equal(last(board)["input"].values, np.pad(scene.map.values, (2, 1), numpy))


def test_modes_differ_where_windows_meet_padding():
    states = last(make("padding", i=4, seed=1).scene.storyboard())
    roles = [states[f"output {mode}"].roles for mode in ("zeros", "reflect", "replicate", "circular")]
    for each in roles:
        assert (each == "output").sum() == 12
        assert (each[1:3, 1:3] == "forward").all()


@pytest.mark.parametrize(("i", "named"), [(2, ("--p 1 or less", "--i 3")), ("1x4", ("use --i 3",))])
def test_too_much_padding_for_one_of_the_modes_is_refused(i, named):
    with pytest.raises(UsageError) as error:
        make("padding", i=i, p=2)
    assert [part for part in named if part not in str(error.value)] == []


def test_a_separable_convolution_is_a_full_one_of_fewer_weights():
    scene = make("separable-conv", channels=3, filters=2, i=5, s=2, p="1,0").scene
    whole = scene.mixing.values * scene.depthwise.values[:, 0]
    padded = np.pad(scene.maps.values, ((0, 0), (1, 0), (1, 0)))
    np.testing.assert_allclose(last(scene.storyboard())["output"].values, conv2d(padded, whole, stride=2))
    assert check_figure(make("separable-conv", i=3, k=2, channels=2)).failed is False
