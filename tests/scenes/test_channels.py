"""Convolutions of several channels, in groups, separable, and with every padding, against engines and algebra."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from PIL import Image
from scipy import signal

from cnnviz.check import check_figure
from cnnviz.parameters import changed
from cnnviz.pipeline import make
from cnnviz.playback import play

RANDOM = np.random.default_rng(4)


def last(board):
    return deque(play(board), maxlen=1)[0][1]


@pytest.mark.parametrize(
    "given",
    [
        {"channels": 3, "groups": 3, "filters": 6, "i": 4, "s": 2, "p": 1, "padding_mode": "circular"},
        {"input": RANDOM.normal(size=(2, 6, 4)), "kernel": RANDOM.normal(size=(3, 2, 2, 3)), "d": "3x1", "p": "same"},
        {"channels": 8, "filters": 4, "groups": 4, "i": 3, "k": 2, "p": 1, "padding_mode": "replicate"},
    ],
)
def test_an_engine_gives_the_same(given):
    report = check_figure(make("conv", **given))
    assert (report.difference, report.reason) == ("", "")
    assert report.equal == report.count > 0


def test_a_cell_is_the_sum_of_what_each_kernel_gives_and_the_bias():
    scene = make("conv", channels=3, filters=2, bias=(1, -1)).scene
    x, w = scene.maps.values, scene.weight.values
    each = [[signal.correlate2d(x[c], w[f, c], mode="valid") for c in range(3)] for f in range(2)]
    board = scene.storyboard()
    for (_, states), (f, *place) in zip(play(board), np.ndindex(2, 3, 3), strict=False):
        sums = [each[f][c][tuple(place)] for c in range(3)]
        bias, cell = (1, -1)[f], states["output"].values[(f, *place)]
        np.testing.assert_allclose(states["sums"].values.ravel(), [*sums, bias, cell])
        assert cell == pytest.approx(sum(sums) + bias)


def test_of_many_channels_the_first_and_the_last_are_drawn_and_the_others_are_one_sum():
    scene = make("conv", channels=9, filters=7, i=3, k=2, bias=tuple(range(7))).scene
    board = scene.storyboard()
    np.testing.assert_array_equal(board.panel("input").values, scene.maps.values[[0, 8]])
    for (_, states), (f, row, column) in zip(play(board), np.ndindex(2, 2, 2), strict=False):
        first, between, last, bias, total = states["sums"].values.ravel()
        window, w = np.s_[row : row + 2, column : column + 2], scene.weight.values[f * 6]
        each = [(x[window] * kernel).sum() for x, kernel in zip(scene.maps.values, w, strict=True)]
        assert (first, between, last, bias) == pytest.approx((each[0], sum(each[1:8]), each[8], f * 6))
        assert total == states["output"].values[f, row, column] == pytest.approx(sum(each) + bias)


def test_a_filter_sees_the_channels_of_its_group():
    board = make("conv", channels=4, groups=2, i=4).scene.storyboard()
    seen = [
        {mark.channel for name, mark in states["input"].marks.items() if name.startswith("window ") and mark.rows}
        for _, states in play(board)
    ]
    assert seen == [{0, 1}] * 4 + [{2, 3}] * 4 + [set()]


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
    again = make("conv", **changed(scene)).scene
    assert (again.channels, again.k) == (scene.channels, scene.k)
    np.testing.assert_array_equal(again.maps.values, scene.maps.values)


def test_the_remedy_of_same_padding_halves_the_size():
    assert make("conv", i=6, s=2, p="0,1").scene.expected()["output"].shape == (3, 3)
    assert make("conv", k=4, p="same").scene.expected()["output"].shape == (5, 5)


def test_padding_is_filled_from_the_map():
    scene = make("conv", i=4, input="ramp", p="2,1", padding_mode="circular").scene
    board = scene.storyboard()
    assert np.isnan(board.panel("input").values).sum() == 7 * 7 - 16
    np.testing.assert_array_equal(last(board)["input"].values, np.pad(scene.map.values, (2, 1), "wrap"))


def test_modes_differ_where_windows_meet_padding():
    states = last(make("padding", i=4, seed=1).scene.storyboard())
    roles = [states[f"output {mode}"].roles for mode in ("zeros", "reflect", "replicate", "circular")]
    for each in roles:
        assert (each == "output").sum() == 12
        assert (each[1:3, 1:3] == "forward").all()
