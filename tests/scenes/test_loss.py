"""Loss figures: points, slopes and arithmetic against PyTorch's published definitions in plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz import UsageError
from cnnviz.check import check_figure
from cnnviz.pipeline import make
from cnnviz.storyboard import MoveDot, SetCurve
from cnnviz.words import Equation, Strong, walk
from tests.scenes.curves import board_of, check_point, of_type

DELTA, BETA, MARGIN = 0.7, 0.4, 1.5


def cross_entropy(x, y):
    return -y * math.log(x) - (1 - y) * math.log(1 - x)


TRUTH = {
    "mae": lambda x, y: abs(x - y),
    "mse": lambda x, y: (x - y) ** 2,
    "huber": lambda x, y: 0.5 * (x - y) ** 2 if abs(x - y) <= DELTA else DELTA * (abs(x - y) - 0.5 * DELTA),
    "smooth-l1": lambda x, y: 0.5 * (x - y) ** 2 / BETA if abs(x - y) < BETA else abs(x - y) - 0.5 * BETA,
    "cross-entropy": cross_entropy,
    "binary-cross-entropy": cross_entropy,
    "logits-cross-entropy": lambda x, y: cross_entropy(1 / (1 + math.exp(-x)), y),
    "hinge": lambda x, y: max(0, MARGIN - y * x),
}
OPTIONS = {"huber": {"delta": DELTA}, "smooth-l1": {"beta": BETA}, "hinge": {"margin": MARGIN}}
LABELS = {kind: (0.3, 1.0) if "entropy" in kind else (-1.0, 1.0) if kind == "hinge" else (0.0, 2.5) for kind in TRUTH}


@pytest.mark.parametrize(("kind", "label"), [(kind, label) for kind, labels in LABELS.items() for label in labels])
def test_point_slope_tangent_and_arithmetic_are_those_of_the_loss(kind, label):
    board = board_of("loss", kind=kind, label=label, frames=13, **OPTIONS.get(kind, {}))
    corners = [label + side * at for at in (0, DELTA, BETA) for side in (-1, 1)] + [MARGIN * label]
    steps = list(board.steps())
    assert len(steps) == board.count == 24
    for step in steps:
        check_point(step, lambda x: TRUTH[kind](x, label), corners)
    assert not check_figure(make("loss", kind=kind, label=label, frames=5, **OPTIONS.get(kind, {}))).failed


def test_a_loss_that_float64_takes_for_zero_is_told_as_rounded():
    steps = board_of("loss", kind="logits-cross-entropy", lo=-60, hi=60, frames=5).steps()
    equations = [part for step in steps for part in walk(step.caption) if isinstance(part, Equation)]
    assert {sign for equation in equations for sign in equation.signs()} == {"≈"}


@pytest.mark.parametrize("kind", ["mae", "mse", "huber", "cross-entropy", "hinge", "logits-cross-entropy"])
def test_the_prediction_comes_to_both_sides_of_the_label_or_near_it(kind):
    board = board_of("loss", kind=kind)
    predictions = [of_type(step, MoveDot)[0].x for step in board.steps()]
    label = 1 if kind in ("cross-entropy", "hinge", "logits-cross-entropy") else 0
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


@settings(deadline=None, derandomize=True, max_examples=15)
@given(st.integers(-40, 40), st.integers(1, 30))
def test_the_point_is_always_in_sight(label, delta):
    for kind, extra in (("mse", {}), ("huber", {"delta": delta / 10})):
        board = board_of("loss", kind=kind, label=label / 4, frames=5, **extra)
        (left, right), (low, high) = board.panel("plot").x_range, board.panel("plot").y_range
        for dot in (dot for step in board.steps() for dot in of_type(step, MoveDot) if dot.dot != "question"):
            assert low <= dot.y <= high
            assert left <= dot.x <= right


def test_all_shows_the_articles_five_with_one_label():
    truth = {
        "l1_loss": TRUTH["mae"],
        "mse_loss": TRUTH["mse"],
        "huber_loss": lambda x, y: 0.5 * (x - y) ** 2 if abs(x - y) <= 1 else abs(x - y) - 0.5,
        "hinge_loss": lambda x, y: max(0, 1 - y * x),
        "binary_cross_entropy": cross_entropy,
    }
    for step in board_of("loss", kind="all", frames=9).steps():
        dots = {change.dot: change for change in of_type(step, MoveDot) if change.dot != "question"}
        assert dots.keys() == truth.keys()
        assert len({dot.x for name, dot in dots.items() if name != "binary_cross_entropy"}) == 1
        shown = {part.inner.ref[0]: part.inner.value for part in walk(step.caption) if isinstance(part, Strong)}
        for name, dot in dots.items():
            assert shown[name] == dot.y == pytest.approx(truth[name](dot.x, 1), abs=1e-9)


@pytest.mark.parametrize("kind", ["mae", "mse", "huber", "hinge"])
def test_the_error_is_a_segment_and_that_of_mse_a_square_too(kind):
    for step in board_of("loss", kind=kind, frames=5).steps():
        curves = {change.curve: change for change in of_type(step, SetCurve)}
        x = next(dot.x for dot in of_type(step, MoveDot) if dot.dot == "point")
        assert curves["error"].x.tolist() == [1 if kind == "hinge" else 0, x]
        assert ("square" in curves) == (kind == "mse")
        if kind == "mse":
            assert np.ptp(curves["square"].x) == pytest.approx(0.33 * 4 * abs(x) / 2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"delta": 1.0}, "mse takes no --delta: .*huber, all"),
        ({"kind": "huber", "margin": 1.0}, "huber takes no --margin: .*hinge, all"),
        ({"kind": "cross-entropy", "label": 2.0}, "--label 2 is not a probability: use 0 to 1"),
        ({"kind": "hinge", "label": 0.0}, "--label 0 is not a label of hinge: use -1 or 1"),
        ({"kind": "all", "label": 0.0}, "--label 0 does not go with all"),
        ({"kind": "cross-entropy", "hi": 1.0}, r"--hi 1 .*use 0\.001 to 0\.999"),
        ({"lo": 3.0, "hi": 1.0}, "--lo 3 is not below --hi 1"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(given, message):
    with pytest.raises(UsageError, match=message):
        make("loss", **given)
