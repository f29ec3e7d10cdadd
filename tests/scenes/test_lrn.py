"""Local response normalization: the numbers, the neighbourhood that lights up, and the words of every step."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnviz import UsageError
from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.storyboard import Cell


def neighbourhood(kind, n, place, shape):
    """The cells that a value is normalised by, from the definition: n // 2 before it, (n - 1) // 2 after it."""
    spread = (True, False, False) if kind == "inter" else (False, True, True)
    return {
        cell for cell in np.ndindex(*shape)
        if all(
            -(n // 2) <= cell[axis] - place[axis] <= (n - 1) // 2 if spread[axis] else cell[axis] == place[axis]
            for axis in range(3)
        )
    }  # fmt: skip


@st.composite
def figures(draw):
    shape = draw(st.integers(1, 5)), draw(st.integers(1, 4)), draw(st.integers(1, 4))
    values = draw(st.lists(st.integers(-9, 9), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    return {
        "kind": draw(st.sampled_from(["inter", "intra"])), "n": draw(st.integers(1, 6)),
        "k": draw(st.sampled_from([0.5, 1.0, 2.0])), "alpha": draw(st.sampled_from([0.0, 1e-4, 0.1, 1.0])),
        "beta": draw(st.sampled_from([0.5, 0.75, 1.0, 2.0])), "alpha_over_n": draw(st.booleans()),
        "input": np.array(values, float).reshape(shape),
    }  # fmt: skip


@settings(deadline=None, derandomize=True, max_examples=10)
@given(figures())
def test_every_step_divides_one_value_by_the_neighbours_that_are_lit(given):
    a, kind, n = given["input"], given["kind"], given["n"]
    board = make("lrn", **given).storyboard()
    assert board.count == a.size
    shares = (n if kind == "inter" else n * n) if given["alpha_over_n"] else 1
    done = set()
    for step, states in play(board):
        (new,) = [c for c in step.changes if isinstance(c, Cell) and c.panel == "output"]
        place = (new.channel, new.row, new.column)
        done.add(place)
        near = neighbourhood(kind, n, place, a.shape)
        total = sum(a[cell] ** 2 for cell in near)
        wanted = a[place] / (given["k"] + given["alpha"] / shares * total) ** given["beta"]
        assert states["output"].values[place] == pytest.approx(wanted, rel=1e-9)
        lit = {cell for cell in np.ndindex(*a.shape) if states["input"].roles[cell] != "input"}
        assert lit == near
        assert {cell for cell in lit if states["input"].roles[cell] == "selected"} == {place}
        outlined = {
            (mark.channel, int(mark.row) + r, int(mark.column) + c)
            for name, mark in states["input"].marks.items() if name.startswith("window")
            for r in range(mark.rows) for c in range(mark.columns)
        }  # fmt: skip
        assert outlined == near
        for panel, mark in (("input", "centre"), ("output", "current")):
            found = states[panel].marks[mark]
            assert (found.channel, found.row, found.column, found.rows, found.columns) == (*place, 1, 1)
    assert done == set(np.ndindex(*a.shape))


def test_a_caption_says_whether_alpha_is_divided():
    said = [
        next(make("lrn", input="9 1; 1 1", channels=2, n=3, alpha=0.3, alpha_over_n=divided, beta=0.5, k=1)
             .storyboard().steps()).caption
        for divided in (True, False)
    ]  # fmt: skip
    assert "0.3/3·(9²" in said[0]
    assert "0.3·(9²" in said[1]


def test_a_caption_is_written_out():
    board = make("lrn", input="4; 2; -3", channels=3, alpha=0.1).storyboard()
    assert [step.caption for step in board.steps()][1] == (
        "$b_{2,1,1}$ = 2 / (1 + 0.1·(4² + 2² + (−3)²))$^{0.75}$ = 2 / (1 + 0.1·29)$^{0.75}$ ≈ 2 / 2.78 ≈ **0.7**"
    )


def test_many_squares_are_shortened_but_keep_their_ends():
    board = make("lrn", kind="intra", n=7, i=7, channels=1, input="ones").storyboard()
    caption = [step.caption for step in board.steps()][24]
    assert re.search(r"·\(1² \+ 1² \+ .*\+ … \+ 1²\)\)", caption)
    assert "0.1·49" in caption


def test_neighbours_slide_through_the_channels_and_within_them():
    def order(kind):
        board = make("lrn", kind=kind, i=2, channels=2).storyboard()
        cells = [c for step in board.steps() for c in step.changes if isinstance(c, Cell) and c.panel == "output"]
        return [(c.channel, c.row, c.column) for c in cells]

    assert order("inter")[:3] == [(0, 0, 0), (1, 0, 0), (0, 0, 1)]
    assert order("intra")[:3] == [(0, 0, 0), (0, 0, 1), (0, 1, 0)]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "inter"}, r"$\alpha$ as in the paper, not $\alpha/n$"),
        ({"kind": "intra"}, r"$\alpha$ as in the paper, not $\alpha/n^2$"),
        ({"kind": "inter", "alpha_over_n": True}, r"$\alpha/n$ as torch, Caffe"),
        ({"kind": "intra", "alpha_over_n": True}, r"$\alpha/n^2$ as Caffe"),
    ],
)
def test_the_convention_is_named(given, words):
    assert make("lrn", **given).storyboard().convention == words


@pytest.mark.parametrize(("kind", "divided", "shown", "told"), [
    ("inter", True, r"(k+(\alpha/n)\,\Sigma_j\,a_j^2)^\beta$", "(k + (α/n)·Σa²)^β"),
    ("intra", True, r"(k+(\alpha/n^2)\,\Sigma\,a^2)^\beta$", "(k + (α/n²)·Σa²)^β"),
    ("inter", False, r"(k+\alpha\,\Sigma_j\,a_j^2)^\beta$", "(k + α·Σa²)^β"),
    ("intra", False, r"(k+\alpha\,\Sigma\,a^2)^\beta$", "(k + α·Σa²)^β"),
])  # fmt: skip
def test_the_formula_has_what_is_computed(kind, divided, shown, told):
    board = make("lrn", kind=kind, alpha_over_n=divided).storyboard()
    assert shown in board.formula
    assert told in board.alt


def test_the_bounds_of_the_sum_have_their_numbers():
    formula = make("lrn", n=5, channels=6).storyboard().formula
    assert formula.endswith(r"$j=\max(1,\,i-2)\,\ldots\,\min(6,\,i+2)$")


def test_channels_stand_one_below_the_other_in_a_literal_or_on_an_axis_of_their_own():
    flat = make("lrn", input="1 2; 3 4; 5 6; 7 8", channels=2)
    array = make("lrn", input=np.arange(1.0, 9.0).reshape(2, 2, 2))
    for figure in (flat, array):
        np.testing.assert_array_equal(figure.storyboard().panel("input").values, [[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
        assert (figure.scene.channels, figure.scene.i) == (2, (2, 2))
    assert flat.scene.expected()["output"].shape == (2, 2, 2)


def test_random_values_are_digits_from_the_seed():
    first, again, other = (make("lrn", seed=seed).storyboard().panel("input").values for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert set(np.unique(first)) <= set(range(10))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"k": 0, "input": "zeros"},
            "k 0 leaves nothing to divide by where all neighbours are 0: use --k above 0, such as 1",
        ),
        (
            {"input": "1 2; 3 4", "channels": 3},
            "input has 2 rows, which 3 channels cannot share evenly: use --i, or --channels 1 or 2",
        ),
        (
            {"channels": 64, "i": 64},
            "64 channels of 64×64 are more than 512 rows of cells: use fewer --channels or a smaller --i",
        ),
        (
            {"input": np.ones((2, 3, 3)), "channels": 4},
            "input has 2 channels, but --channels asks for 4: make them equal",
        ),
        ({"input": "1e9 1"}, "the input value 1e+09 is too large: use -1000000 to 1000000"),
        ({"kind": "within"}, "kind 'within' is not known: choose from inter, intra"),
        ({"beta": 5}, "--beta 5 is too large: use 4 or less"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(given, message):
    with pytest.raises(UsageError) as error:
        make("lrn", **given)
    assert str(error.value) == message


@pytest.mark.parametrize("kind", ["inter", "intra"])
def test_it_becomes_a_gif(kind, tmp_path):
    path = tmp_path / "lrn.gif"
    make("lrn", kind=kind, i=2, channels=2, width=320).save(path)
    with Image.open(io.BytesIO(path.read_bytes())) as picture:
        assert picture.size == (320, 180)
        assert picture.n_frames == 8
