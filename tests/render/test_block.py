"""Blocks as drawn: where the sheets stand, what a change paints, outlines on one or all of them, colours by value."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.storyboard import Block, Grid, Shade
from tests.render.shown import film_of


def test_cells_of_a_block_are_those_of_a_grid():
    values = np.array([[1.0, -2, 3], [4, 5, 6]])
    shade = Shade(scale="diverging", lo=-6, hi=6)
    shared = {"label": "Values", "shade": shade, "digits": 0}
    grid = Grid(name="g", values=values, roles=np.full((2, 3), "input"), **shared)
    sheet = Block(name="b", values=values[None], roles=np.full((1, 2, 3), "input"), **shared)
    made = film_of(grid, sheet, numbers=True)
    (frame,) = list(made)
    cuts = []
    for name in "gb":
        place = made.layout.places[name]
        cuts.append(frame.pixels[place.y : place.y + 2 * place.cell, place.x : place.x + 3 * place.cell].copy())
    np.testing.assert_array_equal(*cuts)
    assert len(np.unique(cuts[0])) > 3, "there are numbers"


def test_bars_stand_on_the_line_of_zero_and_hang_below_it():
    values, shade = np.array([[2.0, 6.0, -3.0]]), Shade(scale="diverging", lo=-6, hi=6)
    panel = Grid(name="signal", values=values, roles=np.full((1, 3), "input"), shade=shade, bars=True)
    made = film_of(panel)
    picture, place = made.palette.colors[next(iter(made)).pixels], made.layout.places["signal"]
    side, fill = place.width // 3, picture[place.y + place.height - 5, place.x + 5]
    above = picture[place.y : place.y + place.height - side]
    rows = [np.flatnonzero((above[:, place.x + n * side + side // 2] == fill).all(axis=1)) for n in range(3)]
    assert len(rows[1]) == pytest.approx(3 * len(rows[0]), abs=2)
    assert len(rows[2]) == pytest.approx(1.5 * len(rows[0]), abs=2)
    assert rows[0][-1] == rows[1][-1] < rows[2][0]
