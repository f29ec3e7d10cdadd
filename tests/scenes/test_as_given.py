"""Parameters stand in figures as they were given, whatever `--digits` says, and places as exactly as they are."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from cnnviz.notation import as_given, as_given_exactly, assigned, decimals_as_given
from cnnviz.pipeline import make
from cnnviz.storyboard import MoveDot, SetRow
from cnnviz.words.plain import spoken


def captions(scene, **given):
    return [step.caption for step in make(scene, **given).storyboard().steps()]


def rows(board, name):
    return [change.text for step in board.steps() for change in step.changes
            if isinstance(change, SetRow) and change.row == name]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), [
    (1.0, "1"), (1e-5, "0.00001"), (0.0123456789, "0.0123456789"), (-0.25, "−0.25"), (-0.0, "0"), (1e6, "1000000"),
    (1.5e-6, "1.5e−6"), (-1e-12, "−1e−12"), (2e12, "2e12"),
    # A sum that misses a decimal by a float's last bit is that decimal; what nobody typed has six digits.
    (0.1 + 0.2, "0.3"), (1 / 3, "0.333333"), (1e-7 / 3, "3.33333e−8"),
])  # fmt: skip
def test_a_given_number_is_written_in_full(value, text):
    assert as_given(value) == text
    assert as_given_exactly(value) == Fraction(text.replace("−", "-"))
    assert decimals_as_given(value) == min(n for n in range(30) if (as_given_exactly(value) * 10**n).denominator == 1)


def test_the_e_of_a_power_of_ten_is_no_symbol():
    assert assigned(r"\epsilon", as_given(1e-5)) == r"$\epsilon=0.00001$"
    assert assigned(r"\epsilon", as_given(1e-12)) == r"$\epsilon=\,$1e−12"


@pytest.mark.parametrize("digits", [None, 0])
@pytest.mark.parametrize(("scene", "given", "formula", "caption"), [
    ("batch-norm", {"eps": 1.5e-6}, r"$\epsilon=\,$1.5e−6", " + 1.5e−6) "),
    ("batch-norm", {"eps": 0.0123456789}, r"$\epsilon=0.0123456789$", " + 0.0123456789) "),
    ("batch-norm", {"eps": 1}, r"$\epsilon=1$", " + 1) "), ("norm", {"kind": "layer", "eps": 1}, None, " + 1) "),
    ("batch-norm", {"beta": "0.0000123"}, r"$\beta=0.0000123$", " + 0.0000123 ≈ "),
    ("batch-norm", {"gamma": "2e-7"}, r"$\gamma=\,$2e−7", "2e−7·"),
    ("fully-connected", {"input": "1 1", "weights": "1 1", "bias": "1e-5"}, None, "1·1 + 1·1 + 0.00001 ≈ **2"),
    ("activation", {"kind": "elu", "alpha": 0.00123456}, r"$\alpha=0.00123456$", " = 0.00123456·(e^"),
    ("loss", {"kind": "huber", "delta": 0.01234567}, r"$\delta=0.01234567$", " = 0.01234567·(|0-"),
    ("loss", {"kind": "mse", "label": 0.12345678}, "label $y=0.12345678$", " = (0.12345678-"),
    ("lrn", {"k": 1.23456789, "alpha": 1e-7}, r"$k=1.23456789$   $\alpha=\,$1e−7", "(1.23456789 + 1e−7·"),
])  # fmt: skip
def test_parameters_are_written_as_given(scene, given, formula, caption, digits):
    board = make(scene, **given, digits=digits).storyboard()
    assert formula is None or formula in f"{board.settings}     {board.formula}"
    assert caption.replace("**", "") in "\n".join(spoken(step.caption) for step in board.steps())


def test_the_derivative_at_a_corner_is_the_parameter_given():
    assert "$f'(0)=0.00123456$" in make("activation", kind="leaky-relu", alpha=0.00123456).storyboard().convention


def test_a_given_number_is_told_in_the_alternative_text():
    assert "the label 0.12345678:" in make("loss", kind="mse", label=0.12345678).storyboard().alt
    assert "parameter 0.01234567 " in make("loss", kind="huber", delta=0.01234567).storyboard().alt
    assert "parameter 0.00123456 " in make("activation", kind="elu", alpha=0.00123456).storyboard().alt
    assert "from x = −0.1 to 0.1234567." in make("activation", lo=-0.1, hi=0.1234567).storyboard().alt


@pytest.mark.parametrize("figure", [
    ("loss", {"kind": "cross-entropy", "label": 0, "lo": 0.001, "hi": 0.999, "frames": 9}),
    ("loss", {"kind": "binary-cross-entropy", "label": 1, "lo": 0.004, "hi": 0.996, "frames": 5}),
    ("activation", {"kind": "gelu", "lo": 0.001, "hi": 8.001, "frames": 3, "digits": 3}),
    ("activation", {"kind": "relu", "lo": -1.2345678, "hi": 1e4, "frames": 40}),
])  # fmt: skip
def test_the_ends_are_places_where_the_point_stops(figure):
    scene, given = figure
    board = make(scene, **given).storyboard()
    stops = [c.x for step in board.steps() for c in step.changes if isinstance(c, MoveDot) and c.dot == "point"]
    shown = [text.rpartition(" = ")[2] for text in rows(board, "x" if scene == "activation" else "estimate")]
    assert [float(text.replace("−", "-")) for text in shown] == stops
    assert (min(stops), max(stops)) == (given["lo"], given["hi"])
    assert f"{as_given(given['lo'])} to {as_given(given['hi'])}." in board.alt


def test_an_end_next_to_nothing_is_nothing():
    board = make("activation", lo=1e-300, hi=1, frames=2).storyboard()
    assert rows(board, "x") == ["$x$ = 0.00", "$x$ = 1.00"]


def test_a_loss_near_certainty_is_that_of_the_estimate():
    board = make("loss", kind="cross-entropy", label=0, lo=0.001, hi=0.999, frames=9).storyboard()
    # −ln 0.001 and 1 / 0.001; near 0 the gradient is 1 / 0.999.
    estimates = rows(board, "estimate")
    upper, lower = (next(n for n, row in enumerate(estimates) if row.endswith(end)) for end in ("0.999", "0.001"))
    assert [rows(board, name)[upper] for name in ("loss", "gradient")] == ["loss $L$ = 6.91", "gradient $L'$ = 1000.00"]
    assert rows(board, "gradient")[lower] == "gradient $L'$ = 1.00"
    plot = board.panel("plot")
    dots = [c.y for step in board.steps() for c in step.changes if isinstance(c, MoveDot) and c.dot == "point"]
    assert max(dots) < plot.y_range[1]
    assert max(dots) == pytest.approx(max(curve.y.max() for curve in plot.curves if curve.name == "function"))


@pytest.mark.parametrize(("scene", "given", "said"), [
    ("loss", {"kind": "mse", "label": 0}, "(0-(-1.75))^2 ≈ 3"),
    ("loss", {"kind": "binary-cross-entropy", "label": 1}, "ln (0.08)-"),
    ("loss", {"kind": "mae", "label": 0.01, "lo": -0.49, "hi": 0.26, "frames": 3}, "|0.01-(-0.49)| ≈ "),
    ("activation", {"kind": "silu", "lo": -100, "hi": 100}, "= 12.50·σ(12.50) ≈ 12"),
    ("activation", {"kind": "all", "lo": -1.5}, "x = −1.50: Linear −2"),
    ("activation", {"kind": "softmax"}, "= e^-3.50/(e^-3.50+e^2.00+e^0.50+e^-1.00) ≈ 0"),
])  # fmt: skip
def test_places_keep_their_decimals_when_few_are_asked_for(scene, given, said):
    assert said in "\n".join(map(spoken, captions(scene, **given, digits=0))) + "\n"


def test_the_logit_that_moves_is_told_as_it_is_in_its_cell_too():
    assert make("activation", kind="softmax", digits=0, frames=17).storyboard().panel("logits").digits == 1
    assert make("activation", kind="softmax", digits=0, frames=9).storyboard().panel("logits").digits == 0
    assert make("activation", kind="softmax", frames=100).storyboard().panel("logits").digits == 2


def test_long_parameters_stand_closer_together():
    settings = make("lrn", alpha=0.0123456789, n=5).storyboard().settings
    assert settings == r"$n=5$   $k=1$   $\alpha=0.0123456789$   $\beta=0.75$"


def test_selus_constants_have_as_many_decimals_as_the_result_needs():
    def said(lo, hi, **given):
        return [spoken(caption) for caption in captions("activation", kind="selu", lo=lo, hi=hi, **given)]

    assert said(-4, 26, frames=3)[1].endswith(" = 1.0507·11.00 ≈ 11.56")
    # The formula in front has the same constant.
    assert said(-4, 26, frames=3, digits=6)[1] == "f(x) = 1.05070099x = 1.05070099·11.00 ≈ 11.557711"
    assert said(-1, 1e4, frames=2)[1].endswith(" = 1.05070099·10000.00 ≈ 10507.01")
    # Of 105.0701 it is not said that it were 105.07.
    assert re.search(r" = 1\.0507\d*[1-9]·100\.00 ≈ 105\.07$", said(-1, 100, frames=2)[1])
    for text in said(-3.7, 26, frames=9, digits=6):
        constant, factor, result = re.search(r" = ([\d.]+)·(\S+).* [≈=] (\S+)$", text).groups()
        assert constant.startswith(("1.0507", "1.758"))
        if "e" not in factor:
            assert float(constant) * float(factor) == pytest.approx(float(result), abs=0.6e-6)
