"""Signs that DejaVu Sans lacks: from which font, how they stand on a line, and what is said where no font has them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from cnnviz.errors import CnnvizError
from cnnviz.installation import install_hint
from cnnviz.pipeline import make
from cnnviz.render import fonts, text
from cnnviz.render.fonts import font_of
from cnnviz.render.panels.base import LEAST_TEXT
from cnnviz.render.text import Typesetter

SETTER = Typesetter()


def has_chinese():
    try:
        return bool(font_of("卷", False))
    except CnnvizError:
        return False


chinese = pytest.mark.skipif(not has_chinese(), reason="no font for Chinese: pip install 'cnnviz[cjk]'")


@pytest.fixture
def no_font(monkeypatch):
    """A machine without any font but matplotlib's."""
    caches = (fonts.font_of, fonts._fallback, fonts._found, fonts._files, text._glyph, text._word, text._line)

    def forget():
        for cache in caches:
            cache.cache_clear()

    forget()
    monkeypatch.setattr(fonts, "system_fonts", list)
    monkeypatch.setattr(fonts, "_packaged", lambda: iter(()))
    yield
    monkeypatch.undo()
    forget()


def ink(line, strong=False):
    area = np.zeros((60, 900), np.uint8)
    for cover, left, top, is_strong in text.covers_of(line):
        if is_strong == strong:
            area[40 + top : 40 + top + cover.shape[0], 4 + left : 4 + left + cover.shape[1]] = cover
    return area


@chinese
def test_signs_are_drawn_and_not_boxes():
    drawn = [ink(SETTER.line(sign, 28)) for sign in "卷积池化归填步幅"]
    assert all(np.count_nonzero(a > 128) > 60 for a in drawn)
    for n, one in enumerate(drawn):
        assert not any(np.array_equal(one, other) for other in drawn[:n])


@chinese
@pytest.mark.parametrize("size", [14, 16, 18, 28])
def test_nothing_is_cut_off_and_signs_stand_on_the_line(size):
    line = SETTER.line("国 3×3 **田**", size)
    both = np.maximum(ink(line), ink(line, strong=True))
    rows = np.flatnonzero(both.any(axis=1))
    # What captions have: 23 pixels above the baseline and 9 below, for 18 pixels.
    assert 40 - rows[0] <= 23 / 18 * size
    assert rows[-1] - 39 <= 9 / 18 * size
    square, digits = np.flatnonzero(ink(SETTER.line("国", size)).any(axis=1)), ink(SETTER.line("3", size)).any(axis=1)
    # A square sign reaches a little above and below a digit.
    assert square[0] <= np.flatnonzero(digits)[0]
    assert 0 <= square[-1] - np.flatnonzero(digits)[-1] <= 0.2 * size


@chinese
@pytest.mark.parametrize("scene", ["conv", "transposed-conv", "pool", "batch-norm", "loss"])
def test_captions_in_chinese_are_not_cut(scene):
    figure = make(scene, lang="zh")
    for step in figure.storyboard().steps():
        for line in SETTER.line(step.caption, LEAST_TEXT), SETTER.fitting(step.caption, 18, 880, LEAST_TEXT):
            assert line.width <= 880, step.caption


def test_without_a_font_one_line_says_what_to_do(no_font, cnnviz, tmp_path):
    for given in (["--lang", "zh"], ["--title", "第"]):
        for name in ("x.gif", "x.html", "x.png"):
            ran = cnnviz("conv", *given, "-o", name)
            assert ran.code == 1
            assert re.fullmatch(r"cnnviz: no font here has the sign . \(U\+\w{4}\): .*\n", ran.err)
            assert install_hint("cnnviz[cjk]") in ran.err
    assert list(tmp_path.iterdir()) == []
    assert cnnviz("conv", "--lang", "zh", "-o", "x.json").code == 0, "data need no font"
