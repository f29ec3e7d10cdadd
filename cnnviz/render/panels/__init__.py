"""The painters of panels, one file a kind, which names its class `PAINTER`; a kind is imported when a figure has it."""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnviz.render.panels.base import Painter


@cache
def painter_class(kind: str) -> type[Painter]:
    """The painter of a kind of panel."""
    painter: type[Painter] = importlib.import_module(f"cnnviz.render.panels.{kind}").PAINTER
    return painter
