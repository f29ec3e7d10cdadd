"""Parameters stand in figures as they were given, whatever `--digits` says, and places as exactly as they are."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cnnviz.notation import as_given, as_given_exactly, decimals_as_given, grouped
from cnnviz.pipeline import make
from cnnviz.storyboard import MoveDot, SetRow
from cnnviz.words.plain import spoken


def rows(board, name):
    return [
        change.text
        for step in board.steps()
        for change in step.changes
        if isinstance(change, SetRow) and change.row == name
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (1e-5, "0.00001"),
        (0.0123456789, "0.0123456789"),
        (-0.25, "−0.25"),
        (-0.0, "0"),
        (1e6, "1000000"),
        (1.5e-6, "1.5e−6"),
        (-1e-12, "−1e−12"),
        (2e12, "2e12"),
        # A sum that misses a decimal by a float's last bit is that decimal; what nobody typed has six digits.
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.333333"),
        (1e-7 / 3, "3.33333e−8"),
    ],
)
def test_a_given_number_is_written_in_full(value, text):
    assert as_given(value) == text
    assert as_given_exactly(value) == Fraction(text.replace("−", "-"))
    assert decimals_as_given(value) == min(n for n in range(30) if (as_given_exactly(value) * 10**n).denominator == 1)


@pytest.mark.parametrize("digits", [None, 0])
@pytest.mark.parametrize(
    ("scene", "given", "formula", "caption"),
    [
        ("batch-norm", {"eps": 1.5e-6}, r"$\epsilon=\,$1.5e−6", " + 1.5e−6) "),
        ("norm", {"kind": "layer", "eps": 1}, None, " + 1) "),
        ("batch-norm", {"gamma": "2e-7"}, r"$\gamma=\,$2e−7", "2e−7·"),
        ("fully-connected", {"input": "1 1", "weights": "1 1", "bias": "1e-5"}, None, "1·1 + 1·1 + 0.00001 ≈ **2"),
        ("activation", {"kind": "elu", "alpha": 0.00123456}, r"$\alpha=0.00123456$", " = 0.00123456·(e^"),
        ("loss", {"kind": "mse", "label": 0.12345678}, "label $y=0.12345678$", " = (0.12345678-"),
        ("lrn", {"k": 1.23456789, "alpha": 1e-7}, r"$k=1.23456789$   $\alpha=\,$1e−7", "(1.23456789 + 1e−7·"),
    ],
)
def test_parameters_are_written_as_given(scene, given, formula, caption, digits):
    board = make(scene, **given, digits=digits).storyboard()
    assert formula is None or formula in f"{board.settings}     {board.formula}"
    assert caption.replace("**", "") in "\n".join(spoken(step.caption) for step in board.steps())


@pytest.mark.parametrize(
    "figure",
    [
        ("loss", {"kind": "cross-entropy", "label": 0, "lo": 0.001, "hi": 0.999, "frames": 9}),
        ("activation", {"kind": "relu", "lo": -1.2345678, "hi": 1e4, "frames": 40}),
    ],
)
def test_the_ends_are_places_where_the_point_stops(figure):
    scene, given = figure
    board = make(scene, **given).storyboard()
    stops = [c.x for step in board.steps() for c in step.changes if isinstance(c, MoveDot) and c.dot == "point"]
    shown = [text.rpartition(" = ")[2] for text in rows(board, "x" if scene == "activation" else "estimate")]
    assert [float(text.replace("−", "-")) for text in shown] == stops
    assert (min(stops), max(stops)) == (given["lo"], given["hi"])
    assert f"{grouped(as_given(given['lo']))} to {grouped(as_given(given['hi']))}." in board.alt
