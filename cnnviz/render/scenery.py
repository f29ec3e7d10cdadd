"""A figure as vectors: fragments of SVG, the slots that hold them, and which slots each step fills anew.

What a page needs to play a figure: it fills the slots with fragments, and at each step those that the step names.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from cnnviz.errors import CnnvizError
from cnnviz.playback import place_of
from cnnviz.render.canvas import Look
from cnnviz.render.frames import Film, Page
from cnnviz.render.markup import Language, MarkupPen, Scribe
from cnnviz.render.panels import painter_class
from cnnviz.render.panels._cells import CellsPainter
from cnnviz.render.panels.base import Painter
from cnnviz.render.panels.redrawn import Part, RedrawnPainter
from cnnviz.render.panels.sign import SignPainter
from cnnviz.render.vector import Defs
from cnnviz.storyboard import Cell, Change, MoveMark, Panel, Relabel, SetStation, Step
from cnnviz.words.plain import spoken

Slot = tuple[Hashable, ...]
Spot = tuple[int, ...]
"""Where a slot stands on its layer, x and y; and on which sheet, where there are several: between these it jumps."""


@dataclass
class Layer:
    """Slots that are drawn in this order, from (x, y) on; with a `pitch` in rows of `columns`, so many pixels apart.

    `name` is the panel's where its slots are cells, `spoken` what a reader is told of it. Slots in `gliders` stand at
    spots of their own.
    """

    name: str
    x: int
    y: int
    slots: list[Slot] = field(default_factory=list)
    columns: int = 0
    pitch: int = 0
    spoken: str = ""
    gliders: frozenset[Slot] = frozenset()


@dataclass
class Beat:
    """One step: its caption (a fragment), how long it lasts, and the slots that change with their new fragments."""

    step: Step
    caption: int
    changes: list[tuple[int, int]]


@dataclass
class Scenery:
    """A whole figure: markup that stays, all fragments (the first is empty), all spots, layers, steps.

    Slots are numbered in the layers' order; after them come the places of those in `gliders`, which hold the number of
    a spot. `initial` tells what each holds before the first step; `wrote` in which step a cell got its last value.
    """

    defs: str
    page: str
    fragments: list[str]
    spots: list[Spot]
    layers: list[Layer]
    gliders: list[int]
    initial: list[int]
    beats: list[Beat]
    wrote: dict[int, int]


class Fragments:
    """Markup by number, each once, nothing is 0; and, where slots may glide, spots by number."""

    def __init__(self, gliding: bool = False) -> None:
        self.gliding = gliding
        self._numbers = {"": 0}
        self._spots: dict[Spot, int] = {}

    def number(self, markup: str) -> int:
        """The number of a fragment."""
        return self._numbers.setdefault(markup, len(self._numbers))

    def spot(self, spot: Spot) -> int:
        """The number of a spot."""
        return self._spots.setdefault(spot, len(self._spots))

    @property
    def all(self) -> list[str]:
        """All fragments by number."""
        return list(self._numbers)

    @property
    def spots(self) -> list[Spot]:
        """All spots by number."""
        return list(self._spots)


class _Actor(Protocol):
    """A panel on the stage."""

    filled: dict[Slot, int]

    def layers(self) -> list[Layer]: ...

    def apply(self, changes: Sequence[Change]) -> None: ...


def scenery(film: Film, defs: Language | None = None, *, gliding: bool = False) -> Scenery:
    """Draw a film's storyboard as vectors, where and as the film has it; raises CnnvizError for what it cannot.

    `defs` is the language that it is written in, SVG for the player where there is none. Where they are `gliding`,
    marks and dots stand at spots; else all slots of a layer begin where it does.
    """
    board, layout = film.storyboard, film.layout
    scribe, fragments = Scribe(), Fragments(gliding)
    defs = defs or Defs()
    fit = replace(layout.fit, typesetter=scribe)
    look = Look(theme=film.theme, palette=film.palette, typesetter=scribe, unit=fit.unit)
    page = Page(board, layout, look, fit.numbers)
    head, band = defs.pen(), defs.pen((0, page.band_top))
    band.rect(0, 0, layout.width, layout.height - page.band_top, film.theme.page["band"])
    page.draw(head, band)
    actors: dict[str, list[_Actor]] = {}
    for panel in board.panels():
        painter = painter_class(panel.kind)(panel, layout.places[panel.name], look, fit)
        actors[panel.name] = [_actor(panel, painter, defs, fragments), _Label(painter, defs, fragments)]
    everyone = [actor for both in actors.values() for actor in both]
    before = _taken(everyone)
    told: list[tuple[Step, int, dict[Slot, int]]] = []
    wrote: dict[Slot, int] = {}
    for place, step in enumerate(board.steps()):
        for change in step.changes:
            if isinstance(change, Cell) and change.value is not None:
                wrote["cell", change.panel, *place_of(change)] = place
        for name, both in actors.items():
            if changes := [change for change in step.changes if change.panel == name]:
                for actor in both:
                    actor.apply(changes)
        told.append((step, _caption(page, step, defs, fragments) if fit.numbers else 0, _taken(everyone)))
    layers = [layer for actor in everyone for layer in actor.layers()]
    slots = [slot for layer in layers for slot in layer.slots]
    gliders = [(place, slot) for place, slot in enumerate(slots) if any(slot in layer.gliders for layer in layers)]
    numbers = {slot: number for number, slot in enumerate([*slots, *(_spot_of(slot) for _, slot in gliders)])}
    return Scenery(
        defs="".join(defs.markup), page=head.take() + band.take(), fragments=fragments.all, spots=fragments.spots,
        layers=layers, gliders=[place for place, _ in gliders],
        initial=[before.get(slot, 0) for slot in numbers],
        beats=[Beat(step, line, [(numbers[slot], n) for slot, n in new.items()]) for step, line, new in told],
        wrote={numbers[slot]: place for slot, place in wrote.items()},
    )  # fmt: skip


def _spot_of(slot: Slot) -> Slot:
    """The slot that holds where another one stands."""
    return "spot", *slot


def _taken(actors: Iterable[_Actor]) -> dict[Slot, int]:
    """What the actors have filled since the last call."""
    found: dict[Slot, int] = {}
    for actor in actors:
        found |= actor.filled
        actor.filled = {}
    return found


def _caption(page: Page, step: Step, defs: Language, fragments: Fragments) -> int:
    pen = defs.pen()
    page.write_caption(pen, step)
    return fragments.number(pen.take())


def _actor(panel: Panel, painter: Painter, defs: Language, fragments: Fragments) -> _Actor:
    if isinstance(painter, CellsPainter):
        return _Cells(panel.name, painter, defs, fragments)
    if isinstance(painter, RedrawnPainter):
        return _Parts(panel.name, painter, defs, fragments)
    if isinstance(painter, SignPainter):
        return _Still(panel.name, painter, defs, fragments)
    raise CnnvizError(f".html cannot show a {panel.kind} panel yet: use .gif")


class _Still:
    """A sign."""

    def __init__(self, name: str, painter: SignPainter, defs: Language, fragments: Fragments) -> None:
        pen = defs.pen()
        painter.draw(pen)
        self._layer = Layer("", painter.place.x, painter.place.y, [("sign", name)])
        self.filled: dict[Slot, int] = {("sign", name): fragments.number(pen.take())}

    def layers(self) -> list[Layer]:
        return [self._layer]

    def apply(self, changes: Sequence[Change]) -> None:
        """Nothing to do."""


class _Label:
    """The text under a panel."""

    def __init__(self, painter: Painter, defs: Language, fragments: Fragments) -> None:
        self._painter, self._defs, self._fragments = painter, defs, fragments
        self._slot = "label", id(painter)
        self.filled: dict[Slot, int] = {}
        self._write(painter.place.label)

    def layers(self) -> list[Layer]:
        return [Layer("", 0, 0, [self._slot])]

    def apply(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if isinstance(change, Relabel):
                self._write(self._painter.worded(change.label))

    def _write(self, text: str) -> None:
        pen = self._defs.pen()
        for line, x, baseline in self._painter.label_lines(text):
            pen.text(line, x, baseline, self._painter.look.theme.page["muted"])
        self.filled[self._slot] = self._fragments.number(pen.take())


class _Cells:
    """A grid or block: a slot for each cell and each mark."""

    def __init__(self, name: str, painter: CellsPainter, defs: Language, fragments: Fragments) -> None:
        self._name, self._painter, self._defs, self._fragments = name, painter, defs, fragments
        self._known: dict[tuple[str, str, str, int], int] = {}
        self.filled: dict[Slot, int] = {("under", name): self._under()}
        for place in np.ndindex(painter.state.values.shape):
            self._fill(place)
        for mark in painter.state.marks:
            self._mark(mark)

    def layers(self) -> list[Layer]:
        painter, shape = self._painter, self._painter.state.values.shape
        x, y = painter.place.x, painter.place.y
        found = [Layer("", 0, 0, [("under", self._name)])]
        for channel in range(shape[0]) if len(shape) == 3 else (None,):
            dx, dy = painter.corner(channel)
            head = () if channel is None else (channel,)
            slots: list[Slot] = [("cell", self._name, *head, *place) for place in np.ndindex(shape[-2:])]
            told = spoken(painter.place.label.split("\n")[0]) or self._name, spoken(painter.sheet_text(channel))
            found.append(
                Layer(self._name, x + dx, y + dy, slots, shape[-1], painter.side, ", ".join(filter(None, told)))
            )
        marks: list[Slot] = [("mark", self._name, mark) for mark in painter.state.marks]
        return [*found, Layer("", 0, 0, marks, gliders=frozenset(marks if self._fragments.gliding else ()))]

    def apply(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if isinstance(change, Cell | MoveMark):
                self._painter.state.apply(change)
        for change in changes:
            if isinstance(change, Cell):
                self._fill(place_of(change))
            elif isinstance(change, MoveMark):
                self._mark(change.mark)

    def _fill(self, place: tuple[int, ...]) -> None:
        seen = self._painter.seen(place)
        if seen not in self._known:
            pen = self._defs.pen()
            self._painter.draw_cell(pen, *seen)
            self._known[seen] = self._fragments.number(pen.take())
        self.filled["cell", self._name, *place] = self._known[seen]

    def _mark(self, name: str) -> None:
        mark, slot, shift = self._painter.state.marks[name], ("mark", self._name, name), (0, 0)
        rings = list(self._painter.rings(mark))
        if rings and self._fragments.gliding:
            x, y = rings[0][0].left, rings[0][0].top
            sheet = () if mark.channel is None else (mark.channel,)
            self.filled[_spot_of(slot)], shift = self._fragments.spot((x, y, *sheet)), (-x, -y)
        pen = self._defs.pen(shift)
        for box, width, color in rings:
            pen.frame(box.left, box.top, box.right - box.left, box.bottom - box.top, color, width)
        self.filled[slot] = self._fragments.number(pen.take())

    def _under(self) -> int:
        """What the cells stand on, and the scale of their colours."""
        place = self._painter.place
        pen = self._defs.pen((place.x, place.y))
        self._painter.draw_under(pen)
        markup = pen.take()
        bar = self._painter.scale_bar(lambda width, height, color: self._defs.pen())
        if bar is not None and isinstance(bar[0], MarkupPen):
            markup += self._defs.moved(bar[0].take(), *bar[1:])
        return self._fragments.number(markup)


class _Parts:
    """A panel with moving parts: slots for the background, for what comes upon it for good, and for each part."""

    def __init__(self, name: str, painter: RedrawnPainter, defs: Language, fragments: Fragments) -> None:
        self._name, self._painter, self._defs, self._fragments = name, painter, defs, fragments
        self._pen = defs.pen(covers=(painter.place.width, painter.place.height))
        self._baked: list[Slot] = []
        self._order: list[str] = []
        self._shown: dict[str, Part] = {}
        self._gliders: set[Slot] = set()
        self.filled: dict[Slot, int] = {}
        painter.draw_with(self._pen)
        self._bake("background")
        self._refresh()

    def layers(self) -> list[Layer]:
        x, y = self._painter.place.x, self._painter.place.y
        slots: list[Slot] = [*self._baked, *(("part", self._name, part) for part in self._order)]
        return [Layer("", x, y, slots, gliders=frozenset(self._gliders))]

    def apply(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if not isinstance(change, Relabel):
                self._painter.update(change)
                # A station's maps cover the ones before; whatever else is baked adds to what is there.
                self._bake(change.station if isinstance(change, SetStation) else "")
        self._refresh()

    def _bake(self, key: str) -> None:
        cleared, markup = self._pen.cleared, self._pen.take()
        if cleared:
            self.filled |= dict.fromkeys(self._baked, 0)
        if markup:
            slot = "baked", self._name, key or len(self._baked)
            if slot not in self._baked:
                self._baked.append(slot)
            self.filled[slot] = self._fragments.number(markup)

    def _refresh(self) -> None:
        before, self._shown = self._shown, self._painter.parts()
        at = 0
        for name, part in self._shown.items():
            if name in self._order:
                at = self._order.index(name) + 1
            else:
                self._order.insert(at, name)
                at += 1
            if name not in before or before[name].key != part.key:
                self._fill(("part", self._name, name), part)
        self.filled |= {("part", self._name, name): 0 for name in before if name not in self._shown}

    def _fill(self, slot: Slot, part: Part) -> None:
        shift = 0, 0
        if part.glides and self._fragments.gliding:
            x, y = part.box.left, part.box.top
            self._gliders.add(slot)
            self.filled[_spot_of(slot)], shift = self._fragments.spot((x, y)), (-x, -y)
        pen = self._defs.pen(shift)
        part.draw(pen)
        self.filled[slot] = self._fragments.number(pen.take())
