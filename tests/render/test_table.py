"""Tables: they fit the stage, light up the entries they are told to, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.render.panels.base import LEAST_TEXT
from cnnviz.render.panels.table import TablePainter, fitted
from cnnviz.storyboard import SetEntry, Table
from tests.render.shown import THEME, fit_of, shown

HEADER = ("function", "$f(x)$", "range")
ENTRIES = (("Linear", "$x$", "any number"), ("ReLU", "$\\max(0, x)$", "not negative"), ("two\nlines", "1", "2"))


def painted(panel):
    extent = TablePainter.measure(panel, 40, fit_of())
    canvas = shown(panel, (extent.width, extent.height))
    return canvas.painter, canvas


def table_of(**more):
    return Table(name="table", **{"header": HEADER, "entries": ENTRIES, **more})


def tinted(painter, canvas):
    """The entries whose middle has the tint at the upper edge."""
    fill = canvas.palette.index_of(THEME.cell("lit").fill)
    columns, rows = painter._fitted.columns, painter._fitted.rows
    return {
        (row, column)
        for row in range(len(rows) - 2)
        for column in range(len(columns) - 1)
        if canvas.pixels[rows[row + 1] + 2, (columns[column] + columns[column + 1]) // 2] == fill
    }


def test_selected_entries_are_tinted_and_only_they_are_painted_anew():
    painter, canvas = painted(table_of())
    assert tinted(painter, canvas) == set()
    before = canvas.pixels.copy()
    boxes = canvas.apply([SetEntry(panel="table", row=1, column=n, role="selected") for n in range(3)])
    assert tinted(painter, canvas) == {(1, 0), (1, 1), (1, 2)}
    rows = painter._fitted.rows
    assert all(rows[2] <= box.top and box.bottom <= rows[3] for box in boxes)
    bar = canvas.pixels[rows[2] + 3, 0]
    assert bar == canvas.palette.index_of(THEME.mark("window")), "no second cue beside the colour"
    canvas.apply([SetEntry(panel="table", row=1, column=n, role="plain") for n in range(3)])
    assert np.array_equal(canvas.pixels, before)


@pytest.mark.parametrize("unit", [2 / 3, 1.0, 2.0])
@pytest.mark.parametrize("rows", [2, 8, 14])
@pytest.mark.parametrize("words", [1, 4])
def test_a_table_fits_the_stage_with_text_that_can_be_read(unit, rows, words):
    entries = tuple((" ".join(["word"] * words),) * 5 for _ in range(rows))
    panel = Table(name="table", header=("column",) * 5, entries=entries, size=18)
    extent = TablePainter.measure(panel, 40, fit_of(unit))
    assert extent.width <= round(880 * unit)
    assert extent.height <= round(386 * unit)
    assert fitted(panel, fit_of(unit)).size >= LEAST_TEXT
    painted(panel)
