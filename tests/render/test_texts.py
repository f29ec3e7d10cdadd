"""Every text of a figure, as a pen is told to write it: on the page, large enough, and apart from all others."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.font_manager import FontProperties

from cnnviz.discovery import find_scenes
from cnnviz.pipeline import make
from cnnviz.render.agg import DRAWS_GLYPHS
from cnnviz.render.canvas import Box, hull
from cnnviz.render.linear import line_formula
from cnnviz.render.mpl import formula_parser
from cnnviz.render.panels.base import TICK_SIZE
from cnnviz.render.pen import Pen
from cnnviz.render.text import covers_of

LEAST = 18
TICKS = ("plot", "surface")
"""Kinds of panels whose texts are ticks, or stand beside them."""

# What is left to be mended: nothing may be added.
SMALL = {
    "batch-norm": ["grid"],
    "gradient-descent": ["page"],
    "im2col": ["grid"],
    "padding": ["grid"],
    "receptive-field": ["grid"],
    "separable-conv": ["block"],
}


class Listener(Pen):
    """Hears what it is told to write, and draws nothing."""

    def __init__(self, heard, origin=(0, 0)):
        super().__init__(np.zeros((1, 1, 3), np.uint8))
        self._heard, self._origin = heard, origin

    def at(self, x, y):
        return Listener(self._heard, (self._origin[0] + x, self._origin[1] + y))

    def text(self, line, x, baseline, color, strong=None):
        boxes = [
            Box(left, top, left + mask.shape[1], top + mask.shape[0]).moved(x, baseline)
            for mask, left, top, _ in covers_of(line)
        ]
        if (box := hull(boxes)) is not None:
            text = "".join(part.text for part in line.parts)
            self._heard.append((text, max(part.size for part in line.parts), box.moved(*self._origin)))

    def nothing(self, *_, **__):
        pass

    rect = image = frame = hatch = stamp = polyline = polygon = disc = nothing


def texts(film):
    """Of some steps each: the kind of panel, what is written, its size, and the box of its ink on the page."""
    board, stage = film.storyboard, film.stage()
    last = board.count - 1
    kinds = ["page", "page", *(panel.kind for panel in board.panels()), "page"]
    for _ in stage.at({0, last // 2, last}):
        found = []
        for number, (kind, painter) in enumerate(zip(kinds, stage.painters, strict=True)):
            heard = []
            for item in (*painter.ground.values(), *painter.above().values()):
                item.draw(Listener(heard).at(*stage.corner(number, item)))
            found += [(kind, *text) for text in heard]
        for item in (stage.band.caption(), stage.band.counter()):
            heard = []
            item.draw(Listener(heard).at(stage.band.place.x, stage.band.place.y))
            found += [("page", *text) for text in heard]
        yield found


def faults(film):
    """What is wrong with the texts of a figure: its kind, and of which texts."""
    found, whole = set(), Box(0, 0, *film.size)
    for written in texts(film):
        for kind, text, size, box in written:
            if not whole.holds(box):
                found.add(("outside", kind, text))
            if size < (TICK_SIZE if kind in TICKS else LEAST):
                found.add(("small", kind, text))
        for (kind, text, _, a), (_, other, _, b) in combinations(written, 2):
            if a.grown(-1).meets(b.grown(-1)) and text != other:
                found.add(("overlap", kind, f"{text} | {other}"))
    return found


@pytest.mark.parametrize("scene", sorted(find_scenes()))
def test_texts_are_large_and_apart(scene):
    found = {
        fault
        for fault in faults(make(scene).film())
        if fault[:2] not in {("small", kind) for kind in SMALL.get(scene, ())}
    }
    assert not found


@pytest.mark.skipif(not DRAWS_GLYPHS, reason="set by mathtext before matplotlib 3.11")
@pytest.mark.parametrize(
    "text",
    [
        r"$o=\lfloor(i+2p-k)/s\rfloor+1=\lfloor(5+2\cdot 0-3)/1\rfloor+1=3$",
        r"$x(-1,\,2)\approx-0.25 - 7, AV\leq 10.5$",
        "$k=3\\times 5$",
        "${,}$",
    ],
)
def test_a_formula_on_one_line_stands_as_mathtext_sets_it(text):
    ours = line_formula(text, 22.4, 72)
    prop = FontProperties(size=22.4, math_fontfamily="cm")
    theirs = formula_parser().parse(text, 72, prop)
    assert ours[:3] == theirs[:3]
    assert [glyph[3] for glyph in ours.glyphs] == [glyph[3] for glyph in theirs.glyphs]
    for own, other in zip(ours.glyphs, theirs.glyphs, strict=True):
        assert own[0].fname == other[0].fname
        assert own[4:] == pytest.approx(other[4:], abs=1e-9)


def test_other_formulas_are_left_to_mathtext():
    for text in (r"$\frac{1}{2}$", "$x^2$", "$x_1$", "$ $", r"$\max(0, x)$", r"$\leqslant$"):
        assert line_formula(text, 20, 72) is None
