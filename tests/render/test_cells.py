"""The drawn picture against the data: whatever the theme, each cell of every grid shows its own state in every frame.

What a cell should show comes from the storyboard and the theme's file: the fill of its role, its strokes, or the colour
that its value has on a scale. What it does show is read where the layout says that the grid stands: at the middle of
the cell; in one with a number in its upper left corner, just within the outline that a mark may have there.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.render.panels import painter_class
from cnnviz.render.panels._fitted import Fitted
from cnnviz.render.theme import SCALE_LEVELS, THEMES_FOLDER, theme_names
from cnnviz.storyboard import Block, Grid
from tests.figures import all_figures, named


@pytest.fixture(autouse=True)
def _no_lines(monkeypatch):
    """Lines from a window to its result cross cells."""
    monkeypatch.setattr("cnnviz.render.link.Link.floats", lambda self: {})


MOST = 4
"""Pictures of a longer film, each of them with the changes of several steps."""


@cache
def board_of(scene, given):
    """The storyboard with the changes of its grids alone, and without the words that take the longest to draw."""
    board = make(scene, **dict(given)).storyboard()
    grids = {panel.name for panel in board.panels() if isinstance(panel, Grid | Block)}
    steps = [replace(s, caption="", changes=tuple(c for c in s.changes if c.panel in grids)) for s in board.steps()]
    if len(steps) > MOST:
        parts = [part.tolist() for part in np.array_split(np.arange(len(steps)), MOST)]
        steps = [replace(steps[0], changes=tuple(c for n in part for c in steps[n].changes)) for part in parts]
    return replace(board, steps=lambda: iter(steps), count=len(steps), formula="", convention="")


# A bilinear sample lies between cells: its window covers parts of them.
FIGURES = [
    (scene, given)
    for scene, given in all_figures()
    if (scene != "upsample" or "shuffle" in given.get("kind", ""))
    and any(isinstance(p, Grid | Block) for p in board_of(scene, tuple(given.items())).panels())
]


@cache
def theme_file(name):
    return tomllib.loads((THEMES_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def rgb(text):
    return np.array([int(text[n : n + 2], 16) for n in (1, 3, 5)], float)


@dataclass
class Sheet:
    """The cells of a grid on the page: the pixel of each one's upper left corner, and their side."""

    panel: Grid | Block
    left: np.ndarray
    top: np.ndarray
    side: int
    numbers: bool
    shaded: bool


def sheets_of(film):
    for panel in film.storyboard.panels():
        if not isinstance(panel, Grid | Block):
            continue
        painter, place = painter_class(panel.kind), film.layout.places[panel.name]
        fitted = Fitted.of(panel, film.layout.cell, film.layout.fit)
        rows, columns = panel.shape[-2:]
        if isinstance(panel, Grid):
            across = panel.indent + columns
            side = place.width // across
            above = place.height - rows * side
            assert (place.width, bool(above)) == (across * side, panel.bars), "cells are not square"
            corners = [(panel.indent * side, above)]
        else:
            seated = painter(panel, place, film._look, film.layout.fit)
            corners, side = [seated.sheets.corner(channel) for channel in range(panel.shape[0])], place.cell
            # As one reads: to the right, or from the left again further down.
            assert all(
                b[0] >= a[0] + columns * side or (b[0] == corners[0][0] and b[1] >= a[1] + rows * side)
                for a, b in pairwise(corners)
            )
        x, y = np.array(corners).T[:, :, None, None]
        left, top = np.broadcast_arrays(
            place.x + x + side * np.arange(columns)[None, None, :], place.y + y + side * np.arange(rows)[None, :, None]
        )
        yield Sheet(panel, left.ravel(), top.ravel(), side, fitted.numbers, fitted.shaded)


def expected(theme, sheet, state):
    """The colour that each cell should have, how far off it may be, and the strokes across it."""
    # A window is one body: over padding it has the same fill, under strokes.
    own = {} if sheet.shaded else {"kernel_on_padding": "kernel"}
    styles = [theme["cells"][own.get(role, role)] for role in state.roles.ravel()]
    colors = np.array([rgb(style["fill"]) for style in styles])
    off = np.zeros(len(styles))
    if sheet.shaded:
        shade, values = sheet.panel.shade, state.values.ravel()
        stops = np.array([rgb(stop) for stop in theme["scales"][shade.scale]])
        by_value = np.isfinite(values) & ~np.array([style.get("flat", False) for style in styles])
        at = np.clip((values - shade.lo) / (shade.hi - shade.lo), 0, 1) if shade.hi > shade.lo else 0 * values + 0.5
        scaled = np.stack([np.interp(at, np.linspace(0, 1, len(stops)), channel) for channel in stops.T], axis=1)
        colors[by_value] = scaled[by_value]
        # To the nearest level, whose colour may have become its neighbour's where the palette was full.
        off[by_value] = 1.6 * np.abs(np.diff(stops, axis=0)).max() * (len(stops) - 1) / (SCALE_LEVELS - 1)
    strokes = [(style["hatch"], style.get("strokes", "/")) if "hatch" in style else None for style in styles]
    return colors, off, strokes


def differing(pixels, palette, sheet, state, theme, known):
    """The cells of a picture that do not show their state; `known` keeps what has been said of a cell with strokes."""
    colors, off, strokes = expected(theme, sheet, state)
    # A question stands in the middle too.
    asked = [bool(state.notes.get(at)) for at in np.ndindex(state.values.shape)]
    written = (np.isfinite(state.values.ravel()) | asked) & sheet.numbers
    corner, middle = max(3, sheet.side // 10), sheet.side // 2
    into = np.where(written, corner, middle)
    seen = palette[pixels[sheet.top + into, sheet.left + into]].astype(float)
    wrong = np.abs(seen - colors).max(axis=1) > off
    rim, ringed = max(2, sheet.side // 7), crossed(state).ravel()
    for cell in [n for n, stroke in enumerate(strokes) if stroke or ringed[n]]:
        left, top = sheet.left[cell], sheet.top[cell]
        inside = pixels[top + rim : top + sheet.side - rim, left + rim : left + sheet.side - rim]
        # On a colour by value strokes may be of that colour.
        alone = not written[cell] and not off[cell] and not ringed[cell]
        key = inside.tobytes(), tuple(colors[cell]), strokes[cell], alone
        if key not in known:
            known[key] = stroked(palette[inside].astype(float), colors[cell], off[cell], strokes[cell], alone=alone)
        wrong[cell] = not known[key]
    return [tuple(map(int, place)) for place in np.argwhere(wrong.reshape(state.values.shape))]


def crossed(state):
    """The cells that strokes over a window or an outline smaller than a cell cross, wherever they stand."""
    found = state.roles == "kernel_on_padding"
    for mark in [mark for mark in state.marks.values() if 0 < mark.rows < 1]:
        rows, columns = (
            slice(max(0, int(start)), max(0, int(np.ceil(start + side))))
            for start, side in ((mark.row, mark.rows), (mark.column, mark.columns))
        )
        found[..., rows, columns] = True
    return found


def stroked(inside, fill, off, hatch, *, alone):
    """Whether a part of a cell has its fill and, where they are alone on it, strokes of a colour in their direction."""
    filled = np.abs(inside - fill).max(axis=2) <= off
    if not alone:
        return filled.mean() > 0.1
    color, strokes = hatch
    way = rgb(color) - fill
    share = (inside - fill) @ way / (way @ way)
    inked, aside = share > 0.4, inside - fill - np.clip(share, 0, 1)[..., None] * way
    # A stroke up has its next pixel up and to the right.
    up, across = (inked[1:, :-1] == inked[:-1, 1:]).mean(), (inked[1:, 1:] == inked[:-1, :-1]).mean()
    turned = {"/": up > across, "\\": across > up, "x": abs(up - across) < 0.15}[strokes]
    # What is blended of both may be as far off as the palette is from it.
    return filled.mean() > 0.1 and 0.03 < inked.mean() < 0.75 and np.abs(aside).max() <= 48 and turned


def film_of(scene, given, theme, values):
    """A film as small as its cells allow: in the smallest ones outlines leave a middle that is free."""
    board = board_of(scene, tuple(given.items()))
    widths = (make(scene, **given, width=width, values=values, theme=theme).film(board) for width in (640, 960, 1280))
    return next(film for film in widths if film.layout.cell >= 8)


@pytest.mark.parametrize("figure", FIGURES, ids=map(named, FIGURES))
def test_every_cell_shows_its_state(figure):
    scene, given = figure
    # Every other figure has its numbers; the others, without them, a theme in turn.
    turn, values = divmod(FIGURES.index(figure), 2)
    name = "article" if values else theme_names()[turn % len(theme_names())]
    film, theme, known = film_of(scene, given, name, bool(values)), theme_file(name), {}
    sheets = list(sheets_of(film))
    for number, (frame, (_, states)) in enumerate(zip(film, play(film.storyboard), strict=True), start=1):
        for sheet in sheets:
            wrong = differing(frame.pixels, film.palette.colors, sheet, states[sheet.panel.name], theme, known)
            assert not wrong, f"{name}, picture {number}: cells {wrong} of {sheet.panel.name}"


def test_a_scale_stands_below_all_lines_of_a_label():
    film = make("conv-relation", i=24).film()
    for panel in film.storyboard.panels():
        if isinstance(panel, Grid) and panel.name in ("input", "back"):
            seated = painter_class(panel.kind)(panel, film.layout.places[panel.name], film._look, film.layout.fit)
            scale, label = seated.ground["scale",].reach, seated.label_item().reach
            assert label.bottom - label.top > 35, "a label of two lines"
            assert scale.top >= label.bottom - 3
