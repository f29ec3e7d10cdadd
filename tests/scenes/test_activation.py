"""Activation figures: points, slopes and arithmetic against SciPy and Python's own."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from cnnviz import UsageError
from cnnviz.check import check_figure
from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.scenes._curves import places, sampled
from cnnviz.storyboard import MoveDot, SetEntry
from cnnviz.words import Equation, Strong, walk
from tests.scenes.curves import board_of, check_point, numbers, of_type

ALPHA, BETA = 0.7, 2.0
# Written anew, by other formulas than the library's where there are any.
TRUTH = {
    "linear": lambda x: x,
    "relu": lambda x: x * (x > 0),
    "leaky-relu": lambda x: x if x > 0 else ALPHA * x,
    "elu": lambda x: x if x > 0 else ALPHA * math.expm1(x),
    "tanh": math.tanh,
    "sigmoid": special.expit,
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x)),
    "softplus": lambda x: np.logaddexp(0, BETA * x) / BETA,
    "relu6": lambda x: sorted((0, x, 6))[1],
    "hardtanh": lambda x: sorted((-1, x, 1))[1],
    "gelu": lambda x: x * stats.norm.cdf(x),
    "silu": lambda x: x * special.expit(x),
    "hardswish": lambda x: x * sorted((0, x + 3, 6))[1] / 6,
    "mish": lambda x: x * math.tanh(np.logaddexp(0, x)),
}
OPTIONS = {"leaky-relu": {"alpha": ALPHA}, "elu": {"alpha": ALPHA}, "softplus": {"beta": BETA}}
CORNERS = (-3, -1, 0, 1, 3, 6)


@pytest.mark.parametrize("kind", sorted(TRUTH))
def test_point_slope_tangent_and_arithmetic_are_those_of_the_function(kind):
    board = board_of("activation", kind=kind, frames=17, **OPTIONS.get(kind, {}))
    steps = list(board.steps())
    assert len(steps) == board.count == 32
    for step in steps:
        check_point(step, TRUTH[kind], CORNERS)
    assert not check_figure(make("activation", kind=kind, frames=9, **OPTIONS.get(kind, {}))).failed
    assert {kind.replace("-", "_") for kind in TRUTH} ^ set(ACTIVATIONS) == {"linear", "identity"}


@pytest.mark.parametrize("kind", ["sigmoid", "tanh", "elu", "selu", "softplus", "gelu", "silu", "mish"])
def test_what_float64_takes_for_a_whole_number_is_told_as_rounded(kind):
    for step in board_of("activation", kind=kind, lo=-60, hi=60, frames=9).steps():
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
    assert not np.isnan(np.concatenate([curve(kind).y for kind in ("sigmoid", "gelu", "softplus")])).any()
    assert not np.isnan(sampled(lambda x: np.tanh(500 * x), (-1, 1))[1]).any(), "steep is no jump"


@pytest.mark.parametrize(("kind", "at", "slope"), [("relu", 0, 0), ("leaky-relu", 0, 0.1), ("selu", 0, 1.7581)])
def test_the_slope_at_a_corner_is_told(kind, at, slope):
    told = [number.value for number in numbers(board_of("activation", kind=kind).convention)]
    assert told == pytest.approx([at, slope], abs=1e-4)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.integers(-50, 50), st.integers(1, 60), st.integers(2, 90))
def test_places_lead_there_and_back_without_a_jump(start, width, frames):
    at, digits = places(start / 4, start / 4 + width / 4, frames)
    assert [float(f"{x:.{digits}f}") for x in at] == at.tolist(), "places are what is shown of them"
    assert (at.min(), at.max()) == (start / 4, start / 4 + width / 4)
    assert len(set(at.tolist())) == frames
    around = np.append(at, at[0])
    assert len(at) == 2 * (frames - 1)
    assert np.abs(np.diff(around)).max() < 2 * width / 4 / (frames - 1) + 1e-9


def test_all_shows_the_articles_six_by_group():
    board = board_of("activation", kind="all")
    names = ["identity", "relu", "leaky_relu", "elu", "tanh", "sigmoid"]
    groups = [[ACTIVATIONS[panel.name].group for panel in row] for row in board.rows]
    assert groups == [["static", "parametric", "bounded"]] * 2
    truth = {name: TRUTH[{"identity": "linear"}.get(name, name.replace("_", "-"))] for name in names}
    truth |= {"leaky_relu": lambda x: x if x > 0 else 0.1 * x, "elu": lambda x: x if x > 0 else math.expm1(x)}
    for step in board.steps():
        points = {change.panel: change for change in of_type(step, MoveDot) if change.dot == "point"}
        (x,) = {change.x for change in points.values()}
        shown = [part.inner for part in walk(step.caption) if isinstance(part, Strong)]
        assert [number.ref[0] for number in shown] == names
        for name, number in zip(names, shown, strict=True):
            assert points[name].y == number.value == pytest.approx(truth[name](x), abs=1e-12)


def test_the_table_lights_one_row_at_a_time_with_an_example():
    board = board_of("activation", kind="table")
    table = board.panel("table")
    assert (len(table.entries), board.count) == (6, 7)
    examples = [-1, 0, -0.1, math.expm1(-1), math.tanh(-1), special.expit(-1)]
    lit = set()
    for row, step in enumerate(board.steps()):
        for change in of_type(step, SetEntry):
            place = {(change.row, change.column)}
            lit = lit | place if change.role == "selected" else lit - place
        assert lit == {(row, column) for column in range(len(table.header)) if row < 6}
        assert numbers(step.caption)[-1].value == pytest.approx(examples[min(row, 5)])


def test_softmax_moves_one_logit_and_all_probabilities_follow():
    figure = make("activation", kind="softmax", logits="2 1 0 -1 0.5", lo=-3, hi=5, frames=9)
    board = figure.scene.storyboard()
    for (step, states), z1 in zip(play(board), [2, 3, 4, 5, 4, 3, 2, 1, 0, -1, -2, -3, -2, -1, 0, 1], strict=True):
        z, p = states["logits"].values[:, 0], states["probabilities"].values[:, 0]
        assert z.tolist() == [z1, 1, 0, -1, 0.5]
        np.testing.assert_allclose(p, special.softmax(z), atol=1e-12)
        assert states["probabilities"].marks["largest"].row == p.argmax()
        dots = {change.dot: change for change in of_type(step, MoveDot)}
        assert [dots[name].y for name in ("point", "p2", "p3", "p4", "p5")] == pytest.approx(p.tolist())
    np.testing.assert_allclose(figure.scene.expected()["probabilities"][:, 0], special.softmax([1, 1, 0, -1, 0.5]))


def test_equal_scores_have_exactly_equal_probabilities():
    first = next(board_of("activation", kind="softmax", logits="0 0 0 0", lo=0, hi=4, frames=2).steps())
    (equation,) = [part for part in walk(first.caption) if isinstance(part, Equation)]
    assert list(equation.signs()) == ["="]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "relu", "alpha": 1.0}, "relu takes no --alpha: .*leaky-relu, elu"),
        ({"kind": "elu", "beta": 1.0}, "elu takes no --beta: .*softplus"),
        ({"kind": "elu", "logits": "1 2"}, "elu takes no --logits: .*softmax"),
        ({"lo": 3.0, "hi": 3.0}, "--lo 3 is not below --hi 3"),
        ({"kind": "softmax", "logits": "1"}, "logits hold 1 numbers: give 2 to 6"),
        ({"kind": "softmax", "logits": "1 900"}, "logit 900 .*use −700 to 700"),
        ({"kind": "softmax", "hi": 1e4}, "--hi 10000 .*use −700 to 700"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(given, message):
    with pytest.raises(UsageError, match=message):
        make("activation", **given)
