"""Lines of text and formulas: the room they ask for, their inks, and that a step paints only its lines anew."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cnnviz.render.frames import Film
from cnnviz.render.panels.base import Fit
from cnnviz.render.panels.equation import EquationPainter
from cnnviz.render.text import Typesetter
from cnnviz.render.theme import load_theme
from cnnviz.render.timing import Timing
from cnnviz.storyboard import Equation, Row, SetRow, Step, Storyboard

FIT = Fit(typesetter=Typesetter(), unit=1.0, height=380, numbers=True)
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


def test_room_is_made_for_the_longest_text_that_may_come():
    longest = FIT.typesetter.line("a rather long line", 20.0)
    assert longest.width <= EquationPainter.measure(PANEL, 46, FIT).width <= longest.width + 10
    shorter = dataclasses.replace(PANEL, widest=())
    assert EquationPainter.measure(shorter, 46, FIT).width < longest.width


def test_a_blank_line_is_as_tall_as_the_tallest_that_may_come():
    tall = dataclasses.replace(PANEL, widest=(r"$\frac{\sum_i a_i^2}{\sum_j b_j^2}$",))
    extra = EquationPainter.measure(tall, 46, FIT).height - EquationPainter.measure(PANEL, 46, FIT).height
    assert extra > 5
    filled = dataclasses.replace(tall, lines=(PANEL.lines[0], Row(name="b", text="now"), PANEL.lines[2]))
    assert abs(EquationPainter.measure(filled, 46, FIT).height - EquationPainter.measure(PANEL, 46, FIT).height) <= 2


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


def test_a_step_paints_only_the_lines_that_it_changes():
    of = film([Step(caption="x"), Step(caption="x", changes=(SetRow(panel="lines", row="b", text="second"),))])
    first, second = pictures(of)
    rows = np.flatnonzero((first != second).any(axis=(1, 2)))
    height = len(first) / 3
    assert height <= rows.min()
    assert rows.max() < 2 * height
    third = slice(round(2 * height), None)
    assert (first[third] != 255).any()
    assert (first[third] == second[third]).all()


def test_a_line_of_another_text_in_the_same_ink_is_painted_anew():
    changed, unchanged = (SetRow(panel="lines", row="a", text=text) for text in ("other", "first"))
    first, second, third = pictures(film([Step(), Step(changes=(changed,)), Step(changes=(unchanged,))]))
    assert (first != second).any()
    assert (first == third).all()


def test_an_emptied_line_leaves_nothing_behind():
    of = film([Step(), Step(changes=tuple(SetRow(panel="lines", row=name, text="") for name in "abc"))])
    _, second = pictures(of)
    assert (second == 255).all()


def test_other_changes_are_refused():
    from cnnviz.storyboard import SetNode

    with pytest.raises(TypeError, match="cannot take SetNode"):
        list(film([Step(changes=(SetNode(panel="lines", node="a"),))]))
