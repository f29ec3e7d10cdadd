"""What tests of functions' figures share: the numbers of a step, and its arithmetic, taken from the words as data."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.pipeline import make
from cnnviz.storyboard import MoveDot, SetCurve, SetRow
from cnnviz.words import Number, walk


def board_of(scene, **given):
    """A figure's storyboard with its words as data."""
    return make(scene, **given).scene.storyboard()


def of_type(step, kind):
    return [change for change in step.changes if isinstance(change, kind)]


def numbers(words):
    return [part for part in walk(words) if isinstance(part, Number)]


def check_point(step, f, corners=()):
    """The point, its numbers, its slope and its tangent are those of a function; returns where it is."""
    dots = {change.dot: change for change in of_type(step, MoveDot)}
    x, y, slope = dots["point"].x, dots["point"].y, dots["slope"].y
    assert y == pytest.approx(f(x), abs=1e-9)
    if min((abs(x - corner) for corner in corners), default=1) > 1e-3:
        # Within a step of a corner a difference of two values is no derivative.
        assert slope == pytest.approx((f(x + 1e-6) - f(x - 1e-6)) / 2e-6, rel=1e-4, abs=1e-5)
    shown = [numbers(change.text)[-1] for change in of_type(step, SetRow)]
    assert [number.value for number in shown] == [x, y, slope]
    assert float(shown[0].exact()) == x, "the place is rounded in words only"
    curves = {change.curve: change for change in of_type(step, SetCurve)}
    (x0, x1), (y0, y1) = curves["tangent"].x, curves["tangent"].y
    assert (y1 - y0) / (x1 - x0) == pytest.approx(slope, rel=1e-6, abs=1e-9)
    assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((x, y), abs=1e-9)
    return x


def drawn(board, panel, curve):
    """The points of a curve after the last step."""
    changes = [change for step in board.steps() for change in of_type(step, SetCurve)]
    found = [change for change in changes if (change.panel, change.curve) == (panel, curve)]
    assert all(change.extend for change in found)
    return np.concatenate([change.x for change in found]), np.concatenate([change.y for change in found])
