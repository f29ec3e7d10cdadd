"""Output size: the positions counted on the input, against trying every one."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnnviz.pipeline import make
from cnnviz.playback import play


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


@settings(deadline=None, derandomize=True, max_examples=8)
@given(parameters())
def test_places_are_counted_and_what_is_missed_is_hatched(given):
    figure = make("output-size", **given)
    board = figure.storyboard()
    tops, lefts = (places(*(given[name][axis] for name in "ikspd")) for axis in (0, 1))
    windows, numbers = [], []
    for _, states in play(board):
        window = states["input"].marks["window"]
        if window.rows:
            windows.append((int(window.row), int(window.column)))
        numbers.append(int(np.isfinite(states["output"].values).sum()))
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
