"""The painters of panels, one file a kind."""

from __future__ import annotations

from cnnviz.render.canvas import Look
from cnnviz.render.panels.base import Fit, Painter, Place
from cnnviz.render.panels.grid import GridPainter
from cnnviz.render.panels.sign import SignPainter
from cnnviz.storyboard import Panel

PAINTERS: dict[str, type[Painter]] = {"grid": GridPainter, "sign": SignPainter}


def painter_for(panel: Panel, place: Place, look: Look, fit: Fit) -> Painter:
    """The painter of a panel's kind, at its place."""
    return PAINTERS[panel.kind](panel, place, look, fit)
