"""What lies under a window gives the number that its step writes: windows in a wrong place would not."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.playback import play
from tests.figures import board_of, make_figure, named

COVERED = ("kernel", "kernel_on_padding", "winner")
CONVOLUTIONS = [
    ("conv", {"i": "7x8", "k": "3x5", "s": "2x1", "p": "0x2", "kernel": "random"}),
    ("conv", {"i": 9, "d": "2x1", "flip": True, "bias": -1.5, "kernel": "random", "s": "1x3"}),
    ("transposed-conv", {"i": "2x3", "k": "3x2", "s": "2x1", "p": 1, "output_padding": "1x0", "bias": -1.5}),
    ("transposed-conv", {"i": "3x2", "k": 2, "s": 3, "d": "2x1", "output_padding": 2, "kernel": "random"}),
]
POOLINGS = [
    ("pool", {"i": "7x6", "k": "3x2", "s": "2x1", "p": 1, "input": "random"}),
    ("pool", {"i": "7x9", "k": 2, "d": "2x3", "s": "1x2", "input": "random"}),
    ("pool", {"i": 7, "output_size": "3x2", "input": "random"}),
    ("pool", {"kind": "avg", "i": "5x4", "k": 3, "s": 2, "p": 1, "count_include_pad": False, "input": "random"}),
    ("pool", {"kind": "avg", "i": 5, "k": 2, "s": 3, "p": 1, "ceil_mode": True, "input": "random"}),
    ("pool", {"kind": "avg", "i": 5, "output_size": "2x4", "input": "random"}),
]


def written(figure):
    """Each number that a step writes, in reading order, with the state of the input and the cells covered there."""
    count = 0
    for _, states in play(board_of(figure)):
        known = np.isfinite(states["output"].values).ravel()
        if known.sum() == count:
            continue
        count += 1
        assert known[:count].all()
        assert known.sum() == count
        state = states["input"]
        covered = np.isin(state.roles.astype(str), COVERED)
        window = state.marks["window"]
        if count == known.size:
            # With the last number all maxima are shown again.
            covered[: window.row], covered[:, : window.column] = False, False
        rows, columns = np.nonzero(covered)
        assert (window.row, window.column) == (rows.min(), columns.min()), "the outline goes around them"
        assert window.rows > np.ptp(rows)
        assert window.columns > np.ptp(columns)
        yield states["output"].values.ravel()[count - 1], state, covered
    assert count == known.size


@pytest.mark.parametrize("figure", CONVOLUTIONS, ids=map(named, CONVOLUTIONS))
def test_a_convolution_adds_up_what_is_covered_by_the_weights_noted_there(figure):
    bias = make_figure(figure).scene.bias
    for value, state, covered in written(figure):
        weights = {at: float(note[1:].replace("−", "-")) for at, note in state.notes.items() if note}
        assert set(weights) == set(map(tuple, np.argwhere(covered).tolist()))
        assert value == pytest.approx(sum(state.values[at] * weight for at, weight in weights.items()) + bias)


@pytest.mark.parametrize("figure", POOLINGS, ids=map(named, POOLINGS))
def test_a_pooling_keeps_the_maximum_or_the_mean_of_what_is_covered(figure):
    scene = make_figure(figure).scene
    for value, state, covered in written(figure):
        if scene.kind == "max":
            assert value == np.nanmax(state.values[covered])
            (winner,) = np.argwhere((state.roles == "winner") & covered)
            assert state.values[tuple(winner)] == value
            assert (state.marks["winner"].row, state.marks["winner"].column) == tuple(winner)
        else:
            counted = covered if scene.count_include_pad else state.roles == "kernel"
            assert value == pytest.approx(state.values[counted].mean())
