"""A theme: which colour a role has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, fields, replace
from functools import cache, partial
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
_TABLES = ("page", "cells", "marks", "lines", "scales", "dashes")
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
        style: CellStyle = self._known("cell role", self.cells, role)
        return style

    def mark(self, role: str) -> Color:
        """The colour of an outline; raises UsageError where the theme lacks it."""
        color: Color = self._known("mark role", self.marks, role)
        return color

    def line(self, role: str) -> Color:
        """The colour of a curve, an edge or a line of text; raises UsageError where the theme lacks it."""
        color: Color = self._known("line role", {**self.page, **self.lines}, role)
        return color

    def scale(self, name: str, levels: int = SCALE_LEVELS) -> npt.NDArray[np.uint8]:
        """The colours of a value scale from low to high, so many of them."""
        stops = np.array(self._known("scale", self.scales, name), dtype=np.float64)
        at = np.linspace(0, len(stops) - 1, levels)
        channels = [np.interp(at, np.arange(len(stops)), stops[:, channel]) for channel in range(3)]
        return np.stack(channels, axis=1).round().astype(np.uint8)

    def _known(self, kind: str, table: Mapping[str, Any], key: str) -> Any:
        _check_known(key, table, f"theme {self.name} has no {kind} {{}}")
        return table[key]


@cache
def theme_names() -> tuple[str, ...]:
    """The themes that come with cnnviz."""
    return tuple(sorted(file.stem for file in THEMES_FOLDER.glob("*.toml")))


def theme_summaries() -> dict[str, str]:
    """The themes that come with cnnviz, each with the line that describes it."""
    return {name: _read(name)["summary"] for name in theme_names()}


def load_theme(name: str) -> Theme:
    """A theme by its name or the path of a TOML file; raises UsageError, naming the file and the key at fault.

    A file gives what differs from the theme that it `extends`, and names roles of that one only; without `extends` it
    differs from the article's and may add roles.
    """
    if name in theme_names():
        return _built_in(name)
    if name.endswith(".toml"):
        file = Path(name).expanduser()
        return _theme_of(file.stem, _extended(file.stem, read_toml(file, f"theme {name}")))
    hint = suggest(name, theme_names(), otherwise=", or give a .toml file")
    raise UsageError(f"there is no theme {name!r}: {hint}")


@cache
def _built_in(name: str) -> Theme:
    return _theme_of(name, _read(name))


def _read(name: str) -> dict[str, Any]:
    return read_toml(THEMES_FOLDER / f"{name}.toml", f"theme {name}")


def _extended(name: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """What a theme gives over what the one that it extends gives."""
    base = own.get("extends", "article")
    if base not in theme_names():
        raise UsageError(f"theme {name}: extends {quote(base)} is no theme: {suggest(str(base), theme_names())}")
    whole: dict[str, Any] = {"dashes": {}, **_read(base)}
    for table, given in own.items():
        if table in ("extends", "summary"):
            continue
        _check_known(table, _TABLES, f"theme {name}: there is no table [{{}}]")
        known = whole["lines" if table == "dashes" else table]
        _check(isinstance(given, dict), f"{name}: [{table}]", given, "a table of roles")
        for role, value in given.items():
            if "extends" in own or table == "page":
                _check_known(role, known, f"theme {name}: {base} has no {table}.{{}}")
            # A cell may change its fill and keep its hatch.
            kept = whole[table].get(role, {}) if table == "cells" and isinstance(value, dict) else None
            whole[table][role] = value if kept is None else {**kept, **value}
    return whole


def _theme_of(name: str, table: Mapping[str, Any]) -> Theme:
    def parsed(key: str, parse: Callable[[Any, str], Any]) -> dict[str, Any]:
        return {role: parse(value, f"{name}: {key}.{role}") for role, value in table.get(key, {}).items()}

    page = parsed("page", _color)
    return Theme(
        name=name,
        page=page,
        cells=parsed("cells", partial(_cell, ink=page["ink"])),
        marks=parsed("marks", _color),
        lines=parsed("lines", _color),
        scales=parsed("scales", _scale),
        dashes=parsed("dashes", _dashes),
    )


def _cell(style: Any, where: str, ink: Color) -> CellStyle:
    keys = {field.name for field in fields(CellStyle)}
    whole = isinstance(style, dict) and {"fill"} <= style.keys() <= keys
    _check(whole, where, style, "a cell: it has fill and, where wanted, ink, hatch, strokes and flat")
    colors = {key: _color(style[key], f"{where}.{key}") for key in ("fill", "ink", "hatch") if key in style}
    flat, strokes = style.get("flat", False), style.get("strokes", "/")
    _check(isinstance(flat, bool), f"{where}.flat", flat, "true or false")
    _check(strokes in _STROKES, f"{where}.strokes", strokes, f"one of {' '.join(_STROKES)}")
    return CellStyle(**{"ink": ink, **colors}, flat=flat, strokes=strokes)


def _scale(stops: Any, where: str) -> tuple[Color, ...]:
    _check(isinstance(stops, list) and len(stops) > 1, where, stops, "two or more colours, from low to high")
    return tuple(_color(stop, where) for stop in stops)


def _dashes(lengths: Any, where: str) -> tuple[float, ...]:
    pairs = isinstance(lengths, list) and lengths and len(lengths) % 2 == 0
    whole = pairs and all(isinstance(length, int | float) and 0 < length <= 100 for length in lengths)
    _check(whole, where, lengths, "stroke, gap, stroke, gap … in line widths: write [4, 3]")
    return tuple(map(float, lengths))


def _color(value: Any, where: str) -> Color:
    whole = isinstance(value, str) and re.fullmatch(r"#[0-9A-Fa-f]{6}", value)
    _check(whole, where, value, 'a colour: write it as "#94B6D2"')
    return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)


def _check(right: Any, where: str, value: Any, wanted: str) -> None:
    if not right:
        raise UsageError(f"theme {where} {quote(value)} is not {wanted}")


def _check_known(key: str, known: Iterable[str], problem: str) -> None:
    if key not in known:
        raise UsageError(problem.replace("{}", quote(key)[1:-1]) + f": {suggest(key, tuple(known))}")


def luminance(color: Color | npt.NDArray[np.uint8]) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2, "relative luminance")."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (int(v) / 255 for v in color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: Color, b: Color) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)
