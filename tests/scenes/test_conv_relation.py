"""A convolution and its transpose: sizes and values there and back, against loops over the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from cnnviz import UsageError
from cnnviz.pipeline import make
from cnnviz.playback import play


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


def test_it_is_said_that_the_size_comes_back_and_the_values_do_not():
    board = make("conv-relation", input="1 2; 3 4", kernel="1 1", s=1).storyboard()
    *_, last = board.steps()
    assert last.caption == "2×2 again, but 4 of 4 values are others: at row 1, column 1 it was 1 and is **3**"
    assert last.changes[-1].label == "Back to 2×2\nsame size, other values"
    board = make("conv-relation", i=3, k=1, kernel="1", s=1).storyboard()
    *_, last = board.steps()
    assert last.caption == "3×3 again, and with this kernel even the values agree: **9** of 9"
    assert last.changes[-1].label == "Back to 3×3\nsame values"


def test_what_the_stride_leaves_over_is_the_output_padding():
    board = make("conv-relation", i=6, k=3, s=2).storyboard()
    assert board.convention == "output padding $a$ = 1"
    assert board.formula == (
        r"$o=\lfloor(i+2p-k)/s\rfloor+1=\lfloor(6+2\cdot0-3)/2\rfloor+1=2$    "
        r"back $(o-1)s+k-2p+a=(2-1)\cdot2+3-2\cdot0+1=6$"
    )
    assert make("conv-relation", i=5, k=3, s=2).storyboard().convention == ""
    assert make("conv-relation", i="6x9", k=3, s=2).storyboard().formula == (
        r"$o=\lfloor(i+2p-k)/s\rfloor+1$    back $(o-1)s+k-2p+a$    rows $6\to2\to6$, columns $9\to4\to9$"
    )


def test_captions_are_written_out():
    board = make("conv-relation", input="1 2; 3 4", kernel="1 -1", s=1).storyboard()
    assert [step.caption for step in board.steps()][:4] == [
        "$y_{1,1}$ = 1·1 + 2·(−1) = **−1**", "$y_{2,1}$ = 3·1 + 4·(−1) = **−1**",
        "$y_{1,1}$ = −1 stamps (−1) × kernel; at row 1, column 1: 0 + (−1) = **−1**",
        "$y_{2,1}$ = −1 stamps (−1) × kernel; at row 2, column 1: 0 + (−1) = **−1**",
    ]  # fmt: skip


def test_messages():
    with pytest.raises(UsageError) as caught:
        make("conv-relation", i=2, k=5)
    assert str(caught.value) == (
        "kernel 5 does not fit the padded input 2 (= 2 + 2·0): use --p 2 or more, or --k 2 or less"
    )


def test_a_gif_comes_out(tmp_path):
    figure = make("conv-relation", i=4, k=3, s=1, width=480)
    figure.save(tmp_path / "x.gif")
    with Image.open(tmp_path / "x.gif") as gif:
        assert gif.size == (480, 270)
        assert len(list(ImageSequence.Iterator(gif))) == figure.storyboard().count
