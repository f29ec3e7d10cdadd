"""Beamer decks as text; `.ci/decks` compiles them where there is a TeX."""

from __future__ import annotations

import re

import pytest

from cnnviz.decks._tex_text import beyond_latin, escaped, pdf_string, verbatim
from cnnviz.decks.tex import timeline
from cnnviz.export import formats
from cnnviz.pipeline import make
from tests.decks.conftest import EVIL

needs_pdf = pytest.mark.skipif("pdf" not in formats(), reason="no .pdf is written here")


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("50% of #1 & $x$", r"50\% of \#1 \& \$x\$"),
        ("a_b^c~{d}\\e", r"a\_b\textasciicircum{}c\textasciitilde{}\{d\}\textbackslash{}e"),
        ("3 × 4 − 1 ≤ α", r"3 \ensuremath{\times} 4 \ensuremath{-} 1 \ensuremath{\leq} \ensuremath{\alpha}"),
        ("--k ---", r"-{}-k -{}-{}-"),
        ("x̂ and ŷ", r"\^{x} and ŷ"),
        ("two\nlines", "two lines"),
        ("“so”…", r"``so''\dots{}"),
        ("ω ς ο", r"\ensuremath{\omega} \ensuremath{\varsigma} \ensuremath{o}"),
    ],
)
def test_texts_show_every_sign_and_command_nothing(text, tex):
    assert escaped(text) == tex


def test_commands_keep_their_quotes_and_dashes():
    assert verbatim("cnnviz conv --title 'a \"b\"'") == (
        r"\texttt{cnnviz conv -{}-title \textquotesingle{}a {\char34}b{\char34}\textquotesingle{}}"
    )


def test_alt_texts_in_other_scripts_are_utf_16():
    assert pdf_string("3×3") == "3x3"
    octal = pdf_string("卷 1").split(r"\string" + "\\")[1:]
    assert bytes(int(number, 8) for number in octal).decode("utf-16") == "卷 1"


def test_signs_of_other_scripts_are_noticed():
    assert beyond_latin("卷积")
    assert not beyond_latin(escaped("Größe 3 × α → x̂"))


def test_a_timeline_gives_each_picture_its_time():
    assert timeline([0.5, 1.0, 2.0]) == ":2:0\n:1:1\n:0.5:2\n"


@needs_pdf
def test_the_deck_has_a_frame_for_each_slide(deck_of):
    path = deck_of("deck.tex")
    text = path.read_text(encoding="utf-8")
    body = text.partition("\\begin{document}")[2]
    assert body.count("\\begin{frame}") == body.count("\\end{frame}") == 3
    openings = re.findall(r"^\\opening\{(.*)\}$", body, re.MULTILINE)
    assert openings == ["My talk", r"One \& \textless{}two\textgreater{}", "Three"]
    assert re.findall(r"\\played\[(.*)\]\{(.*?)\}", body) == [("loop", "first.one"), ("", "second"), ("loop", "third")]
    assert escaped(EVIL) in body
    assert escaped(make("pool").storyboard().alt) in body
    assert "aspectratio=169" in text
    assert "%<" not in text


@needs_pdf
def test_the_figures_lie_beside_it_with_a_page_and_a_time_for_each_step(deck_of):
    pypdf = pytest.importorskip("pypdf")
    folder = deck_of("deck.tex").with_name("deck_figures")
    for name, figure in (("first.one", make("conv", i=3, k=2, step=0.5)), ("second", make("pool"))):
        count = figure.storyboard().count
        assert len(pypdf.PdfReader(folder / f"{name}.pdf").pages) == count
        lines = (folder / f"{name}.txt").read_text(encoding="ascii").splitlines()
        assert [int(line.split(":")[2]) for line in lines] == list(range(count))
    rates = [float(line.split(":")[1]) for line in (folder / "first.one.txt").read_text().splitlines()]
    assert rates == [2, 2, 2, 0.5]
