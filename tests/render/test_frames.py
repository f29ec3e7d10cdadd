"""The drawn picture: panels apart, the steps' own boxes, marks, text sizes, palettes."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.discovery import find_scenes
from cnnviz.pipeline import make
from cnnviz.render.palette import MOST_COLORS, build_palette
from cnnviz.render.text import Typesetter
from tests.figures import all_figures, board_of, named
from tests.render.shown import assert_apart

FIGURES = all_figures()
_FILMS = {}


def film_of(figure, width):
    """The film of a figure; to find the room for everything takes longer than to draw it."""
    key = named(figure), width
    if key not in _FILMS:
        scene, given = figure
        _FILMS[key] = make(scene, **given, width=width).film(board_of(figure))
    return _FILMS[key]


@pytest.mark.parametrize("figure", FIGURES, ids=map(named, FIGURES))
def test_only_the_announced_box_changes_and_nothing_leaves_the_frame(figure):
    film = film_of(figure, 480)
    width, height = film.size
    told, count = np.zeros((height, width), np.uint8), 0
    for frame in film:
        box = frame.changed
        assert 0 <= box.left < box.right <= width
        assert 0 <= box.top < box.bottom <= height
        told[box.slices] = frame.pixels[box.slices]
        assert np.array_equal(told, frame.pixels)
        count += 1
    assert count == film.storyboard.count
    assert len(film.palette.colors) <= MOST_COLORS


@pytest.mark.parametrize("figure", FIGURES, ids=map(named, FIGURES))
def test_panels_stand_apart_within_the_stage(figure):
    assert_apart(film_of(figure, 480))


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


@pytest.mark.parametrize("name", find_scenes())
def test_a_still_is_the_films_own_picture(name):
    film = make(name).film()
    wanted = sorted({0, 1, film.storyboard.count // 2, film.storyboard.count - 1})
    settled = [frame.pixels.copy() for place, frame in enumerate(film) if place in wanted]
    stills = [pixels.copy() for pixels in film.stills(wanted)]
    for still, frame in zip(stills, settled, strict=True):
        np.testing.assert_array_equal(still, frame)
