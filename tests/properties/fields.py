"""Receptive fields found out by changing a cell of the input and seeing which cells of the result change."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from cnnviz.parameters import parameters_of
from cnnviz.playback import GridState, play
from cnnviz.scene import Scene
from cnnviz.storyboard import Block, Cell, Grid, Storyboard

LIT = {"kernel", "kernel_on_padding", "winner", "neighbour", "selected"}
_STAMPED = {"kernel", "overlap"}
_MOST = 6
"""Cells that are changed in turn: any that are wrong show in some example."""

Place = tuple[int, ...]


def has_window(scene: Scene, board: Storyboard) -> bool:
    """Whether a figure lights up the cells of its input that make a cell of its result."""
    names = {panel.name for panel in board.panels() if isinstance(panel, Grid | Block)}
    return bool(LIT & set(board.step_roles)) and {"input", result_of(names)} <= names and hasattr(scene, "input")


def result_of(names: set[str]) -> str:
    """The panel that a window's step fills."""
    return "pooled" if "pooled" in names else "output"


def _variant(scene: Scene, shape: Place, **more: Any) -> Scene:
    """The same figure of an input of that shape, with nothing by which a cell could fail to count."""
    own = {p.name: getattr(scene, p.name) for p in parameters_of(type(scene))}
    own |= {"input": np.random.default_rng(0).random(shape).round(6), "i": None, **more}
    if "kernel" in own:
        own["kernel"] = np.ones(own["k"])
    own |= {name: 1.0 for name in ("alpha", "beta") if name in own}
    # The constant of response normalization, which shares its name with the size of a kernel.
    own |= {"k": 1.0} if isinstance(own.get("k"), float) else {}
    return type(scene)(**own)


def changed(scene: Scene, cell: Place, result: str, scale: float = 1e3) -> np.ndarray:
    """Which cells of the result are others when that cell of the input is."""
    values = np.array(scene.input)
    values[cell] += scale
    return np.abs(dataclasses.replace(scene, input=values).expected()[result] - scene.expected()[result]) > 1e-12


def _chosen(shape: Place, seed: int) -> Iterator[Place]:
    places = list(np.ndindex(*shape))
    for place in np.random.default_rng(seed).permutation(len(places))[:_MOST]:
        yield places[place]


def check_windows(scene: Scene, board: Storyboard, seed: int) -> None:
    """A cell of the input is lit in exactly those steps that fill a cell which changes with it."""
    if getattr(scene, "view", "convolution") != "convolution":
        _check_stamps(scene, board, seed)
        return
    panels = {panel.name: panel for panel in board.panels() if isinstance(panel, Grid | Block)}
    name, panel, stretched = result_of(set(panels)), panels["input"], getattr(scene, "view", None) is not None
    padding = getattr(panel, "padding", (0, 0))
    if hasattr(scene, "p") and not stretched and not getattr(scene, "ceil_mode", False):
        # Padding is as good as a frame of zeros that belong to the map.
        variant, padding = _variant(scene, panel.shape, p=(0, 0)), (0, 0)
    else:
        variant = _variant(scene, np.shape(_given(scene, board)))
    shape = np.shape(variant.input)
    shown = (shape[0], *panel.shape[1:]) if len(shape) > 2 else shape
    cells = list(_chosen(shown, seed))
    moved = {cell: changed(variant, cell, name) for cell in cells}
    at = _stretched(board, shape) if stretched else {cell: tuple(np.add(cell, padding)) for cell in cells} if (
        len(shape) == 2 and len(panel.shape) == 2) else {cell: cell for cell in cells}  # fmt: skip
    filled = 0
    for step, states in play(board):
        new = [_place(c) for c in step.changes if isinstance(c, Cell) and c.panel == name and c.value is not None]
        for cell in cells if new else ():
            lit = _is_lit(states["input"], at[cell], name)
            for place in new:
                assert lit == moved[cell][place], f"{cell} of the input is {'' if lit else 'not '}lit for {place}"
        if new:
            _check_marks(panels, states, new, name, ends=not getattr(scene, "ceil_mode", False))
        filled += bool(new)
        if new and name == "pooled" and np.isfinite(states["pooled"].values).all():
            break
    assert filled


def _check_marks(
    panels: dict[str, Grid | Block], states: dict[str, GridState], new: list[Place], result: str, *, ends: bool
) -> None:
    """Outlines stand around what is lit and what is filled; notes in the cells that are lit, padding by its own role.

    A window may hang over the `ends` of the map, where nothing is that could be lit.
    """
    panel, state = panels["input"], states["input"]
    lit = [tuple(at) for at in np.ndindex(*panel.shape) if _is_lit(state, at, result)]
    if "window" in state.marks:
        mark = state.marks["window"]
        first, last = np.min(lit, axis=0), np.max(lit, axis=0)
        assert (mark.row, mark.column) == tuple(first)
        beyond = np.subtract((mark.row + mark.rows - 1, mark.column + mark.columns - 1), last)
        assert (beyond == 0).all() or not ends
        assert (beyond >= 0).all()
    if "current" in states[result].marks and len(new) == 1 and isinstance(panel, Grid):
        mark = states[result].marks["current"]
        assert (mark.row, mark.column, mark.rows, mark.columns) == (*new[0], 1, 1)
    if getattr(panel, "notes", False):
        assert {at for at, note in state.notes.items() if note} == set(lit)
    if panel.padding != (0, 0) if isinstance(panel, Grid) else False:
        padded = {at for at in lit if str(panel.roles[at]).startswith("padding")}
        assert {at for at in lit if state.roles[at] == "kernel_on_padding"} == padded


def _is_lit(state: GridState, cell: Place, result: str) -> bool:
    if state.roles[cell] not in LIT or result != "pooled":
        return bool(state.roles[cell] in LIT)
    # Maxima that were found before stay marked, outside of the window.
    mark = state.marks["window"]
    return bool(mark.row <= cell[0] < mark.row + mark.rows and mark.column <= cell[1] < mark.column + mark.columns)


def _given(scene: Scene, board: Storyboard) -> np.ndarray:
    """The input as it is given, in the shape of its panel."""
    panel = board.panel("input")
    assert isinstance(panel, Grid | Block)
    return panel.values if isinstance(panel, Block) else np.zeros(scene.i)


def _stretched(board: Storyboard, shape: Place) -> dict[Place, Place]:
    """Where each cell of the input stands once it is pulled apart."""
    found: list[Place] = []
    for _, states in play(board):
        places = [tuple(at) for at in np.argwhere(states["input"].roles == "input").tolist()]
        if np.isfinite(states["output"].values).any() or len(places) < np.prod(shape):
            break
        found = places
    return dict(zip(np.ndindex(*shape), found, strict=True))


def _check_stamps(scene: Scene, board: Storyboard, seed: int) -> None:
    """The cells that a pixel's stamp lights are those that change with it, in order of the pixels."""
    panels = {panel.name for panel in board.panels()}
    name = "sum" if "sum" in panels else "output"
    variant = _variant(scene, scene.i, **({"p": (0, 0)} if name == "sum" else {}))
    cells = list(np.ndindex(*scene.i))
    chosen, hit = set(_chosen(scene.i, seed)), np.zeros(grid_shape(board, name), bool)
    for cell, (_, states) in zip(cells, play(board), strict=False):
        roles = states[name].roles.astype(str)
        lit = np.isin(roles, list(_STAMPED))
        np.testing.assert_array_equal(roles == "overlap", lit & hit)
        hit |= lit
        if cell in chosen:
            np.testing.assert_array_equal(lit, changed(variant, cell, "output"))
            assert states["input"].roles[cell] == "kernel"


def grid_shape(board: Storyboard, name: str) -> Place:
    """The shape of a panel of cells."""
    panel = board.panel(name)
    assert isinstance(panel, Grid | Block)
    return panel.shape


def _place(cell: Cell) -> Place:
    return (cell.row, cell.column) if cell.channel is None else (cell.channel, cell.row, cell.column)
