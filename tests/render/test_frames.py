"""The drawn picture: panels apart, the steps' own boxes, marks, text sizes, palettes."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.discovery import find_scenes
from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.render.palette import MOST_COLORS, build_palette
from cnnviz.render.panels import painter_class
from cnnviz.render.panels.base import LEAST_TEXT
from cnnviz.render.text import Typesetter
from cnnviz.render.theme import load_theme
from cnnviz.storyboard import Grid
from tests.figures import all_figures, board_of, named

FIGURES = all_figures()
_FILMS = {}


def film_of(figure, width):
    """The film of a figure; to find the room for everything takes longer than to draw it."""
    key = named(figure), width
    if key not in _FILMS:
        scene, given = figure
        _FILMS[key] = make(scene, **given, width=width).film(board_of(figure))
    return _FILMS[key]


def cell_boxes(film, panel):
    """The pixels of each cell of a grid: (row, column) → left, top, side."""
    place = film.layout.places[panel.name]
    side = place.width // panel.shape[1]
    assert (place.width, place.height) == (panel.shape[1] * side, panel.shape[0] * side), "cells are not square"
    return {(r, c): (place.x + c * side, place.y + r * side, side) for r, c in np.ndindex(panel.shape)}


@pytest.mark.parametrize("figure", FIGURES, ids=map(named, FIGURES))
def test_only_the_announced_box_changes_and_nothing_leaves_the_frame(figure):
    film = film_of(figure, 640)
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
@pytest.mark.parametrize("width", [640, 960])
def test_panels_stand_apart_within_the_stage(figure, width):
    film = film_of(figure, width)
    unit = width / 960
    boxes = []
    for panel in film.storyboard.panels():
        place = film.layout.places[panel.name]
        assert place.width > 0
        assert place.height > 0
        assert place.x >= 36 * unit
        assert place.x + place.width <= width - 36 * unit
        assert place.y >= 64 * unit
        assert place.y + place.height <= 462 * unit + 1, f"{panel.name} runs into the band"
        if place.label:
            lines = place.label.count("\n")
            assert place.label_baseline + lines * 21 * unit <= 462 * unit, f"label of {panel.name} runs into the band"
        boxes.append((place.x, place.y, place.x + place.width, place.y + place.height))
    for n, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[n + 1 :]:
            apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            assert apart, "two panels overlap"


def test_marks_are_drawn_where_the_storyboard_puts_them():
    made = make("conv", k=3, s=2, p=1)
    film, look = made.film(), load_theme("article")
    for frame, (_, states) in zip(film, play(made.storyboard()), strict=True):
        rgb = film.palette.colors[frame.pixels]
        boxes = cell_boxes(film, film.storyboard.panel("input"))
        mark = states["input"].marks["window"]
        left, top, side = boxes[int(mark.row), int(mark.column)]
        right, bottom = left + side * mark.columns - 1, top + side * mark.rows - 1
        for x, y in ((left, (top + bottom) // 2), (right, (top + bottom) // 2), ((left + right) // 2, top)):
            assert tuple(rgb[y, x]) == look.mark("window")


def test_no_text_is_smaller_than_the_least():
    """Numbers that would have to be smaller are not drawn at all."""
    for side in range(6, 21):
        made = make("conv", i=side, k=3, kernel="10 -20 30; 40 -50 60; 70 80 90")
        film = made.film()
        for panel in film.storyboard.panels():
            if isinstance(panel, Grid):
                place = film.layout.places[panel.name]
                painter = painter_class("grid")(panel, place, film._look, film.layout.fit)
                if painter._fitted.numbers:
                    assert painter._size >= LEAST_TEXT
                    assert painter._fitted.cell >= LEAST_TEXT


def test_a_palette_keeps_the_colours_that_must_be_exact():
    solid = [(n, 2 * n, 255 - n) for n in range(40)]
    palette = build_palette(solid, [((0, 0, 0), (255, 255, 255))])
    assert len(palette.colors) <= MOST_COLORS
    for color in solid:
        assert tuple(palette.colors[palette.index_of(color)]) == color


def test_a_palette_finds_the_nearest_colour():
    palette = build_palette([(0, 0, 0), (250, 0, 0), (0, 0, 250)], [])
    picture = np.array([[[10, 5, 0], [200, 30, 40], [60, 0, 180]]], np.uint8)
    assert palette.index(picture).tolist() == [[0, 1, 2]]


def test_text_that_does_not_fit_shrinks_then_loses_words_but_never_its_result():
    setter = Typesetter()
    text = "$y_{1,1}$ = " + " + ".join(["12·(−34)"] * 20) + " = **−8160**"
    line = setter.fitting(text, 18, 880, 14)
    assert line.width <= 880
    whole = setter.line("**−8160**", 14)
    last = [placed for placed in line.pieces if placed.strong][-1]
    np.testing.assert_array_equal(last.piece.mask, whole.pieces[0].piece.mask)
    assert setter.fitting("short", 18, 880, 14) == setter.line("short", 18)


def test_a_text_that_is_no_formula_is_set_as_it_stands():
    setter = Typesetter()
    assert setter.line(r"costs $\frac$ or so", 16).width > setter.line("costs or so", 16).width


def test_a_label_that_changes_leaves_nothing_of_the_one_before():
    from dataclasses import replace

    from cnnviz.render.frames import Film
    from cnnviz.render.timing import Timing
    from cnnviz.storyboard import Relabel, Step

    board = make("conv", i=3).storyboard()
    long = Relabel(panel="output", label="A label of some length\non two lines")
    short = Relabel(panel="output", label=board.panel("output").label)

    def film(*changes):
        steps = [Step(caption="x", changes=(change,)) for change in changes]
        told = replace(board, steps=lambda: iter(steps), count=len(steps))
        return Film(told, load_theme("article"), 960, Timing(step=1, hold=1))

    plain = [frame.pixels[60:460].copy() for frame in film(short, short)][-1]
    changed = [frame.pixels[60:460].copy() for frame in film(long, short)]
    assert (changed[0] != plain).any()
    np.testing.assert_array_equal(changed[1], plain)


@pytest.mark.parametrize("name", find_scenes())
def test_a_still_is_the_films_own_picture(name):
    film = make(name).film()
    wanted = sorted({0, 1, film.storyboard.count // 2, film.storyboard.count - 1})
    settled = [frame.pixels.copy() for place, frame in enumerate(film) if place in wanted]
    stills = [pixels.copy() for pixels in film.stills(wanted)]
    for still, frame in zip(stills, settled, strict=True):
        np.testing.assert_array_equal(still, frame)


def test_the_line_below_tells_how_far_the_film_is():
    film = make("conv", s=2).film()
    (width, height), count = film.size, film.storyboard.count
    for place, frame in enumerate(film, start=1):
        row = frame.pixels[height - 1]
        assert len(set(row[: width * place // count])) == 1
        assert (row[width * place // count :] != row[0]).all()
