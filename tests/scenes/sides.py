"""The arithmetic of a figure's captions, computed again from its trees."""

from __future__ import annotations

from collections.abc import Iterator

from cnnviz.scene import Scene
from cnnviz.storyboard import Step
from cnnviz.words import Equation, walk


def equations(scene: Scene) -> Iterator[tuple[Step, Equation]]:
    """Every equation of every caption."""
    for step in scene.storyboard().steps():
        yield from ((step, part) for part in walk(step.caption) if isinstance(part, Equation))
