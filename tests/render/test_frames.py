"""The drawn picture: panels apart, the steps' own boxes, marks, text sizes, palettes."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from cnnviz.pipeline import make
from cnnviz.render.canvas import Box
from cnnviz.render.frames import settled
from cnnviz.render.palette import MOST_COLORS, build_palette
from cnnviz.render.text import Typesetter
from tests.figures import all_figures, board_of, named, usual_figures
from tests.render.shown import assert_apart

MOST = 4
"""Steps of a figure that are drawn: others are like them."""


@pytest.mark.parametrize("figure", usual_figures(), ids=named)
def test_frames_stills_and_pictures_that_glide_are_the_same(figure):
    scene, given = figure
    board = board_of(figure)
    steps = list(islice(board.steps(), MOST))
    board = replace(board, steps=lambda: iter(steps), count=len(steps))
    film, gliding = (make(scene, **given, width=480).film(board, tween) for tween in (0, 2))
    assert len(film.palette.colors) <= MOST_COLORS
    frames = [replace(frame, pixels=frame.pixels.copy()) for frame in film]
    told, told_gliding = (np.zeros_like(frames[0].pixels) for _ in range(2))
    for frame, landed in zip(frames, settled(gliding), strict=True):
        np.testing.assert_array_equal(landed.pixels, frame.pixels)
        assert landed.milliseconds == frame.milliseconds
        # Only the announced box changes, and nothing leaves the frame.
        for seen, each in ((told, frame), (told_gliding, landed)):
            assert Box(0, 0, *film.size).holds(each.changed)
            seen[each.changed.slices] = each.pixels[each.changed.slices]
            np.testing.assert_array_equal(seen, each.pixels)
    # What was drawn and left again leaves no trace.
    places = sorted({0, len(steps) // 2, len(steps) - 1})
    for place, still in zip(places, film.stills(places), strict=True):
        np.testing.assert_array_equal(still, frames[place].pixels)


@pytest.mark.parametrize("figure", all_figures(), ids=named)
def test_panels_stand_apart_within_the_stage(figure):
    scene, given = figure
    assert_apart(make(scene, **given, width=480).film(board_of(figure)))


def test_a_palette_keeps_the_colours_that_must_be_exact():
    solid = [(n, 2 * n, 255 - n) for n in range(40)]
    palette = build_palette(solid, [((0, 0, 0), (255, 255, 255))])
    assert len(palette.colors) <= MOST_COLORS
    for color in solid:
        assert tuple(palette.colors[palette.index_of(color)]) == color


@pytest.mark.parametrize("scene", ["conv", "batch-norm"])
def test_grey_text_has_grey_edges(scene):
    film = make(scene).film()
    rgb = film.palette.colors[next(iter(film)).pixels].astype(int)
    # Title and settings; formula and counter.
    for rows in (rgb[:60], rgb[-30:-4]):
        assert len(np.unique(rows.reshape(-1, 3), axis=0)) >= 6
        assert np.ptp(rows, axis=2).max() <= 20


@pytest.mark.parametrize("given", [{"p": 0}, {"p": 1, "s": 2}])
def test_numbers_stand_in_the_middle_of_their_cells(given):
    film = make("conv", input="ones", i=5, k=3, **given).film()
    rgb = film.palette.colors[next(iter(film)).pixels].astype(int)
    place = film.layout.places["input"]
    side = film.layout.cell
    # The last cell lies beyond the window at the first step; those within it stand higher, above their weights.
    x, y = place.x + place.width - side, place.y + place.height - side
    inner = rgb[y + 3 : y + side - 3, x + 3 : x + side - 3].sum(axis=2)
    rows, columns = np.nonzero(inner < inner[0, 0] - 150)
    for ink in (rows, columns):
        assert abs((ink.min() + ink.max()) / 2 - (side - 7) / 2) <= 1.5


def test_text_that_does_not_fit_shrinks_then_loses_words_but_never_its_result():
    setter = Typesetter()
    text = "$y_{1,1}$ = " + " + ".join(["12·(−34)"] * 20) + " = **−8160**"
    line = setter.fitting(text, 18, 880, 14)
    assert line.width <= 880
    whole = setter.line("**−8160**", 14)
    last = [placed for placed in line.pieces if placed.strong][-1]
    np.testing.assert_array_equal(last.piece.mask, whole.pieces[0].piece.mask)
    assert setter.fitting("short", 18, 880, 14) == setter.line("short", 18)
