"""One painter on a page of its own, as the raster shows it."""

from __future__ import annotations

from cnnviz.render.canvas import Box, Look
from cnnviz.render.panels.base import Painter
from cnnviz.render.raster import Raster
from cnnviz.render.stage import Stage


class Shown:
    """What a painter shows on a page of that size; `apply` brings changes in and returns the boxes painted."""

    def __init__(self, painter: Painter, look: Look, size: tuple[int, int]) -> None:
        self.look, self._painter = look, painter
        self._stage = Stage((painter,))
        self._raster = Raster(self._stage, look, size)
        self._raster.draw(self._stage.changes())
        self.pixels = self._raster.pixels

    def apply(self, changes) -> list[Box]:
        for change in changes:
            self._painter.take(change)
        return list(self._raster.show(self._stage.changes()))
