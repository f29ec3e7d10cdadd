"""A theme: which colour a role has."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.parameters import choose

Color = tuple[int, int, int]
THEMES_FOLDER = Path(__file__).with_name("themes")
SCALE_LEVELS = 24


@dataclass(frozen=True, kw_only=True)
class CellStyle:
    """How a role looks in a cell: its fill, the ink of its text, and strokes across it where it has a hatch.

    A `flat` role keeps its fill where other cells are coloured by value.
    """

    fill: Color
    ink: Color
    hatch: Color | None = None
    flat: bool = False


@dataclass(frozen=True, kw_only=True)
class Theme:
    """Colours by role. `page` holds ground, ink, muted, faint, band, accent and result."""

    name: str
    page: Mapping[str, Color]
    cells: Mapping[str, CellStyle]
    marks: Mapping[str, Color]
    lines: Mapping[str, Color]
    scales: Mapping[str, tuple[Color, ...]]

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

    def scale(self, name: str) -> npt.NDArray[np.uint8]:
        """The colours of a value scale from low to high, `SCALE_LEVELS` of them."""
        stops = np.array(_lookup(self.scales, name, f"theme {self.name} has no scale"), dtype=np.float64)
        at = np.linspace(0, len(stops) - 1, SCALE_LEVELS)
        channels = [np.interp(at, np.arange(len(stops)), stops[:, channel]) for channel in range(3)]
        return np.stack(channels, axis=1).round().astype(np.uint8)


def theme_names() -> tuple[str, ...]:
    """The themes that come with cnnviz."""
    return tuple(sorted(file.stem for file in THEMES_FOLDER.glob("*.toml")))


def load_theme(name: str) -> Theme:
    """A theme by its name or the path of a TOML file; raises UsageError, naming the file and the key at fault."""
    if name in theme_names():
        file = THEMES_FOLDER / f"{name}.toml"
    elif name.endswith(".toml"):
        file = Path(name)
    else:
        raise UsageError(f"there is no theme {name!r}: {choose(name, theme_names())}, or give a .toml file")
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"theme {name} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"theme {name} is not valid TOML: {error}") from None
    return _theme_of(file.stem, table)


def _theme_of(name: str, table: Mapping[str, Any]) -> Theme:
    page = {key: _color(value, f"{name}: page.{key}") for key, value in _table(table, "page", name).items()}
    wanted = ("ground", "ink", "muted", "faint", "band", "accent", "result")
    if missing := [key for key in wanted if key not in page]:
        raise UsageError(f"theme {name} lacks page.{missing[0]}: a page has {', '.join(wanted)}")
    cells = {}
    for role, style in _table(table, "cells", name).items():
        colors = {k: _color(v, f"{name}: cells.{role}.{k}") for k, v in style.items() if k != "flat"}
        if "fill" not in colors or not set(colors) <= {"fill", "ink", "hatch"}:
            raise UsageError(f"theme {name}: cells.{role} has fill and, where wanted, ink, hatch and flat")
        cells[role] = CellStyle(**{"ink": page["ink"], **colors}, flat=style.get("flat", False) is True)
    marks, lines = (
        {role: _color(value, f"{name}: {key}.{role}") for role, value in _table(table, key, name).items()}
        for key in ("marks", "lines")
    )
    scales = {
        key: tuple(_color(value, f"{name}: scales.{key}") for value in stops)
        for key, stops in _table(table, "scales", name).items()
    }
    return Theme(name=name, page=page, cells=cells, marks=marks, lines=lines, scales=scales)


def _table(table: Mapping[str, Any], key: str, name: str) -> Mapping[str, Any]:
    value = table.get(key)
    if not isinstance(value, Mapping):
        raise UsageError(f"theme {name} lacks the table [{key}]")
    return value


def _color(value: Any, where: str) -> Color:
    if not isinstance(value, str) or not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
        raise UsageError(f"theme {where} {value!r} is not a colour: write it as \"#94B6D2\"")
    return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)


def _lookup(table: Mapping[str, Any], key: str, what: str) -> Any:
    if key not in table:
        raise UsageError(f"{what} {key!r}: {choose(key, tuple(table))}")
    return table[key]


def luminance(color: Color | npt.NDArray[np.uint8]) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2, "relative luminance")."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (int(v) / 255 for v in color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: Color, b: Color) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)
