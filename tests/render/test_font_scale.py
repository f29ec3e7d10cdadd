"""Larger texts for the back row: everything stays whole, apart and legible; the picture keeps its size."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from cnnviz.pipeline import make
from cnnviz.render import text
from cnnviz.render.panels.base import LEAST_TEXT
from tests.figures import all_figures, named, usual_figures
from tests.render.shown import assert_apart

# Every eighth scene, and of the figures with the longest texts every other.
FIGURES = usual_figures()[::8] + [figure for figure in all_figures() if figure[1].keys() & {"d", "output_padding"}][::2]


@pytest.mark.parametrize("figure", FIGURES, ids=named)
def test_panels_stand_apart_no_text_is_too_small_and_none_is_cut(figure, monkeypatch):
    """One test, since to find the room for texts of a size takes longer than to look at them."""
    sizes, cut, set_line = [], [], text.Typesetter.line

    def line(self, words, size, bold=False):
        if words.strip():
            sizes.append(size)
        return set_line(self, words, size, bold)

    monkeypatch.setattr(text.Typesetter, "line", line)
    monkeypatch.setattr(text, "_shortened", cut.append)
    scene, given = figure
    film = make(scene, **given, width=640, font_scale=2.0).film()
    assert_apart(film)
    for _ in islice(film, 2):
        pass
    assert min(sizes) >= LEAST_TEXT * 640 / 960 - 1e-9
    assert not cut


def test_texts_grow():
    """The title, the caption and a label: each at least as much as it has room for."""
    films = [make("conv", i=3, k=2, font_scale=scale).film() for scale in (1.0, 1.5)]
    assert [film.layout.fit.text for film in films] == [1.0, 1.5]
    heights = []
    for film in films:
        lines, place = film.layout.lines, film.layout.places["kernel"]
        *_, last = film
        label = last.pixels[place.y + place.height + 4 : place.label_baseline + 1, place.x : place.x + place.width]
        parts = last.pixels[8 : lines.title + 1], last.pixels[lines.band + 2 : lines.caption + 1], label
        heights.append([int((part != part[0, 0]).any(axis=1).sum()) for part in parts])
    assert (np.divide(*heights[::-1]) >= 1.3).all()
