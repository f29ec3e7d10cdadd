"""Where everything stands: cells as large as the stage allows, and nothing cut off, whatever is to be shown."""

from __future__ import annotations

import pytest

from cnnviz.pipeline import make
from cnnviz.render.frames import Film
from cnnviz.render.panels import painter_class
from cnnviz.render.panels.base import LABEL_LEADING

LEAST_SIDE, LARGE_CELL = 100, 40


def is_readable(film: Film) -> None:
    """The largest map is no dot, unless it has few cells; bodies and labels are on the stage, beside one another."""
    layout, panels = film.layout, {panel.name: panel for panel in film.storyboard.panels()}
    fit, shapes = layout.fit, [panel.shape for panel in panels.values() if hasattr(panel, "shape")]
    assert max(map(max, shapes)) * layout.cell >= LEAST_SIDE * fit.unit or layout.cell >= LARGE_CELL * fit.unit
    ends: list[tuple[int, int, str]] = []
    above = 0
    for name, place in layout.places.items():
        lines = fit.label_lines(place.label) if place.label else []
        wide = max([place.width, *(line.width for line in lines)])
        left = place.x + (place.width - wide) // 2
        low = place.label_baseline + (len(lines) - 1) * fit.tx(LABEL_LEADING) if lines else place.y + place.height
        assert left >= 0, name
        assert left + wide <= layout.width, name
        assert place.y >= 0, name
        assert low < layout.lines.band, name
        right = left + wide
        if panels[name].under:
            assert place.y > above, name
            before = ends.pop()
            left, right = min(left, before[0]), max(right, before[1])
        ends.append((left, right, name))
        above = low
    for (_, right, before), (left, _, after) in zip(sorted(ends), sorted(ends)[1:], strict=False):
        assert right <= left, f"{before} reaches into {after}"


@pytest.mark.parametrize(
    ("scene", "parameters"),
    [
        # A long label, a wide derivation and a kernel that wants to be enlarged had left the maps a pixel a cell.
        ("output-size", {"i": 7, "k": 3, "d": 2, "s": 2, "p": 1}),
        ("output-size", {"i": (12, 3), "k": (3, 1), "d": (2, 1), "s": (3, 1), "p": (1, 0)}),
        ("conv-relation", {"i": (3, 12), "k": (2, 5)}),
        ("conv", {"i": 15, "k": 11}),
        ("conv", {"i": 32, "k": 7, "kernel": "gaussian"}),
        ("conv", {"i": 64, "k": 7, "s": 4, "d": 3, "p": 9}),
        ("transposed-conv", {"i": 6, "k": 7, "view": "overlap"}),
    ],
)
def test_what_is_enlarged_or_written_gives_way_to_the_cells(scene, parameters):
    is_readable(make(scene, **parameters).film())


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
