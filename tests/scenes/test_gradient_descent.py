"""Gradient descent: paths against the papers' rules written out in plain Python, and the arithmetic of updates."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnnviz.functions.surfaces import SURFACES
from cnnviz.storyboard import MoveDot, SetCurve
from cnnviz.words import Printer, Strong, walk
from tests.scenes.curves import board_of, drawn, numbers, of_type

SIX = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")


def rosenbrock(x, y):
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def slope(f, x, y, h=1e-30):
    """Squire and Trapp's complex step: exact, and no derivative of ours."""
    return f(x + h * 1j, y).imag / h, f(x, y + h * 1j).imag / h


def path_of(key, f, w, lr, updates):
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


@settings(deadline=None, derandomize=True, max_examples=8)
@given(st.sampled_from(SIX), st.floats(-1.9, 1.9), st.floats(-0.9, 2.9), st.floats(1e-5, 4e-4), st.integers(1, 30))
def test_dots_stand_where_the_rules_lead(key, x, y, lr, frames):
    # Away from where one weight's gradient is 0: the papers' quotients have no value there.
    assume(min(map(abs, slope(rosenbrock, x, y))) > 0.01)
    board = board_of(
        "gradient-descent", optimizer=key, surface="rosenbrock", start=[x, y], lr=lr, steps=20, frames=frames
    )
    truth = path_of(key, rosenbrock, (x, y), lr, 20)
    every = -(-20 // frames)
    for place, step in enumerate(board.steps()):
        update = min(place * every, 20)
        dots = {change.panel: change for change in step.changes if isinstance(change, MoveDot)}
        assert (dots["surface"].x, dots["surface"].y) == pytest.approx(tuple(truth[update]), rel=1e-6, abs=1e-6)
        assert dots["loss"].x == update
    assert update == 20
    assert place + 1 == board.count <= frames + 1


@pytest.mark.parametrize("surface", SURFACES)
def test_the_field_is_the_surface(surface):
    panel = board_of("gradient-descent", surface=surface).panel("surface")
    rows, columns = panel.heights.shape
    x, y = np.linspace(*panel.x_range, columns), np.linspace(*panel.y_range, rows)
    np.testing.assert_allclose(panel.heights, SURFACES[surface].f(*np.meshgrid(x, y)), rtol=1e-4, atol=1e-9)
    assert panel.heights.min() < panel.levels[0] < panel.levels[-1] < panel.heights.max()
    goals = {(dot.x, dot.y) for dot in panel.dots if dot.name.startswith("minimum")}
    assert goals == set(SURFACES[surface].minima)


def test_at_a_saddle_gradient_descent_is_stuck_while_the_others_leave():
    board = board_of("gradient-descent", surface="saddle")
    *_, last = board.steps()
    assert not [part for part in walk(last.caption) if isinstance(part, Strong)], "who is left has not won"
    updates = {key: len(drawn(board, "surface", key)[0]) for key in SIX}
    assert max(updates["rmsprop"], updates["adam"]) < updates["momentum"] < updates["sgd"] == 121


def test_the_arrow_leads_from_the_weights_against_the_gradient():
    board = board_of("gradient-descent", optimizer="sgd", surface="bowl", lr=0.17, steps=4)
    for step in board.steps():
        (arrow,) = [change for change in of_type(step, SetCurve) if change.curve == "arrow"]
        w = next((dot.x, dot.y) for dot in of_type(step, MoveDot) if dot.panel == "surface")
        if len(arrow.x):
            assert (arrow.x[0], arrow.y[0]) == pytest.approx(w)
            assert (arrow.x[-1], arrow.y[-1]) == pytest.approx((w[0] * (1 - 0.17), w[1] * (1 - 1.7)))


def test_who_diverges_stops_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        board = board_of("gradient-descent", optimizer="momentum", lr=0.01)
        *_, last = board.steps()
    assert "diverged" in Printer()(last.caption)
    assert board.count - 1 == board.panel("loss").x_range[1] == 9
    assert np.isfinite(drawn(board, "surface", "momentum")).all()
    _, step = board_of("gradient-descent", optimizer="sgd", lr=1000, start="4,-4").steps()
    assert [number.value for number in numbers(step.caption)] == [4, -4], "the first step is too long already"
