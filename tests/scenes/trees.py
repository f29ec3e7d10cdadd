"""The arithmetic of a figure's captions, read from their trees."""

from __future__ import annotations

import numpy as np

from cnnviz.pipeline import Figure
from cnnviz.words import Equation, evaluate, walk
from cnnviz.words.arithmetic import has_symbols


def equations(words: object) -> list[list[float]]:
    """What the sides of each equation in some words come to, with unrounded numbers."""
    found = [phrase for phrase in walk(words) if isinstance(phrase, Equation)]
    return [[float(evaluate(side)) for side in each.sides if not has_symbols(side)] for each in found]


def final(figure: Figure) -> dict[str, np.ndarray]:
    """The values of every panel of cells after the last step."""
    board = figure.storyboard()
    values = {panel.name: panel.values.copy() for panel in board.panels() if panel.kind in ("grid", "block")}
    for step in board.steps():
        for change in step.changes:
            if getattr(change, "value", None) is not None:
                sheet = () if change.channel is None else (change.channel,)
                values[change.panel][(*sheet, change.row, change.column)] = change.value
    return values
