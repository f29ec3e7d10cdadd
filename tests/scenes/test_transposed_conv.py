"""Transposed convolution: all three views against the plain definition, step by step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnnviz.pipeline import make
from cnnviz.playback import play


def stamped(x, w, s, p, a, d, bias, count=None):
    """The definition: every input pixel adds its multiple of the kernel; of the pixels only the first `count`."""
    shape = [(n - 1) * s[axis] + d[axis] * (w.shape[axis] - 1) + 1 + a[axis] for axis, n in enumerate(x.shape)]
    full = np.full(shape, float(bias))
    for place in list(np.ndindex(x.shape))[:count]:
        for tap in np.ndindex(w.shape):
            full[tuple(place[n] * s[n] + tap[n] * d[n] for n in (0, 1))] += x[place] * w[tap]
    return full, full[p[0] : shape[0] - p[0], p[1] : shape[1] - p[1]]


@st.composite
def parameters(draw):
    def pair(low, high):
        return draw(st.tuples(st.integers(low, high), st.integers(low, high)))

    i, k, s, p, d = pair(1, 4), pair(1, 4), pair(1, 3), pair(0, 4), pair(1, 2)
    a = tuple(draw(st.integers(0, max(s[n], d[n]) - 1)) for n in (0, 1))
    assume(all((i[n] - 1) * s[n] + d[n] * (k[n] - 1) + 1 + a[n] > 2 * p[n] for n in (0, 1)))
    return {
        "i": i, "k": k, "s": s, "p": p, "d": d, "output_padding": a, "seed": draw(st.integers(0, 99)),
        "bias": float(draw(st.integers(-3, 3))),
    }  # fmt: skip


@settings(deadline=None, derandomize=True, max_examples=5)
@given(parameters())
def test_stamps_add_up_step_by_step(given):
    board = make("transposed-conv", **given, view="scatter").storyboard()
    size, fixed = np.prod(given["i"]), [given[name] for name in ("s", "p", "output_padding", "d", "bias")]
    assert board.count == size + 1
    for place, (_, states) in enumerate(play(board)):
        full, kept = stamped(board.panel("input").values, board.panel("kernel").values, *fixed, min(place + 1, size))
        cropped = "sum" in states
        assert cropped == (given["p"] != (0, 0))
        sums = states["sum" if cropped else "output"].values
        reached = np.isfinite(sums)
        np.testing.assert_allclose(sums[reached], full[reached])
    assert reached.all()
    np.testing.assert_allclose(states["output"].values, kept)


def test_the_input_goes_through_its_phases():
    board = make("transposed-conv", i=3, k=3, s=2, p=1).storyboard()
    rows = ["".join(str(role)[0] for role in states["input"].roles[1]) for _, states in play(board)]
    assert rows[:5] == ["eeeeeee", "eieieie", "eizizie", "pizizip", "pizizip"]


def test_a_negative_frame_cuts_cells_off():
    *_, (_, states) = play(make("transposed-conv", i=4, k=3, s=2, p=3).storyboard())
    roles = states["input"].roles
    assert all(str(role).endswith("unreached") for role in [*roles[0], *roles[-1], *roles[:, 0], *roles[:, -1]])


@pytest.mark.parametrize("more", [{"filters": 3, "bias": (1, 0, -1)}, {"channels": 4, "groups": 2, "p": 1}])
def test_each_channel_stamps_on_the_maps_of_its_group(more):
    scene = make("transposed-conv", i=2, k=2, s=2, **{"channels": 2, "filters": 2, **more}).scene
    x, w, groups = scene.maps.values, scene.weight.values, scene.groups
    board, maps = scene.storyboard(), scene.count
    bias, seen = np.resize(more.get("bias", 0), maps), maps // groups
    # Channels whose stamps are all there after each step; of a channel that is under way the first cells.
    done = [(c, n) for c in range(len(x)) for n in range(1, x[0].size + 1)]
    for (_, states), (last, count) in zip(play(board), [*done, done[-1]], strict=True):
        for f, shown in enumerate(states["output"].values):
            first = f // seen * len(x) // groups
            right = float(bias[f]) + sum(
                stamped(x[c], w[c, f % seen], scene.s, scene.p, (0, 0), (1, 1), 0, count if c == last else None)[1]
                for c in range(first, min(first + len(x) // groups, last + 1))
            )
            reached = np.isfinite(shown)
            np.testing.assert_allclose(shown[reached], np.broadcast_to(right, shown.shape)[reached])
    assert np.isfinite(states["output"].values).all()
