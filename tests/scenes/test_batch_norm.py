"""Batch normalization: where the dots go and the marks stand; its numbers are held in tests/properties."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.storyboard import MoveDot, SetCurve
from tests.scenes.trees import equations


@pytest.mark.parametrize(("batch", "channels", "activation"), [(2, 1, "none"), (5, 3, "sigmoid")])
def test_the_dots_stand_where_the_values_of_each_grid_are(batch, channels, activation):
    scene = make("batch-norm", batch=batch, channels=channels, gamma="1.5", beta=-1, activation=activation).scene
    board = scene.storyboard()
    stages = [panel.name for panel in board.panels() if panel.kind == "grid"]
    assert stages == ["input", "normalised", "scaled", "activated"][: 3 + (activation != "none")]
    x, dots = board.panel("input").values, {dot.name: dot.x for dot in board.panel("values").dots}
    assert dots == {f"{c},{r}": x[r, c] for r, c in np.ndindex(*x.shape)}
    filled = dict.fromkeys(stages[1:], 0)
    for step, states in play(board):
        dots |= {change.dot: change.x for change in step.changes if isinstance(change, MoveDot)}
        for name in filled:
            known = np.isfinite(states[name].values)
            if known.sum() > filled[name]:
                assert known.sum() == filled[name] + batch, "one channel at a time"
                c = filled[name] // batch
                at = [dots[f"{c},{r}"] for r in range(batch)]
                np.testing.assert_allclose(at, states[name].values[:, c], rtol=1e-9, atol=1e-9)
                filled[name] += batch
    assert set(filled.values()) == {x.size}


def test_the_dots_centre_before_they_spread_and_never_jump():
    board = make("batch-norm", batch=5, channels=1, seed=3).storyboard()
    x = board.panel("input").values[:, 0]
    track, settled = [x.copy()], [0]
    for step in board.steps():
        moved = {int(c.dot.split(",")[1]): c.x for c in step.changes if isinstance(c, MoveDot) and c.text is None}
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
