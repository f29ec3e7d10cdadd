"""A figure as vectors: fragments of SVG, the slots that hold them, and which slots each step fills anew.

What a page needs to play a figure: it fills the slots with fragments, and at each step those that the step names.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from cnnviz.playback import place_of
from cnnviz.render.frames import Film
from cnnviz.render.panels.base import Item, Painter, Slot, Way
from cnnviz.render.panels.cells import CellsPainter
from cnnviz.render.stage import FigureStage
from cnnviz.render.svg_pen import SvgDefs, SvgPen
from cnnviz.storyboard import Cell, Step
from cnnviz.words.plain import spoken

_HEAD, _FIRST = 0, 2
# The head's place among the painters, and the first panel's; the link's is the last.

_QUESTION: tuple[int, tuple[Hashable, ...]] = (_HEAD, ("question",))

_TURNED = 8
"""Parts of half a turn."""

Spot = tuple[int, int]
"""Where a slot stands on its layer."""

Name = TypeVar("Name", bound=Hashable)
_Key = tuple[int, Slot]


@dataclass
class Layer:
    """Slots that are drawn in this order, from (x, y) on; with a `pitch` in rows of `columns`, so many pixels apart.

    `name` is the panel's where its slots are cells, `spoken` what a reader is told of it.
    """

    x: int
    y: int
    slots: list[_Key] = field(default_factory=list)
    name: str = ""
    columns: int = 0
    pitch: int = 0
    spoken: str = ""

    def corner(self, place: int) -> Spot:
        """Where a slot of it begins on the page."""
        if not self.pitch:
            return self.x, self.y
        return self.x + place % self.columns * self.pitch, self.y + place // self.columns * self.pitch


class Flight(NamedTuple):
    """A fragment that is seen before a step begins: on its way from spot to spot, or `growing` where it is."""

    fragment: int
    spots: list[Spot]
    growing: bool


@dataclass
class Beat:
    """One step: its caption and progress (fragments), and the slots that change with their new fragments.

    `flights` are what brings its values, above all else.
    """

    step: Step
    caption: int
    changes: list[tuple[int, int]]
    progress: int
    flights: list[Flight]


@dataclass
class Vectors:
    """A whole figure: markup that stays, all fragments (the first is empty), all spots, layers, steps.

    Slots are numbered in the layers' order; after them come the places of those in `gliders`, which hold the number of
    a spot. `lines` link a window to its result: they are not there while it glides. `initial` tells what each slot
    holds before the first step, `asked` what changes for the question that stands there, if there is one; `wrote` in
    which step a cell got its last value.
    """

    page: str
    fragments: list[str]
    spots: list[Spot]
    layers: list[Layer]
    gliders: list[int]
    lines: list[int]
    initial: list[int]
    asked: list[tuple[int, int]]
    beats: list[Beat]
    wrote: dict[int, int]

    @property
    def corners(self) -> list[Spot]:
        """Where each slot's layer has it."""
        return [layer.corner(place) for layer in self.layers for place in range(len(layer.slots))]


def vectors(film: Film, defs: SvgDefs) -> Vectors:
    """Draw a film's storyboard as vectors, where and as the film has it."""
    stage, fragments, spots = film.stage(), _Numbers[str]({"": 0}), _Numbers[Spot]()
    slots = _Slots(stage, defs, fragments, spots)
    page, band = defs.pen(), stage.band
    for painter in (stage.head, band):
        for item in painter.ground.values():
            item.draw(page.at(painter.place.x, painter.place.y))
    initial, told, wrote = slots.filled(), [], dict[_Key, int]()
    numbers = {name: number for number, name in enumerate(stage.panels, start=_FIRST)}
    asked: dict[Hashable, int] = {}
    for place, step, written in stage.acts(film.prepares):
        begun: dict[Hashable, int] = {}
        questions = None if place or not film.opening else stage.questions(written)
        if questions is not None:
            begun = slots.filled()
            asked = initial | begun
            if questions and not film.storyboard.bare:
                asked[_QUESTION], begun[_QUESTION] = slots.fragment(_HEAD, questions[0]), 0
        moving = (place or asked) and film.tween
        ways = stage.ways(written) if moving else []
        stage.land(place, step)
        for change in step.changes:
            if isinstance(change, Cell) and change.value is not None:
                wrote[numbers[change.panel], ("cell", *place_of(change))] = place
        items = () if film.storyboard.bare else ((band.caption(),), (band.counter(), band.progress()))
        caption, progress = [fragments.of(_drawn(defs, band, *each)) for each in items] or (0, 0)
        if not film.layout.fit.numbers:
            caption = 0
        new = begun | slots.filled()
        ways = ways or (stage.flights(written) if moving and not film.storyboard.bare else [])
        told.append((step, caption, new, progress, [slots.flight(way) for way in ways]))
    layers = [*slots.layers(), *([Layer(0, 0, [_QUESTION])] if _QUESTION in asked else [])]
    order = [key for layer in layers for key in layer.slots]
    gliders = [place for place, key in enumerate(order) if key in slots.gliders]
    placed: list[Hashable] = [*order, *(("spot", order[place]) for place in gliders)]
    index = {key: number for number, key in enumerate(placed)}
    return Vectors(
        page=page.take(),
        fragments=list(fragments),
        spots=list(spots),
        layers=layers,
        gliders=gliders,
        lines=[place for place, (number, _) in enumerate(order) if stage.painters[number] is stage.link],
        initial=[initial.get(key, 0) for key in placed],
        asked=[(index[key], n) for key, n in asked.items()],
        beats=[
            Beat(step, line, [(index[key], n) for key, n in new.items()], progress, flights)
            for step, line, new, progress, flights in told
        ],
        wrote={index[key]: place for key, place in wrote.items()},
    )


def _drawn(defs: SvgDefs, painter: Painter, *items: Item) -> str:
    pen = defs.pen().at(painter.place.x, painter.place.y)
    for item in items:
        item.draw(pen)
    return pen.take()


class _Numbers(dict[Name, int]):
    """Numbers for things, each once."""

    def of(self, name: Name) -> int:
        return self.setdefault(name, len(self))


class _Slots:
    """The slots of all panels, and in what order each panel has them."""

    def __init__(self, stage: FigureStage, defs: SvgDefs, fragments: _Numbers[str], spots: _Numbers[Spot]) -> None:
        self._stage, self._defs, self._fragments, self._spots = stage, defs, fragments, spots
        self._tiles: dict[tuple[int, Hashable], int] = {}
        self._order: dict[tuple[int, bool], list[Slot]] = {}
        self.gliders: set[_Key] = set()

    def filled(self) -> dict[Hashable, int]:
        """What the slots hold since the last call, by number of fragment, and where those stand that glide."""
        found: dict[Hashable, int] = {}
        for number, slot, _, item, _ in self._stage.changes():
            if number < 2:
                continue
            # Where no result flies, the outline around it glides with its window.
            if item is not None and slot[0] == "mark" and not item.pauses:
                item = item._replace(glides=True)
            found[number, slot] = self.fragment(number, item) if item is not None else 0
            if item is not None and item.glides:
                self.gliders.add((number, slot))
                found["spot", (number, slot)] = self._spots.of(item.at)
        for number, painter in enumerate(self._stage.painters):
            _merge(self._order.setdefault((number, True), []), (s for s, i in painter.ground.items() if not i.tile))
            _merge(self._order.setdefault((number, False), []), self._stage.floats[number])
        return found

    def fragment(self, number: int, item: Item) -> int:
        """The number of what draws an item of a painter."""
        key = number, item.key
        if not item.tile or key not in self._tiles:
            pen: SvgPen = self._defs.pen()
            item.draw(pen if item.tile or item.glides else pen.at(*item.at))
            found = self._fragments.of(pen.take())
            if not item.tile:
                return found
            self._tiles[key] = found
        return self._tiles[key]

    def flight(self, way: Way) -> Flight:
        """What draws an item on its way: from its corner, or where it grows, around its middle."""
        x, y = way.end.at
        pen: SvgPen = self._defs.pen()
        if way.grows:
            middle = (way.end.box.left + way.end.box.right) // 2, (way.end.box.top + way.end.box.bottom) // 2
            way.end.draw(pen.at(-middle[0], -middle[1]))
            spots = [(x + middle[0], y + middle[1])]
        else:
            way.end.draw(pen)
            # Of a turn as many places as make it look round, of a way along lines enough to stay on them.
            parts = _TURNED if way.middle else 1
            spots = list(dict.fromkeys(way.at(part / parts).at for part in range(parts + 1)))
        return Flight(self._fragments.of(pen.take()), spots, way.grows)

    def layers(self) -> list[Layer]:
        """All layers, lowest first: each panel's ground and cells, what floats above each panel, and the link."""
        found, above = list[Layer](), list[Layer]()
        for number, (name, painter) in enumerate(self._stage.panels.items(), start=_FIRST):
            x, y = painter.place.x, painter.place.y
            ground, floats = [(number, slot) for slot in self._order[number, True]], self._floats(number)
            found += [Layer(x, y, ground)] if ground else []
            found += _sheets(name, number, painter) if isinstance(painter, CellsPainter) else []
            above += [Layer(x, y, floats)] if floats else []
        links = self._floats(len(self._stage.painters) - 1)
        return found + above + ([Layer(0, 0, links)] if links else [])

    def _floats(self, number: int) -> list[_Key]:
        return [(number, slot) for slot in self._order[number, False]]


def _merge(order: list[Slot], slots: Iterable[Slot]) -> None:
    """Let an order take in slots that it lacks, each behind the one before it."""
    at = 0
    for slot in slots:
        if slot in order:
            at = order.index(slot) + 1
        else:
            order.insert(at, slot)
            at += 1


def _sheets(name: str, number: int, painter: CellsPainter) -> list[Layer]:
    """A layer for each sheet of cells."""
    sheets, (rows, columns) = painter.sheets, painter.state.values.shape[-2:]
    label = spoken(painter.place.label.split("\n")[0]) or name
    found = []
    for channel in range(sheets.count):
        x, y = sheets.corner(channel)
        head = (channel,) if sheets.captions else ()
        slots = [(number, ("cell", *head, row, column)) for row in range(rows) for column in range(columns)]
        told = ", ".join(filter(None, (label, spoken(sheets.captions[channel]) if sheets.captions else "")))
        found.append(Layer(painter.place.x + x, painter.place.y + y, slots, name, columns, painter.side, told))
    return found
