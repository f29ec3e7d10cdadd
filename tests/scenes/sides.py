"""The arithmetic of a figure's captions, computed again from its trees."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
import pytest

from cnnviz.playback import play
from cnnviz.scene import Scene
from cnnviz.storyboard import Step
from cnnviz.words import Equation, Number, evaluate, walk


def equations(scene: Scene) -> Iterator[tuple[Step, Equation]]:
    """Every equation of every caption."""
    for step in scene.storyboard().steps():
        yield from ((step, part) for part in walk(step.caption) if isinstance(part, Equation))


def check_arithmetic(scene: Scene) -> int:
    """Hold every equation without symbols, and each number named after a cell against that cell; returns how many."""
    final = deque(play(scene.storyboard()), maxlen=1)[0][1]
    numbers = 0
    for _, equation in equations(scene):
        assert isinstance(equation.result, Number)
        for side in equation.sides:
            assert evaluate(side) == pytest.approx(equation.result.value, rel=1e-9, abs=1e-9), equation
        for number in walk(equation):
            if isinstance(number, Number) and number.ref and number.ref[0] in final:
                panel, *place = number.ref
                assert number.value == pytest.approx(final[panel].values[tuple(place)], rel=1e-12), number
                numbers += 1
    for panel, values in scene.expected().items():
        if panel in final:
            np.testing.assert_allclose(final[panel].values, values, rtol=1e-9, atol=1e-12)
    return numbers
