"""A convolution and its transpose: sizes and values there and back, against loops over the definitions."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.pipeline import make
from cnnviz.playback import play


@pytest.mark.parametrize(
    "given", [{"i": 5, "k": 3}, {"i": "6x5", "k": "3x2", "s": "2x1", "p": "1x0"}, {"i": 4, "k": 2, "s": 3, "p": 1}]
)
def test_on_the_way_back_each_result_is_stamped_where_its_window_stood(given):
    """Where one does, the stamp adds the result times the kernel."""
    scene = make("conv-relation", **given).scene
    board = scene.storyboard()
    kernel, offset = board.panel("kernel").values, np.argwhere(board.panel("input").roles == "input")[0]
    before, places = np.zeros(board.panel("back").shape), list(np.ndindex(board.panel("output").shape))
    assert board.count == 2 * len(places) + 1
    for number, (_, states) in enumerate(play(board)):
        assert np.isfinite(states["output"].values).sum() == min(number + 1, len(places))
        if len(places) <= number < 2 * len(places):
            after, at = np.nan_to_num(states["back"].values), places[number - len(places)]
            framed = np.pad(after - before, [(n, n) for n in offset])
            window = tuple(slice(n * s, n * s + k) for n, s, k in zip(at, scene.s, kernel.shape, strict=True))
            stamp = states["output"].values[at] * kernel
            inside = np.pad(np.ones(before.shape, bool), [(n, n) for n in offset])
            seen = framed[window]
            np.testing.assert_allclose(seen, np.where(inside[window], stamp, 0))
            assert np.count_nonzero(framed) == np.count_nonzero(seen)
            before = after
    np.testing.assert_allclose(before, states["back"].values)


@pytest.mark.parametrize(("i", "rest"), [(5, 0), (6, 1), ("6x5", (1, 0))])
def test_what_the_stride_leaves_over_is_the_output_padding(i, rest):
    call = make("conv-relation", i=i, k=3, s=2).scene.operation().calls[1]
    assert call.options["output_padding"] == (rest if isinstance(rest, tuple) else (rest, rest))
