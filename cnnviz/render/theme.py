"""A theme: which colour a role has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.parameters import quote, suggest
from cnnviz.record import Record
from cnnviz.toml import read_toml

Color = tuple[int, int, int]
THEMES_FOLDER = Path(__file__).with_name("themes")
SCALE_LEVELS = 24
_PAGE = ("ground", "ink", "muted", "faint", "band", "accent", "result")
_TABLES = ("page", "cells", "marks", "lines", "scales")
_STROKES = ("/", "\\", "x")


class CellStyle(Record, kw_only=True):
    r"""How a role looks in a cell: its fill, the ink of its text, and strokes across it where it has a hatch.

    `strokes` run up (/), down (\) or both ways (x). A `flat` role keeps its fill where other cells are coloured by
    value.
    """

    fill: Color
    ink: Color
    hatch: Color | None = None
    strokes: str = "/"
    flat: bool = False


class Theme(Record, kw_only=True):
    """Colours by role. `page` holds ground, ink, muted, faint, band, accent and result.

    `dashes` are the lengths of strokes and gaps, in line widths, of lines that a scene draws solid.
    """

    name: str
    page: Mapping[str, Color]
    cells: Mapping[str, CellStyle]
    marks: Mapping[str, Color]
    lines: Mapping[str, Color]
    scales: Mapping[str, tuple[Color, ...]]
    dashes: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def on(self, ground: Color) -> Theme:
        """The theme on another ground, which is also the fill of cells that had the ground's; halos keep theirs."""
        page = {**self.page, "ground": ground, "halo": self.halo}
        cells = {
            role: replace(style, fill=ground) if style.fill == self.page["ground"] else style
            for role, style in self.cells.items()
        }
        return replace(self, page=page, cells=cells)

    @property
    def halo(self) -> Color:
        """The colour beside a dark outline on a picture."""
        return self.page.get("halo", self.page["ground"])

    def cell(self, role: str) -> CellStyle:
        """The style of a role; raises UsageError where the theme lacks it."""
        style: CellStyle = _lookup(self.cells, role, f"theme {self.name} has no cell role")
        return style

    def mark(self, role: str) -> Color:
        """The colour of an outline; raises UsageError where the theme lacks it."""
        color: Color = _lookup(self.marks, role, f"theme {self.name} has no mark role")
        return color

    def line(self, role: str) -> Color:
        """The colour of a curve, an edge or a line of text; raises UsageError where the theme lacks it."""
        known = {**self.page, **self.lines}
        color: Color = _lookup(known, role, f"theme {self.name} has no line role")
        return color

    def scale(self, name: str, levels: int = SCALE_LEVELS) -> npt.NDArray[np.uint8]:
        """The colours of a value scale from low to high, so many of them."""
        stops = np.array(_lookup(self.scales, name, f"theme {self.name} has no scale"), dtype=np.float64)
        at = np.linspace(0, len(stops) - 1, levels)
        channels = [np.interp(at, np.arange(len(stops)), stops[:, channel]) for channel in range(3)]
        return np.stack(channels, axis=1).round().astype(np.uint8)


@cache
def theme_names() -> tuple[str, ...]:
    """The themes that come with cnnviz."""
    return tuple(sorted(file.stem for file in THEMES_FOLDER.glob("*.toml")))


def theme_summaries() -> dict[str, str]:
    """The themes that come with cnnviz, each with the line that describes it."""
    return {name: str(_read(name, THEMES_FOLDER / f"{name}.toml").get("summary", "")) for name in theme_names()}


def load_theme(name: str) -> Theme:
    """A theme by its name or the path of a TOML file; raises UsageError, naming the file and the key at fault.

    A file with `extends = "article"` gives only what differs from that theme.
    """
    if name in theme_names():
        return _built_in(name)
    if name.endswith(".toml"):
        file = Path(name).expanduser()
        return _theme_of(file.stem, _read(name, file))
    hint = suggest(name, theme_names(), otherwise=", or give a .toml file")
    raise UsageError(f"there is no theme {name!r}: {hint}")


@cache
def _built_in(name: str) -> Theme:
    return _theme_of(name, _read(name, THEMES_FOLDER / f"{name}.toml"))


def _read(name: str, file: Path) -> dict[str, Any]:
    return read_toml(file, f"theme {name}")


def _theme_of(name: str, table: Mapping[str, Any]) -> Theme:
    known = ("summary", "extends", *_TABLES, "dashes")
    _check_known(table, known, f"theme {name}: there is no table [{{}}]")
    if "extends" in table:
        table = _extended(name, table)
    page = {key: _color(value, f"{name}: page.{key}") for key, value in _table(table, "page", name).items()}
    _check_known(page, _PAGE, f"theme {name}: there is no page.{{}}")
    if missing := [key for key in _PAGE if key not in page]:
        raise UsageError(f"theme {name} lacks page.{missing[0]}: a page has {', '.join(_PAGE)}")
    marks, lines = (
        {role: _color(value, f"{name}: {key}.{role}") for role, value in _table(table, key, name).items()}
        for key in ("marks", "lines")
    )
    return Theme(
        name=name,
        page=page,
        marks=marks,
        lines=lines,
        cells={role: _cell(style, role, name, page["ink"]) for role, style in _table(table, "cells", name).items()},
        scales={key: _scale(stops, key, name) for key, stops in _table(table, "scales", name).items()},
        dashes={role: _dashes(lengths, role, name) for role, lengths in _table(table, "dashes", name, {}).items()},
    )


def _extended(name: str, table: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a theme gives over what the one that it extends gives."""
    base = table["extends"]
    if not isinstance(base, str) or base not in theme_names():
        raise UsageError(f"theme {name}: extends {quote(base)} is no theme: {suggest(str(base), theme_names())}")
    whole = _read(base, THEMES_FOLDER / f"{base}.toml")
    for key in (*_TABLES, "dashes"):
        own, others = _table(table, key, name, {}), whole.get(key, {})
        known = tuple(whole["lines"]) if key == "dashes" else tuple(others)
        _check_known(own, known, f"theme {name}: {base} has no {key}.{{}}")
        if key == "cells":
            # A cell may change its fill and keep its hatch.
            own = {role: {**others[role], **style} if isinstance(style, dict) else style for role, style in own.items()}
        whole[key] = {**others, **own}
    return whole


def _cell(style: Any, role: str, name: str, ink: Color) -> CellStyle:
    where = f"theme {name}: cells.{role}"
    if not isinstance(style, Mapping) or not {"fill"} <= set(style) <= {"fill", "ink", "hatch", "strokes", "flat"}:
        raise UsageError(f"{where} has fill and, where wanted, ink, hatch, strokes and flat")
    given = [key for key in ("fill", "ink", "hatch") if key in style]
    colors = {key: _color(style[key], f"{name}: cells.{role}.{key}") for key in given}
    flat, strokes = style.get("flat", False), style.get("strokes", "/")
    if not isinstance(flat, bool):
        raise UsageError(f"{where}.flat {flat!r} must be true or false")
    if strokes not in _STROKES:
        raise UsageError(f"{where}.strokes {strokes!r} is not known: choose from {' '.join(_STROKES)}")
    return CellStyle(**{"ink": ink, **colors}, flat=flat, strokes=strokes)


def _scale(stops: Any, key: str, name: str) -> tuple[Color, ...]:
    if not isinstance(stops, list) or len(stops) < 2:
        raise UsageError(f"theme {name}: scales.{key} is a list of two or more colours, from low to high")
    return tuple(_color(value, f"{name}: scales.{key}") for value in stops)


def _dashes(lengths: Any, role: str, name: str) -> tuple[float, ...]:
    numbers = isinstance(lengths, list) and all(isinstance(v, int | float) and 0 < v <= 100 for v in lengths)
    if not numbers or not lengths or len(lengths) % 2:
        raise UsageError(f"theme {name}: dashes.{role} is a list of stroke, gap, stroke, gap … in line widths: [4, 3]")
    return tuple(float(length) for length in lengths)


def _table(table: Mapping[str, Any], key: str, name: str, other: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    value = table.get(key, other)
    if not isinstance(value, Mapping):
        raise UsageError(f'theme {name} lacks the table [{key}]: add it, or extends = "article"')
    return value


def _color(value: Any, where: str) -> Color:
    if not isinstance(value, str) or not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
        raise UsageError(f'theme {where} {quote(value)} is not a colour: write it as "#94B6D2"')
    return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)


def _check_known(keys: Iterable[str], known: Sequence[str], problem: str) -> None:
    for key in keys:
        if key not in known:
            raise UsageError(problem.replace("{}", quote(key)[1:-1]) + f": {suggest(key, tuple(known))}")


def _lookup(table: Mapping[str, Any], key: str, what: str) -> Any:
    if key not in table:
        raise UsageError(f"{what} {key!r}: {suggest(key, tuple(table))}")
    return table[key]


def luminance(color: Color | npt.NDArray[np.uint8]) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2, "relative luminance")."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (int(v) / 255 for v in color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: Color, b: Color) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)
