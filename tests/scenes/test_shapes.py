"""Shapes through a network: sizes as ONNX infers them, costs counted by hand, and what does not fit."""

from __future__ import annotations

from cnnviz.pipeline import make
from cnnviz.programs import run
from cnnviz.words import evaluate


def rows_of(figure):
    """What the table says at the end, by its rows."""
    table = figure.storyboard().panel("shapes")
    return [tuple(text.replace("*", "") for text in entries[1:]) for entries in table.entries]


def test_sizes_are_those_of_an_engine():
    figure = make("shapes", i="2x9x11", layers="conv 3@3 s2 p1, relu, pool 2, conv 4@2 d2 p1, flatten, linear 5")
    results = run(figure.scene.operation(), "onnx")
    wanted = ["×".join(map(str, results[f"y{n}"].shape[1:])) for n in range(1, 7)]
    shown = [entries[0].rpartition("= ")[2] for entries in rows_of(figure)[1:-1]]
    assert shown == wanted


def test_a_wrong_linear_ends_with_the_error_of_torch():
    board = make("shapes", i="1x6x6", layers="conv 2@3, flatten, linear 30 4").storyboard()
    *_, refused, last = board.steps()
    assert "mat1 and mat2 shapes cannot be multiplied (1x32 and 30x4)" in refused.caption
    assert "Linear(32, 4)" in last.caption
    assert board.panel("shapes").entries[2][1] == "2·4·4 = **32**"


def test_an_output_travels_into_the_next_row():
    film = make("shapes", i="1x6x6", layers="conv 2@3, flatten, linear 4", tween=3, width=320).film()
    moving = "".join(".-"[frame.settled] for frame in film)
    # Three pictures of the tint on its way and three of the output, fewer where no output travels.
    assert moving.startswith("-......-......-......-")
    assert "...." not in moving.removeprefix("-......-......-......-")


def test_large_networks_are_counted_but_not_computed():
    scene = make("shapes", i="3x224x224", layers="conv 64@3 p1, pool 2, flatten, linear 4096").scene
    assert scene.operation() is None
    assert evaluate(scene.storyboard().panel("shapes").entries[-1][2]) == 64 * 28 + 4096 * (64 * 112**2 + 1)
