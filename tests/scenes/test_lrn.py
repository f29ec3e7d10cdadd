"""Local response normalization: every step against the definition."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz import UsageError
from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.storyboard import Cell
from cnnviz.words import Quotient, exact
from tests.scenes.sides import equations


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


@pytest.mark.parametrize("alpha_over_n", [False, True])
@pytest.mark.parametrize(("kind", "n"), [("inter", 1), ("inter", 4), ("inter", 5), ("intra", 2), ("intra", 3)])
def test_every_step_divides_one_value_by_the_neighbours_that_are_lit(kind, n, alpha_over_n):
    values = np.random.default_rng(n).integers(-9, 10, (3, 2, 4)).astype(float)
    given = {"kind": kind, "n": n, "alpha_over_n": alpha_over_n, "input": values, "k": 2, "alpha": 0.1, "beta": 0.75}
    a, kind, n = given["input"], given["kind"], given["n"]
    scene = make("lrn", **given).scene
    board = scene.storyboard()
    shares = (n if kind == "inter" else n * n) if given["alpha_over_n"] else 1
    done = []
    for step, states in play(board):
        (new,) = [c for c in step.changes if isinstance(c, Cell) and c.panel == "output"]
        place = (new.channel, new.row, new.column)
        done.append(place)
        near = neighbourhood(kind, n, place, a.shape)
        total = sum(a[cell] ** 2 for cell in near)
        wanted = a[place] / (given["k"] + given["alpha"] / shares * total) ** given["beta"]
        assert states["output"].values[place] == pytest.approx(wanted, rel=1e-9)
        roles, marks = states["input"].roles, states["input"].marks
        assert {cell for cell in np.ndindex(*a.shape) if roles[cell] != "input"} == near
        assert roles[place] == "selected"
        outlined = {
            (mark.channel, mark.row + r, mark.column + c)
            for name, mark in marks.items()
            if name.startswith("sheet")
            for r, c in np.ndindex(mark.rows, mark.columns)
        }
        assert outlined == near
        for mark in (marks["centre"], states["output"].marks["current"]):
            assert (mark.channel, mark.row, mark.column, mark.rows, mark.columns) == (*place, 1, 1)
    by_pixel = sorted(np.ndindex(*a.shape), key=lambda at: (at[1:], at[0]))
    assert done == (by_pixel if kind == "inter" else list(np.ndindex(*a.shape)))
    assert len(done) == board.count


@pytest.mark.parametrize(
    "given", [{"alpha": 1e-6, "beta": 1}, {"input": "0.004 0.003"}, {"input": "0.4 0.3", "digits": 0}]
)
def test_nothing_is_divided_by_what_is_written_as_0(given):
    scene = make("lrn", **{"kind": "intra", "channels": 1, "k": 0, **given}).scene
    for _, equation in equations(scene):
        assert all(exact(side.below) > 0 for side in equation.sides if isinstance(side, Quotient))


def test_many_squares_are_shortened_but_keep_their_ends():
    steps = list(make("lrn", kind="intra", n=7, i=7, channels=1, input="ones").storyboard().steps())
    assert "1² + … + 1²" in steps[24].caption
    assert "0.1·49" in steps[24].caption


def test_channels_stand_one_below_the_other_in_a_literal_or_on_an_axis_of_their_own():
    flat = make("lrn", input="1 2; 3 4; 5 6; 7 8", channels=2)
    array = make("lrn", input=np.arange(1.0, 9.0).reshape(2, 2, 2))
    for figure in (flat, array):
        np.testing.assert_array_equal(figure.storyboard().panel("input").values, [[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
        assert (figure.scene.channels, figure.scene.i) == (2, (2, 2))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"k": 0, "alpha": 0}, "--k above 0"),
        ({"k": 0, "input": "zeros"}, "--k above 0"),
        ({"k": 0, "alpha": 1e-9, "beta": 4, "input": "ones"}, "a larger --k or a smaller --beta"),
        ({"kind": "intra", "channels": 64, "i": 8, "n": 9}, "smaller window"),
        ({"channels": 64, "i": "8x9"}, "4608 steps"),
        ({"input": "1 2; 3 4", "channels": 3}, "--channels 1 or 2"),
        ({"channels": 64, "i": 64}, "fewer --channels or a smaller --i"),
        ({"input": np.ones((2, 3, 3)), "channels": 4}, "2 channels"),
        ({"input": "1e9 1"}, "-1000000 to 1000000"),
        ({"kind": "within"}, "inter, intra"),
        ({"beta": 5}, "4 or less"),
    ],
)
def test_what_cannot_be_names_what_would_work(given, named):
    with pytest.raises(UsageError, match=r"^[^\n]*$") as error:
        make("lrn", **given)
    assert named in str(error.value)
