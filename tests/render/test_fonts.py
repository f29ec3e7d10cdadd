"""Signs that DejaVu Sans lacks: from which font, how they stand on a line, and what is said where no font has them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnviz.errors import CnnvizError
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


def test_latin_signs_come_from_dejavu():
    for sign in "Aé−×∗λ⌊→∂":
        assert Path(font_of(sign, False)[0]).name == "DejaVuSans.ttf"
        assert Path(font_of(sign, True)[0]).name == "DejaVuSans-Bold.ttf"


@chinese
def test_a_chinese_sign_comes_from_a_font_that_has_it():
    for sign in "卷积，。：（填":
        assert fonts.open_face(font_of(sign, False)).get_char_index(ord(sign)) > 0
    assert font_of("卷", False) == font_of("积", False)


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
def test_bold_is_darker():
    regular, bold = (np.count_nonzero(ink(SETTER.line("国田", 28, bold=bold)) > 128) for bold in (False, True))
    assert bold > 1.15 * regular


@chinese
def test_strokes_are_thickened_where_a_font_has_no_bold(monkeypatch):
    monkeypatch.setattr(text, "lacks_weight", lambda face, bold: bold)
    monkeypatch.setattr(text, "font_of", lambda sign, bold: font_of(sign, False))
    glyphs = [text._glyph.__wrapped__("国", 28.0, bold) for bold in (False, True)]
    regular, bold = (np.count_nonzero(glyph.mask > 128) for glyph in glyphs)
    assert bold > 1.15 * regular
    assert glyphs[0].advance == glyphs[1].advance


@chinese
def test_words_without_blanks_are_cut_between_signs():
    whole = "卷积核占据第一个位置；旁边剩余的列：7 − 3 = **4**"
    line = SETTER.fitting(whole, 18, 300, 14)
    assert line.width <= 300
    assert SETTER.fitting(whole, 18, 900, 14).width == SETTER.line(whole, 18).width
    # The result stays.
    assert ink(line, strong=True).any()
    assert text._shortened("卷积核占据") == "卷积核占…"
    assert text._shortened("卷积核占…") == "卷积核…"
    assert text._shortened("卷积核 stride") == "卷积核…"
    assert text._shortened("卷积stride") == "卷积…"
    assert text._shortened("kernel stride") == "kernel…"


@chinese
def test_two_dollars_around_chinese_are_no_formula():
    assert not any(part.math for part in text._parts_of("价格 $5 元或 $6", 18, False))
    assert any(part.math for part in text._parts_of("价格 $5+1$ 元", 18, False))


@chinese
def test_a_figure_in_chinese_has_its_title(cnnviz, tmp_path):
    assert cnnviz("conv", "--lang", "zh", "-o", "x.png").code == 0
    picture = np.asarray(Image.open(tmp_path / "x.png").convert("L"))
    assert picture[20:56, 40:90].min() < 80
    assert cnnviz("conv", "--title", "中文标题", "-o", "y.png").code == 0
    title = np.asarray(Image.open(tmp_path / "y.png").convert("L"))[20:60, 40 : 40 + 4 * 28]
    assert title.min() < 80
    columns = np.count_nonzero((title < 128).any(axis=0))
    assert columns > 80, "the four signs of the title are not all there"


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
            assert ran.err == (
                "cnnviz: no font here has the sign 第 (U+7B2C): pip install 'cnnviz[cjk]', or install a font such as "
                "Debian's fonts-noto-cjk\n"
            )
    assert list(tmp_path.iterdir()) == []
    assert cnnviz("conv", "--lang", "zh", "-o", "x.json").code == 0, "data need no font"


def test_a_sign_that_no_font_has_is_named(no_font):
    with pytest.raises(CnnvizError, match=r"^no font here has the sign 🫠 \(U\+1FAE0\): leave it out$"):
        font_of("🫠", False)


def test_the_extra_brings_a_font(no_font, tmp_path, monkeypatch):
    package = tmp_path / "noto_cjk_sans_otc"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('is not to be imported')")
    # Any font will do: what it is called decides.
    own = Path(font_of("A", False)[0])
    (package / "NotoSansCJK-Regular.ttf").write_bytes(own.read_bytes())
    monkeypatch.setattr(fonts, "_PACKAGED", (("noto_cjk_sans_otc", "."),))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(fonts, "_packaged", _PACKAGED_AS_IT_IS)
    assert [Path(path).name for path, _ in fonts._found(False)] == ["NotoSansCJK-Regular.ttf"]


_PACKAGED_AS_IT_IS = fonts._packaged


def test_a_figure_in_english_looks_for_no_font(no_font, monkeypatch):
    def looked():
        raise AssertionError("fonts were looked for")

    monkeypatch.setattr(fonts, "system_fonts", looked)
    buffer = io.BytesIO()
    for _ in make("transposed-conv", p=1).film():
        buffer.write(b".")
    assert buffer.getvalue()
