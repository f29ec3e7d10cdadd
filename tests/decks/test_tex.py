"""Beamer decks as text."""

import re

import pytest

from cnnviz.decks._tex_text import escaped
from cnnviz.export import formats
from tests.decks.conftest import EVIL, FIGURES

needs_pdf = pytest.mark.skipif("pdf" not in formats(), reason="no .pdf is written here")


TEX = {
    "50% of #1 & $x$": r"50\% of \#1 \& \$x\$",
    "a_b^c~{d}\\e": r"a\_b\textasciicircum{}c\textasciitilde{}\{d\}\textbackslash{}e",
    "3 × 4 − 1 ≤ α": r"3 \ensuremath{\times} 4 \ensuremath{-} 1 \ensuremath{\leq} \ensuremath{\alpha}",
    "--k ---": r"-{}-k -{}-{}-",
    "x̂ and ŷ": r"\^{x} and ŷ",
    "“so”…": r"``so''\dots{}",
    "ω ς ο": r"\ensuremath{\omega} \ensuremath{\varsigma} \ensuremath{o}",
}


def test_texts_show_every_sign_and_command_nothing():
    assert {text: escaped(text) for text in TEX} == TEX


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
    assert escaped(FIGURES[1].storyboard().alt) in body
    assert "aspectratio=169" in text
    assert "%<" not in text


@needs_pdf
def test_the_figures_lie_beside_it_with_a_page_and_a_time_for_each_step(deck_of):
    pypdf = pytest.importorskip("pypdf")
    folder = deck_of("deck.tex").with_name("deck_figures")
    for name, figure in zip(("first.one", "second"), FIGURES, strict=False):
        count = figure.storyboard().count
        assert len(pypdf.PdfReader(folder / f"{name}.pdf").pages) == count
        lines = (folder / f"{name}.txt").read_text(encoding="ascii").splitlines()
        assert [int(line.split(":")[2]) for line in lines] == list(range(count))
    rates = [float(line.split(":")[1]) for line in (folder / "first.one.txt").read_text().splitlines()]
    assert rates == [2, 2, 2, 2, pytest.approx(1 / 3, abs=1e-5)]
