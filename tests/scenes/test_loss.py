"""Loss figures: what is drawn and said, against PyTorch's published definitions in plain arithmetic."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnviz import UsageError
from cnnviz.pipeline import make
from cnnviz.storyboard import MoveDot, SetCurve, SetRow

DELTA, BETA, MARGIN = 0.7, 0.4, 1.5


def cross_entropy(x, y):
    return -y * math.log(x) - (1 - y) * math.log(1 - x)


def logits(x, y):
    return cross_entropy(1 / (1 + math.exp(-x)), y)


TRUTH = {
    "mae": lambda x, y: abs(x - y),
    "mse": lambda x, y: (x - y) ** 2,
    "huber": lambda x, y: 0.5 * (x - y) ** 2 if abs(x - y) <= DELTA else DELTA * (abs(x - y) - 0.5 * DELTA),
    "smooth-l1": lambda x, y: 0.5 * (x - y) ** 2 / BETA if abs(x - y) < BETA else abs(x - y) - 0.5 * BETA,
    "cross-entropy": cross_entropy,
    "binary-cross-entropy": cross_entropy,
    "logits-cross-entropy": logits,
    "hinge": lambda x, y: max(0, MARGIN - y * x),
}
OPTIONS = {"huber": {"delta": DELTA}, "smooth-l1": {"beta": BETA}, "hinge": {"margin": MARGIN}}
LABELS = {kind: (0.3, 1.0) if "entropy" in kind else (-1.0, 1.0) if kind == "hinge" else (0.0, 2.5) for kind in TRUTH}
CASES = [(kind, label) for kind, labels in LABELS.items() for label in labels]
cases = pytest.mark.parametrize(("kind", "label"), CASES)


def board_of(kind, **given):
    return make("loss", kind=kind, **{**OPTIONS.get(kind, {}), **given}).storyboard()


def read(text):
    return float(re.search(r"(−?[\d.]+)(?:\*\*)?$", text)[1].replace("−", "-"))


def evaluate(text):
    python = text.replace("−", "-").replace("·", "*").replace("½", "0.5").replace("²", "**2")
    python = re.sub(r"\|([^|]*)\|", r"abs(\1)", python)
    names = {"exp": math.exp, "ln": math.log, "max": max, "min": min, "abs": abs}
    return eval(python, {"__builtins__": {}}, names)


def of_type(step, kind):
    return [change for change in step.changes if isinstance(change, kind)]


@cases
def test_point_numbers_and_tangent_are_those_of_the_loss(kind, label):
    board, loss = board_of(kind, label=label, frames=13), TRUTH[kind]
    steps = list(board.steps())
    assert len(steps) == board.count == 13
    for step in steps:
        dots = {change.dot: change for change in of_type(step, MoveDot)}
        x, value, slope = dots["point"].x, dots["point"].y, dots["slope"].y
        assert value == pytest.approx(loss(x, label), abs=1e-9)
        distances = [abs(x - label) - corner for corner in (0, DELTA, BETA)] + [MARGIN - label * x]
        if min(map(abs, distances)) > 1e-3:
            assert slope == pytest.approx((loss(x + 1e-6, label) - loss(x - 1e-6, label)) / 2e-6, rel=1e-4, abs=1e-5)
        rows = {change.row: read(change.text) for change in of_type(step, SetRow)}
        assert rows["estimate"] == x, "the estimate is rounded in words only"
        assert [rows["loss"], rows["gradient"]] == pytest.approx([value, slope], abs=0.0051)
        tangent = next(change for change in of_type(step, SetCurve) if change.curve == "tangent")
        (x0, x1), (y0, y1) = tangent.x, tangent.y
        assert (y1 - y0) / (x1 - x0) == pytest.approx(slope, rel=1e-6, abs=1e-9)


@cases
def test_a_captions_arithmetic_gives_its_result(kind, label):
    for step in board_of(kind, label=label, frames=13).steps():
        found = re.fullmatch(r"\$L=.*?\$ = (.+) ([=≈]) \*\*(−?[\d.]+)\*\*", step.caption)
        assert found, step.caption
        assert evaluate(found[1]) == pytest.approx(read(found[3]), abs=0.0051), step.caption
        if found[2] == "=":
            assert evaluate(found[1]) == pytest.approx(read(found[3]), abs=1e-9), step.caption


def test_a_loss_that_float64_takes_for_zero_is_told_as_rounded():
    board = board_of("logits-cross-entropy", lo=-60, hi=60, frames=5)
    signs = {re.search(r" ([=≈]) \*\*[\d.−]+\*\*$", step.caption)[1] for step in board.steps()}
    assert signs == {"≈"}


@pytest.mark.parametrize("kind", ["mae", "mse", "huber", "cross-entropy", "hinge"])
def test_the_estimate_comes_to_both_sides_of_the_label_or_near_it(kind):
    board = make("loss", kind=kind).storyboard()
    estimates = [of_type(step, MoveDot)[0].x for step in board.steps()]
    label = 1 if kind in ("cross-entropy", "hinge") else 0
    assert min(estimates) < label - 0.9
    assert max(estimates) > label - 0.03
    guide = next(curve for curve in board.panel("plot").curves if curve.name == "label")
    assert guide.x.tolist() == [label, label]
    assert f"y={label}" in board.settings


def test_a_label_of_logits_has_no_place_among_them():
    curves = [curve.name for curve in board_of("logits-cross-entropy").panel("plot").curves]
    assert "label" not in curves


def test_what_grows_beyond_all_bounds_leaves_the_axes_and_is_not_made_smaller():
    board = board_of("cross-entropy", label=1.0)
    plot = board.panel("plot")
    first = next(iter(board.steps()))
    slope = next(change for change in of_type(first, MoveDot) if change.dot == "slope")
    assert slope.y == pytest.approx(-50)
    assert slope.y < plot.y_range[0]
    loss = next(change for change in of_type(first, MoveDot) if change.dot == "point")
    assert loss.y == pytest.approx(-math.log(0.02))
    assert loss.y < plot.y_range[1], "the loss itself is always in sight"


@settings(deadline=None, derandomize=True, max_examples=15)
@given(st.integers(-40, 40), st.integers(1, 30))
def test_the_point_is_always_in_sight(label, delta):
    for kind, extra in (("mse", {}), ("huber", {"delta": delta / 10})):
        board = make("loss", kind=kind, label=label / 4, frames=5, **extra).storyboard()
        low, high = board.panel("plot").y_range
        left, right = board.panel("plot").x_range
        for step in board.steps():
            for dot in of_type(step, MoveDot):
                assert low <= dot.y <= high
                assert left <= dot.x <= right


def test_all_shows_the_articles_five_with_one_label():
    board = make("loss", kind="all", frames=9).storyboard()
    truth = {"l1_loss": TRUTH["mae"], "mse_loss": TRUTH["mse"], "binary_cross_entropy": cross_entropy}
    truth["huber_loss"] = lambda x, y: 0.5 * (x - y) ** 2 if abs(x - y) <= 1 else abs(x - y) - 0.5
    truth["hinge_loss"] = lambda x, y: max(0, 1 - y * x)
    for step in board.steps():
        dots = {change.dot: change for change in of_type(step, MoveDot)}
        assert dots.keys() == truth.keys()
        for name, dot in dots.items():
            assert dot.y == pytest.approx(truth[name](dot.x, 1), abs=1e-9)
        assert len({dot.x for name, dot in dots.items() if name != "binary_cross_entropy"}) == 1
        shown = {title: read(value) for title, value in re.findall(r"([A-Z][\w-]*) \*\*(.+?)\*\*", step.caption)}
        named = {"MAE": "l1_loss", "MSE": "mse_loss", "Huber": "huber_loss", "Hinge": "hinge_loss"}
        named["Cross-entropy"] = "binary_cross_entropy"
        assert shown == {title: pytest.approx(dots[name].y, abs=0.0051) for title, name in named.items()}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"delta": 1.0}, "mse takes no --delta: leave it out, or use huber, all"),
        ({"kind": "huber", "margin": 1.0}, "huber takes no --margin: leave it out, or use hinge, all"),
        ({"kind": "cross-entropy", "label": 2.0}, "--label 2 is no probability: use 0 to 1 for cross-entropy"),
        ({"kind": "hinge", "label": 0.0}, "--label 0 is not a label of hinge: use -1 or 1"),
        (
            {"kind": "all", "label": 0.0},
            "--label 0 does not go with all: leave it out, the five losses have only 1 in common",
        ),
        (
            {"kind": "cross-entropy", "hi": 1.0},
            "--hi 1 is no estimate for cross-entropy, which grows beyond all bounds at 0 and 1: use 0.001 to 0.999",
        ),
        ({"lo": 3.0, "hi": 1.0}, "--lo 3 is not below --hi 1: use a smaller --lo or a larger --hi"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(given, message):
    with pytest.raises(UsageError) as caught:
        make("loss", **given)
    assert str(caught.value) == message


@pytest.mark.parametrize("kind", ["huber", "cross-entropy", "all"])
def test_a_small_figure_becomes_a_gif_with_a_frame_a_step(kind, tmp_path):
    make("loss", kind=kind, frames=4, width=480).save(tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as image:
        assert image.size == (480, 270)
        assert image.n_frames == 4
