"""Unpooling: what goes where, against loops over the plain definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz import UsageError
from cnnviz.pipeline import make
from cnnviz.playback import play
from tests.scenes.trees import assert_arithmetic_holds, equations


@st.composite
def parameters(draw):
    k, s, extra = (draw(st.tuples(*(st.integers(low, high) for _ in "rc"))) for low, high in ((1, 3), (1, 3), (0, 3)))
    return {"i": (k[0] + extra[0], k[1] + extra[1]), "k": k, "s": s, "seed": draw(st.integers(0, 99))}


def windows(given):
    """Each window's cells, in reading order."""
    along = [
        [range(n * s, n * s + k) for n in range((i - k) // s + 1)]
        for i, k, s in zip(given["i"], given["k"], given["s"], strict=True)
    ]  # fmt: skip
    return [[(r, c) for r in rows for c in columns] for rows in along[0] for columns in along[1]]


@settings(deadline=None, derandomize=True, max_examples=10)
@given(parameters())
def test_maxima_go_back_where_they_stood(given):
    board = make("unpool", kind="max", **given).storyboard()
    image, cells = board.panel("input").values, windows(given)
    winners = [max(window, key=lambda cell: image[cell]) for window in cells]
    assert board.count == 2 * len(cells) + 1
    for place, (_, states) in enumerate(play(board)):
        marked = {tuple(at) for at in np.argwhere(states["input"].roles == "winner").tolist()}
        covered = set() if place >= len(cells) else set(cells[place]) - {winners[place]}
        assert marked == set(winners[: place + 1]) - covered
        output, back = states["output"], place - len(cells)
        known = np.isfinite(output.values)
        assert {tuple(at) for at in np.argwhere(known).tolist()} == {
            cell for window in cells[: max(0, back + 1)] for cell in window
        } or place == board.count - 1
        placed = winners[: max(0, back + 1)]
        truth = np.zeros(image.shape)
        for cell in placed:
            truth[cell] = image[cell]
        assert (output.values[known] == truth[known]).all()
        assert {tuple(at) for at in np.argwhere(output.roles == "output").tolist()} == set(placed)
        if 0 <= back < len(cells):
            for panel in ("input", "output"):
                mark = states[panel].marks["winner"]
                assert ((mark.row, mark.column), mark.rows, mark.columns) == (winners[back], 1, 1)
    assert known.all()


@settings(deadline=None, derandomize=True, max_examples=10)
@given(parameters())
def test_means_spread_over_their_windows(given):
    board = make("unpool", kind="avg", **given).storyboard()
    image, cells = board.panel("input").values, windows(given)
    *_, (_, states) = play(board)
    means = [np.mean([image[cell] for cell in window]) for window in cells]
    for cell in np.ndindex(image.shape):
        over = [mean for mean, window in zip(means, cells, strict=True) if cell in window]
        assert states["output"].values[cell] == pytest.approx(np.mean(over) if over else 0)
        assert (states["output"].roles[cell] == "zero") == (not over)
    np.testing.assert_allclose(states["pooled"].values.ravel(), means)


@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize(
    "given", [{}, {"i": 5, "k": 3, "s": 2}, {"i": "5x7", "k": "2x3", "s": "2x1"}, {"i": 5, "k": 2, "s": 3}]
)
def test_the_arithmetic_holds(kind, given):
    figure = make("unpool", kind=kind, **given)
    assert assert_arithmetic_holds(figure) >= (figure.storyboard().count - 1) // 2


def test_the_last_step_counts_what_is_lost():
    *_, last = make("unpool", input="1 3; 0 2").scene.storyboard().steps()
    assert equations(last.caption) == [[3, 3]]
    *_, last = make("unpool", i=6, k=3, s=1, input="arange").scene.storyboard().steps()
    assert equations(last.caption) == [[36 - 16, 20]]


def test_a_window_that_does_not_fit_is_refused():
    with pytest.raises(UsageError, match="--k 2 or less, or --i 3 or more") as caught:
        make("unpool", i=2, k=3)
    assert "--p" not in str(caught.value)
