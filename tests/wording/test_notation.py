"""Other symbols for the same sizes: every one of them replaced, and nothing else."""

from __future__ import annotations

import re

import pytest

from cnnviz.pipeline import make
from cnnviz.wording.rewording import with_words
from tests.figures import VARIANTS

SCENES = ("conv", "transposed-conv", "pool", "unpool", "conv-relation", "output-size")
FIGURES = [(scene, given) for scene in SCENES for given in [{}, *VARIANTS[scene]]]
LETTER = re.compile(r"\\[A-Za-z]+|_\{[^{}]*\}|([A-Za-z])")
FORMULA = re.compile(r"\$[^$]+\$")


def texts_of(board):
    found = []

    def note(text, _):
        found.append(text)
        return text

    for _ in with_words(board, note).steps():
        pass
    return found


def symbols(formula):
    return {letter for letter in LETTER.findall(formula) if letter}


@pytest.mark.parametrize(("scene", "given"), FIGURES, ids=str)
def test_every_symbol_is_replaced_and_nothing_else(scene, given):
    board = make(scene, **given).storyboard()
    before, after = texts_of(board), texts_of(make(scene, notation="HWKSP", **given).storyboard())
    assert board.symbols
    for old, new in zip(before, after, strict=True):
        assert FORMULA.sub("", old) == FORMULA.sub("", new)
        if "$" not in old:
            assert old == new
        for formula in FORMULA.findall(new):
            assert not symbols(formula) & set(board.symbols), formula
        if old != board.formula:
            assert re.findall(r"\d+", FORMULA.sub("", old)) == re.findall(r"\d+", FORMULA.sub("", new))
            sizes = [number for formula in FORMULA.findall(old) for number in re.findall(r"\d+", formula)]
            assert sizes == [number for formula in FORMULA.findall(new) for number in re.findall(r"\d+", formula)]


def formula(scene, **given):
    return make(scene, notation="HWKSP", **given).storyboard().formula


def test_formulas_are_those_of_frameworks():
    assert formula("conv", i=5, k=3, s=2, p=1) == (
        r"$H_{out}=\lfloor(H+2P-K)/S\rfloor+1=\lfloor(5+2\cdot1-3)/2\rfloor+1=3$"
    )
    assert formula("conv", i=9, d=2).startswith(r"$H_{out}=\lfloor(H+2P-D(K-1)-1)/S\rfloor+1=")
    assert formula("transposed-conv") == (
        r"$H_{out}=(H-1)S+K-2P=(3-1)\cdot2+3-2\cdot0=7$    $Z=S-1=1$    $P'=K-P-1=2$    $S'=1$"
    )


def test_rows_and_columns_have_their_own_letters():
    assert formula("conv", i="7x8", k="3x5", s="2x1", p="0x2") == (
        r"$H_{out}=\lfloor(H+2P-K)/S\rfloor+1$    rows $H_{out}=3$    columns $W_{out}=8$"
    )
    board = make("output-size", notation="HWKSP", i="6x8", k="3x2", s="2x3").storyboard()
    assert board.settings.startswith(r"$H\times W=6\times8$")
    rows = {}
    for step in board.steps():
        rows |= {c.row: c.text for c in step.changes if getattr(c, "row", None) and getattr(c, "text", None)}
    assert rows["columns-0"].startswith("$W+2P$ = 8 + ")
    assert rows["rows-0"].startswith("$H+2P$ = 6 + ")
    assert make("output-size", notation="HWKSP").storyboard().settings.startswith("$H=W=5$")
    assert make("pool", output_size="2x3", i=6, notation="HWKSP").storyboard().settings == (
        r"output $H_{out}\times W_{out}=2\times3$"
    )


def test_a_long_formula_keeps_what_it_comes_to():
    assert formula("conv-relation", p=1) == (r"$H_{out}=\lfloor(H+2P-K)/S\rfloor+1=3$    back $(H_{out}-1)S+K-2P=5$")


@pytest.mark.parametrize("scene", ["lrn", "norm", "batch-norm", "fully-connected", "cnn", "activation", "loss"])
def test_letters_that_mean_something_else_stay(scene):
    assert texts_of(make(scene).storyboard()) == texts_of(make(scene, notation="HWKSP").storyboard())


def test_both_in_one(cnnviz, tmp_path):
    board = make("transposed-conv", p=1, lang="zh", notation="HWKSP").storyboard()
    captions = [step.caption for step in board.steps()]
    assert board.settings == "卷积核 $K=3$     步幅 $S=2$     填充 $P=1$"
    assert captions[0] == "输入 3×3；步幅 $S$ = 2，因此把它拉开"
    assert "$P' = K - P - 1$ = 3 − 1 − 1 = **1**：每边补这么多零" in captions
    ran = cnnviz("conv", "--notation", "hw", "-o", "x.gif")
    assert (ran.code, ran.err) == (2, "cnnviz: --notation 'hw' is not known: choose from ikspo, HWKSP\n")
