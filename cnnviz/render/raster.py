"""A figure as pixels: a ground layer and floating items above it, redrawn only where a step changes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from cnnviz.render.canvas import Box, apart, hull
from cnnviz.render.palette import Palette, Pixels
from cnnviz.render.panels.base import Item, Slot
from cnnviz.render.pen import Pen, Picture
from cnnviz.render.stage import SlotChange, Stage
from cnnviz.render.theme import Color

_MAX_TILES = 4096


class Raster:
    """The current frame of a stage as palette indices, updated in place."""

    def __init__(self, stage: Stage, palette: Palette, ground: Color, size: tuple[int, int]) -> None:
        self._stage, self._palette, self._color, self._size = stage, palette, ground, size
        self._ground = Pen.sheet(*size, ground)
        self._tiles: dict[tuple[int, object], Picture] = {}
        self._drawn: list[dict[Slot, float]] = [{} for _ in stage.painters]
        self._shown = list(stage.floats)
        self._flying: list[Item] = []
        self.pixels: Pixels = np.empty((size[1], size[0]), np.uint8)

    def draw(self, changes: Iterable[SlotChange]) -> tuple[Box, ...]:
        """Draw the whole stage; returns the painted boxes."""
        self._apply(changes)
        return self._refresh([Box(0, 0, *self._size)])

    def move(self, changes: Iterable[SlotChange], share: float) -> tuple[Box, ...]:
        """Show moving items at this share of their way; returns the painted boxes.

        Items that pause or have no destination are hidden; those that pause reappear at a share of 1.
        """
        dirty = []
        for number, slot, old, new, _ in changes:
            if old is None:
                continue
            before = self._shown[number].get(slot)
            if new is not None and old.moves_to(new) and (share == 1 or not old.pauses):
                item = old.between(new, share)
                dirty += [self._reach(number, each) for each in (before, item) if each is not None]
                self._shown[number] = {**self._shown[number], slot: item}
            elif before is not None and (old.pauses or (old.glides and new is None)):
                dirty.append(self._reach(number, before))
                self._shown[number] = {s: item for s, item in self._shown[number].items() if s != slot}
        return self._refresh(dirty)

    def fly(self, items: Sequence[Item]) -> tuple[Box, ...]:
        """Show items above everything else, in place of the previous ones; returns the painted boxes."""
        dirty = [item.reach for item in (*self._flying, *items)]
        self._flying = list(items)
        return self._refresh(dirty)

    def show(self, changes: Iterable[SlotChange], moved: Iterable[Box] = ()) -> tuple[Box, ...]:
        """Show what changed, and repaint the boxes where something moved; returns the painted boxes."""
        return self._refresh([*moved, *self._apply(changes)])

    def _apply(self, changes: Iterable[SlotChange]) -> list[Box]:
        """Draw changes of the ground; returns boxes around all changes, one for the ground of each panel."""
        floats: list[Box] = []
        grounds: dict[int, list[Box]] = {}
        for number, slot, old, new, ground in changes:
            if ground:
                grounds.setdefault(number, []).append(self._draw_over(number, slot, new))
            else:
                floats += [self._reach(number, item) for item in (old, new) if item is not None]
        self._shown = list(self._stage.floats)
        return [box for boxes in grounds.values() if (box := hull(boxes)) is not None] + floats

    def _draw_over(self, number: int, slot: Slot, item: Item | None) -> Box:
        """Draw an item over the previous one, or redraw the panel's whole ground if that would leave traces."""
        drawn = self._drawn[number]
        if item is not None and (slot not in drawn or item.covers >= drawn[slot] > 0):
            return self._draw(number, slot, item)
        painter = self._stage.painters[number]
        whole = painter.whole.moved(painter.place.x, painter.place.y)
        self._ground.rect(*whole[:2], whole.width, whole.height, self._color)
        drawn.clear()
        for other in painter.ground.items():
            self._draw(number, *other)
        return whole

    def _draw(self, number: int, slot: Slot, item: Item) -> Box:
        self._drawn[number][slot] = item.covers
        box = self._reach(number, item)
        if not item.tile:
            item.draw(self._ground.at(box.left - item.box.left, box.top - item.box.top))
            return box
        key = number, item.key
        if key not in self._tiles:
            if len(self._tiles) >= _MAX_TILES:
                self._tiles.clear()
            pen = Pen.sheet(item.box.width, item.box.height, self._color)
            item.draw(pen)
            self._tiles[key] = pen.picture
        self._ground.image(self._tiles[key], box.left, box.top)
        return box

    def _reach(self, number: int, item: Item) -> Box:
        """The box of an item on the page."""
        return item.box.moved(*self._stage.corner(number, item))

    def _refresh(self, dirty: Iterable[Box]) -> tuple[Box, ...]:
        """Repaint the ground and the items above it within boxes; returns these boxes without overlaps."""
        boxes = apart(box.clip(*self._size) for box in dirty)
        if not boxes:
            return ()
        floats = [(self._reach(n, item), n, item) for n, shown in enumerate(self._shown) for item in shown.values()]
        for box in boxes:
            pen = Pen(self._ground.picture[box.slices].copy(), (box.left, box.top))
            for reach, number, item in floats:
                if reach.meets(box):
                    item.draw(pen.at(*self._stage.corner(number, item)))
            for item in self._flying:
                if item.reach.meets(box):
                    item.draw(pen.at(*item.at))
            self.pixels[box.slices] = self._palette.index(pen.picture)
        return boxes
