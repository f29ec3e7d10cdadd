"""Gradient descent: paths against the papers' rules written out in plain Python, captions against their arithmetic."""

from __future__ import annotations

import io
import math
import re
import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnviz import UsageError
from cnnviz.export import Job
from cnnviz.export.gif import write
from cnnviz.ops.surfaces import SURFACES
from cnnviz.pipeline import make
from cnnviz.storyboard import MoveDot, SetCurve

SIX = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")


def beale(x, y):
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def rosenbrock(x, y):
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def slope(f, x, y, h=1e-30):
    """Squire and Trapp's complex step: exact, and no derivative of ours."""
    return f(x + h * 1j, y).imag / h, f(x, y + h * 1j).imag / h


def walk(key, f, w, lr, updates):
    """The rules as their papers have them, number by number; momentum starts with the whole first gradient."""
    w, v, m = list(w), [0.0, 0.0], [0.0, 0.0]
    path = [tuple(w)]
    for t in range(1, updates + 1):
        g = slope(f, *w)
        for n in range(2):
            if key == "sgd":
                w[n] -= lr * g[n]
            elif key == "momentum":
                v[n] = 0.9 * v[n] + g[n]
                w[n] -= lr * v[n]
            elif key == "nesterov":
                v[n] = 0.9 * v[n] + g[n]
                w[n] -= lr * (g[n] + 0.9 * v[n])
            elif key == "adagrad":
                v[n] += g[n] ** 2
                w[n] -= lr * g[n] / math.sqrt(v[n])
            elif key == "rmsprop":
                v[n] = 0.9 * v[n] + 0.1 * g[n] ** 2
                w[n] -= lr * g[n] / math.sqrt(v[n])
            else:
                m[n] = 0.9 * m[n] + 0.1 * g[n]
                v[n] = 0.999 * v[n] + 0.001 * g[n] ** 2
                w[n] -= lr * (m[n] / (1 - 0.9**t)) / math.sqrt(v[n] / (1 - 0.999**t))
        path.append(tuple(w))
    return np.array(path)


def drawn(board, panel, curve):
    """The points of a curve after the last step."""
    xs, ys = [], []
    for step in board.steps():
        for change in step.changes:
            if isinstance(change, SetCurve) and (change.panel, change.curve) == (panel, curve):
                assert change.extend
                xs += list(change.x)
                ys += list(change.y)
    return np.array(xs), np.array(ys)


@pytest.mark.parametrize("key", SIX)
def test_paths_are_those_of_the_papers(key):
    board = make("gradient-descent", optimizer=key, steps=40).storyboard()
    rate = {"adagrad": 0.5, "rmsprop": 0.02, "adam": 0.1}.get(key, 0.003)
    truth = walk(key, beale, (1.0, 1.5), rate, 40)
    x, y = drawn(board, "surface", key)
    np.testing.assert_allclose(np.stack([x, y], axis=1), truth, rtol=1e-9, atol=1e-9)
    updates, loss = drawn(board, "loss", key)
    np.testing.assert_allclose(updates, np.arange(41))
    np.testing.assert_allclose(loss, np.log10(beale(*truth.T)), rtol=1e-6, atol=1e-6)


@settings(deadline=None, derandomize=True, max_examples=15)
@given(st.sampled_from(SIX), st.floats(-1.9, 1.9), st.floats(-0.9, 2.9), st.floats(1e-5, 4e-4), st.integers(1, 30))
def test_dots_stand_where_the_rules_lead(key, x, y, lr, frames):
    # Away from where one weight's gradient is 0: the papers' quotients have no value there.
    assume(min(map(abs, slope(rosenbrock, x, y))) > 0.01)
    board = make(
        "gradient-descent", optimizer=key, surface="rosenbrock", start=[x, y], lr=lr, steps=20, frames=frames
    ).storyboard()
    truth = walk(key, rosenbrock, (x, y), lr, 20)
    assert board.count <= frames
    place = 0
    every = -(-20 // frames)
    for place, step in enumerate(board.steps(), 1):
        update = min(place * every, 20)
        dots = {change.panel: change for change in step.changes if isinstance(change, MoveDot)}
        assert (dots["surface"].x, dots["surface"].y) == pytest.approx(tuple(truth[update]), rel=1e-6, abs=1e-6)
        assert dots["loss"].x == update
    assert update == 20
    assert place == board.count


def value(text):
    return float(text.replace("−", "-"))


NUMBER = r"[−]?[\d.]+(?:e[−]?\d+)?"
PAIR = rf"\(({NUMBER}), ({NUMBER})\)"


def evaluated(caption):
    """What a caption's update comes to, its sign, and its result."""
    head, sign, result = re.fullmatch(rf"w = (.+) ([=≈]) \*\*({PAIR})\*\*.*", caption).group(1, 2, 3)
    before, rate, direction = re.fullmatch(rf"({PAIR}) − ([\d.e−]+)·(.+)", head).group(1, 4, 5)
    if pairs := re.fullmatch(rf"\[(?:([\d.]+)·)?{PAIR} \+ (?:([\d.]+)·)?{PAIR}\]", direction):
        first, a, b, second, c, d = pairs.groups()
        one, two = float(first or 1), float(second or 1)
        step = one * value(a) + two * value(c), one * value(b) + two * value(d)
    elif quotient := re.fullmatch(rf"\(({NUMBER})(?:/({NUMBER}))?, ({NUMBER})(?:/({NUMBER}))?\)", direction):
        a, b, c, d = quotient.groups()
        step = value(a) / value(b or "1"), value(c) / value(d or "1")
    numbers = [value(part) for part in re.fullmatch(PAIR, before).groups()]
    ends = [value(part) for part in re.fullmatch(PAIR, result).groups()]
    return [w - value(rate) * s for w, s in zip(numbers, step, strict=True)], sign, ends


@pytest.mark.parametrize("surface", ["beale", "saddle", "bowl"])
@pytest.mark.parametrize("key", SIX)
def test_captions_come_to_what_they_say(key, surface):
    board = make("gradient-descent", optimizer=key, surface=surface, steps=60, frames=30).storyboard()
    for step in board.steps():
        total, sign, result = evaluated(step.caption)
        assert total == pytest.approx(result, abs=0.004 + 0.01 * max(map(abs, result))), step.caption
        # That ≈ stands for a difference, however small, is held by tests/properties.
        assert sign == "≈" or np.abs(np.subtract(total, result)).max() < 1e-9, step.caption


def test_captions_are_written_out():
    def first(**given):
        return next(iter(make("gradient-descent", frames=100, surface="bowl", **given).storyboard().steps())).caption

    # The gradient of (x² + 10·y²)/2 at (−9, 2.5) is (−9, 25).
    assert first(optimizer="sgd", lr=0.02) == "w = (−9.000, 2.500) − 0.02·(−9, 25) = **(−8.820, 2.000)**"
    assert first(optimizer="momentum", lr=0.02) == (
        "w = (−9.000, 2.500) − 0.02·[0.9·(0, 0) + (−9, 25)] = **(−8.820, 2.000)**"
    )
    # With (0, 2) the first gradient is (0, 20), the second (0, 16).
    _, second, *_ = (
        make("gradient-descent", frames=100, surface="bowl", optimizer="momentum", lr=0.02, start="0 2")
        .storyboard()
        .steps()
    )
    assert second.caption == "w = (0.000, 1.600) − 0.02·[0.9·(0, 20) + (0, 16)] = **(0.000, 0.920)**"
    assert first(optimizer="nesterov", lr=0.02) == (
        "w = (−9.000, 2.500) − 0.02·[(−9, 25) + 0.9·(−9, 25)] = **(−8.658, 1.550)**"
    )
    assert first(optimizer="adagrad", lr=0.5) == "w = (−9.000, 2.500) − 0.5·(−9/9, 25/25) = **(−8.500, 2.000)**"
    assert first(optimizer="adam", lr=0.5) == "w = (−9.000, 2.500) − 0.5·(−9/9, 25/25) = **(−8.500, 2.000)**"
    assert first(optimizer="rmsprop", lr=0.5) == ("w = (−9.000, 2.500) − 0.5·(−9/2.85, 25/7.91) ≈ **(−7.419, 0.919)**")


@pytest.mark.parametrize("surface", SURFACES)
def test_the_field_is_the_surface(surface):
    panel = make("gradient-descent", surface=surface).storyboard().panel("surface")
    rows, columns = panel.heights.shape
    x, y = np.linspace(*panel.x_range, columns), np.linspace(*panel.y_range, rows)
    np.testing.assert_allclose(panel.heights, SURFACES[surface].f(*np.meshgrid(x, y)), rtol=1e-4, atol=1e-9)
    assert (np.diff(panel.levels) > 0).all()
    assert panel.heights.min() < panel.levels[0]
    assert panel.levels[-1] < panel.heights.max()
    goals = {(dot.x, dot.y) for dot in panel.dots if dot.text == "minimum"}
    assert goals == set(SURFACES[surface].minima)


@pytest.mark.parametrize("surface", sorted(set(SURFACES) - {"saddle"}))
def test_with_their_own_rates_all_six_descend(surface):
    scene = make("gradient-descent", surface=surface).scene
    start = float(10 ** next(iter(drawn(scene.storyboard(), "loss", "sgd")[1])))
    assert (scene.expected()["loss"] < start / 4).all()
    assert "lost" not in scene.storyboard().alt


def test_at_a_saddle_gradient_descent_is_stuck_while_the_others_leave():
    board = make("gradient-descent", surface="saddle").storyboard()
    *_, last = board.steps()
    assert last.caption == "loss:  **SGD −3e−4**;   escaped: Momentum, Nesterov, Adagrad, RMSProp, Adam"
    first_out = {key: len(drawn(board, "surface", key)[0]) for key in SIX}
    assert max(first_out["rmsprop"], first_out["adam"]) < first_out["momentum"] < first_out["sgd"] == 121


def test_who_diverges_says_so_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        board = make("gradient-descent", optimizer="momentum", lr=0.01).storyboard()
        *_, last = board.steps()
    assert last.caption.startswith("update 9 from w = (2.982, −152.100): ")
    assert last.caption.endswith("**diverged**")
    assert "Momentum diverged in update 9" in board.alt
    assert board.settings.endswith(" 9 updates")
    assert board.panel("loss").x_range == (0, 9)
    assert board.count == 9
    x, y = drawn(board, "surface", "momentum")
    assert np.isfinite([x, y]).all()
    *_, last = make("gradient-descent", lr=0.01).storyboard().steps()
    assert last.caption.endswith(";   diverged: Momentum, Nesterov")


def test_a_first_step_may_already_be_too_long():
    board = make("gradient-descent", optimizer="sgd", lr=1000, start="4,-4").storyboard()
    (step,) = board.steps()
    assert step.caption == "update 1 from w = (4.000, −4.000): the steps grow without end, **diverged**"


@pytest.mark.parametrize(
    ("steps", "frames", "count"), [(200, 75, 67), (75, 75, 75), (76, 75, 38), (5, 1, 1), (1, 9, 1)]
)
def test_pictures_are_limited_and_the_last_update_is_shown(steps, frames, count):
    board = make("gradient-descent", optimizer="adam", steps=steps, frames=frames).storyboard()
    assert board.count == count == len(list(board.steps()))
    x, _ = drawn(board, "loss", "adam")
    assert list(x) == list(range(steps + 1))


def test_the_words_name_rate_start_and_rule():
    board = make("gradient-descent", optimizer="adam").storyboard()
    assert board.title == "Gradient descent: Adam"
    assert board.settings == r"rate $\eta=0.1$     start (1, 1.5)     200 updates"
    assert board.panel("loss").label == r"$\log_{10}$ of the loss, a picture every 3 updates"
    assert make("gradient-descent", surface="saddle", steps=9).storyboard().panel("loss").label == (
        "Loss, a picture each update"
    )
    assert board.formula.startswith(r"$m\leftarrow 0.9\,m+0.1\,g$     $v\leftarrow 0.999\,v+0.001\,g^2$     ")
    race = make("gradient-descent").storyboard()
    assert race.formula == (
        r"$\eta=$ 0.003 for SGD, Momentum, Nesterov;  0.5 for Adagrad;  0.02 for RMSProp;  0.1 for Adam"
    )
    legend = [panel.lines[0].text.split()[-1] for panel in race.rows[1]]
    assert legend == ["SGD", "Momentum", "Nesterov", "Adagrad", "RMSProp", "Adam"]
    assert make("gradient-descent", lr=0.02).storyboard().formula.startswith(r"$\eta=$ 0.02 for SGD, Momentum")


def test_the_six_differ_in_colour_or_style():
    panel = make("gradient-descent").storyboard().panel("surface")
    assert len({curve.role for curve in panel.curves}) == 6
    assert {curve.style for curve in panel.curves} == {"solid", "dashed", "dotted"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"start": "9,9"},
            "start (9, 9) lies outside of Beale's function: use x from -4.5 to 4.5 and y from -4.5 to 4.5",
        ),
        ({"start": "1 2 3"}, "start has 3 numbers: give two, such as --start 1,1.5"),
        (
            {"momentum": 0, "optimizer": "nesterov"},
            "nesterov looks ahead along a momentum of 0: use --momentum 0.9, or --optimizer sgd",
        ),
        ({"steps": 1001}, "--steps 1001 is too large: use 1000 or less"),
        ({"lr": 0}, "--lr 0 is too small: use 1e-09 or more"),
        ({"optimizer": "adamw"}, "--optimizer 'adamw' is not known: did you mean adam?"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(given, message):
    with pytest.raises(UsageError) as error:
        make("gradient-descent", **given)
    assert str(error.value) == message


@pytest.mark.parametrize("surface", ["beale", "himmelblau"])
def test_a_file_has_a_picture_for_each_step(surface):
    figure = make("gradient-descent", surface=surface, width=480, frames=12)
    board, buffer = figure.storyboard(), io.BytesIO()
    write(Job(storyboard=board, film=lambda tween: figure.film(board), command=figure.command(), once=False), buffer)
    with Image.open(buffer) as image:
        assert image.n_frames == board.count
        assert image.size == (480, 270)
