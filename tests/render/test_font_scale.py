"""Larger texts for the back row: everything stays whole, apart and legible; the picture keeps its size."""

from __future__ import annotations

from itertools import islice

import pytest

from cnnviz.pipeline import make
from cnnviz.render import text
from cnnviz.render.panels.base import LEAST_TEXT
from tests.figures import all_figures, named, usual_figures
from tests.render.shown import assert_apart

# Each scene, and the figures with the longest texts.
FIGURES = usual_figures() + [figure for figure in all_figures() if figure[1].keys() & {"d", "output_padding"}]


def film_of(figure, scale):
    scene, given = figure
    return make(scene, **given, width=640, font_scale=scale).film()


@pytest.mark.parametrize("figure", FIGURES, ids=map(named, FIGURES))
def test_panels_stand_apart_no_text_is_too_small_and_none_is_cut_that_was_whole(figure, monkeypatch):
    """One test, since to find the room for texts of a size takes longer than to look at them."""
    sizes, cut, set_line, shorten = [], [], text.Typesetter.line, text._shortened

    def line(self, words, size, bold=False):
        if words.strip():
            sizes.append(size)
        return set_line(self, words, size, bold)

    def shortened(words):
        cut.append(words)
        return shorten(words)

    monkeypatch.setattr(text.Typesetter, "line", line)
    monkeypatch.setattr(text, "_shortened", shortened)
    seen = {}
    for scale in (1.0, 2.0):
        cut.clear()
        film = film_of(figure, scale)
        assert_apart(film)
        for _ in islice(film, 2):
            pass
        seen[scale] = set(cut)
    assert min(sizes) >= LEAST_TEXT * 640 / 960 - 1e-9
    assert len(seen[2.0]) <= len(seen[1.0]), f"cut: {seen[2.0] - seen[1.0]}"


def heights(film, rows, columns=slice(None)):
    """How many pixels high the ink is within some rows of the last picture."""
    *_, last = film
    part = last.pixels[rows, columns]
    inked = (part != part[0, 0]).any(axis=1)
    return int(inked.sum())


def test_texts_grow():
    """The title, the caption, a number in a cell, a label: each at least as much as it has room for."""
    one, larger = (make("conv", i=4, k=3, font_scale=scale).film() for scale in (1.0, 1.5))
    for film in (one, larger):
        assert film.layout.fit.scale == film.layout.fit.text
    assert larger.layout.fit.text == 1.5
    title = [heights(film, slice(8, film.layout.lines.title + 1)) for film in (one, larger)]
    caption = [heights(f, slice(f.layout.lines.band + 2, f.layout.lines.caption + 1)) for f in (one, larger)]
    for before, after in (title, caption):
        assert after >= 1.3 * before
    labels = []
    for film in (one, larger):
        place = film.layout.places["kernel"]
        beside = slice(place.x, place.x + place.width)
        labels.append(heights(film, slice(place.y + place.height + 4, place.label_baseline + 1), beside))
    assert labels[1] >= 1.3 * labels[0]
