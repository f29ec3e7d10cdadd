"""The arithmetic of a figure's captions, read from their trees."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.pipeline import Figure
from cnnviz.playback import play
from cnnviz.words import Equation, Number, evaluate, leaves, walk
from cnnviz.words.arithmetic import has_symbols


def equations(words: object) -> list[list[float]]:
    """What the sides of each equation in some words come to, with unrounded numbers."""
    found = [phrase for phrase in walk(words) if isinstance(phrase, Equation)]
    return [[float(evaluate(side)) for side in each.sides if not has_symbols(side)] for each in found]


def assert_arithmetic_holds(figure: Figure) -> int:
    """All sides of every equation are equal, numbers of panels are the panels' or the engine's; how many equations."""
    count, expected = 0, figure.scene.expected()
    board = figure.scene.storyboard()
    for step, states in play(board):
        for sides in equations(step.caption):
            count += 1
            assert sides == pytest.approx([sides[-1]] * len(sides), rel=1e-9, abs=1e-9), step.caption
        for leaf in (leaf for phrase in walk(step.caption) for leaf in leaves(phrase)):
            name, *at = leaf.ref or ("",) if isinstance(leaf, Number) else ("",)
            if name in expected and all(isinstance(n, int) for n in at):
                # A sum that grows is that of its panel so far.
                now = [states[name].values[tuple(at)]] if name in states else []
                known = [*now, expected[name][tuple(at)]]
                assert any(leaf.value == pytest.approx(value) for value in known), step.caption
    for filled in (phrase for phrase in walk(board.formula) if hasattr(phrase, "results")):
        for axis, result in enumerate(filled.results):
            assert filled.value(axis) == result.value
    return count


def final(figure: Figure) -> dict[str, np.ndarray]:
    """The values of every panel of cells after the last step."""
    board = figure.storyboard()
    values = {panel.name: panel.values.copy() for panel in board.panels() if panel.kind == "grid"}
    for step in board.steps():
        for change in step.changes:
            if getattr(change, "value", None) is not None:
                values[change.panel][change.row, change.column] = change.value
    return values
