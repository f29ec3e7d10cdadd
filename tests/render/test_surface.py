"""Surfaces as drawn: each pixel's band against the function itself, contour lines on the borders, curves above."""

from __future__ import annotations

import numpy as np

from cnnviz.storyboard import Curve, Dot, SetCurve, Surface
from tests.render.shown import THEME, shown

LEVELS = np.array([1.0, 4.0, 9.0])
WIDTH, HEIGHT = 400, 300


def height(x, y):
    return x**2 + y**2


def field(**more):
    x, y = np.linspace(-4, 4, 81), np.linspace(-2, 4, 61)
    heights = height(*np.meshgrid(x, y))
    return Surface(name="s", x_range=(-4, 4), y_range=(-2, 4), heights=heights, levels=LEVELS, **more)


def drawn(panel):
    """A painter, its canvas, and the canvas in colours."""
    canvas = shown(panel, (WIDTH, HEIGHT))
    return canvas.painter, canvas, canvas.colors()


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


def test_curves_and_dots_stand_above_the_field():
    curve = Curve(name="c", role="adam", x=np.empty(0), y=np.empty(0))
    painter, canvas, _ = drawn(field(curves=(curve,), dots=(Dot(name="d", role="sgd", x=2.0, y=2.0),)))
    line = SetCurve(panel="s", curve="c", x=np.array([-3.0, 3.0]), y=np.array([-1.0, -1.0]), extend=True)
    canvas.apply([line])
    picture = canvas.palette.colors[canvas.pixels]
    for x in np.linspace(-2.9, 2.9, 20):
        assert tuple(picture[at(painter, x, -1.0)]) == THEME.line("adam")
    assert tuple(picture[at(painter, 2.0, 2.0)]) == THEME.line("sgd")
