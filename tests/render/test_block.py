"""Blocks as drawn: where the sheets stand, what a change paints, outlines on one or all of them, colours by value."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.render.frames import Film
from cnnviz.render.theme import load_theme
from cnnviz.render.timing import Timing
from cnnviz.storyboard import Block, Cell, Grid, Mark, MoveMark, Shade, Step, Storyboard

LOOK = load_theme("article")


ONE = (Step(caption="a step"),)


def film(*rows, steps=ONE, roles=(), width=960, numbers=False):
    board = Storyboard(
        scene="none",
        parameters={},
        title="Blocks",
        settings="",
        formula="$x$",
        alt="",
        rows=rows,
        steps=lambda: iter(steps),
        count=len(steps),
        step_roles=roles,
    )
    return Film(board, LOOK, width, Timing(step=1, hold=1), numbers=numbers)


def pictures(*rows, **more):
    """The stages of the frames as (height, width, 3) pictures, without the band below."""
    made = film(*rows, **more)
    return [made.palette.colors[frame.pixels][: int(0.85 * made.size[1])] for frame in made]


def block(shape, name="block", role="input", first=None, **more):
    """A block whose first cell of each channel may have a role of its own."""
    roles = np.full(shape, role, dtype=object).astype("U20")
    if first:
        roles[:, 0, 0] = first
    values = np.arange(np.prod(shape), dtype=float).reshape(shape)
    return Block(name=name, label="A block", values=values, roles=roles, **more)


def patches(picture, color):
    """The rectangles of a colour, (left, top, width, height), found by scanning; they must be full."""
    left = {tuple(at) for at in np.argwhere((picture == color).all(axis=2))}
    found = []
    while left:
        y, x = min(left)
        width = next(n for n in range(1, 10**4) if (y, x + n) not in left)
        height = next(n for n in range(1, 10**4) if (y + n, x) not in left)
        inside = {(y + r, x + c) for r in range(height) for c in range(width)}
        assert inside <= left
        left -= inside
        found.append((x, y, width, height))
    return found


@pytest.mark.parametrize(
    ("shape", "columns", "rows"),
    [
        ((1, 3, 4), None, 1),
        ((4, 3, 3), None, 1),
        ((6, 5, 5), None, 2),
        ((8, 6, 7), None, 2),
        ((6, 2, 2), 2, 3),
        ((5, 2, 2), 5, 1),
        ((7, 3, 3), 3, 3),
    ],
)
@pytest.mark.parametrize("width", [480, 960])
def test_sheets_stand_in_reading_order_and_apart(shape, columns, rows, width):
    (picture,) = pictures((block(shape, first="selected", columns=columns),), width=width)
    corners = patches(picture, LOOK.cell("selected").fill)
    assert len(corners) == shape[0]
    assert len({(w, h) for _, _, w, h in corners}) == 1
    assert corners[0][2] == corners[0][3]
    across = -(-shape[0] // rows)
    by_x = sorted({x for x, *_ in corners})
    assert len(by_x) == across
    steps = np.diff(by_x)
    side = corners[0][2]
    assert (steps > shape[2] * side).all()
    unit = width / 960
    for x, y, *_ in corners:
        assert 36 * unit <= x
        assert x + shape[2] * side <= width - 36 * unit
        assert 66 * unit <= y
        assert y + shape[1] * side <= 462 * unit
    if rows == 1 and shape[0] > 1:
        stairs = [y for _, y, *_ in sorted(corners)]
        assert (np.diff(stairs) > 0).all(), "a single row goes down in steps"
    if rows > 1:
        assert len({y for _, y, *_ in corners}) == rows


def test_cells_of_a_block_are_those_of_a_grid():
    values = np.array([[1.0, -2, 3], [4, 5, 6]])
    shade = Shade(scale="diverging", lo=-6, hi=6)
    shared = {"label": "Values", "shade": shade, "digits": 0}
    grid = Grid(name="g", values=values, roles=np.full((2, 3), "input"), **shared)
    sheet = Block(name="b", values=values[None], roles=np.full((1, 2, 3), "input"), **shared)
    made = film((grid, sheet), numbers=True)
    (frame,) = list(made)
    cuts = []
    for name in "gb":
        place = made.layout.places[name]
        cuts.append(frame.pixels[place.y : place.y + 2 * place.cell, place.x : place.x + 3 * place.cell].copy())
    np.testing.assert_array_equal(*cuts)
    assert len(np.unique(cuts[0])) > 3, "there are numbers"


def test_a_change_paints_its_own_cell_and_no_other():
    change = Cell(panel="block", channel=2, row=1, column=0, role="output")
    steps = Step(caption="a"), Step(caption="a", changes=(change,))
    before, after = pictures((block((4, 2, 3), first="selected"),), steps=steps, roles=("output",))
    corners = sorted(patches(before, LOOK.cell("selected").fill))
    ((x, y, width, height),) = patches(after, LOOK.cell("output").fill)
    assert (x, width, height) == (corners[2][0], *corners[2][2:])
    gap = y - corners[2][1] - height
    assert 0 < gap < height / 4
    rows, columns = np.nonzero((before != after).any(axis=2))
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (x, x + width - 1, y, y + height - 1)


def test_a_mark_stands_on_one_channel_or_on_all_and_leaves_nothing_behind():
    color = LOOK.mark("window")

    def frames(channel):
        marked = block((3, 3, 3), marks=(Mark(name="m", role="window"),))
        there = MoveMark(panel="block", mark="m", channel=channel, row=0, column=1, rows=2, columns=2)
        gone = MoveMark(panel="block", mark="m", channel=channel, row=0, column=0, rows=0, columns=0)
        steps = Step(caption="a"), Step(caption="a", changes=(there,)), Step(caption="a", changes=(gone,))
        return pictures((marked,), steps=steps)

    counts = {}
    for channel in (None, 1):
        bare, marked, again = frames(channel)
        counts[channel] = int((marked == color).all(axis=2).sum())
        assert not (bare == color).all(axis=2).any()
        np.testing.assert_array_equal(bare, again)
    assert counts[None] == 3 * counts[1] > 0


@pytest.mark.parametrize(("side", "shaded"), [(3, False), (28, True)])
def test_values_become_colours_where_numbers_do_not_fit(side, shaded):
    values = np.zeros((8, side, side))
    values[:, -1, -1] = 100
    shade = Shade(scale="sequential", lo=0, hi=100)
    maps = Block(name="maps", label="Maps", values=values, roles=np.full(values.shape, "input"), shade=shade)
    (picture,) = pictures((maps,), numbers=True)
    dark, light = LOOK.scale("sequential")[-1], LOOK.scale("sequential")[0]
    assert bool((picture == light).all(axis=2).any()) == shaded
    assert bool((picture == LOOK.cell("input").fill).all(axis=2).any()) != shaded
    if shaded:
        assert len([p for p in patches(picture, dark) if p[2] == p[3]]) == 8
        faint = LOOK.page["faint"]
        assert (picture == faint).all(axis=2).sum() > 8 * 4 * side, "a frame around what is as light as the page"


def test_captions_say_which_channel_and_shorten_to_their_last_word():
    def drawn(captions, shape=(2, 3, 3)):
        return pictures((block(shape, captions=captions),))[0]

    np.testing.assert_array_equal(drawn(()), drawn(("channel 1", "channel 2")))
    assert (drawn(()) != drawn(("channel 1", "channel 3"))).any()
    long = tuple(f"a caption that is far too long for its sheet {n}" for n in (1, 2))
    np.testing.assert_array_equal(drawn(long), drawn(("1", "2")))
    np.testing.assert_array_equal(drawn(("x" * 90,) * 2), drawn(("", "")))


def test_captions_wider_than_their_sheets_are_whole_at_both_ends():
    wide = block((6, 1, 1), first="selected", columns=3, captions=("wwwww",) * 6)
    (picture,) = pictures((wide,))
    corners = sorted(patches(picture, LOOK.cell("selected").fill), key=lambda at: at[1])[:3]
    cuts = [picture[y + side : y + side + 24, x - 9 : x + side + 9] for x, y, side, _ in corners]
    ink = [(cut == LOOK.page["ground"]).all(axis=(0, 2)).argmin() for cut in cuts]
    assert ink[1] < 5, "the caption is no wider than its sheet"
    np.testing.assert_array_equal(cuts[0], cuts[1])
    np.testing.assert_array_equal(cuts[2], cuts[1])


def test_input_and_kernel_blocks_have_cells_of_one_size():
    made = film((block((2, 5, 5), name="a"), block((2, 3, 3), name="b")))
    assert made.layout.places["a"].cell == made.layout.places["b"].cell == made.layout.cell
