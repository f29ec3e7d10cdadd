"""Pooling: windows, winners, divisors and captions against loops over the plain definition."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from cnnviz import UsageError
from cnnviz.pipeline import make
from cnnviz.playback import play

COVERED = {"kernel", "kernel_on_padding", "winner"}


def starts(i, k, s, p, d, ceil):
    """Where windows start along an axis, torch's rule for the last one of `ceil_mode` included."""
    span, found, start = d * (k - 1) + 1, [], -p
    while start + span <= i + p or (ceil and start + span < i + p + s and start < i):
        found.append(start)
        start += s
    return found


@st.composite
def parameters(draw):
    def pair(low, high):
        return draw(st.tuples(st.integers(low, high), st.integers(low, high)))

    kind = draw(st.sampled_from(["max", "avg"]))
    k, s = pair(1, 4), pair(1, 4)
    d = pair(1, 2) if kind == "max" else (1, 1)
    p = tuple(draw(st.integers(0, n // 2 if d == (1, 1) else 0)) for n in k)
    i = tuple(draw(st.integers(d[n] * (k[n] - 1) + 1, 9)) for n in (0, 1))
    given = {"kind": kind, "i": i, "k": k, "s": s, "p": p, "d": d, "ceil_mode": draw(st.booleans())}
    if kind == "avg":
        given["count_include_pad"] = draw(st.booleans())
    return given | {"seed": draw(st.integers(0, 99))}


@settings(deadline=None, derandomize=True, max_examples=15)
@given(parameters())
def test_every_step_against_the_definition(given):
    board = make("pool", **given).storyboard()
    (i0, i1), (k0, k1), (p0, p1), (d0, d1) = (given[name] for name in "ikpd")
    image = board.panel("input").values[p0 : p0 + i0, p1 : p1 + i1]
    tops, lefts = (
        starts(*(given[name][axis] for name in "ikspd"), given["ceil_mode"]) for axis in (0, 1)
    )  # fmt: skip
    assert board.panel("output").shape == (len(tops), len(lefts))
    for place, (step, states) in enumerate(play(board)):
        row, column = divmod(place, len(lefts))
        cells = [(tops[row] + r * d0, lefts[column] + c * d1) for r in range(k0) for c in range(k1)]
        padded = {(r, c) for r, c in cells if r < i0 + p0 and c < i1 + p1}
        inside = {(r, c) for r, c in padded if 0 <= r < i0 and 0 <= c < i1}
        state, value = states["input"], states["output"].values[row, column]
        shown = {(r - p0, c - p1) for r, c in np.ndindex(state.values.shape) if state.roles[r, c] in COVERED}
        assert shown == padded
        window = state.marks["window"]
        assert (window.row - p0, window.column - p1) == cells[0]
        assert (window.rows, window.columns) == (d0 * (k0 - 1) + 1, d1 * (k1 - 1) + 1)
        if given["kind"] == "max":
            assert value == max(image[cell] for cell in inside)
            (winner,) = np.argwhere(state.roles == "winner")
            assert (winner[0] - p0, winner[1] - p1) in inside
            assert state.values[tuple(winner)] == value
            assert (state.marks["winner"].row, state.marks["winner"].column) == tuple(winner)
        else:
            counted = padded if given["count_include_pad"] else inside
            exact = Fraction(int(sum(image[cell] for cell in inside)), len(counted))
            assert value == pytest.approx(float(exact))
            assert_mean(step.caption, exact, len(counted))


def assert_mean(caption, exact, count):
    """A caption such as `$y_{1,1}$ = (3 + 1) / 2 = **2**` adds up, and says ≈ where the result is rounded."""
    terms, divisor, sign, result = re.fullmatch(
        r"\$y_\{\d+,\d+\}\$ = \((.+)\) / (\d+) ([=≈]) \*\*(.+)\*\*", caption
    ).groups()  # fmt: skip
    terms = terms.split(" + ")
    if "…" not in terms:
        assert len(terms) == count
        assert Fraction(sum(map(int, terms)), int(divisor)) == exact
    assert int(divisor) == count
    assert (Fraction(result) == exact) == (sign == "=")
    assert abs(Fraction(result) - exact) <= Fraction(1, 200)


def test_padding_is_blank_for_max_and_zero_for_avg():
    frame = np.ones((6, 6), bool)
    frame[1:5, 1:5] = False
    blank = make("pool", k=2, p=1).storyboard().panel("input").values
    assert np.isnan(blank[frame]).all()
    zeros = make("pool", kind="avg", k=2, p=1).storyboard().panel("input").values
    assert (zeros[frame] == 0).all()
    assert make("pool", k=2, p=1).storyboard().convention == "padding never wins"


def test_captions_are_written_out():
    board = make("pool", input="3 1 -1 0; 0 2 0.5 2").storyboard()
    assert [step.caption for step in board.steps()] == [
        "$y_{1,1}$ = max(3.0, 1.0, 0.0, 2.0) = **3**", "$y_{1,2}$ = max(−1.0, 0.0, 0.5, 2.0) = **2**",
    ]  # fmt: skip
    board = make("pool", kind="avg", input="3 1; 0 2").storyboard()
    assert [step.caption for step in board.steps()] == ["$y_{1,1}$ = (3 + 1 + 0 + 2) / 4 = **1.5**"]
    board = make("pool", kind="avg", input="3 -1; 0 2", k=2, s=2, p=1, count_include_pad=False).storyboard()
    captions = [step.caption for step in board.steps()]
    assert captions[:2] == ["$y_{1,1}$ = (3) / 1 = **3**", "$y_{1,2}$ = (−1) / 1 = **−1**"]


def test_what_hangs_over_the_edge_does_not_count():
    board = make("pool", kind="avg", input="1 2 3; 4 5 6; 7 8 9", k=2, p=1, s=3, ceil_mode=True).storyboard()
    assert [step.caption for step in board.steps()] == [
        "$y_{1,1}$ = (0 + 0 + 0 + 1) / 4 = **0.25**", "$y_{1,2}$ = (0 + 0 + 3 + 0) / 4 = **0.75**",
        "$y_{2,1}$ = (0 + 7 + 0 + 0) / 4 = **1.75**", "$y_{2,2}$ = (9 + 0 + 0 + 0) / 4 = **2.25**",
    ]  # fmt: skip
    board = make("pool", kind="avg", input="1 2 3", k="1x2", ceil_mode=True).storyboard()
    captions = [step.caption for step in board.steps()]
    assert captions == ["$y_{1,1}$ = (1 + 2) / 2 = **1.5**", "$y_{1,2}$ = (3) / 1 = **3.0**"]
    assert board.panel("input").shape == (1, 4)
    assert board.panel("input").roles[0, 3] == "empty"


def test_titles_and_formulas():
    assert make("pool").storyboard().title == "Max pooling"
    assert make("pool", kind="avg", output_size=1).storyboard().title == "Global average pooling"
    assert make("pool", output_size=2).storyboard().title == "Adaptive max pooling"
    assert make("pool", i=4).storyboard().formula == r"$o=\lfloor(i-k)/s\rfloor+1=\lfloor(4-2)/2\rfloor+1=2$"
    hanging = make("pool", i=5, k=2, s=3, p=1, ceil_mode=True).storyboard()
    assert hanging.formula == r"$o=\lceil(i+2p-k)/s\rceil+1=\lceil(5+2\cdot1-2)/3\rceil+1-1=2$" + (
        ": the last would start beyond the input"
    )


def test_file_names_and_commands():
    figure = make("pool", i=4)
    assert figure.file_name() == "pool_max_i4_k2_s2.gif"
    assert make("pool", kind="avg", i=6, output_size=1).file_name() == "pool_avg_i6_output-size1.gif"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"output_size": 2, "k": 3}, "--output-size 2 chooses its own windows: leave --k out, or --output-size"),
        ({"output_size": 2, "s": 1}, "--output-size 2 chooses its own windows: leave --s out, or --output-size"),
        ({"output_size": "2x3", "p": 1}, "--output-size 2×3 chooses its own windows: leave --p out, or --output-size"),
        ({"kind": "avg", "d": 2}, "avg pooling has no dilation 2: leave --d out, or use max"),
        ({"count_include_pad": False},
         "max pooling counts nothing: leave --no-count-include-pad out, or use avg"),
        ({"p": 2}, "padding 2 is more than half of window 2: use --p 1 or less, or --k 4 or more"),
        ({"i": 3, "k": 4}, "kernel 4 does not fit the padded input 3 (= 3 + 2·0): use --p 1 or more, or --k 3 or less"),
        ({"kind": "median"}, "kind 'median' is not known: choose from max, avg"),
    ],
)  # fmt: skip
def test_messages(given, message):
    with pytest.raises(UsageError) as caught:
        make("pool", **given)
    assert str(caught.value) == message


def test_a_gif_comes_out(tmp_path):
    make("pool", i=4, width=480).save(tmp_path / "x.gif")
    with Image.open(tmp_path / "x.gif") as gif:
        assert gif.size == (480, 270)
        assert len(list(ImageSequence.Iterator(gif))) == 4


@pytest.mark.parametrize(("kind", "sign"), [("max", "="), ("avg", "≈")])
def test_small_operands_are_written_as_finely_as_the_result(kind, sign):
    rows = "0.000761 -0.007229 0.004481; 0.001507 0.002531 -0.008549; 0.001781 0.000609 -0.000668"
    caption = next(make("pool", kind=kind, input=rows, output_size="3x1").storyboard().steps()).caption
    arithmetic = caption.partition(" = ")[2] if sign == "=" else caption
    assert all(f"{value:.4f}" in arithmetic for value in (0.000761, 0.007229, 0.004481))
    assert f" {sign} **" in caption
