"""Unpooling: what goes where, against loops over the plain definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from cnnviz import UsageError
from cnnviz.pipeline import make
from cnnviz.playback import play


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


def test_captions_are_written_out():
    board = make("unpool", input="1 3; 0 2").storyboard()
    assert [step.caption for step in board.steps()] == [
        "$y_{1,1}$ = max(1, 3, 0, 2) = **3**, found at row 1, column 2",
        "$y_{1,1}$ goes back to row 1, column 2, zeros around it: **3**",
        "2×2 again: 1 maximum in its place, 4 − 1 = **3 cells are 0**",
    ]
    board = make("unpool", kind="avg", input="1 3 5", k="1x2", s=1).storyboard()
    assert [step.caption for step in board.steps()] == [
        "$y_{1,1}$ = (1 + 3) / 2 = **2**", "$y_{1,2}$ = (3 + 5) / 2 = **4**",
        "$y_{1,1}$ goes to all 2 cells of its window: **2**",
        "$y_{1,2}$ = 4; at row 1, column 2 windows overlap: (2 + 4) / 2 = **3**",
        "1×3 again, each cell the mean of its window and no longer itself: **the size is back**",
    ]  # fmt: skip


def test_a_window_that_does_not_fit_is_refused():
    with pytest.raises(UsageError) as caught:
        make("unpool", i=2, k=3)
    assert str(caught.value) == "kernel 3 does not fit the input 2: use --k 2 or less, or --i 3 or more"


def test_a_gif_comes_out(tmp_path):
    make("unpool", i=4, width=480).save(tmp_path / "x.gif")
    with Image.open(tmp_path / "x.gif") as gif:
        assert gif.size == (480, 270)
        assert len(list(ImageSequence.Iterator(gif))) == 9
