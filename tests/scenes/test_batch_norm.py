"""Batch normalization: where the dots go, what the grids hold and what is worked out, after Algorithm 1."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz import UsageError
from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.storyboard import MoveDot, SetCurve
from tests.scenes.sides import equations

ACTIVATIONS = {
    "relu": lambda v: max(0.0, v),
    "leaky-relu": lambda v: v if v > 0 else 0.01 * v,
    "elu": lambda v: v if v > 0 else math.exp(v) - 1,
    "sigmoid": lambda v: 1 / (1 + math.exp(-v)),
    "tanh": math.tanh,
}


def algorithm(x, gamma, beta, eps):
    """Ioffe and Szegedy's Algorithm 1 for one channel, a list of numbers."""
    mean = math.fsum(x) / len(x)
    variance = math.fsum((v - mean) ** 2 for v in x) / len(x)
    hat = [(v - mean) / math.sqrt(variance + eps) for v in x]
    return hat, [gamma * v + beta for v in hat]


@settings(deadline=None, derandomize=True, max_examples=20)
@given(
    st.integers(2, 7),
    st.integers(1, 4),
    st.integers(0, 99),
    st.lists(st.sampled_from([0.5, -1, 3, 1.5]), min_size=4, max_size=4),
    st.sampled_from([*ACTIVATIONS, "none"]),
)
def test_grids_and_dots_follow_the_algorithm(batch, channels, seed, gamma, activation):
    scene = make(
        "batch-norm",
        batch=batch,
        channels=channels,
        seed=seed,
        gamma=gamma[:channels],
        beta=-1,
        activation=activation,
    ).scene
    board = scene.storyboard()
    x = board.panel("input").values
    truth = [algorithm(x[:, c].tolist(), gamma[c], -1, 1e-5) for c in range(channels)]
    stages = {"normalised": [hat for hat, _ in truth], "scaled": [y for _, y in truth]}
    if activation != "none":
        stages["activated"] = [list(map(ACTIVATIONS[activation], y)) for _, y in truth]
    assert [panel.name for panel in board.panels() if panel.kind == "grid"] == ["input", *stages]
    dots = {dot.name: dot.x for dot in board.panel("values").dots}
    assert dots == {f"{c},{r}": x[r, c] for r, c in np.ndindex(*x.shape)}
    filled = dict.fromkeys(stages, 0)
    for step, states in play(board):
        dots |= {change.dot: change.x for change in step.changes if isinstance(change, MoveDot)}
        for name, stage in stages.items():
            known = np.isfinite(states[name].values)
            if known.sum() > filled[name]:
                c = filled[name] // batch
                filled[name] += batch
                np.testing.assert_allclose(states[name].values[:, c], stage[c], rtol=1e-9, atol=1e-9)
                for channel in range(channels):
                    at = [dots[f"{channel},{r}"] for r in range(batch)]
                    np.testing.assert_allclose(at, stage[channel], rtol=1e-9, atol=1e-9)
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
        for here, there in itertools.pairwise(track[start : end + 1]):
            assert np.abs(there - here).max() <= 0.3 * whole + 1e-12
    centred, normalized = track[settled[1]], track[settled[2]]
    assert (centred.mean(), centred.var()) == pytest.approx((0, x.var()), abs=1e-9)
    assert (normalized.mean(), normalized.var()) == pytest.approx((0, 1), abs=1e-4)


def test_the_marks_on_the_line_are_the_mean_and_one_standard_deviation_to_either_side():
    board = make("batch-norm", input="1 20; 2 30; 4 60; 7 61").storyboard()
    x = board.panel("input").values
    curves = {}
    for step in list(board.steps())[:5]:
        curves |= {change.curve: change for change in step.changes if isinstance(change, SetCurve)}
    for c in range(2):
        mean, deviation = x[:, c].mean(), x[:, c].std()
        assert curves[f"mean {c}"].x == pytest.approx([mean] * 2)
        assert curves[f"spread {c}"].x == pytest.approx([mean - deviation, mean + deviation])


def test_equal_values_stand_on_each_other():
    board = make("batch-norm", input="3; 3; 5; 3").storyboard()
    heights = {dot.name: dot.y for dot in board.panel("values").dots}
    assert heights["0,0"] == heights["0,2"] == 1
    assert 1 > heights["0,1"] > heights["0,3"] > 0.4


@pytest.mark.parametrize("value", ["3.3", "999999.1", "-0.7"])
def test_equal_values_have_no_variance_and_become_exactly_zero(value):
    scene = make("batch-norm", input=";".join([value] * 6), eps=1e-12, gamma=1e6, beta=0).scene
    assert not scene.expected()["normalised"].any()
    _, variance, *rest = [equation for _, equation in equations(scene)]
    assert variance.result.value == 0
    assert {sign for equation in rest for sign in equation.signs()} == {"="}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"gamma": "1 2 3"}, "3 numbers for 2 channels"),
        ({"input": "1 2; 3 4", "batch": 3}, "--batch asks for 3"),
        ({"input": "1 2"}, "2 to 32 rows"),
        ({"input": np.ones((3, 7))}, "1 to 6 columns"),
        ({"beta": "1e9"}, "beta 1e+09"),
        ({"input": "1e7; 1"}, "-1000000 to 1000000"),
        ({"eps": 0}, "1e-12 or more"),
    ],
)
def test_what_cannot_be_names_what_would_work(given, named):
    with pytest.raises(UsageError, match=r"^[^\n]*$") as error:
        make("batch-norm", **given)
    assert named in str(error.value)
