"""Panels with moving parts over a background: a step draws only the parts that changed, and what lies under them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from cnnviz.render.canvas import Box, Canvas, Look
from cnnviz.render.panels.base import Fit, Painter, Place
from cnnviz.render.pen import Pen
from cnnviz.storyboard import Change


@dataclass(frozen=True)
class Part:
    """A moving part: `key` tells two looks of it apart, `box` holds all its pixels, in the panel's coordinates.

    One that `glides` looks the same elsewhere, and may be shown on its way there.
    """

    key: Hashable
    box: Box
    draw: Callable[[Pen], None]
    glides: bool = False


class RedrawnPainter(Painter):
    """Paints a panel from its background and its parts, in coordinates from the panel's own corner.

    A subclass draws the background once, changes its state by `update`, and lists its parts, lowest first.
    """

    def __init__(self, panel: Any, place: Place, look: Look, fit: Fit) -> None:
        super().__init__(panel, place, look, fit)
        self._background = Pen.sheet(place.width, place.height, look.theme.page["ground"])
        self._shown: dict[str, Part] = {}
        self._baked: list[Box] = []

    @abstractmethod
    def draw_background(self, pen: Pen) -> None:
        """Draw what stays."""

    @abstractmethod
    def parts(self) -> dict[str, Part]:
        """The parts as they are now, by name, lowest first."""

    @abstractmethod
    def update(self, change: Change) -> None:
        """Bring one change into the state that `parts` draws from."""

    def bake(self, box: Box, draw: Callable[[Pen], None]) -> None:
        """Draw something into the background for good, such as a line that only grows."""
        draw(self._background)
        self._baked.append(box)

    def draw_with(self, pen: Pen) -> None:
        """Draw the background with a pen of another kind, which takes what is baked from now on."""
        self._background = pen
        self.draw_background(pen)

    def paint(self, canvas: Canvas) -> None:
        """Draw background and parts."""
        self.draw_background(self._background)
        self._shown = self.parts()
        self._refresh(Box(0, 0, self.place.width, self.place.height), canvas)

    def apply(self, changes: Sequence[Change], canvas: Canvas) -> list[Box]:
        """Draw anew where a part was, where it is now, and where the background grew."""
        self._baked = []
        for change in changes:
            self.update(change)
        return self._redraw(canvas)

    def _redraw(self, canvas: Canvas) -> list[Box]:
        """Show the parts as they are now."""
        before, self._shown = self._shown, self.parts()
        dirty = list(self._baked)
        for name in dict.fromkeys([*before, *self._shown]):
            old, new = before.get(name), self._shown.get(name)
            if old is None or new is None or old.key != new.key:
                dirty += [part.box for part in (old, new) if part is not None]
        return [done for box in dirty if (done := self._refresh(box, canvas)) is not None]

    def _refresh(self, box: Box, canvas: Canvas) -> Box | None:
        box = box.clip(self.place.width, self.place.height)
        if box.left >= box.right or box.top >= box.bottom:
            return None
        pen = Pen(self._background.picture[box.slices].copy(), origin=(box.left, box.top))
        for part in self._shown.values():
            b = part.box
            if b.left < box.right and box.left < b.right and b.top < box.bottom and box.top < b.bottom:
                part.draw(pen)
        return canvas.draw(pen, self.place.x + box.left, self.place.y + box.top)
