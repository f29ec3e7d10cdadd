"""Normalization layers: the cells that light up share a mean and a variance, and the output follows from these."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cnnviz.pipeline import make
from cnnviz.playback import play
from tests.scenes.trees import equations

KINDS = ("batch", "layer", "instance", "group")


def sharing(kind, groups, channels):
    """Which key two cells (sample, channel) have in common when they share their statistics."""
    return {
        "batch": lambda n, c: c,
        "layer": lambda n, c: n,
        "instance": lambda n, c: (n, c),
        "group": lambda n, c: (n, c * groups // channels),
    }[kind]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "more",
    [
        {"batch": 3, "channels": 4, "groups": 2, "i": (1, 2)},
        {"batch": 1, "channels": 6, "groups": 3, "i": (3, 2)},
    ],
)
def test_cells_that_light_up_share_their_statistics_and_the_output_follows(kind, more):
    board = make("norm", kind=kind, **more).scene.storyboard()
    x = board.panel("input").values
    key = sharing(kind, more["groups"], more["channels"])
    keys = [key(*divmod(sheet, more["channels"])) for sheet in range(len(x))]
    done: set[object] = set()
    filled = 0
    for step, states in play(board):
        lit = {s for s in range(len(x)) if (states["input"].roles[s] == "selected").all()}
        assert lit == {s for s in range(len(x)) if (states["input"].roles[s] != "input").any()}
        if done == set(keys) and not lit:
            continue
        (shared,) = {keys[s] for s in lit}
        assert lit == {s for s in range(len(x)) if keys[s] == shared}
        assert {m.channel for m in states["input"].marks.values() if m.rows} == lit
        if np.isfinite(states["output"].values).sum() > filled:
            filled = int(np.isfinite(states["output"].values).sum())
            assert shared not in done
            flown = {
                (c.channel, c.row, c.column): (c.source, c.origin) for c in step.changes if getattr(c, "source", "")
            }
            assert flown == {(s, *at): ("input", (s, *at)) for s in lit for at in np.ndindex(x.shape[1:])}
            done.add(shared)
            whole = np.isfinite(states["output"].values).all(axis=(1, 2))
            assert {keys[s] for s in np.flatnonzero(whole)} == done
    assert done == set(keys)
    assert board.count == 2 * len(done) + 2


def test_all_four_stand_side_by_side_and_outlines_part_the_cells():
    board = make("norm", kind="all", batch=2, channels=4, groups=2).scene.storyboard()
    *_, (_, states) = play(board)
    shapes = {"batch": (2, 1), "layer": (1, 4), "instance": (1, 1), "group": (1, 2)}
    for kind, shape in shapes.items():
        marks = [mark for mark in states[kind].marks.values() if mark.name != "lit"]
        assert {(mark.rows, mark.columns) for mark in marks} == {shape}
        cells = {(m.row + r, m.column + c) for m in marks for r, c in np.ndindex(shape)}
        assert cells == set(np.ndindex(2, 4))
        assert len(marks) * math.prod(shape) == 8


def test_samples_and_channels_may_have_axes_of_their_own():
    x = np.arange(24.0).reshape(2, 3, 2, 2) ** 2
    scene = make("norm", kind="batch", input=x, batch=2, channels=3).scene
    wanted = (x - x.mean(axis=(0, 2, 3), keepdims=True)) / np.sqrt(x.var(axis=(0, 2, 3), keepdims=True) + 1e-5)
    np.testing.assert_allclose(scene.expected()["output"].reshape(x.shape), wanted, rtol=1e-9)
    assert scene.i == (2, 2)


def test_the_comparison_counts():
    scene = make("norm", kind="compare", batch=8, channels=16, i="5x7").scene
    assert [equation.result.value for _, equation in equations(scene)] == [32, 280]
