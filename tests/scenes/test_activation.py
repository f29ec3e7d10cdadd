"""Activation figures: what is drawn and said, against SciPy and Python's own arithmetic."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import special, stats

from cnnviz import UsageError
from cnnviz.ops.activation_table import ACTIVATIONS
from cnnviz.ops.curves import Line
from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.scenes._curves import places, sampled
from cnnviz.scenes._formula import filled, holds, line_at, slashed
from cnnviz.storyboard import MoveDot, Relabel, SetCurve, SetEntry, SetRow

ALPHA, BETA = 0.7, 2.0
# Written anew, by other formulas than the library's where there are any.
TRUTH = {
    "linear": lambda x: x,
    "relu": lambda x: x * (x > 0),
    "leaky-relu": lambda x: x if x > 0 else ALPHA * x,
    "elu": lambda x: x if x > 0 else ALPHA * (math.exp(x) - 1),
    "tanh": math.tanh,
    "sigmoid": special.expit,
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * (math.exp(x) - 1)),
    "softplus": lambda x: math.log1p(math.exp(BETA * x)) / BETA,
    "relu6": lambda x: sorted((0, x, 6))[1],
    "hardtanh": lambda x: sorted((-1, x, 1))[1],
    "gelu": lambda x: x * stats.norm.cdf(x),
    "silu": lambda x: x / (1 + math.exp(-x)),
    "hardswish": lambda x: x * sorted((0, x + 3, 6))[1] / 6,
    "mish": lambda x: x * math.tanh(math.log1p(math.exp(x))),
}
OPTIONS = {"leaky-relu": {"alpha": ALPHA}, "elu": {"alpha": ALPHA}, "softplus": {"beta": BETA}}
KINDS = sorted(TRUTH)


def board_of(kind, **given):
    return make("activation", kind=kind, **{**OPTIONS.get(kind, {}), **given}).storyboard()


def read(text):
    """The number that a text ends in."""
    return float(re.search(r"(−?[\d.]+)(?:\*\*)?$", text)[1].replace("−", "-"))


def evaluate(text):
    """A caption's arithmetic in Python's."""
    python = text.replace("−", "-").replace("·", "*").replace("½", "0.5").replace("²", "**2")
    python = re.sub(r"\|([^|]*)\|", r"abs(\1)", python)
    names = {"exp": math.exp, "ln": math.log, "tanh": math.tanh, "max": max, "min": min, "abs": abs}
    names |= {"σ": special.expit, "Φ": stats.norm.cdf}
    return eval(python, {"__builtins__": {}}, names)


def of_type(step, kind):
    return [change for change in step.changes if isinstance(change, kind)]


def test_every_function_of_the_table_can_be_shown():
    assert len(KINDS) == len(ACTIVATIONS)
    for kind in KINDS:
        assert board_of(kind).title == ACTIVATIONS[{"linear": "identity"}.get(kind, kind.replace("-", "_"))].title


@pytest.mark.parametrize("kind", KINDS)
def test_the_point_its_numbers_and_its_tangent_are_those_of_the_function(kind):
    board, f = board_of(kind, frames=17), TRUTH[kind]
    steps = list(board.steps())
    assert len(steps) == board.count == 17
    for step in steps:
        dots = {change.dot: change for change in of_type(step, MoveDot)}
        x, y, slope = dots["point"].x, dots["point"].y, dots["slope"].y
        assert y == pytest.approx(f(x), abs=1e-12)
        # Within a step of a corner a difference of two values is no derivative.
        if min(abs(x - corner) for corner in (-3, -1, 0, 1, 3, 6)) > 1e-3:
            assert slope == pytest.approx((f(x + 1e-6) - f(x - 1e-6)) / 2e-6, abs=1e-5)
        rows = {change.row: change.text for change in of_type(step, SetRow)}
        shown = [read(rows[name]) for name in ("x", "value", "slope")]
        assert shown == pytest.approx([x, y, slope], abs=0.0051)
        assert shown[0] == x, "the place is rounded in words only"
        curves = {change.curve: change for change in of_type(step, SetCurve)}
        (x0, x1), (y0, y1) = curves["tangent"].x, curves["tangent"].y
        assert (y1 - y0) / (x1 - x0) == pytest.approx(slope, abs=1e-9)
        assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((x, y), abs=1e-9)
        assert curves["guide"].y.tolist() == [0, y]


@pytest.mark.parametrize("kind", KINDS)
def test_a_captions_arithmetic_gives_its_result(kind):
    for step in board_of(kind, frames=17).steps():
        found = re.fullmatch(r"\$f\(x\)=.*?\$ (?:= (.+) )?([=≈]) \*\*(−?[\d.]+)\*\*", step.caption)
        assert found, step.caption
        if found[1]:
            # SELU's constants are shown to four decimals.
            assert evaluate(found[1]) == pytest.approx(read(found[3]), abs=0.0056), step.caption
            if found[2] == "=":
                assert evaluate(found[1]) == pytest.approx(read(found[3]), abs=1e-9), step.caption


@pytest.mark.parametrize("kind", ["sigmoid", "tanh", "elu", "selu", "softplus", "gelu", "silu", "mish", "softmax"])
def test_what_float64_takes_for_a_whole_number_is_told_as_rounded(kind):
    for step in board_of(kind, lo=-60, hi=60, frames=9).steps():
        # At 0 alone, and where no power is taken, these are exact.
        if of_type(step, MoveDot)[0].x and re.search(r"exp\(|tanh\(|Φ\(", step.caption.partition("$ = ")[2]):
            assert re.search(r" ≈ \*\*−?[\d.]+\*\*$", step.caption), step.caption


def test_equal_scores_have_exactly_equal_probabilities():
    captions = [step.caption for step in board_of("softmax", logits="0 0 0 0", lo=0, hi=4, frames=2).steps()]
    assert captions[0].endswith(" = **0.25**")


def test_numbers_stand_outside_of_mathtext():
    for kind in ("elu", "tanh", "softmax"):
        formulas = {part for step in board_of(kind).steps() for part in re.findall(r"\$[^$]+\$", step.caption)}
        assert len(formulas) <= 2, "a new formula in each step makes the figure slow"


def test_curves_break_where_the_derivative_jumps_and_nowhere_else():
    def curve(kind):
        return next(c for c in board_of(kind).panel("plot").curves if c.name == "derivative")

    relu = curve("relu")
    gap = np.flatnonzero(np.isnan(relu.y))
    assert len(gap) == 1
    assert relu.x[gap[0] - 1] == pytest.approx(0, abs=1e-6)
    assert (relu.y[gap[0] - 1], relu.y[gap[0] + 1]) == (0, 1)
    assert np.isnan(curve("hardswish").y).sum() == 2
    for smooth in ("sigmoid", "gelu", "softplus"):
        assert not np.isnan(curve(smooth).y).any()
    assert not np.isnan(sampled(lambda x: np.tanh(500 * x), (-1, 1))[1]).any(), "steep is no jump"


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.integers(-50, 50), st.integers(1, 60), st.integers(2, 90))
def test_places_are_what_is_shown_of_them(start, width, frames):
    at, digits = places(start / 4, start / 4 + width / 4, frames)
    assert len(at) == frames
    assert np.all(np.diff(at) > 0), "two steps show the same place"
    assert [float(f"{x:.{digits}f}") for x in at] == at.tolist()
    assert (at[0], at[-1]) == (start / 4, start / 4 + width / 4)


def test_all_shows_the_articles_six_by_group():
    board = board_of("all")
    groups = [[re.search(r"\((\w+)\)", panel.label)[1] for panel in row] for row in board.rows]
    assert groups == [["static", "parametric", "bounded"]] * 2
    truth = {**{k.replace("-", "_"): f for k, f in TRUTH.items()}, "identity": TRUTH["linear"]}
    truth["leaky_relu"] = lambda x: x if x > 0 else 0.1 * x
    truth["elu"] = lambda x: x if x > 0 else math.expm1(x)
    for step in board.steps():
        points = {change.panel: change for change in of_type(step, MoveDot) if change.dot == "point"}
        assert len({change.x for change in points.values()}) == 1, "the points move together"
        for name, change in points.items():
            assert change.y == pytest.approx(truth[name](change.x), abs=1e-12)
        shown = [read(text) for text in re.findall(r"\*\*(.+?)\*\*", step.caption)]
        titles = [ACTIVATIONS[name].title for name in ("identity", "relu", "leaky_relu", "elu", "tanh", "sigmoid")]
        names = ["identity", "relu", "leaky_relu", "elu", "tanh", "sigmoid"]
        assert shown == pytest.approx([points[name].y for name in names], abs=0.0051)
        assert [step.caption.index(title) for title in titles] == sorted(step.caption.index(t) for t in titles)


def test_the_table_has_equation_range_and_derivative_and_lights_one_row_at_a_time():
    board = board_of("table")
    table = board.panel("table")
    assert len(table.entries) == board.count == 6
    assert {len(row) for row in table.entries} == {len(table.header)} == {5}
    lit = set()
    for row, step in enumerate(board.steps()):
        for change in of_type(step, SetEntry):
            place = change.row, change.column
            lit = lit | {place} if change.role == "selected" else lit - {place}
        assert lit == {(row, column) for column in range(5)}
        example = re.search(r"\*\*(.+?)\*\*$", step.caption)[1]
        defaults = {"Linear": -1, "ReLU": 0, "Leaky ReLU": -0.1, "ELU": math.expm1(-1), "tanh": math.tanh(-1)}
        assert read(example) == pytest.approx(
            {**defaults, "Sigmoid": special.expit(-1)}[table.entries[row][0]], abs=0.0051
        )


def test_softmax_moves_one_logit_and_all_probabilities_follow():
    figure = make("activation", kind="softmax", logits="2 1 0 -1 0.5", lo=-3, hi=5, frames=9)
    board = figure.storyboard()
    for (step, states), z1 in zip(play(board), np.linspace(-3, 5, 9), strict=True):
        z, p = states["logits"].values[:, 0], states["probabilities"].values[:, 0]
        assert z.tolist() == [z1, 1, 0, -1, 0.5]
        np.testing.assert_allclose(p, special.softmax(z), atol=1e-12)
        assert p.sum() == pytest.approx(1)
        assert states["probabilities"].marks["largest"].row == p.argmax()
        dots = {change.dot: change for change in of_type(step, MoveDot)}
        assert [dots[name].y for name in ("point", "p2", "p3", "p4", "p5")] == pytest.approx(p.tolist())
        arithmetic = re.search(r"= (exp.+) [=≈] \*\*(.+)\*\*$", step.caption)
        assert evaluate(arithmetic[1]) == pytest.approx(read(arithmetic[2]), abs=0.0051)
        assert not of_type(step, Relabel)
    np.testing.assert_allclose(figure.scene.expected()["probabilities"][:, 0], special.softmax([5, 1, 0, -1, 0.5]))


@pytest.mark.parametrize(
    ("expression", "written", "text"),
    [
        (r"\alpha\,(e^{x} - 1)", {"x": "−1.20", r"\alpha": "1"}, "1·(exp(−1.20) − 1)"),
        (r"\frac{1}{1 + e^{-x}}", {"x": "−2"}, "1 / (1 + exp(2))"),
        (r"\frac{1}{1 + e^{-x}}", {"x": "2"}, "1 / (1 + exp(−2))"),
        (r"(y - x)^{2}", {"y": "0", "x": "−3"}, "(0 − (−3))²"),
        (r"x\,\tanh(\ln(1 + e^{x}))", {"x": "−1"}, "−1·tanh(ln(1 + exp(−1)))"),
        (r"\frac{1}{2}\,|y - x|", {"y": "−1", "x": "2"}, "½·|−1 − 2|"),
    ],
)
def test_numbers_are_put_into_an_equation(expression, written, text):
    assert filled(expression, written) == text


def test_an_unknown_sign_in_an_equation_is_named():
    with pytest.raises(ValueError, match=r"equation has 'q', which is neither a number nor one of x"):
        filled("x + q", {"x": "1"})
    with pytest.raises(ValueError, match=r"equation has '\+' where \} belongs|equation has '' where"):
        filled("e^{x", {"x": "1"})


def test_conditions_choose_the_line_that_holds():
    lines = (Line("0", r"x \leq -3"), Line("1", r"-3 < x < 3"), Line("2", r"x \geq 3"))
    chosen = [line_at(lines, {"x": x}).expression for x in (-4, -3, -2.9, 2.9, 3, 4)]
    assert chosen == ["0", "0", "1", "1", "2", "2"]
    assert holds(r"x \leq 0 \;\mathrm{or}\; x \geq 6", {"x": 6})
    assert not holds(r"x \leq 0 \;\mathrm{or}\; x \geq 6", {"x": 5})
    assert holds(r"|y - \hat{y}| \leq \delta", {"y": 1, r"\hat{y}": 3, r"\delta": 2})
    assert not holds(r"y\,\hat{y} < m", {"y": -1, r"\hat{y}": -2, "m": 1})


def test_fractions_become_slashes_within_a_line():
    assert slashed(r"\frac{1}{1 + e^{-x}}") == r"1/(1 + e^{-x})"
    assert slashed(r"\frac{1}{2}\,x") == r"\frac{1}{2}\,x"
    assert slashed(r"\frac{e^{x} - e^{-x}}{e^{x} + e^{-x}}") == r"(e^{x} - e^{-x})/(e^{x} + e^{-x})"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"kind": "relu", "alpha": 1.0},
            "relu takes no --alpha: leave it out, or use leaky-relu, elu, all, table",
        ),
        ({"kind": "elu", "beta": 1.0}, "elu takes no --beta: leave it out, or use softplus"),
        ({"kind": "elu", "logits": "1 2"}, "elu takes no --logits: leave it out, or use softmax"),
        ({"lo": 3.0, "hi": 3.0}, "--lo 3 is not below --hi 3: use a smaller --lo or a larger --hi"),
        ({"kind": "softmax", "logits": "1"}, "logits hold 1 numbers: give 2 to 6"),
        ({"kind": "softmax", "logits": "1 900"}, "logit 900 is too far from 0: use −700 to 700"),
        ({"frames": 1}, "--frames 1 is too small: use 2 or more"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(given, message):
    with pytest.raises(UsageError) as caught:
        make("activation", **given)
    assert str(caught.value) == message


@pytest.mark.parametrize("kind", ["elu", "softmax", "all", "table"])
def test_a_small_figure_becomes_a_gif_with_a_frame_a_step(kind, tmp_path):
    figure = make("activation", kind=kind, frames=4, width=480)
    figure.save(tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as image:
        assert image.size == (480, 270)
        assert image.n_frames == figure.storyboard().count
        pictures = []
        for n in range(image.n_frames):
            image.seek(n)
            pictures.append(image.convert("RGB").tobytes())
    assert len(set(pictures)) == len(pictures)
