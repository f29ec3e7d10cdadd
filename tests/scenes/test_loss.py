"""Loss figures: points, slopes and arithmetic against an engine, and what each kind shows besides."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.check import check_figure
from cnnviz.pipeline import make
from cnnviz.storyboard import MoveDot, SetCurve
from cnnviz.words import Equation, walk
from tests.scenes.curves import board_of, of_type

CASES = [
    *(("mae", {"label": 2.5}), ("mse", {"label": 2.5}), ("huber", {"delta": 0.7}), ("smooth-l1", {"beta": 0.4})),
    *((f"{kind}cross-entropy", {"label": label}) for kind in ("", "binary-", "logits-") for label in (0.3, 1.0)),
    *(("hinge", {"label": label, "margin": 1.5}) for label in (-1, 1)),
]


@pytest.mark.parametrize(("kind", "more"), CASES)
def test_points_slopes_and_arithmetic_are_those_of_an_engine(kind, more):
    figure = make("loss", kind=kind, frames=5, **more)
    report = check_figure(figure)
    assert not report.failed, report
    assert report.count + report.others > 5 * figure.scene.storyboard().count


def test_a_loss_that_float64_takes_for_zero_is_told_as_rounded():
    steps = board_of("loss", kind="logits-cross-entropy", lo=-60, hi=60, frames=5).steps()
    equations = [part for step in steps for part in walk(step.caption) if isinstance(part, Equation)]
    assert {sign for equation in equations for sign in equation.signs()} == {"≈"}


@pytest.mark.parametrize("kind", ["mse", "cross-entropy", "hinge", "logits-cross-entropy"])
def test_the_prediction_comes_to_both_sides_of_the_label_or_near_it(kind):
    board, label = board_of("loss", kind=kind), 0 if kind == "mse" else 1
    predictions = [of_type(step, MoveDot)[0].x for step in board.steps()]
    assert min(predictions) < label - 0.9
    assert max(predictions) > label - 0.03
    guides = [curve.x.tolist() for curve in board.panel("plot").curves if curve.name == "label"]
    # A label of logits is a probability, which has no place among them.
    assert guides == ([] if kind == "logits-cross-entropy" else [[label, label]])


def test_what_grows_beyond_all_bounds_leaves_the_axes_and_is_not_made_smaller():
    board = board_of("loss", kind="cross-entropy", label=1.0)
    low, high = board.panel("plot").y_range
    moves = ({change.dot: change for change in of_type(step, MoveDot)} for step in board.steps())
    dots = min(moves, key=lambda dots: dots["point"].x)
    assert dots["slope"].y == pytest.approx(-50)
    assert dots["slope"].y < low
    assert dots["point"].y == pytest.approx(-math.log(0.02))
    assert dots["point"].y < high, "the loss itself is always in sight"


@settings(deadline=None, derandomize=True, max_examples=5)
@given(st.integers(-40, 40), st.integers(1, 30))
def test_the_point_is_always_in_sight(label, delta):
    board = board_of("loss", kind="huber", label=label / 4, delta=delta / 10, frames=5)
    (left, right), (low, high) = board.panel("plot").x_range, board.panel("plot").y_range
    for dot in (dot for step in board.steps() for dot in of_type(step, MoveDot) if dot.dot != "question"):
        assert low <= dot.y <= high
        assert left <= dot.x <= right


def test_all_has_one_prediction_and_one_label():
    for step in board_of("loss", kind="all", frames=3).steps():
        aside = {"binary_cross_entropy", "question"}
        dots = {change.dot: change.x for change in of_type(step, MoveDot) if change.dot not in aside}
        assert len(set(dots.values())) == 1 < len(dots)


@pytest.mark.parametrize("kind", ["mae", "mse", "hinge"])
def test_the_error_is_a_segment_and_that_of_mse_a_square_too(kind):
    for step in board_of("loss", kind=kind, frames=3).steps():
        curves = {change.curve: change for change in of_type(step, SetCurve)}
        x = next(dot.x for dot in of_type(step, MoveDot) if dot.dot == "point")
        assert curves["error"].x.tolist() == [max(1, x) if kind == "hinge" else 0, x]
        assert ("square" in curves) == (kind == "mse")
        if kind == "mse":
            assert np.ptp(curves["square"].x) == pytest.approx(abs(x) / 2)
