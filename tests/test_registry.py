"""What every scene must hold, whoever adds it: its numbers, its steps and its JSON."""

import json

import numpy as np
import pytest

from cnnviz.discovery import find_scenes, load_scene, summary
from cnnviz.playback import play
from cnnviz.render.theme import load_theme, theme_names
from cnnviz.storyboard import Block, Cell, Grid
from tests.figures import all_figures, board_of, make_figure, named, parsed, usual_figures

FIGURES = all_figures()
figures = pytest.mark.parametrize("figure", FIGURES, ids=map(named, FIGURES))


def cells_of(board):
    """The panels of cells by name."""
    return {panel.name: panel for panel in board.panels() if isinstance(panel, Grid | Block)}


def grows(figure, name):
    """Whether a panel's numbers are sums that grow, or move."""
    scene, given = figure
    stamped = scene == "transposed-conv" and "channels" in given
    scattered = given.get("view", "convolution") != "convolution" or stamped
    sums = ("conv-backward", "fc-backward", "pool-backward")
    moving = ("activation", "chain", "fully-connected", "output-size", "unpool", *sums)
    return scene in moving or name == "back" or scattered


@figures
def test_a_number_is_what_the_operation_gives_from_the_step_that_writes_it_to_the_last_picture(figure):
    scene, board = make_figure(figure).scene, board_of(figure)
    expected = {name: values for name, values in scene.expected().items() if name in cells_of(board)}
    for _, states in play(board):
        for name, wanted in expected.items():
            shown = states[name].values
            known = np.isfinite(shown) & (not grows(figure, name))
            np.testing.assert_allclose(shown[known], wanted[known], rtol=1e-9, atol=1e-9, err_msg=name)
    for name, wanted in expected.items():
        np.testing.assert_allclose(states[name].values, wanted, rtol=1e-9, atol=1e-9, err_msg=name)
        assert np.isfinite(states[name].values).all(), f"{name} has cells that were never filled"


@figures
def test_steps_are_as_many_as_announced_within_their_panels_and_in_known_roles(figure):
    board, again = board_of(figure), make_figure(figure).scene.storyboard()
    steps = list(board.steps())
    assert len(steps) == len(list(again.steps())) == board.count > 0
    names, cells = [panel.name for panel in board.panels()], cells_of(board)
    assert len(set(names)) == len(names)
    assert board.title
    assert board.alt
    # Roles that steps bring in are announced: the palette holds their colours before the first frame.
    roles = {str(role) for panel in cells.values() for role in np.unique(panel.roles)}
    for step in steps:
        assert step.caption
        for change in step.changes:
            assert change.panel in names
            if isinstance(change, Cell):
                assert 0 <= change.row < cells[change.panel].shape[-2]
                assert 0 <= change.column < cells[change.panel].shape[-1]
                assert change.role is None or change.role in roles.union(board.step_roles)
                roles |= {change.role or "input"}
    for theme in map(load_theme, theme_names()):
        assert all(map(theme.cell, roles))


@pytest.mark.parametrize("figure", usual_figures(), ids=named)
def test_json_tells_the_same_story(figure):
    made = make_figure(figure)
    data = json.loads(made.contents(["x.json"])[0][1])
    assert (data["format"], data["version"], data["scene"]) == ("cnnviz-storyboard", 1, figure[0])
    assert len(data["steps"]) == data["count"] > 0
    arrays = {}
    for panel in data["panels"]:
        if panel["kind"] in ("grid", "block"):
            arrays[panel["name"]] = values = np.array(panel["values"], dtype=float)
            assert list(values.shape) == panel["shape"] == list(np.shape(panel["roles"]))
    for change in (change for step in data["steps"] for change in step["changes"] if "value" in change):
        place = tuple(change[key] for key in ("channel", "row", "column") if key in change)
        arrays[change["panel"]][place] = change["value"]
    for name, values in made.scene.expected().items():
        np.testing.assert_allclose(arrays.get(name, values), values, rtol=1e-9, atol=1e-9)


def test_scenes_introduce_themselves():
    for name, file in find_scenes().items():
        assert 20 <= len(summary(file)) <= 100
        examples = load_scene(name).examples
        assert examples
        assert all(example.startswith(f"cnnviz {name}") for example in examples)


# Where rows and columns differ, and where a window leaves cells out, marks cannot agree by chance.
UNEVEN = [
    *(figure for figure in FIGURES if figure[0] in ("conv", "conv-relation", "pool", "unpool")),
    *map(
        parsed,
        (
            "conv i=9 d=2 s=4",
            "conv i=6x5 p=2x1 s=1x2",
            "conv-relation i=5x4 p=1x0 s=1x2",
            "pool kind=avg i=5x6 k=4x2 p=2x0 s=1x3",
            "pool i=9 k=2 d=2 s=4",
        ),
    ),
]


@pytest.mark.parametrize("figure", UNEVEN, ids=map(named, UNEVEN))
def test_the_boundary_runs_around_the_map_and_hatched_is_what_no_window_covers(figure):
    board = board_of(figure)
    panel = cells_of(board)["input"]
    for mark in panel.marks:
        if mark.role == "boundary" and mark.rows:
            inside = np.zeros(panel.shape, bool)
            inside[mark.row : mark.row + mark.rows, mark.column : mark.column + mark.columns] = True
            np.testing.assert_array_equal(inside, ~np.isin(panel.roles, ["padding", "padding_unreached", "empty"]))
    covered = np.zeros(panel.shape, bool)
    for _, states in play(board):
        covered |= np.isin(states["input"].roles.astype(str), ["kernel", "kernel_on_padding", "winner"])
    hatched = np.char.endswith(panel.roles.astype(str), "unreached")
    np.testing.assert_array_equal(covered, ~hatched & (panel.roles != "empty"))
