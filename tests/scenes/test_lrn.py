"""Local response normalization: every step against the definition."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.storyboard import Cell
from cnnviz.words import Quotient, exact
from tests.scenes.trees import equations


def neighbourhood(kind, n, place, shape):
    """The cells that a value is normalized by, from the definition: n // 2 before it, (n - 1) // 2 after it."""
    spread = (True, False, False) if kind == "inter" else (False, True, True)
    return {
        cell
        for cell in np.ndindex(*shape)
        if all(
            -(n // 2) <= at - centre <= (n - 1) // 2 if wide else at == centre
            for at, centre, wide in zip(cell, place, spread, strict=True)
        )
    }


@pytest.mark.parametrize(("kind", "n"), [("inter", 1), ("inter", 4), ("intra", 2), ("intra", 3)])
def test_every_step_lights_the_neighbours_that_its_value_is_divided_by(kind, n):
    a = np.random.default_rng(n).integers(-9, 10, (3, 2, 4)).astype(float)
    board, done = make("lrn", kind=kind, n=n, input=a).scene.storyboard(), []
    for step, states in islice(play(board), a.size):
        (new,) = [c for c in step.changes if isinstance(c, Cell) and c.panel == "output"]
        place = (new.channel, new.row, new.column)
        done.append(place)
        near = neighbourhood(kind, n, place, a.shape)
        roles, marks = states["input"].roles, states["input"].marks
        assert {cell for cell in np.ndindex(*a.shape) if roles[cell] != "input"} == near
        assert roles[place] == "selected"
        outlined = {
            (mark.channel, mark.row + r, mark.column + c)
            for name, mark in marks.items()
            if name.startswith("window")
            for r, c in np.ndindex(mark.rows, mark.columns)
        }
        assert outlined == near
        for mark in (marks["centre"], *states["output"].marks.values()):
            assert (mark.channel, mark.row, mark.column, mark.rows, mark.columns) == (*place, 1, 1)
    by_pixel = sorted(np.ndindex(*a.shape), key=lambda at: (at[1:], at[0]))
    assert done == (by_pixel if kind == "inter" else list(np.ndindex(*a.shape)))
    assert len(done) == board.count - 1


@pytest.mark.parametrize(
    "given", [{"alpha": 1e-6, "beta": 1}, {"input": "0.004 0.003"}, {"input": "0.4 0.3", "digits": 0}]
)
def test_nothing_is_divided_by_what_is_written_as_0(given):
    scene = make("lrn", **{"kind": "intra", "channels": 1, "k": 0, **given}).scene
    for _, equation in equations(scene):
        assert all(exact(side.below) > 0 for side in equation.sides if isinstance(side, Quotient))
