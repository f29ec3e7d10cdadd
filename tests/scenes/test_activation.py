"""Activation figures: points, slopes and arithmetic against an engine, and what each kind shows besides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from cnnviz.check import check_figure
from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.scenes._curves import places, sampled
from cnnviz.storyboard import MoveDot, SetEntry
from cnnviz.words import Equation, walk
from tests.scenes.curves import board_of, numbers, of_type
from tests.scenes.trees import equations

OPTIONS = {"leaky-relu": {"alpha": 0.7}, "elu": {"alpha": 0.7}, "softplus": {"beta": 2.0}}


@pytest.mark.parametrize("kind", [name.replace("_", "-") for name in ACTIVATIONS if name != "identity"])
def test_points_slopes_and_arithmetic_are_those_of_an_engine(kind):
    figure = make("activation", kind=kind, frames=9, **OPTIONS.get(kind, {}))
    report = check_figure(figure)
    assert not report.failed, report
    # The point, its slope, its tangent, the rows beside the plot and the caption of each step.
    assert report.count + report.others > 5 * figure.scene.storyboard().count


@pytest.mark.parametrize("kind", ["sigmoid", "elu", "selu", "softplus", "gelu"])
def test_what_float64_takes_for_a_whole_number_is_told_as_rounded(kind):
    for step in board_of("activation", kind=kind, lo=-60, hi=60, frames=5).steps():
        (equation,) = [part for part in walk(step.caption) if isinstance(part, Equation)]
        if of_type(step, MoveDot)[0].x < 0:
            assert set(equation.signs()) == {"≈"}


def test_curves_break_where_the_derivative_jumps_and_nowhere_else():
    def curve(kind):
        plot = board_of("activation", kind=kind).panel("plot")
        return next(curve for curve in plot.curves if curve.name == "derivative")

    relu = curve("relu")
    (gap,) = np.flatnonzero(np.isnan(relu.y))
    assert relu.x[gap - 1] == pytest.approx(0, abs=1e-6)
    assert (relu.y[gap - 1], relu.y[gap + 1]) == (0, 1)
    assert np.isnan(curve("hardswish").y).sum() == 2
    assert not np.isnan(np.concatenate([curve(kind).y for kind in ("sigmoid", "softplus")])).any()
    assert not np.isnan(sampled(lambda x: np.tanh(500 * x), (-1, 1))[1]).any(), "steep is no jump"


@pytest.mark.parametrize(("kind", "slope"), [("relu", 0), ("leaky-relu", 0.1), ("selu", 1.7581)])
def test_the_slope_at_a_corner_is_told(kind, slope):
    told = [number.value for number in numbers(board_of("activation", kind=kind).convention)]
    assert told == pytest.approx([0, slope], abs=1e-4)


@settings(deadline=None, derandomize=True, max_examples=10)
@given(st.integers(-50, 50), st.integers(1, 60), st.integers(2, 90))
def test_places_lead_there_and_back_without_a_jump(start, width, frames):
    at, digits = places(start / 4, start / 4 + width / 4, frames)
    assert [float(f"{x:.{digits}f}") for x in at] == at.tolist(), "places are what is shown of them"
    assert (at.min(), at.max()) == (start / 4, start / 4 + width / 4)
    assert len(set(at.tolist())) == frames
    assert len(at) == 2 * (frames - 1)
    assert np.abs(np.diff(np.append(at, at[0]))).max() < 2 * width / 4 / (frames - 1) + 1e-9


def test_the_table_lights_one_row_at_a_time():
    board, lit = board_of("activation", kind="table"), set()
    table = board.panel("table")
    columns = range(len(table.header))
    for row, step in enumerate(board.steps()):
        for change in of_type(step, SetEntry):
            (lit.add if change.role == "selected" else lit.discard)((change.row, change.column))
        assert lit == {(row, column) for column in columns if row < len(table.entries)}
    assert row == len(table.entries), "the last step is about all of them"


def test_softmax_moves_one_logit_and_all_probabilities_follow():
    board = board_of("activation", kind="softmax", logits="2 1 0 -1 0.5", lo=-3, hi=5, frames=5)
    for (step, states), z1 in zip(play(board), [-1, 1, 3, 5, 3, 1, -1, -3], strict=True):
        p = states["probabilities"].values[:, 0]
        assert states["logits"].values[0, 0] == z1
        np.testing.assert_allclose(p, special.softmax([z1, 1, 0, -1, 0.5]), atol=1e-12)
        assert states["probabilities"].marks["largest"].row == p.argmax()
        dots = {change.dot: change for change in of_type(step, MoveDot)}
        assert [dots[name].y for name in ("point", "p2", "p3", "p4", "p5")] == pytest.approx(p.tolist())


def test_equal_scores_have_exactly_equal_probabilities():
    scene = make("activation", kind="softmax", logits="0 0 0 0", lo=0, hi=4, frames=2).scene
    assert sorted(sign for _, each in equations(scene) for sign in each.signs()) == ["=", "≈"]
