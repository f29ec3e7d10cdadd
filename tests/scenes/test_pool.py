"""Pooling: windows, winners, divisors and arithmetic against loops over the plain definition."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz import UsageError
from cnnviz.pipeline import make
from cnnviz.playback import play
from tests.scenes.trees import assert_arithmetic_holds, equations, final

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
    figure = make("pool", **given)
    assert_arithmetic_holds(figure)
    board = figure.storyboard()
    (i0, i1), (k0, k1), (p0, p1), (d0, d1) = (given[name] for name in "ikpd")
    image = board.panel("input").values[p0 : p0 + i0, p1 : p1 + i1]
    tops, lefts = (
        starts(*(given[name][axis] for name in "ikspd"), given["ceil_mode"]) for axis in (0, 1)
    )  # fmt: skip
    assert board.panel("output").shape == (len(tops), len(lefts))
    for place, (_, states) in enumerate(play(board)):
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


def test_padding_is_blank_for_max_and_zero_for_avg():
    frame = np.ones((6, 6), bool)
    frame[1:5, 1:5] = False
    blank = make("pool", k=2, p=1).storyboard().panel("input").values
    assert np.isnan(blank[frame]).all()
    zeros = make("pool", kind="avg", k=2, p=1).storyboard().panel("input").values
    assert (zeros[frame] == 0).all()


@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize("size", [1, 2, 3, (2, 1), 5])
def test_adaptive_windows_share_out_the_input(kind, size):
    x = np.arange(20.0).reshape(4, 5)
    rows, columns = size if isinstance(size, tuple) else (size, size)
    reduce = np.max if kind == "max" else np.mean
    wanted = [
        [reduce(x[r * 4 // rows : -(-(r + 1) * 4 // rows), c * 5 // columns : -(-(c + 1) * 5 // columns)])
         for c in range(columns)]
        for r in range(rows)
    ]  # fmt: skip
    figure = make("pool", kind=kind, input=x, output_size=size)
    np.testing.assert_allclose(final(figure)["output"], wanted)
    assert assert_arithmetic_holds(figure) == rows * columns


def test_a_window_over_the_edge_divides_by_what_it_covers():
    figure = make("pool", kind="avg", input="1 2 3; 4 5 6; 7 8 9", k=2, p=1, s=3, ceil_mode=True)
    assert final(figure)["output"].tolist() == [[0.25, 0.75], [1.75, 2.25]]
    figure = make("pool", kind="avg", input="1 2 3", k="1x2", ceil_mode=True)
    assert final(figure)["output"].tolist() == [[1.5, 3]]
    panel = figure.storyboard().panel("input")
    assert panel.shape == (1, 4)
    assert panel.roles[0, 3] == "empty"


def test_the_formula_leaves_out_a_window_that_would_begin_beyond_the_input():
    figure = make("pool", i=5, k=2, s=3, p=1, ceil_mode=True)
    assert figure.scene.storyboard().formula.value(0) == 2
    assert final(figure)["output"].shape == (2, 2)


@pytest.mark.parametrize("kind", ["max", "avg"])
def test_a_sign_says_whether_the_numbers_written_are_exact(kind):
    rows = "0.000761 -0.007229 0.004481; 0.001507 0.002531 -0.008549; 0.001781 0.000609 -0.000668"
    step = next(make("pool", kind=kind, input=rows, output_size="3x1").scene.storyboard().steps())
    assert equations(step.caption)[0][0] == pytest.approx(0.004481 if kind == "max" else -0.001987 / 3)
    assert list(step.caption.signs()) == ["=" if kind == "max" else "≈"]


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({"output_size": 2, "k": 3}, ["--output-size", "--k"]),
        ({"output_size": 2, "ceil_mode": True}, ["--output-size", "--ceil-mode"]),
        ({"kind": "avg", "d": 2}, ["--d", "max"]),
        ({"count_include_pad": False}, ["--no-count-include-pad", "avg"]),
        ({"p": 2}, ["--p 1", "--k 4"]),
        ({"i": 3, "k": 4}, ["--p 1", "--k 3"]),
        ({"i": 200, "k": 1}, ["40000 steps"]),
    ],
)
def test_what_does_not_go_together_is_refused(given, options):
    with pytest.raises(UsageError) as caught:
        make("pool", **given)
    assert all(option in str(caught.value) for option in options)
    assert "\n" not in str(caught.value)
