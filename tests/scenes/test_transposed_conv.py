"""Transposed convolution: the phases of its input, and its stamps of channels against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from cnnviz.pipeline import make
from cnnviz.playback import play


def stamped(x, w, s, p, count):
    """What the first `count` input pixels add: each its multiple of the kernel."""
    stretched = np.zeros([(n - 1) * step + 1 for n, step in zip(x.shape, s, strict=True)])
    stretched[:: s[0], :: s[1]] = np.where(np.arange(x.size).reshape(x.shape) < count, x, 0)
    full = signal.convolve2d(stretched, w)
    return full[p[0] : full.shape[0] - p[0], p[1] : full.shape[1] - p[1]]


def test_stamps_add_up_step_by_step():
    board = make("transposed-conv", i=3, k=2, s=2, p=1, view="scatter").storyboard()
    x, w = (board.panel(name).values for name in ("input", "kernel"))
    for count, (_, states) in enumerate(play(board), 1):
        sums = states["sum"].values
        reached = np.isfinite(sums)
        np.testing.assert_allclose(sums[reached], stamped(x, w, (2, 2), (0, 0), count)[reached])
    assert reached.all()


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
                stamped(x[c], w[c, f % seen], scene.s, scene.p, count if c == last else x[c].size)
                for c in range(first, min(first + len(x) // groups, last + 1))
            )
            reached = np.isfinite(shown)
            np.testing.assert_allclose(shown[reached], np.broadcast_to(right, shown.shape)[reached])
    assert np.isfinite(states["output"].values).all()
