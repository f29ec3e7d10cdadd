"""Where everything stands: cells as large as the stage allows, and nothing cut off, whatever is to be shown."""

from __future__ import annotations

import pytest

from cnnviz.pipeline import make
from cnnviz.render.panels import painter_class
from tests.render.test_texts import faults

LEAST_SIDE, LARGE_CELL = 100, 40


@pytest.mark.parametrize(
    ("scene", "parameters"),
    [
        # A long label, a wide derivation and a kernel that wants to be enlarged had left the maps a pixel a cell.
        ("output-size", {"i": 7, "k": 3, "d": 2, "s": 2, "p": 1}),
        ("output-size", {"i": (12, 3), "k": (3, 1), "d": (2, 1), "s": (3, 1), "p": (1, 0)}),
        ("conv-relation", {"i": (3, 12), "k": (2, 5)}),
        ("conv", {"i": 15, "k": 11}),
        ("conv", {"i": 32, "k": 7, "kernel": "gaussian"}),
        ("transposed-conv", {"i": 6, "k": 7, "view": "overlap"}),
    ],
)
def test_what_is_enlarged_or_written_gives_way_to_the_cells(scene, parameters):
    film = make(scene, **parameters).film()
    layout, shapes = film.layout, [getattr(panel, "shape", (0,)) for panel in film.storyboard.panels()]
    # The largest map is no dot, unless it has few cells.
    assert layout.cell >= LARGE_CELL or layout.cell * max(map(max, shapes)) >= LEAST_SIDE
    assert not [fault for fault in faults(film) if fault[0] != "small"]


@pytest.mark.parametrize(
    ("scene", "parameters"),
    [
        ("conv", {"kernel": "-0.54 0.25 0.13; 0.4 -0.71 0.33; 0.21 0.12 -0.99"}),
        ("pool", {"kind": "avg", "input": "1 -20 3 1; 4 -50 8 0; 0 3 -1 2; 2 2 1 3"}),
    ],
)
@pytest.mark.parametrize("width", [640, 960])
def test_cells_are_larger_where_numbers_need_the_room(scene, parameters, width):
    film = make(scene, **parameters, width=width).film()
    grids = [panel for panel in film.storyboard.panels() if panel.kind == "grid"]
    assert all(painter_class("grid").details(panel, film.layout.cell, film.layout.fit) for panel in grids)
