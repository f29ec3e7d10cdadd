"""Every scene of the registry with parameters from all over its space: each figure keeps what `claims` say.

`CNNVIZ_PROPERTIES=2000 python -m pytest tests/properties` tries so many figures of each scene, new ones every time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from cnnviz.discovery import find_scenes
from cnnviz.pipeline import make
from cnnviz.storyboard import Cell
from tests.drawing import steady
from tests.properties import claims
from tests.properties.arithmetic import Num, equations, sides
from tests.properties.draws import figures

ROOT = Path(__file__).parents[2]
EXAMPLES = {"pool": 20, "unpool": 20, "cnn": 6, "batch-norm": 8, "gradient-descent": 6}
"""Fewer figures of the scenes that take longer."""


def kept(board):
    """A storyboard whose steps are made once, however often they are gone through."""
    steps = tuple(board.steps())
    return replace(board, steps=lambda: iter(steps))


@pytest.mark.parametrize("name", find_scenes())
def test_figures_keep_what_is_claimed(name):
    @steady(EXAMPLES.get(name, 12))
    @given(figures(name), st.integers(0, 99))
    def keeps(drawn, seed):
        parameters, figure = drawn
        board = kept(figure.storyboard())
        for claim in claims.CLAIMS:
            note(f"{claim.__name__}: {name} {parameters}")
            claim(figure, board, seed)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        keeps()


DRAW = """
import tests.conftest
from hypothesis import given
from tests.drawing import steady
from tests.properties.draws import parameters
for name in ("conv", "cnn", "norm"):
    steady(9)(given(parameters(name))(lambda drawn: print(drawn)))()
"""


def test_a_run_tries_what_any_other_tries():
    """However Python orders its sets: what is red once must be red again."""
    kept = {key: value for key, value in os.environ.items() if key != "CNNVIZ_PROPERTIES"}
    runs = [
        subprocess.Popen([sys.executable, "-c", DRAW], cwd=ROOT, env={**kept, "PYTHONHASHSEED": seed},
                         stdout=subprocess.PIPE) for seed in ("1", "2")
    ]  # fmt: skip
    first, second = (run.communicate()[0] for run in runs)
    assert first == second
    assert first.count(b"{") >= 27


@pytest.mark.parametrize("name", find_scenes())
def test_there_is_arithmetic_to_be_read_in_every_scene(name):
    given = {"optimizer": "sgd", "surface": "bowl"} if name == "gradient-descent" else {}
    board = make(name, **given).storyboard()
    assert sum(len(list(equations(text))) for text in claims.texts(board)) >= 4


@pytest.mark.parametrize(("caption", "problem"), [
    ("$y_{1,1}$ = 1·2 + 3·(−1) = **−1**", ""),
    ("$y_{1,1}$ = 1·2 + 3·(−1) = **1**", "= stands between what is not equal"),
    ("$y_{1,1}$ = 0.5·0.5 = **0.3**", "= stands between what is not equal"),
    ("$y_{1,1}$ = 0.5·0.5 ≈ **0.3**", ""),
    ("$y_{1,1}$ = 0.5·0.5 ≈ **0.25**", "≈ stands between what is equal"),
    ("$y_{1,1}$ = (1.0 + 2.0) / 4 ≈ **0.9**", "the sides are farther apart than rounding allows"),
    ("rows (3 − 1)·2 + 1 = **5**, columns (4 − 1)·1 + 1 = **5**", "= stands between what is not equal"),
    ("w = (1.0, 2.0) − 0.1·(1, 0/3) = **(0.9, 2.0)**", ""),
    ("w = (1.0, 2.0) − 0.1·(1, 0) = **(0.9, 1.9)**", "= stands between what is not equal"),
    (r"$\hat{x}$ = (3 − 1) / √(4.00 + 0.00001) ≈ **1.0**", ""),
    ("$b$ = 4 / (1 + 0.5·(1² + (−1)²))$^{0.5}$ = 4 / (1 + 0.5·2)$^{0.5}$ ≈ 4 / 1.41 ≈ **2.83**", ""),
    ("the loss −ln $p_{3}$ = −ln 0.5 ≈ **0.99**", "the sides are farther apart than rounding allows"),
    ("at row 1, column 3: 2.0 + 3.0 ≈ **6**", "the sides are farther apart than rounding allows"),
])  # fmt: skip
def test_the_reader_tells_right_from_wrong(caption, problem):
    found = [equation.problem() for equation in equations(caption)]
    assert found
    assert next(filter(None, found), "") == problem


def test_what_is_no_arithmetic_is_passed_over():
    for text in ("With stride $s$ = 2 it is pulled apart", "mean |∂L/∂x| of 784 ≈ **0.02**", "p − 1 = **0.5**",
                 "$y$ = 1·2 + … + 3·4 = **99**", "$x_{1,1}$ = 3 stamps 3 × kernel"):  # fmt: skip
        assert list(equations(text)) == []


def test_formulas_are_read_with_their_symbols():
    given = {"i": 5, "k": 3, "s": 2, "p": 1, "o": 3}
    assert sides(r"o=\lfloor(i+2p-k)/s\rfloor+1=\lfloor(5+2\cdot1-3)/2\rfloor+1=3", given) == [3, 3, 3, 3]
    assert sides("o=(i-1)s+k-2p", {**given, "i": 3, "o": 5}) == [5, 5]
    assert sides(r"o=\lceil(i-k)/s\rceil+1", {**given, "o": 2}) == [2, 2]
    assert Num.read("3.1·10⁻⁷").value == Fraction("3.1e-7")


def broken(change):
    """A figure whose storyboard somebody got wrong: each step goes through `change`."""
    figure = make("conv", p=1, seed=3)
    board = figure.storyboard()
    steps = tuple(change(step) for step in board.steps())
    return figure, replace(board, steps=lambda: iter(steps))


def cells(step, change, panel):
    """A step in which the cells of a panel are changed."""
    return replace(step, changes=tuple(
        change(c) if isinstance(c, Cell) and c.panel == panel else c for c in step.changes
    ))  # fmt: skip


def _off_by_a_row(cell):
    return replace(cell, row=max(0, cell.row - 1))


WRONG = {
    "another value": (lambda s: cells(s, lambda c: replace(c, value=c.value + 1), "output"),
                      (claims.results_are_the_operations, claims.captions_agree_with_the_cells)),
    "minus zero": (lambda s: replace(s, caption=s.caption.rpartition("**")[0][:-1] + "−0**"),
                   (claims.captions_agree_with_the_cells,)),
    "twice": (lambda s: replace(s, changes=(*s.changes, Cell(panel="output", row=0, column=0, value=1.0))),
              (claims.cells_are_written_once, claims.results_are_the_operations)),
    "a window off by a row": (lambda s: cells(s, _off_by_a_row, "input"), (claims.windows_are_receptive_fields,)),
    "a rounding of another": (lambda s: replace(s, caption=s.caption.replace("**2**", "**3**")),
                              (claims.captions_agree_with_the_cells, claims.arithmetic_comes_to_its_result)),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_claims_see_what_is_wrong(name):
    change, seen = WRONG[name]
    figure, board = broken(change)
    for claim in claims.CLAIMS:
        claim(figure, figure.storyboard(), 0)
    for claim in seen:
        with pytest.raises(AssertionError):
            claim(figure, board, 0)


def test_a_wrong_label_formula_or_setting_is_seen():
    figure = make("conv", s=2, p=1)
    board = figure.storyboard()
    for text, wrong in (("=3$", "=4$"), ("2p", "p"), (r"2\cdot1", r"2\cdot2")):
        assert text in board.formula
        with pytest.raises(AssertionError):
            claims.formulas_come_to_the_size(figure, replace(board, formula=board.formula.replace(text, wrong)), 0)
    with pytest.raises(AssertionError):
        claims.formulas_come_to_the_size(figure, replace(board, settings="stride $s=3$"), 0)
    panels = tuple(replace(p, label="Output 3×4") if p.name == "output" else p for p in board.rows[0])
    with pytest.raises(AssertionError):
        claims.sizes_are_as_labelled(figure, replace(board, rows=(panels,)), 0)
