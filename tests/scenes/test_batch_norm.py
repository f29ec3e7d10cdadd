"""Batch normalization: where the dots go, what the grids hold and what the captions say, after Algorithm 1."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnviz import UsageError
from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.storyboard import MoveDot, SetCurve, SetRow


def algorithm(x, gamma, beta, eps):
    """Ioffe and Szegedy's Algorithm 1 for one channel, a list of numbers."""
    mean = math.fsum(x) / len(x)
    variance = math.fsum((v - mean) ** 2 for v in x) / len(x)
    hat = [(v - mean) / math.sqrt(variance + eps) for v in x]
    return mean, variance, hat, [gamma * v + beta for v in hat]


@settings(deadline=None, derandomize=True, max_examples=20)
@given(
    st.integers(2, 7), st.integers(1, 4), st.integers(0, 99), st.sampled_from(["2", "0.5 -1 3 1.5"]),
    st.sampled_from(["relu", "none"]),
)  # fmt: skip
def test_grids_and_dots_follow_the_algorithm(batch, channels, seed, gammas, activation):
    gamma = [float(part) for part in gammas.split()]
    gamma = gamma[:channels] if len(gamma) > 1 else gamma * channels
    board = make(
        "batch-norm", batch=batch, channels=channels, seed=seed, gamma=" ".join(map(str, gamma)), beta=-1,
        activation=activation,
    ).storyboard()  # fmt: skip
    assert board.count <= 60
    x = board.panel("input").values
    truth = [algorithm(x[:, c].tolist(), gamma[c], -1, 1e-5) for c in range(channels)]
    dots = {dot.name: dot.x for dot in board.panel("values").dots}
    assert dots == {f"{c},{r}": x[r, c] for r, c in np.ndindex(*x.shape)}
    stages = {"normalised": lambda c: truth[c][2], "scaled": lambda c: truth[c][3]}
    if activation == "relu":
        stages["activated"] = lambda c: [max(0.0, v) for v in truth[c][3]]
    filled = dict.fromkeys(stages, 0)
    for step, states in play(board):
        dots |= {change.dot: change.x for change in step.changes if isinstance(change, MoveDot)}
        for name, stage in stages.items():
            known = np.isfinite(states[name].values)
            if known.sum() > filled[name]:
                c = filled[name] // batch
                filled[name] += batch
                np.testing.assert_allclose(states[name].values[:, c], stage(c), rtol=1e-9, atol=1e-9)
                for channel in range(channels):
                    at = [dots[f"{channel},{r}"] for r in range(batch)]
                    np.testing.assert_allclose(at, stage(channel), rtol=1e-9, atol=1e-9)
            assert known.sum() == filled[name]
    assert set(filled.values()) == {x.size}


def test_the_dots_centre_before_they_spread_and_never_jump():
    board = make("batch-norm", batch=5, channels=1, seed=3).storyboard()
    x = board.panel("input").values[:, 0]
    track, settled = [x.copy()], [0]
    for step in board.steps():
        moved = {int(c.dot.split(",")[1]): c.x for c in step.changes if isinstance(c, MoveDot)}
        if moved:
            track.append(np.array([moved[r] for r in range(5)]))
            if step.beats == 1:
                settled.append(len(track) - 1)
    assert len(settled) == 6
    for start, end in itertools.pairwise(settled):
        whole = np.abs(track[end] - track[start]).max()
        for here, there in zip(track[start:end], track[start + 1 : end + 1], strict=True):
            assert np.abs(there - here).max() <= 0.3 * whole + 1e-12
    centred, normalised = track[settled[1]], track[settled[2]]
    assert centred.mean() == pytest.approx(0, abs=1e-9)
    assert centred.var() == pytest.approx(x.var())
    assert normalised.mean() == pytest.approx(0, abs=1e-9)
    assert normalised.var() == pytest.approx(1, abs=1e-4)


def test_the_marks_on_the_line_are_the_mean_and_one_standard_deviation_to_either_side():
    board = make("batch-norm", input="1 20; 2 30; 4 60; 7 61").storyboard()
    x = board.panel("input").values
    curves = {}
    for step in list(board.steps())[:5]:
        curves |= {change.curve: change for change in step.changes if isinstance(change, SetCurve)}
    for c in range(2):
        assert curves[f"mean {c}"].x == pytest.approx([x[:, c].mean()] * 2)
        spread = [x[:, c].mean() - x[:, c].std(), x[:, c].mean() + x[:, c].std()]
        assert curves[f"spread {c}"].x == pytest.approx(spread)


def test_captions_and_the_algorithms_lines_have_the_numbers():
    board = make("batch-norm", input="1 2; 3 2; 5 8", gamma=3, beta="-1 0.5").storyboard()
    captions = [step.caption for step in board.steps()]
    assert captions[1:5] == [
        r"channel 1:   $\mu$ = (1 + 3 + 5) / 3 = **3**",
        r"channel 2:   $\mu$ = (2 + 2 + 8) / 3 = **4**",
        r"channel 1:   $\sigma^2$ = ((1 − 3)² + (3 − 3)² + (5 − 3)²) / 3 ≈ **2.67**",
        r"channel 2:   $\sigma^2$ = ((2 − 4)² + (2 − 4)² + (8 − 4)²) / 3 = **8**",
    ]
    assert r"channel 1, sample 1:   $\hat{x}$ = (1 − 3) / √(2.67 + 0.00001) ≈ **−1.2**" in captions
    assert "channel 1, sample 1:   $y$ = 3·(−1.22) + (−1) ≈ **−4.7**" in captions
    assert "channel 2, sample 1:   $y$ = 3·(−0.71) + 0.5 ≈ **−1.6**" in captions
    assert captions[-2] == "channel 1, sample 1:   ReLU(−4.67) = **0.0**"
    texts = [c.text for step in board.steps() for c in step.changes if isinstance(c, SetRow) and c.text]
    assert [text.rpartition("$ ")[2] for text in texts] == ["= 3", "= 3, 4", "≈ 2.67", "≈ 2.67, 8"]


def test_scale_and_shift_are_one_number_or_one_a_channel():
    one, each, numbers = (
        make("batch-norm", gamma=gamma, seed=1).scene.expected()["scaled"] for gamma in (2, "2 2", [2.0, 2.0])
    )
    np.testing.assert_array_equal(one, each)
    np.testing.assert_array_equal(one, numbers)


def test_without_an_activation_there_is_no_fourth_grid():
    board = make("batch-norm", activation="none").storyboard()
    assert [p.name for p in board.panels() if p.kind == "grid"] == ["input", "normalised", "scaled"]
    sigmoid = make("batch-norm", activation="sigmoid").scene.expected()
    np.testing.assert_allclose(sigmoid["activated"], 1 / (1 + np.exp(-sigmoid["scaled"])), rtol=1e-12)


@pytest.mark.parametrize(("channels", "named"), [(3, True), (4, False)])
def test_dots_have_names_where_lines_leave_room_for_them(channels, named):
    board = make("batch-norm", channels=channels).storyboard()
    dots = [dot.text for dot in board.panel("values").dots]
    moved = [c.text for step in board.steps() for c in step.changes if isinstance(c, MoveDot)]
    assert any(dots) == any(moved) == named


def test_equal_values_stand_on_each_other():
    board = make("batch-norm", input="3; 3; 5; 3").storyboard()
    heights = {dot.name: dot.y for dot in board.panel("values").dots}
    assert heights["0,0"] == heights["0,2"] == 1
    assert 1 > heights["0,1"] > heights["0,3"] > 0.4


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"gamma": "1 2 3"}, "gamma has 3 numbers for 2 channels: give one, or one a channel"),
        ({"input": "1 2; 3 4", "batch": 3}, "input is 2×2, but --batch asks for 3: leave it out"),
        ({"input": "1 2"}, "input has 1 sample: use 2 to 32 rows"),
        ({"input": np.ones((3, 7))}, "input has 7 channels: use 1 to 6 columns"),
        ({"beta": "1e9"}, "beta 1e+09 is too large: use -1000000 to 1000000"),
        ({"eps": 0}, "--eps 0 is too small: use 1e-12 or more"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(given, message):
    with pytest.raises(UsageError) as error:
        make("batch-norm", **given)
    assert str(error.value) == message


def test_it_becomes_a_gif(tmp_path):
    path = tmp_path / "batch-norm.gif"
    figure = make("batch-norm", batch=3, channels=1, width=320)
    figure.save(path)
    with Image.open(path) as picture:
        assert picture.size == (320, 180)
        assert picture.n_frames == figure.storyboard().count


def test_a_root_that_is_no_rational_number_is_told_as_rounded():
    board = make("batch-norm", input="-3 -3 -3; -5 -5 -7", eps=1e-12).storyboard()
    captions = [step.caption for step in board.steps()]
    # √(1 + 1e−12) is a little more than 1, though float64 hardly tells.
    assert r"channel 1, sample 1:   $\hat{x}$ = (−3 − (−4)) / √(1 + 1e−12) ≈ **1.0**" in captions
    assert r"over the standard deviation:   1 / √(1 + 1e−12) ≈ **1**" in [c.replace("1.00", "1") for c in captions]


def test_a_root_of_a_square_is_exact():
    board = make("batch-norm", input="-3; -5", eps=0.5625, gamma=1).storyboard()
    captions = [step.caption for step in board.steps()]
    # 1 + 0.5625 is 1.25².
    assert r"channel 1, sample 1:   $\hat{x}$ = (−3 − (−4)) / √(1 + 0.5625) = **0.8**" in captions
    assert "over the standard deviation:   1 / √(1 + 0.5625) = **0.8**" in [c.replace("1.00 /", "1 /").replace(
        "0.80", "0.8") for c in captions]  # fmt: skip


@pytest.mark.parametrize("value", ["3.3", "999999.1", "-0.7"])
def test_equal_values_have_no_variance_and_become_zero(value):
    board = make("batch-norm", input=";".join([value] * 6), eps=1e-12, gamma=1e6, beta=0).storyboard()
    *_, (_, states) = play(board)
    assert (states["normalised"].values == 0).all()
    assert (states["scaled"].values == 0).all()
    captions = [step.caption for step in board.steps()]
    assert any(re.search(r"/ √\(0 \+ 1e−12\) = \*\*0\.?0*\*\*", caption) for caption in captions), captions
    assert not any(re.search(r"√\(0.* ≈", caption) for caption in captions), captions


def test_the_alternative_text_claims_no_variance_of_1():
    for parameters in ({}, {"eps": 1}, {"input": "3; 3"}):
        alt = make("batch-norm", **parameters).storyboard().alt
        assert "variance 1" not in alt
        assert "divided by √(σ² + ε)" in alt
