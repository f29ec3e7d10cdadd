"""Gradient descent: paths against the papers' rules written out in plain Python, and the arithmetic of updates."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from cnnviz.functions.surfaces import SURFACES
from cnnviz.storyboard import MoveDot, SetCurve
from cnnviz.words import Printer, Strong, walk
from tests.scenes.curves import board_of, drawn, numbers, of_type

SIX = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")


def test_dots_stand_at_the_ends_of_their_paths():
    board = board_of("gradient-descent", optimizer="adam", surface="rosenbrock", steps=20, frames=6)
    *updates, _ = board.steps()
    for place, step in enumerate(updates):
        starts = {name: board.panel(name).dots[-1] for name in ("surface", "loss")}
        dots = starts | {change.panel: change for change in of_type(step, MoveDot)}
        ways = {change.panel: change for change in of_type(step, SetCurve) if change.curve == "adam"}
        assert (dots["surface"].x, dots["surface"].y) == (ways["surface"].x[-1], ways["surface"].y[-1])
        assert dots["loss"].x == ways["loss"].x[-1] == min(4 * place, 20)
    assert place + 2 == board.count <= 8


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
    *updates, _ = board.steps()
    for step in updates:
        (arrow,) = [change for change in of_type(step, SetCurve) if change.curve == "arrow"]
        start, moved = board.panel("surface").dots[-1], of_type(step, MoveDot)
        w = next(((dot.x, dot.y) for dot in moved if dot.panel == "surface"), (start.x, start.y))
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
