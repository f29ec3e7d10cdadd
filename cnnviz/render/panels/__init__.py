"""The painters of panels, each in a file that names its class `PAINTER` and is imported when a figure has its kind."""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnviz.render.panels.base import Painter

_FILES = {"grid": "cells", "block": "cells", "sign": "operator"}


@cache
def painter_class(kind: str) -> type[Painter]:
    """The painter of a kind of panel."""
    painter: type[Painter] = importlib.import_module(f"cnnviz.render.panels.{_FILES.get(kind, kind)}").PAINTER
    return painter
