"""Plots: data land on their pixels, only what moved is drawn anew, and drawing on equals drawing at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.render.axes import Axes, Axis, Ticks, beads, dashes, length
from cnnviz.render.canvas import Box, Look
from cnnviz.render.palette import build_palette
from cnnviz.render.panels.base import LEAST_TEXT, Fit, Place
from cnnviz.render.panels.plot import PlotPainter, _EndText, _move_apart
from cnnviz.render.text import Typesetter
from cnnviz.render.theme import load_theme
from cnnviz.storyboard import Cell, Curve, Dot, MoveDot, Plot, SetCurve
from tests.render.shown import Shown

THEME = load_theme("article")
TYPESETTER = Typesetter()
WIDTH, HEIGHT = 420, 300
NONE = np.empty(0)


def line(name, x, y, **more):
    return Curve(name=name, x=np.array(x, float), y=np.array(y, float), **{"role": "curve", **more})


def plot_of(*curves, dots=(), x_range=(-2.0, 2.0), y_range=(-1.0, 3.0), **more):
    return Plot(name="plot", x_range=x_range, y_range=y_range, curves=curves, dots=dots, **more)


class Stage:
    """A painter on a canvas of its own, with what it shows as colours."""

    def __init__(self, panel, unit=1.0):
        self.fit = Fit(typesetter=TYPESETTER, unit=unit, height=386, numbers=True)
        colors = PlotPainter.colors(panel, 40, self.fit, THEME, ())
        palette = build_palette([*THEME.page.values(), *colors.solid], colors.ramps)
        self.look = Look(theme=THEME, palette=palette, typesetter=TYPESETTER, unit=unit)
        self.place = Place(x=10, y=10, width=WIDTH, height=HEIGHT, cell=40)
        self.painter = PlotPainter(panel, self.place, self.look, self.fit)
        self.canvas = Shown(self.painter, self.look, (WIDTH + 20, HEIGHT + 20))

    def apply(self, *changes):
        return self.canvas.apply(changes)

    def color(self, x, y):
        """The colour at a data point."""
        at = self.painter.axes.points(x, y)
        pixels = self.canvas.look.palette.colors[self.canvas.pixels]
        return tuple(int(v) for v in pixels[10 + math.floor(at[1]), 10 + math.floor(at[0])])

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


@pytest.mark.parametrize(("x_range", "y_range"), [((-1.2, 3.1), (-0.3, 4.3)), ((0.02, 0.98), (0.0, 4.0))])
def test_two_ticks_stay_where_texts_are_large(x_range, y_range):
    fit = Fit(typesetter=TYPESETTER, unit=1.0, height=386, numbers=True, scale=2.0, text=2.0)
    axes = Axes.of(plot_of(x_range=x_range, y_range=y_range), 270, 130, fit)
    for ticks in (axes.x_ticks, axes.y_ticks):
        assert len([value for value in ticks.values if value]) >= 2


def test_an_axis_ends_on_the_middles_of_its_pixels():
    axis = Axis(-1, 3, 10, 50)
    assert axis.at([-1, 3, 1]).tolist() == [10.5, 50.5, 30.5]
    assert (axis.pixel(-1), axis.pixel(3)) == (10, 50)


def test_a_square_plot_has_units_of_one_length():
    panel = plot_of(x_range=(0.0, 10.0), y_range=(-1.0, 4.0), square=True)
    axes = Axes.of(panel, WIDTH, HEIGHT, Fit(typesetter=TYPESETTER, unit=1.0, height=386, numbers=True))
    assert axes.x.at(1) - axes.x.at(0) == pytest.approx(axes.y.at(0) - axes.y.at(1), rel=0.02)


@pytest.mark.parametrize("axes", ["zero", "frame"])
@pytest.mark.parametrize("text", ["", "a text at the end"])
def test_axes_and_their_texts_stay_within_the_panel(axes, text):
    panel = plot_of(line("a", [-2, 2], [0, 1], text=text), axes=axes, x_text="$x$", y_text="loss")
    stage = Stage(panel)
    pixels = stage.pixels()
    ground = stage.look.palette.index_of(THEME.page["ground"])
    assert (pixels[:10] == ground).all()
    assert (pixels[-10:] == ground).all()
    assert (pixels[:, :10] == ground).all()
    assert (pixels[:, -10:] == ground).all()
    area = stage.painter.axes.area
    assert 0 <= area.left < area.right <= WIDTH
    assert 0 <= area.top < area.bottom <= HEIGHT
    assert LEAST_TEXT >= 14


def test_zero_axes_run_through_the_origin_and_frame_axes_do_not():
    zero, frame = Stage(plot_of()), Stage(plot_of(axes="frame"))
    axis, grid = THEME.line("axis"), THEME.line("grid")
    assert zero.color(0, 2.5) == zero.color(-1.5, 0) == axis
    assert frame.color(0, 2.5) == grid
    assert frame.color(-2, 2.5) == frame.color(-1.5, -1) == axis


def test_curves_and_dots_are_where_their_numbers_say():
    stage = Stage(plot_of(line("a", [-2, 2], [1, 2]), dots=(Dot(name="d", role="tangent", x=1.0, y=-0.5),)))
    for x in (-1.7, -0.4, 1.3):
        assert stage.color(x, 1.5 + x / 4) == THEME.line("curve")
    assert stage.color(1, -0.5) == THEME.line("tangent")
    stage.apply(MoveDot(panel="plot", dot="d", x=-1.0, y=2.5))
    assert stage.color(-1, 2.5) == THEME.line("tangent")
    assert stage.color(1, -0.5) == THEME.page["ground"]


@pytest.mark.parametrize(("x", "y"), [(math.nan, 1.0), (1.0, 3.5), (-2.1, 0.0), (1.0, math.inf)])
def test_a_dot_that_is_unknown_or_outside_is_not_drawn(x, y):
    hidden = Stage(plot_of(dots=(Dot(name="d", role="tangent", x=x, y=y, text="here"),)))
    stage = Stage(plot_of(dots=(Dot(name="d", role="tangent", x=1.0, y=1.0, text="here"),)))
    assert not np.array_equal(stage.pixels(), hidden.pixels())
    stage.apply(MoveDot(panel="plot", dot="d", x=x, y=y))
    assert np.array_equal(stage.pixels(), hidden.pixels())
    assert stage.color(1, 1) == THEME.page["ground"]


def test_a_curve_is_broken_by_nan_and_cut_at_the_axes():
    stage = Stage(plot_of(line("a", [-2, -1, np.nan, 1, 2], [1, 1, np.nan, 1, 9])))
    assert stage.color(-1.5, 1) == THEME.line("curve")
    assert stage.color(0.5, 1) == THEME.page["ground"], "the gap is bridged"
    runs = list(stage.painter.axes.runs(stage.painter.axes.points([0, 1, 1], [0, 1, 1e30])))
    assert len(runs) == 1
    assert runs[0][:, 1].min() >= stage.painter.axes.area.top


def test_a_line_that_leads_far_away_keeps_its_direction():
    axes = Stage(plot_of()).painter.axes
    (run,) = axes.runs(axes.points([0, 1e6], [0, 3e6]))
    (there,) = np.diff(run, axis=0)
    (whole,) = np.diff(axes.points([0, 1e6], [0, 3e6]), axis=0)
    assert there[1] / there[0] == pytest.approx(whole[1] / whole[0], rel=1e-6)


@pytest.mark.parametrize("style", ["solid", "dashed", "dotted"])
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


@settings(deadline=None, derandomize=True, max_examples=8)
@given(st.lists(st.tuples(st.floats(-2.5, 2.5), st.floats(-1.5, 3.5)), min_size=1, max_size=5))
def test_what_moves_leaves_no_trace_and_stays_within_its_boxes(path):
    def stage():
        standing = line("a", [-2, 0, 2], [0, 2, -1], style="dashed", text="a")
        moving = (line("t", [], [], role="tangent", text="end"), line("g", [], [], role="guide", style="dotted"))
        return Stage(plot_of(standing, *moving, dots=(Dot(name="d", role="active", x=0.0, y=0.0),)))

    def changes(x, y):
        return (
            MoveDot(panel="plot", dot="d", x=x, y=y, text=f"{x:.1f}"),
            SetCurve(panel="plot", curve="t", x=np.array([x - 1, x + 1]), y=np.array([y - 0.7, y + 0.7])),
            SetCurve(panel="plot", curve="g", x=np.array([x, x]), y=np.array([0, y])),
        )

    walked, direct = stage(), stage()
    for x, y in path:
        before = walked.pixels()
        boxes = walked.apply(*changes(x, y))
        outside = np.ones(before.shape, bool)
        for box in boxes:
            outside[box.slices] = False
        assert np.array_equal(walked.pixels()[outside], before[outside])
    direct.apply(*changes(*path[-1]))
    assert np.array_equal(walked.pixels(), direct.pixels())


def test_a_standing_curve_that_is_set_anew_moves():
    stage = Stage(plot_of(line("a", [-2, 2], [2, 2]), line("b", [-2, 2], [1, 1], role="tangent")))
    stage.apply(SetCurve(panel="plot", curve="a", x=np.array([-2.0, 2.0]), y=np.array([-0.5, -0.5])))
    assert stage.color(1.5, 2) == THEME.page["ground"]
    assert stage.color(1.5, -0.5) == THEME.line("curve")
    assert stage.color(1.5, 1) == THEME.line("tangent")
    fresh = Stage(plot_of(line("a", [-2, 2], [-0.5, -0.5]), line("b", [-2, 2], [1, 1], role="tangent")))
    assert (stage.pixels() != fresh.pixels()).mean() < 0.001


def test_a_step_costs_what_it_moves():
    stage = Stage(plot_of(line("a", [-2, 2], [2, 2]), dots=(Dot(name="d", role="active", x=0.0, y=0.0),)))
    boxes = stage.apply(MoveDot(panel="plot", dot="d", x=0.1, y=0.0))
    assert 0 < sum((b.right - b.left) * (b.bottom - b.top) for b in boxes) < 0.02 * WIDTH * HEIGHT
    assert stage.apply(MoveDot(panel="plot", dot="d", x=0.1, y=0.0)) == []


@settings(deadline=None, derandomize=True, max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=2, max_size=8, unique=True))
def test_dashes_cover_their_share_wherever_a_line_was_begun(corners):
    points = np.array(corners, float)
    whole = length(points)
    drawn = sum(length(dash) for dash in dashes(points, 6, 4))
    assert drawn == pytest.approx(sum(min(6, whole - at) for at in np.arange(0, whole, 10)), abs=1e-6)
    if len(points) > 2:
        first, rest = points[:2], points[1:]
        parts = [*dashes(first, 6, 4), *dashes(rest, 6, 4, begun=length(first))]
        assert sum(map(length, parts)) == pytest.approx(drawn, abs=1e-6)
    assert np.hypot(*np.diff(beads(points, 3), axis=0).T).max(initial=0) <= 3 + 1e-9


def test_texts_at_ends_move_apart_where_they_would_meet():
    text = TYPESETTER.line("MSE", 15)
    texts = [_EndText(str(n), text, 300, 100) for n in range(3)] + [_EndText("aside", text, 10, 101)]
    _move_apart(texts, HEIGHT, 4)
    tops = [t.baseline - text.ascent for t in texts[:3]]
    bottoms = [t.baseline + text.descent for t in texts[:3]]
    assert all(bottom < top for bottom, top in zip(bottoms, tops[1:], strict=False))
    assert texts[3].baseline == 101, "a text that stands aside stays"
    low = [_EndText(str(n), text, 300, HEIGHT + 50) for n in range(2)]
    _move_apart(low, HEIGHT, 4)
    assert low[1].baseline + text.descent <= HEIGHT


@pytest.mark.parametrize(
    "curve",
    [
        line("flat", [-2, 2], [1, 1], style="dashed"),
        line("steep", [-0.25, 0.4], [-1, 3]),
        line("slow", [-2, 2], [3, -1]),
    ],
    ids=lambda curve: curve.name,
)
def test_no_curve_runs_through_the_text_of_a_tick(curve):
    stage = Stage(plot_of(curve))
    at = stage.painter.axes.points(np.linspace(*curve.x, 999), np.linspace(*curve.y, 999))
    labels = [*stage.painter._drawing._y_labels(), *stage.painter._drawing._x_labels()]
    assert len(labels) > 5
    for label in labels:
        text = TYPESETTER.line(label.text, LEAST_TEXT)
        left, top = label.left, label.baseline - text.ascent
        inside = ([left, top] <= at) & (at <= [left + text.width, label.baseline])
        assert not inside.all(axis=1).any(), label


@pytest.mark.parametrize("beside", [(0.1,), (0.1, -0.12), (0.1, -0.12, 0.05)])
def test_the_text_of_a_dot_covers_no_other_dot_and_no_text(beside):
    at = [(x, 1.0 if abs(x) > 0.05 else 1.15) for x in beside]
    dots = (
        Dot(name="named", role="active", x=0, y=1, text="$f(y_1)$"),
        *(Dot(name=f"{x}", role="curve", x=x, y=y) for x, y in at),
    )
    ends = line("end", [-2, -0.4], [1, 1], text="channel")
    parts = Stage(plot_of(ends, dots=dots)).painter.floats()
    text = parts["dot text", "named"].reach
    others = [part.reach for name, part in parts.items() if name[1] != "named"]
    assert len(others) == len(beside) + 1
    assert not [other for other in others if text.meets(inner(other))]


def inner(box):
    """A box without the room for smooth edges and rims."""
    return Box(box.left + 4, box.top + 4, box.right - 4, box.bottom - 4)


def test_a_change_of_another_kind_is_an_error():
    with pytest.raises(TypeError, match="cannot take Cell"):
        Stage(plot_of()).apply(Cell(panel="plot", row=0, column=0))
