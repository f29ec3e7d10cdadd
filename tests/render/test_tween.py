"""Windows and dots that glide: where they are on the way, what time it takes, and that nothing of it stays behind."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest

from cnnviz.pipeline import make
from cnnviz.render.theme import load_theme


def pictures(film):
    return ((frame, film.palette.colors[frame.pixels]) for frame in film)


def outline(rgb, color):
    """The box of all pixels of a colour, and how many there are."""
    rows, columns = np.nonzero((rgb == color).all(axis=2))
    return (rows.min(), columns.min(), rows.max(), columns.max()), len(rows)


def test_the_window_moves_as_one_body_and_its_result_flies():
    theme, film = load_theme("article"), make("conv", i=6, k=3, s=3, tween=5, width=480).film()
    place, cell = film.layout.places["input"], film.layout.cell
    lefts, shown = [], [(frame.settled, rgb) for frame, rgb in pictures(film)]
    # Five pictures of the window on its way, three of the result on its own; the answer comes at once.
    assert [settled for settled, _ in shown] == ([True] + [False] * 8) * 3 + [True, True]
    for _, rgb in shown[:6]:
        row = rgb[place.y + cell // 5, place.x : place.x + place.width]
        body = np.flatnonzero((row == theme.cell("kernel").fill).all(axis=1))
        lefts.append(body[0])
        assert body[-1] - body[0] >= 3 * cell - 8
        # Nothing of it stays behind: what it left has its own colour.
        behind = row[: max(0, body[0] - 4)]
        assert not (behind == theme.cell("kernel").fill).all(axis=1).any()
    way = np.array(lefts, float)
    # Smoothstep at fifths of the way, to a pixel.
    share = (way - way[0]) / (3 * cell)
    np.testing.assert_allclose(share, [0, 0.104, 0.352, 0.648, 0.896, 1], atol=0.03)


def test_a_result_is_not_in_its_cell_before_it_lands():
    theme, film = load_theme("article"), make("conv", i=4, k=3, tween=4, width=480).film(opening=True)
    place, cell = film.layout.places["output"], film.layout.cell
    corner = place.y + cell - 5, place.x + cell + 5
    seen = [(frame.settled, tuple(rgb[corner])) for frame, rgb in pictures(film)]
    steps = [number for number, (settled, _) in enumerate(seen) if settled]
    # Of the second cell: nothing until the second step, then the result, for good.
    pending, written = theme.cell("pending").fill, theme.cell("output").fill
    assert {color for _, color in seen[: steps[1] - 2]} == {pending}
    assert {color for _, color in seen[steps[1] :]} == {written}


def test_an_animation_begins_with_the_question_and_ends_with_the_whole_result():
    film = make("conv", i=4, k=3, tween=0).film(opening=True)
    place, cell, pending = film.layout.places["output"], film.layout.cell, load_theme("article").cell("pending")
    (settled, first), *_, (_, last) = [(frame.settled, rgb) for frame, rgb in pictures(film)]
    corners = [(place.y + r * cell + cell - 6, place.x + c * cell + 6) for r in range(2) for c in range(2)]
    assert not settled
    assert all(tuple(first[at]) == pending.fill for at in corners)
    assert not any(tuple(last[at]) == pending.fill for at in corners)
    inside = first[place.y + 6 : place.y + cell - 6, place.x + 6 : place.x + cell - 6]
    assert (inside == pending.ink).all(axis=2).any(), "the question mark"


def test_padding_grows_around_the_input_after_the_question():
    theme = load_theme("article")

    def cells(film):
        place, cell = film.layout.places["input"], film.layout.cell
        rows = (rgb[place.y : place.y + cell] for _, rgb in pictures(film))
        return [(row == theme.cell("padding").fill).all(axis=2).sum() for row in rows]

    figure = make("conv", i=4, k=3, p=1, s=3, step=1.0, width=480)
    jumping, grown = (cells(figure.film(tween=tween, opening=True)) for tween in (0, 5))
    assert grown[0] == 0
    # Larger from picture to picture, then the window comes.
    assert grown[1:6] == sorted(set(grown[1:6]))
    assert jumping[:2] == [jumping[0], jumping[0]]


@pytest.mark.parametrize(("step", "times"), [(1.0, [600] + 10 * [40]), (0.24, [120] + 3 * [40])])
def test_short_steps_have_fewer_pictures_and_none_is_too_short(step, times):
    film = make("conv", i=28, k=1, s=14, step=step, hold=1, tween=6, width=320).film()
    assert [frame.milliseconds for frame in film][: len(times)] == times
    hurried = make("conv", i=28, k=1, s=14, step=0.06, hold=1, tween=6, width=320).film()
    assert min(frame.milliseconds for frame in hurried) >= 20


def test_what_appears_or_stays_does_not_glide():
    # The first step brings the window; one cell has nowhere to go.
    assert len(list(make("conv", i=3, k=3, tween=6, width=320).film())) == 1


def test_a_dot_glides_with_its_tangent():
    film = make("loss", tween=4, width=480).film()
    color, place = load_theme("article").line("tangent"), film.layout.places["plot"]
    at = []
    for _, rgb in islice(pictures(film), 5, 11):
        stage = rgb[place.y : place.y + place.height, place.x : place.x + place.width]
        rows, columns = np.nonzero((stage == color).all(axis=2))
        at.append((columns.mean(), rows.mean()))
    assert all(a[0] <= b[0] for a, b in pairwise(at))
    assert at[0][0] < at[-1][0]


def test_an_input_is_pulled_apart_and_its_kernel_turns():
    film = make("transposed-conv", tween=5, width=640).film()
    theme, place, cell = load_theme("article"), film.layout.places["input"], film.layout.cell
    widths, turned = [], 0
    upright = None
    for number, (_, rgb) in enumerate(pictures(film)):
        if number == 30:
            break
        (_, left, _, right), _ = outline(rgb[:, place.x : place.x + place.width], theme.cell("input").fill)
        widths.append(right - left)
        kernel = outline(rgb[:, place.x + place.width :], theme.cell("kernel").fill)[0]
        upright = upright or kernel
        turned += kernel != upright
    # From three cells side by side to three with two gaps between them, and then they stay.
    assert widths == sorted(widths)
    assert (round(widths[0] / cell), round(widths[-1] / cell)) == (3, 5)
    assert len(set(widths)) >= 5
    assert turned >= 4


def test_what_a_network_computes_travels_forward_and_its_gradients_back():
    stage, leaps = make("cnn", layers="fc 10", tween=3, width=480).film().stage(), []
    for place, step, written in stage.acts():
        leaps += [way.end.at[0] - way.start.at[0] for way in stage.ways(written) if way.start != way.end]
        stage.land(place, step)
    # Ten scores, as many probabilities and the loss to the right, then their gradients to the left.
    assert min(leaps[:21]) > 0 > min(leaps)
