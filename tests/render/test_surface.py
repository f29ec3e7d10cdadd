"""Surfaces as drawn: each pixel's band against the function itself, contour lines on the borders, curves above."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.render.canvas import Look
from cnnviz.render.palette import build_palette
from cnnviz.render.panels.base import Fit, Place
from cnnviz.render.panels.surface import PAINTER
from cnnviz.render.text import Typesetter
from cnnviz.render.theme import contrast, load_theme, theme_names
from cnnviz.storyboard import Curve, Dot, SetCurve, Surface
from tests.render.shown import Shown

THEME = load_theme("article")
TYPESETTER = Typesetter()
LEVELS = np.array([1.0, 4.0, 9.0])
WIDTH, HEIGHT = 400, 300


def height(x, y):
    return x**2 + y**2


def field(**more):
    x, y = np.linspace(-4, 4, 81), np.linspace(-2, 4, 61)
    heights = height(*np.meshgrid(x, y))
    return Surface(name="s", x_range=(-4, 4), y_range=(-2, 4), axes="frame", heights=heights, levels=LEVELS, **more)


def drawn(panel):
    """A painter, its canvas after `paint`, and the canvas in colours."""
    fit = Fit(typesetter=TYPESETTER, unit=1.0, height=386, numbers=True)
    colors = PAINTER.colors(panel, 46, fit, THEME, ())
    page = [THEME.page[key] for key in ("ground", "ink", "muted")]
    look = Look(theme=THEME, palette=build_palette([*page, *colors.solid], colors.ramps), typesetter=TYPESETTER, unit=1)
    painter = PAINTER(panel, Place(x=0, y=0, width=WIDTH, height=HEIGHT, cell=46), look, fit)
    canvas = Shown(painter, look, (WIDTH, HEIGHT))
    return painter, canvas, look.palette.colors[canvas.pixels]


def at(painter, x, y):
    column, row = (int(np.floor(v)) for v in painter.axes.points(x, y))
    return row, column


def bands():
    scale = THEME.scale("terrain")
    return [tuple(int(v) for v in scale[round(i)]) for i in np.linspace(0, len(scale) - 1, len(LEVELS) + 1)]


def test_every_pixel_away_from_the_borders_has_its_bands_colour():
    painter, _, picture = drawn(field())
    colors, seen = bands(), set()
    for x in np.linspace(-3.9, 3.9, 40):
        for y in np.linspace(-1.9, 3.9, 40):
            z = height(x, y)
            if np.abs(np.sqrt(LEVELS) - np.sqrt(z)).min() < 0.1:
                continue
            band = int((z > LEVELS).sum())
            assert tuple(picture[at(painter, x, y)]) == colors[band], (x, y)
            seen.add(band)
    assert seen == {0, 1, 2, 3}


@pytest.mark.parametrize("level", LEVELS)
def test_a_contour_line_runs_on_each_border(level):
    painter, _, picture = drawn(field())
    line = np.array(THEME.line("contour"), int)
    for angle in np.linspace(0, 2 * np.pi, 24):
        x, y = np.sqrt(level) * np.cos(angle), np.sqrt(level) * np.sin(angle)
        if not -1.9 < y < 3.9:
            continue
        row, column = at(painter, x, y)
        around = picture[row - 2 : row + 3, column - 2 : column + 3].astype(int)
        assert np.abs(around - line).sum(axis=2).min() < 60, (x, y)


def test_nothing_of_the_field_lies_outside_of_the_axes():
    painter, _, picture = drawn(field())
    area = painter.axes.area
    outside = np.ones(picture.shape[:2], bool)
    outside[area.top - 1 : area.bottom + 1, area.left - 1 : area.right + 1] = False
    darkest = (picture == np.array(bands()[-1])).all(axis=2)
    # The edges of the ticks' texts have such a colour too.
    assert darkest[outside].sum() < 100 < darkest.sum() / 100


def test_curves_and_dots_stand_above_the_field():
    curve = Curve(name="c", role="adam", x=np.empty(0), y=np.empty(0))
    painter, canvas, _ = drawn(field(curves=(curve,), dots=(Dot(name="d", role="sgd", x=2.0, y=2.0),)))
    line = SetCurve(panel="s", curve="c", x=np.array([-3.0, 3.0]), y=np.array([-1.0, -1.0]), extend=True)
    canvas.apply([line])
    picture = painter.look.palette.colors[canvas.pixels]
    for x in np.linspace(-2.9, 2.9, 20):
        assert tuple(picture[at(painter, x, -1.0)]) == THEME.line("adam")
    assert tuple(picture[at(painter, 2.0, 2.0)]) == THEME.line("sgd")


def test_a_path_redraws_its_own_box_alone():
    curve = Curve(name="c", role="adam", x=np.empty(0), y=np.empty(0))
    _painter, canvas, _ = drawn(field(curves=(curve,)))
    before = canvas.pixels.copy()
    change = SetCurve(panel="s", curve="c", x=np.array([1.0, 1.2]), y=np.array([1.0, 1.2]), extend=True)
    boxes = canvas.apply([change])
    assert sum((box.right - box.left) * (box.bottom - box.top) for box in boxes) < 800
    untouched = np.ones(canvas.pixels.shape, bool)
    for box in boxes:
        untouched[box.slices] = False
    assert np.array_equal(canvas.pixels[untouched], before[untouched])
    assert (canvas.pixels != before).any()


@pytest.mark.parametrize("name", theme_names())
def test_paths_can_be_told_from_page_and_field(name):
    theme = load_theme(name)
    for role in ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"):
        assert contrast(theme.line(role), theme.page["ground"]) >= 4.5
        for band in theme.scale("terrain"):
            assert contrast(theme.line(role), tuple(int(v) for v in band)) >= 3
