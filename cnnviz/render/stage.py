"""All painters of a figure, and the steps brought into them: what every format plays."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import NamedTuple

import numpy as np

from cnnviz.playback import place_of
from cnnviz.render.canvas import Look
from cnnviz.render.layout import Layout
from cnnviz.render.link import Link
from cnnviz.render.page import Band, Head
from cnnviz.render.panels import painter_class
from cnnviz.render.panels.base import Item, Painter, Slot, Way
from cnnviz.render.panels.cells import CellsPainter
from cnnviz.render.pen import Pen
from cnnviz.storyboard import Cell, Change, MoveDot, Relabel, SetEntry, SetLayerView, SetNode, SetRow, Step, Storyboard

_MOST_FLYING, _MOST_CARRIED, _MOST_MOVING = 16, 40, 256


class SlotChange(NamedTuple):
    """What a slot of a painter, given by its number, held before and holds now; of the ground only the latter."""

    painter: int
    slot: Slot
    old: Item | None
    new: Item | None
    ground: bool = False

    @property
    def moves(self) -> bool:
        """Whether something moves from its old place to its new one."""
        return self.old is not None and self.old.moves_to(self.new)


class Stage:
    """Painters, lowest first, and what their slots hold."""

    def __init__(self, painters: Sequence[Painter]) -> None:
        self.painters = painters
        self.floats: list[dict[Slot, Item]] = [{} for _ in painters]

    def changes(self) -> list[SlotChange]:
        """What the slots hold that they did not hold when this was asked before; at first all."""
        found: list[SlotChange] = []
        for number, painter in enumerate(self.painters):
            found += (SlotChange(number, slot, None, painter.ground.get(slot), True) for slot in painter.changed)
            painter.changed.clear()
            before, now = self.floats[number], painter.above()
            self.floats[number] = now
            found += (SlotChange(number, slot, old, None) for slot, old in before.items() if slot not in now)
            for slot, new in now.items():
                old = before.get(slot)
                if not new.same(old):
                    found.append(SlotChange(number, slot, old, new))
        return found

    def corner(self, number: int, item: Item) -> tuple[int, int]:
        """Where an item of a painter stands on the page."""
        place = self.painters[number].place
        return place.x + item.at[0], place.y + item.at[1]

    def layers(self) -> Iterator[list[tuple[Item, tuple[int, int]]]]:
        """All as it is now, lowest first: items with their corners, by painter, grounds first."""
        for ground in (True, False):
            for number, painter in enumerate(self.painters):
                items = painter.ground if ground else painter.above()
                yield [(item, self.corner(number, item)) for item in items.values()]

    def draw(self, pen: Pen) -> None:
        """Draw all as it is now."""
        for item, at in chain.from_iterable(self.layers()):
            item.draw(pen.at(*at))


class FigureStage(Stage):
    """The painters of a storyboard, as they are after the step that was brought in last."""

    def __init__(self, board: Storyboard, layout: Layout, look: Look) -> None:
        self.head, self.band = Head(board, layout, look), Band(board, layout, look)
        self.panels: dict[str, Painter] = {
            panel.name: painter_class(panel.kind)(panel, layout.places[panel.name], look, layout.fit)
            for panel in board.panels()
        }
        self.link = Link(list(self.panels.values()), layout, look)
        super().__init__([self.head, self.band, *self.panels.values(), self.link])
        self._board, self._held = board, list[Change]()

    def take(self, changes: Iterable[Change]) -> None:
        """Bring changes in."""
        for change in changes:
            self.panels[change.panel].take(change)

    def steps(self) -> Iterator[tuple[int, Step]]:
        """Bring the steps in, one at a time."""
        for place, step in enumerate(self._board.steps()):
            self.take(step.changes)
            self.band.show(step, place)
            yield place, step

    def acts(self, prepared: bool = False) -> Iterator[tuple[int, Step, tuple[Change, ...]]]:
        """The steps in two parts where a result arrives: at first without the cells, entries and values that do.

        Yields these with the step; `land` brings them in. A first step without values may wait as a whole. Before a
        `prepared` first step inputs have no padding, and no windows: it writes the padding too.
        """
        for place, step in enumerate(self._board.steps()):
            cells = [change for change in step.changes if isinstance(change, Cell)]
            valued = {(cell.panel, place_of(cell)) for cell in cells if cell.value is not None}
            # All that happens to a cell, in its order.
            written = tuple(change for change in step.changes if (place or valued) and _arrives(change, valued))
            if not (place or valued) and _may_wait(step):
                written = step.changes
            padding = self._padding() if prepared and not place else ()
            if any((cell.panel, place_of(cell)) in valued for cell in padding):
                padding = ()  # the steps fill it
            self.take(replace(cell, role="empty", value=math.nan) for cell in padding)
            labels = [(panel, self.panels[panel].label_now) for panel in dict.fromkeys(cell.panel for cell in padding)]
            # The lines under the first tell of the cells of padding.
            self.take(Relabel(panel=panel, label=label.partition("\n")[0]) for panel, label in labels)
            held = set(map(id, step.changes if padding else written))
            whole = (Relabel(panel=panel, label=label) for panel, label in labels)
            self._held = [*padding, *whole, *(change for change in step.changes if id(change) in held)]
            self.take(change for change in step.changes if id(change) not in held)
            # A station is lit before its values arrive.
            self.take(replace(change, values=None) for change in written if place and isinstance(change, SetLayerView))
            yield place, step, (*padding, *written)

    def land(self, place: int, step: Step) -> None:
        """Bring in what `acts` left out of a step."""
        self.take(self._held)
        self.band.show(step, place)

    def _padding(self) -> tuple[Cell, ...]:
        """The cells of padding around inputs, as they are; none where they are too many to be watched."""
        painters = (painter for painter in self.panels.values() if isinstance(painter, CellsPainter))
        found = tuple(cell for painter in painters for cell in painter.padding())
        return found if len(found) <= _MOST_MOVING else ()

    def ways(self, written: Sequence[Change]) -> list[Way]:
        """What moves or grows within its panel, on the page, before it is brought in."""
        found: list[Way] = []
        moving = [change for change in written if isinstance(change, _MOVING) and not getattr(change, "source", None)]
        for panel in dict.fromkeys(change.panel for change in moving):
            own = [change for change in moving if change.panel == panel]
            if len(own) <= _MOST_MOVING:
                found += self.panels[panel].ways(own)
        return found

    def flights(self, changes: Iterable[Change]) -> list[Way]:
        """Cells on their way from what they are made of to where they are written, on the page."""
        written = [change for change in changes if isinstance(change, Cell)]
        found = [self._flight(cell, cell.source, cell.origin) for cell in written if cell.source and cell.origin]
        if found:
            return found if len(found) <= _MOST_CARRIED else []
        for cell in written:
            if cell.value is None or cell.role == "zero" or cell.panel not in self.link.sources:
                continue
            painter = self.panels[cell.panel]
            assert isinstance(painter, CellsPainter)
            chip, source, side = painter.chip(place_of(cell)), self.link.sources[cell.panel], painter.side
            start = (source.left + source.right - side) // 2, (source.top + source.bottom - side) // 2
            found.append(Way(chip._replace(at=start), chip))
        return found if len(found) <= _MOST_FLYING else []

    def _flight(self, cell: Cell, source: str, origin: tuple[int, ...]) -> Way:
        """A cell of another panel on its way to where it becomes a new one."""
        start, end = self.panels[source], self.panels[cell.panel]
        assert isinstance(start, CellsPainter)
        assert isinstance(end, CellsPainter)
        tile = start.tile(origin)
        return Way(tile, tile._replace(at=end.cell_box(place_of(cell))[:2]))

    def questions(self, written: Sequence[Change]) -> list[Item] | None:
        """Question marks in cells that are empty yet, one a panel; None where nothing asks before the first step.

        Other panels are themselves what is asked.
        """
        found: dict[str, Item] = {}
        for cell in written:
            painter = self.panels[cell.panel]
            if not isinstance(cell, Cell) or not isinstance(painter, CellsPainter):
                continue
            at, state = place_of(cell), painter.state
            result = cell.value is not None and not np.isnan(cell.value) and cell.role != "zero"
            asks = result and np.isnan(state.values[at]) and state.roles[at] != "empty"
            if asks or cell.note == "?":
                found.setdefault(cell.panel, painter.question(at))
        return list(found.values()) if found or any(not isinstance(change, Cell) for change in written) else None

    def at(self, places: Collection[int]) -> Iterator[tuple[int, Step]]:
        """Bring the steps in up to the last of these places; yields at each of them."""
        wanted = set(places)
        return (found for found in islice(self.steps(), max(wanted) + 1) if found[0] in wanted)


_MOVING = Cell, SetEntry, SetLayerView


def _may_wait(step: Step) -> bool:
    """Whether what stands before a first step is a question: not what the step itself clears or asks."""
    kinds = {type(change) for change in step.changes}
    asks = any(isinstance(change, SetEntry | SetNode) and change.text is not None for change in step.changes)
    return (
        not asks
        and not {Cell, Relabel} <= kinds
        and any(isinstance(change, Cell | MoveDot | SetEntry | SetRow | SetLayerView) for change in step.changes)
    )


def _arrives(change: Change, valued: Collection[object]) -> bool:
    """Whether a change is a result, which comes last."""
    match change:
        case Cell():
            return (change.panel, place_of(change)) in valued
        case SetLayerView():
            return change.values is not None
        case SetEntry():
            return change.text is not None
        case SetRow():
            # What is counted comes with the cell for which it is; a line that lights up leads there.
            return change.role is None and bool(valued)
    return False
