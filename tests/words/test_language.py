"""Languages: every figure speaks them whole, with the same numbers; broken files are refused in one line."""

import re

import pytest

from cnnviz.errors import UsageError
from cnnviz.pipeline import make
from cnnviz.storyboard.printing import printed
from cnnviz.words import Number, Printer, Shape, Text, joined, sentences
from cnnviz.words.language import languages, load_language
from cnnviz.words.plain import caption
from tests.figures import all_figures, board_of, make_figure, named


def strings(board):
    """Every text of a printed storyboard but alt texts, whose languages order their parts differently."""
    yield from (board.title, board.point, board.settings, board.formula, board.convention)
    for panel in board.panels():
        yield panel.label
    for step in board.steps():
        yield step.caption


def numbers(text):
    return sorted(re.findall(r"\d[\d.]*", text))


@pytest.mark.parametrize("figure", all_figures(), ids=named)
@pytest.mark.parametrize("lang", languages())
def test_a_figure_speaks_the_language_with_the_same_numbers(figure, lang):
    language, scene = load_language(lang), make_figure(figure).scene
    language.missing.clear()
    theirs = list(strings(printed(scene.storyboard(), Printer(language))))
    assert list(language.missing) == []
    for own, other in zip(strings(board_of(figure)), theirs, strict=True):
        assert numbers(own) == numbers(other)


def test_a_template_is_filled_in_its_own_order(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text('name = "Own"\n[signs]\n". " = "| "\n[texts]\n"{n} of {size}" = "{size}<{n}>"\n', "utf-8-sig")
    printer = Printer(load_language(str(file)))
    words = sentences(joined(["a", Text("{n} of {size}", n=Number(2), size=Shape((3, 4)))]), Text("not there"))
    assert printer(words) == "a, 3×4<2>| not there."


BROKEN = {
    '[texts]\n"a {n}" = "b {m}"\n': "{m}",
    '[texts]\n"a" = 3\n': "'a'",
    '[texts]\n"a {n}" = "b {n"\n': "b {n",
    "[words]\n": "words",
    '[texts]\n"a" = "' + "x" * 2000 + '"\n': "2000",
    '[texts]\n"a" = \'$' + r"\hat{" * 9 + "x" + "}" * 9 + "$'\n": "8 deep",
    "texts = [\n": "TOML",
    'extends = "xx"\n': "xx",
}


def test_a_broken_file_is_refused(tmp_path):
    for text, part in BROKEN.items():
        (tmp_path / "own.toml").write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match=re.escape(part)):
            load_language(str(tmp_path / "own.toml"))


def test_a_file_without_a_code_speaks_in_alt_texts_too(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text('[texts]\n"Convolution" = "Faltung"\n[signs]\n". " = "| "\n', encoding="utf-8")
    figure = make("conv", lang=str(file))
    assert figure.storyboard().title == "Faltung"
    assert "| " in caption(figure.storyboard())
