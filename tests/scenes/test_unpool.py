"""Unpooling: what goes where, against loops over the plain definition."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.pipeline import make
from cnnviz.playback import play


@pytest.mark.parametrize(
    "given", [{}, {"i": 6, "k": 3, "s": 1}, {"i": "5x7", "k": "2x3", "s": "2x1"}, {"i": 5, "k": 2, "s": 3}]
)
def test_maxima_go_back_where_they_stood(given):
    figure = make("unpool", kind="max", **given)
    board, final = figure.storyboard(), figure.scene.expected()["output"]
    image = board.panel("input").values
    for place, (_, states) in enumerate(play(board)):
        known, back = np.isfinite(states["output"].values), place - board.count // 2
        if back < 0:
            assert not known.any()
        elif back == 0:
            winners = image[states["input"].roles == "winner"]
            assert set(winners) == set(states["pooled"].values.ravel()), "they stay marked"
        if 0 <= back < board.count // 2:
            one, other = (states[panel].marks["winner"] for panel in ("input", "output"))
            at = int(one.row), int(one.column)
            assert at == (other.row, other.column)
            assert states["output"].values[at] == image[at] == final[at]
            assert image[at] == states["pooled"].values.ravel()[back]
    assert known.all()
