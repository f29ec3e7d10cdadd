"""Write a figure's files for a deck, and fill a deck's template."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnviz.parameters import changed

if TYPE_CHECKING:
    from cnnviz.pipeline import Figure


def write_as(
    extension: str, figure: Figure, stem: Path, defaults: Mapping[str, Any] | None = None, **look: Any
) -> None:
    """Write a figure in the look of a slide; `look` overrides its own, `defaults` does not."""
    own = changed(figure.appearance)
    # The slide shows the title and has the background; a single step or a sheet would not play.
    look = {"title": "", "frame": "last", "sheet": None, "transparent": False, **look}
    look = {**{name: value for name, value in (defaults or {}).items() if name not in own}, **look}
    shown = replace(figure, appearance=replace(figure.appearance, **look))
    shown.save(with_extension(stem, extension))


def with_extension(stem: Path, extension: str) -> Path:
    """The stem with an extension; the stem itself may hold dots."""
    return stem.with_name(f"{stem.name}.{extension}")


def hex_color(color: tuple[int, int, int]) -> str:
    """A colour in six hexadecimal digits."""
    return "".join(f"{int(value):02X}" for value in color)


def fill(name: str, gap: str, value: Callable[[str], str]) -> str:
    """Fill a template of this folder; `gap` is the pattern of a placeholder, its group the value's name."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return re.sub(gap, lambda found: value(found[1]), text)
