"""A convolution and its transpose: sizes and values there and back, against loops over the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnnviz import UsageError
from cnnviz.pipeline import make
from cnnviz.playback import play
from tests.scenes.trees import assert_arithmetic_holds, final


@st.composite
def parameters(draw):
    def pair(low, high):
        return draw(st.tuples(st.integers(low, high), st.integers(low, high)))

    i, k, s, p = pair(1, 6), pair(1, 4), pair(1, 3), pair(0, 3)
    assume(all(i[n] + 2 * p[n] >= k[n] for n in (0, 1)))
    return {"i": i, "k": k, "s": s, "p": p, "seed": draw(st.integers(0, 99))}


def taps(place, given):
    """The cells of the input, padding excluded, under the kernel at an output's place, each with its weight's place."""
    for tap in np.ndindex(given["k"]):
        cell = tuple(place[n] * given["s"][n] + tap[n] - given["p"][n] for n in (0, 1))
        if all(0 <= cell[n] < given["i"][n] for n in (0, 1)):
            yield cell, tap


@settings(deadline=None, derandomize=True, max_examples=6)
@given(parameters())
def test_there_and_back(given):
    board = make("conv-relation", **given).storyboard()
    (p0, p1), (i0, i1) = given["p"], given["i"]
    image, kernel = board.panel("input").values[p0 : p0 + i0, p1 : p1 + i1], board.panel("kernel").values
    shape = board.panel("output").shape
    places = list(np.ndindex(shape))
    output = np.array([sum(image[c] * kernel[t] for c, t in taps(at, given)) for at in places]).reshape(shape)
    assert board.count == 2 * len(places) + 1
    back = np.zeros(given["i"])
    for step, (_, states) in enumerate(play(board)):
        known = np.isfinite(states["output"].values)
        assert known.sum() == min(step + 1, len(places))
        np.testing.assert_allclose(states["output"].values[known], output[known])
        if len(places) <= step < 2 * len(places):
            at = places[step - len(places)]
            for cell, tap in taps(at, given):
                back[cell] += output[at] * kernel[tap]
            reached = np.isfinite(states["back"].values)
            np.testing.assert_allclose(states["back"].values[reached], back[reached])
            assert all(reached[cell] for cell, _ in taps(at, given))
            assert (back[~reached] == 0).all()
            window = states["input"].marks["window"]
            assert (window.row, window.column) == (at[0] * given["s"][0], at[1] * given["s"][1])
    np.testing.assert_allclose(states["back"].values, back)
    assert board.panel("back").shape == given["i"]


@settings(deadline=None, derandomize=True, max_examples=6)
@given(parameters())
def test_the_arithmetic_holds(given):
    figure = make("conv-relation", **given)
    assert assert_arithmetic_holds(figure) >= figure.storyboard().count // 2


def test_values_come_back_only_with_a_kernel_that_keeps_them():
    x = np.arange(1.0, 10).reshape(3, 3)
    for kernel, same in (("1", True), ("2", False)):
        figure = make("conv-relation", input=x, kernel=kernel, k=1, s=1)
        assert (final(figure)["back"].tolist() == x.tolist()) == same


@pytest.mark.parametrize(("i", "rest"), [(5, 0), (6, 1), ("6x5", (1, 0))])
def test_what_the_stride_leaves_over_is_the_output_padding(i, rest):
    call = make("conv-relation", i=i, k=3, s=2).scene.operation().calls[1]
    assert call.options["output_padding"] == (rest if isinstance(rest, tuple) else (rest, rest))


def test_a_kernel_that_does_not_fit_is_refused():
    with pytest.raises(UsageError, match="--p 1 or more"):
        make("conv-relation", i=2, k=3)
    with pytest.raises(UsageError, match="give more rows"):
        make("conv-relation", input="1 2 3", k=2)
