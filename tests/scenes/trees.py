"""The arithmetic of a figure's captions, read from their trees, and what its cells show in the end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnnviz.pipeline import Figure
from cnnviz.scene import Scene
from cnnviz.storyboard import Step
from cnnviz.words import Equation, walk


def equations(scene: Scene) -> Iterator[tuple[Step, Equation]]:
    """Every equation of every caption."""
    for step in scene.storyboard().steps():
        yield from ((step, part) for part in walk(step.caption) if isinstance(part, Equation))


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
