"""What every scene must hold, whoever adds it: its numbers, its words and its JSON."""

from __future__ import annotations

import io
import json
from collections import deque

import numpy as np
import pytest

from cnnviz.discovery import find_scenes, load_scene, summary
from cnnviz.export import Job
from cnnviz.export.json import write
from cnnviz.playback import play
from cnnviz.render.theme import load_theme, theme_names
from cnnviz.storyboard import Block, Grid
from tests.figures import all_figures, board_of, make_figure, named

FIGURES = all_figures()
figures = pytest.mark.parametrize("figure", FIGURES, ids=map(named, FIGURES))


@figures
def test_the_finished_storyboard_shows_what_the_operation_gives(figure):
    scene, board = make_figure(figure).scene, board_of(figure)
    expected = {name: values for name, values in scene.expected().items() if name in panels_of(board)}
    states = deque(play(board), maxlen=1)[0][1]
    for name, values in expected.items():
        np.testing.assert_allclose(states[name].values, values, rtol=1e-9, atol=1e-9, err_msg=name)
        assert np.isfinite(states[name].values).all(), f"{name} has cells that were never filled"


def panels_of(board):
    return {panel.name for panel in board.panels() if isinstance(panel, Grid | Block)}


@figures
def test_the_number_of_steps_is_as_announced_and_steps_can_be_made_anew(figure):
    board = make_figure(figure).storyboard()
    first = [(step.caption, len(step.changes)) for step in board.steps()]
    assert len(first) == board.count > 0
    assert [(step.caption, len(step.changes)) for step in board.steps()] == first


@figures
def test_changes_stay_within_their_panels(figure):
    board = board_of(figure)
    names = [panel.name for panel in board.panels()]
    assert len(set(names)) == len(names)
    shapes = {panel.name: panel.shape for panel in board.panels() if isinstance(panel, Grid | Block)}
    for step in board.steps():
        for change in step.changes:
            assert change.panel in names
            shape = shapes.get(change.panel)
            if shape is not None and hasattr(change, "value"):
                assert 0 <= change.row < shape[-2]
                assert 0 <= change.column < shape[-1]


@figures
def test_themes_know_every_role(figure):
    board = board_of(figure)
    roles = {role for p in board.panels() if isinstance(p, Grid | Block) for role in np.unique(p.roles)}
    roles |= {c.role for s in board.steps() for c in s.changes if type(c).__name__ == "Cell" and c.role is not None}
    for name in theme_names():
        theme = load_theme(name)
        for role in roles:
            theme.cell(str(role))


@figures
def test_roles_that_steps_bring_in_are_announced(figure):
    board = board_of(figure)
    known = {str(role) for p in board.panels() if isinstance(p, Grid | Block) for role in np.unique(p.roles)}
    known |= set(board.step_roles)
    for step in board.steps():
        for change in step.changes:
            role = getattr(change, "role", None)
            if type(change).__name__ == "Cell" and role is not None:
                assert role in known, f"{role} is missing in step_roles: the palette would not hold its colour"


@figures
def test_json_tells_the_same_story(figure):
    made = make_figure(figure)
    board = board_of(figure)
    buffer = io.BytesIO()
    write(Job(storyboard=board, film=lambda tween: made.film(), command=made.command(), once=False), buffer)
    data = json.loads(buffer.getvalue())
    assert (data["format"], data["version"], data["scene"]) == ("cnnviz-storyboard", 1, figure[0])
    assert len(data["steps"]) == data["count"] == board.count
    arrays = {p["name"]: np.array(p["values"], dtype=float) for p in data["panels"] if p["kind"] in ("grid", "block")}
    for panel in data["panels"]:
        if panel["kind"] in ("grid", "block"):
            assert list(arrays[panel["name"]].shape) == panel["shape"] == list(np.shape(panel["roles"]))
    for step in data["steps"]:
        for change in step["changes"]:
            if "value" in change:
                place = [change[key] for key in ("channel", "row", "column") if key in change]
                arrays[change["panel"]][tuple(place)] = change["value"]
    for name, values in made.scene.expected().items():
        if name in arrays:
            np.testing.assert_allclose(arrays[name], values, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", find_scenes())
def test_a_scene_introduces_itself(name):
    scene = load_scene(name)
    line = summary(find_scenes()[name])
    assert 20 <= len(line) <= 100
    assert line.endswith(".")
    assert scene.examples
    assert all(example.startswith(f"cnnviz {name}") for example in scene.examples)


# Where rows and columns differ, and where a window leaves cells out, words and marks cannot agree by chance.
UNEVEN = [
    *FIGURES,
    ("conv", {"i": 9, "d": 2, "s": 4}),
    ("conv", {"i": "6x5", "p": "2x1", "s": "1x2"}),
    ("conv-relation", {"i": "5x4", "p": "1x0", "s": "1x2"}),
    ("output-size", {"i": "6x5", "p": "2x1", "s": "1x3", "d": "1x2"}),
    ("pool", {"kind": "avg", "i": "5x6", "k": "4x2", "p": "2x0", "s": "1x3"}),
    ("pool", {"i": 9, "k": 2, "d": 2, "s": 4}),
]
uneven = pytest.mark.parametrize("figure", UNEVEN, ids=map(named, UNEVEN))


@uneven
def test_a_boundary_runs_around_the_map_and_not_its_padding(figure):
    outside = {"padding", "padding_unreached", "empty"}
    for panel in board_of(figure).panels():
        for mark in getattr(panel, "marks", ()):
            if mark.role == "boundary" and mark.rows:
                inside = np.zeros(panel.shape, bool)
                inside[mark.row : mark.row + mark.rows, mark.column : mark.column + mark.columns] = True
                np.testing.assert_array_equal(inside, ~np.isin(panel.roles, list(outside)))


@uneven
def test_hatched_is_what_no_window_covers(figure):
    board = board_of(figure)
    panel = next((p for p in board.panels() if p.name == "input" and isinstance(p, Grid)), None)
    if figure[0] not in ("conv", "conv-relation", "pool", "unpool") or panel is None:
        return
    covered = np.zeros(panel.shape, bool)
    for _, states in play(board):
        covered |= np.isin(states["input"].roles.astype(str), ["kernel", "kernel_on_padding", "winner"])
    hatched = np.char.endswith(panel.roles.astype(str), "unreached")
    np.testing.assert_array_equal(covered, ~hatched & (panel.roles != "empty"))
