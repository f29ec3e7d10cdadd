"""Lines of text and formulas: the room they ask for, their inks, and that a step paints only its lines anew."""

from __future__ import annotations

import numpy as np

from cnnviz.render.frames import Film
from cnnviz.render.theme import load_theme
from cnnviz.render.timing import Timing
from cnnviz.storyboard import Equation, Row, SetRow, Step, Storyboard

PANEL = Equation(
    name="lines",
    size=20.0,
    lines=(Row(name="a", text="first"), Row(name="b", text=""), Row(name="c", text="third", role="derivative")),
    widest=("a rather long line",),
)


def film(steps, panel=PANEL, **changes):
    board = Storyboard(
        scene="none",
        parameters={},
        title="",
        settings="",
        formula="",
        alt="",
        rows=((panel,),),
        steps=lambda: iter(steps),
        count=len(steps),
        **changes,
    )
    return Film(board, load_theme("article"), 960, Timing(step=1.0, hold=1.0))


def pictures(of):
    place = of.layout.places["lines"]
    for frame in of:
        cut = frame.pixels[place.y : place.y + place.height, place.x : place.x + place.width]
        yield of.palette.colors[cut].astype(int)


def test_lines_have_the_inks_of_their_roles_and_strong_parts_the_results():
    theme = load_theme("article")
    change = SetRow(panel="lines", row="a", text="first **strong**", role="active")
    film_ = film([Step(), Step(changes=(change,))], step_roles=("active", "kernel"))
    first, second = pictures(film_)

    def holds(picture, color):
        return (picture == np.array(color)).all(axis=2).any()

    assert holds(first, theme.page["ink"])
    assert holds(first, theme.lines["derivative"])
    assert not holds(first, theme.lines["active"])
    assert holds(second, theme.lines["active"])
    assert holds(second, theme.page["result"])
    assert not holds(second, theme.page["ink"])
