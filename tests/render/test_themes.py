"""Every theme: texts can be read; roles that stand side by side and lines are told apart, by colour-blind eyes too."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest

from cnnviz.errors import UsageError
from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.render.panels.cells import ink_on
from cnnviz.render.theme import contrast, load_theme, theme_names
from cnnviz.storyboard import Block, Grid
from tests.figures import all_figures, make_figure

THEMES = theme_names()
themes = pytest.mark.parametrize("name", THEMES)

# Machado, Oliveira and Fernandes (2009), "A Physiologically-based Model for Simulation of Color Vision Deficiency",
# IEEE TVCG 15(6): the matrices of severity 1.0, for linear RGB.
DEFICIENCIES = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
# sRGB's primaries and its white (IEC 61966-2-1).
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])

# A difference of about 2 can just be seen; between two neighbouring areas, 8 cannot be missed.
CLEARLY = 8.0

# Pairs that the default theme, whose colours are the article's own, tells apart by hue alone.
BY_HUE = {
    ("input", "kernel"),
    ("input", "output"),
    ("input", "winner"),
    ("input", "zero"),
    ("kernel", "kernel_on_padding"),
    ("kernel", "output"),
    ("kernel", "overlap"),
    ("kernel_on_padding", "output"),
    ("output", "padding"),
    ("output", "zero"),
    ("padding_unreached", "unreached"),
    ("input", "padding"),
}
# Of these, what an eye without blue cones sees in one colour.
ALIKE = {("article", "tritanopia", ("output", role)) for role in ("padding", "zero")}
# Quiet on purpose: what lies behind the lines that count.
QUIET = ("grid", "contour")
OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")


def linear(color):
    share = np.asarray(color) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIELAB of linear RGB, for the white of sRGB."""
    share = TO_XYZ @ rgb / TO_XYZ.sum(axis=1)
    f = np.where(share > (6 / 29) ** 3, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one, other, deficiency=None):
    """The distance of two colours in CIELAB, as seen with a deficiency."""
    seen = np.array(DEFICIENCIES[deficiency]) if deficiency else np.eye(3)
    a, b = (lab(np.clip(seen @ linear(color), 0, 1)) for color in (one, other))
    return float(np.linalg.norm(a - b))


@cache
def side_by_side():
    """The pairs of roles between whose cells no outline runs, in any figure at any step."""
    pairs = set()
    for figure in all_figures():
        board = make_figure(figure).scene.storyboard()
        grids = [p for p in board.panels() if isinstance(p, Grid | Block) and not (p.shade and p.shade.always)]
        for _, states in play(board) if grids else ():
            for panel in grids:
                roles = states[panel.name].roles
                for channel, sheet in enumerate(roles.reshape(-1, *roles.shape[-2:])):
                    pairs |= met(sheet, [m for m in states[panel.name].marks.values() if m.channel in (None, channel)])
    # A cell that waits lies on the page anywhere.
    return sorted(pairs - {("empty", "pending")})


def met(sheet, marks):
    """The pairs of a sheet of roles that meet where no mark has its edge."""
    down, across = (np.zeros((sheet.shape[0] + by, sheet.shape[1] + 1 - by), bool) for by in (1, 0))
    for mark in marks:
        if mark.rows and mark.columns and float(mark.row).is_integer() and float(mark.column).is_integer():
            row, column = int(mark.row), int(mark.column)
            down[[row, row + mark.rows], column : column + mark.columns] = True
            across[row : row + mark.rows, [column, column + mark.columns]] = True
    borders = ((sheet[:-1], sheet[1:], down[1:-1]), (sheet[:, :-1], sheet[:, 1:], across[:, 1:-1]))
    return {
        tuple(sorted((str(a), str(b))))
        for one, other, drawn in borders
        for a, b in zip(one[~drawn], other[~drawn], strict=True)
        if a != b
    }


def hatched_apart(one, other):
    """Whether one has strokes that the other lacks, and they can be seen."""
    a, b = ((style.hatch is not None, style.strokes if style.hatch else "") for style in (one, other))
    return a != b and all(contrast(s.fill, s.hatch) >= 1.3 for s in (one, other) if s.hatch)


# What must be told from what it is drawn on: the least contrast, and that of the article's own colours.
CONTRASTS = [
    (4.5, 4.5, "page.ink page.muted page.result", "page.ground page.band"),
    (4.5, 4.5, "page.result", "cells.lit"),
    (4.5, 4.4, "lines.gradient", "page.band"),
    (3, 3, "lines.forward", "page.band"),
    (3, 3, "lines.axis lines.guide", "page.ground"),
    (3, 1, "lines.edge", "page.ground"),
    (3, 3, "marks.window marks.result marks.boundary", "page.ground"),
    (3, 2, "marks.window", "cells.kernel cells.kernel_on_padding cells.input cells.selected cells.winner cells.output"),
    (3, 2, "marks.window", "cells.zero cells.overlap cells.neighbour cells.padding cells.bias cells.lit"),
    (3, 2, "marks.result", "cells.output cells.winner cells.selected cells.input cells.padding cells.unreached"),
    (3, 2, "marks.boundary", "cells.input cells.kernel cells.zero cells.kernel_on_padding cells.winner cells.padding"),
]


def color_of(theme, name):
    table, role = name.split(".")
    return theme.cell(role).fill if table == "cells" else getattr(theme, table)[role]


@themes
def test_what_is_written_and_drawn_stands_out(name):
    theme = load_theme(name)
    for least, articles, front, back in CONTRASTS:
        for one, other in itertools.product(front.split(), back.split()):
            found = contrast(color_of(theme, one), color_of(theme, other))
            assert found >= (articles if name == "article" else least), (one, other)
    for role, style in theme.cells.items():
        assert contrast(style.ink, style.fill) >= 4.5, role
        if style.hatch and name != "article":
            assert contrast(style.ink, style.hatch) >= 4.5, f"{role}: number on strokes"
    for role in set(theme.lines) - {*QUIET, "guide", "axis", "edge"}:
        assert contrast(theme.lines[role], theme.page["ground"]) >= 4.5, role
    for role, band in itertools.product(OPTIMIZERS, theme.scale("terrain").tolist()):
        assert contrast(theme.line(role), tuple(band)) >= 3, role


@themes
def test_numbers_on_values_colours_can_be_read(name):
    theme = load_theme(name)
    for scale in ("sequential", "diverging", "gray"):
        for color in map(tuple, theme.scale(scale).tolist()):
            assert contrast(ink_on(color), color) >= 4.5


@themes
def test_roles_side_by_side_differ_in_lightness_or_hatch(name):
    theme = load_theme(name)
    for pair in side_by_side():
        one, other = map(theme.cell, pair)
        if name == "article" and pair in BY_HUE:
            continue
        assert contrast(one.fill, other.fill) >= 1.5 or hatched_apart(one, other), pair


@themes
@pytest.mark.parametrize("deficiency", [None, *DEFICIENCIES])
def test_roles_side_by_side_are_told_apart_by_every_eye(name, deficiency):
    theme = load_theme(name)
    for pair in side_by_side():
        one, other = map(theme.cell, pair)
        apart = difference(one.fill, other.fill, deficiency)
        if (name, deficiency, pair) in ALIKE:
            continue
        assert apart >= CLEARLY or hatched_apart(one, other), f"{pair}: {apart:.1f}"


@themes
def test_cells_can_be_seen_on_the_page(name):
    theme = load_theme(name)
    for role in ("input", "kernel", "output", "selected", "winner", "overlap", "bias", "pending"):
        assert difference(theme.cell(role).fill, theme.page["ground"]) >= 5, role


@themes
def test_lines_of_a_race_are_told_apart_by_every_eye(name):
    """Those of one style, solid or dashed by the scene: by colour, or by the theme's dashes."""
    theme = load_theme(name)
    for together in (("sgd", "adagrad", "adam"), ("momentum", "rmsprop"), ("curve", "tangent")):
        for one, other in itertools.combinations(together, 2):
            if theme.dashes.get(one) != theme.dashes.get(other):
                continue
            for deficiency in (None, *DEFICIENCIES):
                apart = difference(theme.line(one), theme.line(other), deficiency)
                assert apart >= CLEARLY, f"{one}, {other} with {deficiency}: {apart:.1f}"


def test_print_has_no_colour_at_all():
    for scene in ("conv", "gradient-descent", "cnn"):
        colors = make(scene, theme="print").film().palette.colors
        assert (colors == colors[:, :1]).all(), scene


DARK = 'extends = "dark"\n'
OWN = {
    DARK + "[cells.inptu]\nfill = '#FFFFFF'": "dark has no cells.inptu: did you mean input",
    DARK + "[page]\nink = 'white'": "page.ink 'white' is not a colour",
    DARK + "[cells]\ninput = '#123456'": "cells.input .* has fill and",
    DARK + "[cells.input]\nflat = 1": "cells.input.flat 1 is not true or false",
    DARK + "[cells.input]\nstrokes = '-'": r"cells.input.strokes '-' is not one of / \\ x",
    DARK + "[cell.input]\nfill = '#FFFFFF'": r"\[cell\]: did you mean cells",
    DARK + "cells = 3": r"\[cells\]",
    DARK + "[scales]\nterrain = ['#FFFFFF', 3]": "scales.terrain 3 is not a colour",
    DARK + "[dashes]\ncurve = [4, 0]": r"dashes.curve .*\[4, 3\]",
    "extends = 'drak'": "'drak' is no theme: did you mean dark",
    "x = ": "my.toml is not valid TOML",
}


@pytest.mark.parametrize("text", OWN)
def test_what_is_wrong_with_a_theme_is_one_line(text, tmp_path):
    file = tmp_path / "my.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=OWN[text]) as caught:
        load_theme(str(file))
    assert "\n" not in str(caught.value)


def test_a_theme_of_ones_own_gives_only_what_differs(tmp_path):
    file = tmp_path / "ours.toml"
    file.write_text('extends = "dark"\n[cells.pending]\nfill = "#102030"\n[dashes]\ncurve = [4, 3]', encoding="utf-8")
    ours, dark = load_theme(str(file)), load_theme("dark")
    assert ours.name == "ours"
    assert ours.cell("pending").fill == (16, 32, 48)
    assert ours.cell("pending").hatch == dark.cell("pending").hatch
    assert ours.cell("pending").flat
    assert ours.dashes == {"curve": (4, 3)}
    assert (ours.page, ours.marks, ours.lines, ours.scales) == (dark.page, dark.marks, dark.lines, dark.scales)
    film = make("conv", theme=str(file), values=False).film()
    place, shown = film.layout.places["output"], next(iter(film)).pixels
    shown = shown[place.y : place.y + place.height, place.x : place.x + place.width]
    assert (shown == film.palette.index_of((16, 32, 48))).mean() > 0.1


@themes
def test_every_theme_knows_the_same_roles(name):
    theme, default = load_theme(name), load_theme("article")
    for table in ("page", "cells", "marks", "lines", "scales"):
        assert set(getattr(theme, table)) == set(getattr(default, table)), table
