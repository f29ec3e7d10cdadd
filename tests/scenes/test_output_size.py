"""Output size: the places counted on the input, against trying every place."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from cnnviz import UsageError
from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.storyboard import SetRow
from tests.figures import arithmetic


def places(i, k, s, p, d):
    """Where along an axis the kernel lies within the padded input, each place tried."""
    return [start for start in range(0, i + 2 * p, s) if start + d * (k - 1) < i + 2 * p]


@st.composite
def parameters(draw):
    def pair(low, high):
        return draw(st.tuples(st.integers(low, high), st.integers(low, high)))

    given = {"i": pair(1, 8), "k": pair(1, 4), "s": pair(1, 3), "p": pair(0, 2), "d": pair(1, 2)}
    if draw(st.booleans()):
        given = {name: (size[0], size[0]) for name, size in given.items()}
    assume(all(places(*(given[name][axis] for name in "ikspd")) for axis in (0, 1)))
    return given


@settings(deadline=None, derandomize=True, max_examples=15)
@given(parameters())
def test_places_are_counted_and_what_is_missed_is_hatched(given):
    board = make("output-size", **given).storyboard()
    tops, lefts = (places(*(given[name][axis] for name in "ikspd")) for axis in (0, 1))
    windows, numbers = [], []
    for step, states in play(board):
        window = states["input"].marks["window"]
        if window.rows:
            windows.append((int(window.row), int(window.column)))
        numbers.append(int(np.isfinite(states["output"].values).sum()))
        if (parts := arithmetic(step.caption)) is not None:
            assert parts[0] == parts[2], step.caption
    both = len({tuple(size[axis] for size in given.values()) for axis in (0, 1)}) == 2
    along = [(0, left) for left in lefts] + ([(top, 0) for top in tops] if both else [])
    assert list(dict.fromkeys(windows)) == list(dict.fromkeys(along))
    assert numbers == sorted(numbers)
    assert numbers[-1] == len(tops) * len(lefts)
    assert states["output"].values.shape == (len(tops), len(lefts))
    starts = {(top, left) for top in tops for left in lefts}
    roles = states["input"].roles
    assert {tuple(at) for at in np.argwhere(roles == "output").tolist()} == starts
    assert [states["input"].values[at] for at in sorted(starts)] == list(range(1, len(starts) + 1))
    (k0, k1), (d0, d1) = given["k"], given["d"]
    reached = {(r + a * d0, c + b * d1) for r, c in starts for a in range(k0) for b in range(k1)}
    for at in np.ndindex(roles.shape):
        assert str(roles[at]).endswith("unreached") == (at not in reached)


def test_the_equation_is_built_line_by_line():
    board = make("output-size", i=6, k=3, s=2, p=1).storyboard()
    lines = {}
    for step in board.steps():
        lines |= {c.row: c.text for c in step.changes if isinstance(c, SetRow) and c.text is not None}
    assert lines == {
        "columns-0": "$i+2p$ = 6 + 2·1 = **8** cells",
        "columns-1": r"$-\,k$:  8 − 3 = **5** beside the kernel",
        "columns-2": "$/s$:  ⌊5 / 2⌋ = **2** strides",
        "columns-3": "$+1$:  2 + 1 = **3** places",
    }
    assert set(lines.values()) <= set(board.panel("count").widest)
    assert [step.caption for step in board.steps()] == [
        "With 1 on both sides the input is 6 + 2·1 = **8** cells a side",
        "The kernel takes its first place; columns left beside it: 8 − 3 = **5**",
        "Stride 1 of 2 leads to place 2; columns left: 5 − 1·2 = **3**",
        "Stride 2 of 2 leads to place 3; columns left: 5 − 2·2 = **1**",
        "No room for another stride: 5 − 2·2 = 1 is less than 2; hatched: **1** column never reached",
        "The first place counts too: 2 + 1 = **3** places",
        "One output cell for each place of the kernel: 3×3 = **9**",
    ]


def test_a_long_formula_gives_way_to_what_it_comes_to():
    assert make("output-size", i="16x28", k="3x5", d=2, p=1).storyboard().formula == (
        r"$o=\lfloor(i+2p-d(k-1)-1)/s\rfloor+1$    rows $o=14$    columns $o=22$"
    )
    assert re.search(r"rows .*=4\$    columns .*=7\$", make("output-size", i="6x9").storyboard().formula)


def test_messages():
    with pytest.raises(UsageError) as caught:
        make("output-size", i=3, k=5)
    assert str(caught.value) == (
        "kernel 5 does not fit the padded input 3 (= 3 + 2·0): use --p 1 or more, or --k 3 or less"
    )


def test_a_gif_comes_out(tmp_path):
    figure = make("output-size", i=5, s=2, width=480)
    figure.save(tmp_path / "x.gif")
    with Image.open(tmp_path / "x.gif") as gif:
        assert gif.size == (480, 270)
        assert len(list(ImageSequence.Iterator(gif))) == figure.storyboard().count
