"""Convolution: its notes, captions, formula and words as they are written; its numbers are held in tests/properties."""

from __future__ import annotations

import pytest

from cnnviz.pipeline import make


def test_captions_are_written_out():
    board = make("conv", input="1 2; 3 -4", kernel="1 0; -2 0.5", bias=3).storyboard()
    assert [step.caption for step in board.steps()] == [
        "$y_{1,1}$ = 1·1 + 3·(−2) + (−4)·0.5 + 3 = **−4**   (weights 0 left out)"
    ]


def test_tiny_numbers_are_not_shown_as_zero():
    board = make("conv", input="1e-9 -2e-9; 3e-9 4e-9", k=1, kernel="0.5").storyboard()
    assert [step.caption for step in board.steps()][:2] == [
        "$y_{1,1}$ = 1e−9·0.5 = **5e−10**",
        "$y_{1,2}$ = −2e−9·0.5 = **−1e−9**",
    ]
    assert [panel.digits for panel in board.panels() if panel.kind == "grid"] == [9, 1, 10]
    assert "5e−10, −1e−9; 1.5e−9, 2e−9." in board.alt
    lost = make("conv", input="0.1 0.2 0.3; 0.1 0.2 0.3", k="1x3", kernel="1 1 -1", digits=3).storyboard()
    assert [step.caption for step in lost.steps()][-2].endswith("= **0.000**"), "what floats leave of 0 is 0"


def test_a_long_caption_keeps_its_ends():
    board = make("conv", input="ones", i=5, kernel="ones", k=5).storyboard()
    (step,) = board.steps()
    assert step.caption.startswith("$y_{1,1}$ = 1·1 + 1·1 + ")
    assert step.caption.endswith(" + … + 1·1 = **25**")


@pytest.mark.parametrize(
    ("given", "formula"),
    [
        ({"i": 5, "k": 3, "s": 2, "p": 1}, r"$o=\lfloor(i+2p-k)/s\rfloor+1=\lfloor(5+2\cdot 1-3)/2\rfloor+1=3$"),
        (
            {"i": 7, "k": 3, "d": 2},
            r"$o=\lfloor(i+2p-d(k-1)-1)/s\rfloor+1=\lfloor(7+2\cdot 0-2\cdot (3-1)-1)/1\rfloor+1=3$",
        ),
        (
            {"i": "4x6", "k": 3, "s": 1, "p": 0},
            r"$o=\lfloor(i+2p-k)/s\rfloor+1$    rows $\lfloor(4+2\cdot 0-3)/1\rfloor+1=2$    "
            r"columns $\lfloor(6+2\cdot 0-3)/1\rfloor+1=4$",
        ),
    ],
)
def test_the_formula_has_its_numbers(given, formula):
    assert make("conv", **given).storyboard().formula == formula
