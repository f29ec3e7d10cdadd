"""Lines of text and formulas: the room they ask for, their inks, and that a step paints only its lines anew."""

from __future__ import annotations

import numpy as np

from cnnviz.storyboard import Equation, Row, SetRow, Step
from tests.render.shown import THEME, film_of

PANEL = Equation(
    name="lines",
    size=20.0,
    lines=(Row(name="a", text="first"), Row(name="b", text=""), Row(name="c", text="third", role="derivative")),
    widest=("a rather long line",),
)


def pictures(of):
    place = of.layout.places["lines"]
    for frame in of:
        cut = frame.pixels[place.y : place.y + place.height, place.x : place.x + place.width]
        yield of.palette.colors[cut].astype(int)


def test_lines_have_the_inks_of_their_roles_and_strong_parts_the_results():
    change = SetRow(panel="lines", row="a", text="first **strong**", role="active")
    made = film_of(PANEL, steps=[Step(), Step(changes=(change,))], numbers=True, step_roles=("active", "kernel"))
    first, second = pictures(made)

    def holds(picture, color):
        return (picture == np.array(color)).all(axis=2).any()

    assert holds(first, THEME.page["ink"])
    assert holds(first, THEME.lines["derivative"])
    assert not holds(first, THEME.lines["active"])
    assert holds(second, THEME.lines["active"])
    assert holds(second, THEME.page["result"])
    assert not holds(second, THEME.page["ink"])
