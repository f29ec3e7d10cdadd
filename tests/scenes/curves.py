"""What tests of functions' figures share: the words of a step as data, and what is drawn."""

from __future__ import annotations

import numpy as np

from cnnviz.pipeline import make
from cnnviz.storyboard import SetCurve
from cnnviz.words import Number, walk


def board_of(scene, **given):
    """A figure's storyboard with its words as data."""
    return make(scene, **given).scene.storyboard()


def of_type(step, kind):
    return [change for change in step.changes if isinstance(change, kind)]


def numbers(words):
    return [part for part in walk(words) if isinstance(part, Number)]


def drawn(board, panel, curve):
    """The points of a curve after the last step."""
    changes = [change for step in board.steps() for change in of_type(step, SetCurve)]
    found = [change for change in changes if (change.panel, change.curve) == (panel, curve)]
    assert all(change.extend for change in found)
    return np.concatenate([change.x for change in found]), np.concatenate([change.y for change in found])
