"""Files that decks show of a figure, written by the formats' own writers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cnnviz.decks._plan import Showable
from cnnviz.parameters import changed


def write_as(
    extension: str, figure: Showable, stem: Path, usual: Mapping[str, Any] | None = None, **look: Any
) -> None:  # fmt: skip
    """Write a figure beside the others; `look` is put over its own, `usual` where it has the defaults."""
    said = changed(figure.appearance)
    # The slide has the figure's title and its ground; a single step or a sheet would not play.
    look = {"title": "", "frame": "last", "sheet": None, "transparent": False, **look}
    look = {**{name: value for name, value in (usual or {}).items() if name not in said}, **look}
    shown: Showable = replace(figure, appearance=replace(figure.appearance, **look))  # type: ignore[type-var]
    shown.save(beside(stem, extension))


def beside(stem: Path, extension: str) -> Path:
    """The file of a stem, whose name may hold dots."""
    return stem.with_name(f"{stem.name}.{extension}")


def hex_color(color: tuple[int, int, int]) -> str:
    """A colour in six hexadecimal digits."""
    return "".join(f"{int(value):02X}" for value in color)
