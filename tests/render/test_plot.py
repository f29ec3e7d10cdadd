"""Plots: data land on their pixels, only what moved is drawn anew, and drawing on equals drawing at once."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.render.axes import Ticks
from cnnviz.render.canvas import Box
from cnnviz.render.panels.plot import moved_apart
from cnnviz.storyboard import Curve, Dot, MoveDot, Plot, SetCurve
from tests.render.shown import THEME, shown

WIDTH, HEIGHT = 420, 300
NONE = np.empty(0)


def line(name, x, y, **more):
    return Curve(name=name, x=np.array(x, float), y=np.array(y, float), **{"role": "curve", **more})


def plot_of(*curves, dots=(), x_range=(-2.0, 2.0), y_range=(-1.0, 3.0), **more):
    return Plot(name="plot", x_range=x_range, y_range=y_range, curves=curves, dots=dots, **more)


class Stage:
    """A painter on a canvas of its own, with what it shows as colours."""

    def __init__(self, panel):
        self.canvas = shown(panel, (WIDTH, HEIGHT), (10, 10))
        self.painter = self.canvas.painter

    def apply(self, *changes):
        return self.canvas.apply(changes)

    def color(self, x, y):
        """The colour at a data point."""
        at = self.painter.axes.points(x, y)
        return tuple(int(v) for v in self.canvas.colors()[10 + math.floor(at[1]), 10 + math.floor(at[0])])

    def pixels(self):
        return self.canvas.pixels.copy()


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.floats(-1e4, 1e4), st.floats(0.01, 1e4), st.integers(1, 12))
def test_ticks_are_round_within_the_range_and_not_too_many(lo, span, most):
    ticks = Ticks.between(lo, lo + span, most)
    assert len(ticks.values) <= most + 1
    assert all(lo - 1e-6 * span <= value <= lo + span + 1e-6 * span for value in ticks.values)
    assert len(set(ticks.texts)) == len(ticks.texts), "two ticks with one text"
    for value, text in zip(ticks.values, ticks.texts, strict=True):
        assert float(text.replace("−", "-")) == pytest.approx(value, abs=1e-6 * span)


def test_curves_and_dots_are_where_their_numbers_say():
    stage = Stage(plot_of(line("a", [-2, 2], [1, 2]), dots=(Dot(name="d", role="tangent", x=0.9, y=-0.6),)))
    for x in (-1.7, -0.4, 1.3):
        assert stage.color(x, 1.5 + x / 4) == THEME.line("curve")
    assert stage.color(0.9, -0.6) == THEME.line("tangent")
    stage.apply(MoveDot(panel="plot", dot="d", x=-1.0, y=2.5))
    assert stage.color(-1, 2.5) == THEME.line("tangent")
    assert stage.color(0.9, -0.6) == THEME.page["ground"]


@pytest.mark.parametrize(("x", "y"), [(math.nan, 1.0), (1.0, 3.5), (-2.1, 0.0)])
def test_a_dot_that_is_unknown_or_outside_is_not_drawn(x, y):
    hidden = Stage(plot_of(dots=(Dot(name="d", role="tangent", x=x, y=y, text="here"),)))
    stage = Stage(plot_of(dots=(Dot(name="d", role="tangent", x=0.9, y=0.8, text="here"),)))
    assert not np.array_equal(stage.pixels(), hidden.pixels())
    stage.apply(MoveDot(panel="plot", dot="d", x=x, y=y))
    assert np.array_equal(stage.pixels(), hidden.pixels())
    assert stage.color(0.9, 0.8) == THEME.page["ground"]


@pytest.mark.parametrize("style", ["solid", "dashed"])
def test_drawing_on_equals_drawing_at_once(style):
    x = np.linspace(-2, 2, 41)
    y = 1 + np.sin(2 * x)
    whole = Stage(plot_of(Curve(name="a", role="curve", x=x, y=y, style=style)))
    grown = Stage(plot_of(Curve(name="a", role="curve", x=NONE, y=NONE, style=style)))
    for start in range(0, 41, 5):
        part = slice(start, start + 5)
        grown.apply(SetCurve(panel="plot", curve="a", x=x[part], y=y[part], extend=True))
    differs = whole.pixels() != grown.pixels()
    # Caps at the joints soften single pixels at the line's edge.
    assert differs.mean() < 0.004
    assert (grown.pixels() != Stage(plot_of()).pixels()).sum() > 200


def test_texts_at_ends_move_apart_where_they_would_meet():
    boxes = [Box(300, 100, 340, 120)] * 3 + [Box(10, 101, 50, 121)]
    *column, aside = moved_apart(boxes, 0, HEIGHT)
    assert not any(a.meets(b) for a, b in combinations(column, 2))
    assert aside == boxes[3]
    assert moved_apart([Box(0, HEIGHT + 30, 40, HEIGHT + 50)] * 2, 0, HEIGHT)[1].bottom == HEIGHT
