"""What a painter of panels does: it says what room and colours it needs, and what stands in each slot of the panel."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from cnnviz.record import Record
from cnnviz.render.canvas import Box, Look, hull
from cnnviz.render.pen import Pen, Points, Stamp
from cnnviz.render.text import TextLine, Typesetter
from cnnviz.render.theme import Color, Theme
from cnnviz.storyboard import Change, Relabel
from cnnviz.words.plain import phrase

LEAST_TEXT = 14
"""Pixels of the smallest text at the default width, where there is no room for more."""

TICK_SIZE = 16

ENLARGED_CELL = 46
LABEL_SIZE = 18
LABEL_LEADING = 23
# Behind a space outside of a formula, or a comma that has none after it.
_BREAKS = re.compile(r"(?<= )(?=(?:[^$]*\$[^$]*\$)*[^$]*$)|(?<=[，、：；])")

Slot = tuple[Hashable, ...]
Shape = tuple[float, ...]


class Item(NamedTuple):
    """What stands in a slot: `draw` draws it, its coordinates from `at`, within `box`.

    Two items of one `key` look the same but for their place and their `shape`: numbers of which `reshaped` makes the
    item anew. What `glides` is shown on its way from one to the other; what `pauses` and changes is out of sight while
    others are on their way.

    On the ground, an item that `covers` as much as the one before it is drawn over that one; the ground is drawn anew
    for one that does not. Of a `tile`, all slots with its key look the same.
    """

    key: Hashable
    box: Box
    draw: Callable[[Pen], None]
    at: tuple[int, int] = (0, 0)
    shape: Shape = ()
    reshaped: Callable[[Shape], Item] | None = None
    glides: bool = False
    pauses: bool = False
    covers: float = 0
    tile: bool = False

    @property
    def reach(self) -> Box:
        """All its pixels, from the panel's corner."""
        return self.box.moved(*self.at)

    def same(self, other: Item | None) -> bool:
        """Whether nothing changes from one to the other."""
        return other is not None and (self.key, self.at, self.shape) == (other.key, other.at, other.shape)

    def moves_to(self, other: Item | None) -> bool:
        """Whether something moves from one to the other."""
        if other is None or not self.glides or self.same(other):
            return False
        return self.key == other.key and len(self.shape) == len(other.shape)

    def between(self, other: Item, share: float) -> Item:
        """It on a share of its way to where it is in the other."""
        found = self
        if self.reshaped is not None and self.shape != other.shape:
            mixed = (a + (b - a) * share for a, b in zip(self.shape, other.shape, strict=True))
            found = self.reshaped(tuple(mixed))
        x, y = (round(a + (b - a) * share) for a, b in zip(self.at, other.at, strict=True))
        return found._replace(at=(x, y))


class Way(NamedTuple):
    """An item on its way from one place, or shape, to another: straight, or by half a turn around a `middle`."""

    start: Item
    end: Item
    middle: tuple[float, float] | None = None

    @property
    def grows(self) -> bool:
        """Whether it gets larger around its own middle."""
        return self.start.shape != self.end.shape

    def at(self, share: float) -> Item:
        """The item on an eased share of its way."""
        if self.middle is None:
            return self.start.between(self.end, eased(share))
        angle, (left, top) = math.pi * eased(share), self.middle
        x, y = self.start.at[0] - left, self.start.at[1] - top
        across, down = x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)
        return self.start._replace(at=(round(left + across), round(top + down)))


def changed(old: Any, change: Change, *names: str) -> Any:
    """A dataclass with what a change brings; what is None in that stays as it was."""
    given = {name: getattr(change, name) for name in names}
    return replace(old, **{name: value for name, value in given.items() if value is not None})


def eased(share: float) -> float:
    """Slow at both ends."""
    return share * share * (3 - 2 * share)


class Fit(Record, kw_only=True):
    """What panels are measured with: the typesetter, the scale of lengths, height, numbers and words or none.

    `scale` is how much larger texts are wanted that make room for themselves, `text` how much larger all others are;
    `lang` is the language of the few words that are the renderer's own. What gives way where cells would be too small:
    grids that may be enlarged have cells of `enlarged`, lines of labels are no longer than `label_width` (if not 0),
    and lines of formulas are `tight` times as large as usual. The lines of a label are one where that is no wider than
    `overhang` times its panel. `bare` leaves out all words.
    """

    typesetter: Typesetter
    unit: float
    height: int
    numbers: bool
    bare: bool = False
    lang: str = "en"
    scale: float = 1.0
    text: float = 1.0
    enlarged: int = ENLARGED_CELL
    label_width: int = 0
    overhang: float = 1.0
    tight: float = 1.0

    @property
    def least(self) -> float:
        """The pixels of the smallest text."""
        return LEAST_TEXT * self.unit

    def size(self, pixels: float) -> float:
        """The size of a text that is given for the default width and the default size of texts."""
        return pixels * self.unit * self.text

    def tx(self, length: float) -> int:
        """Pixels of a length that grows with the texts."""
        return max(1, round(length * self.unit * self.text))

    def px(self, length: float) -> int:
        """Pixels of a length that is given for the default width."""
        return max(1, round(length * self.unit))

    @property
    def label_room(self) -> int:
        """Pixels under a panel for a label of one line."""
        return self.px(11 + 21 * self.text)

    def label_lines(self, text: str, width: int) -> list[TextLine]:
        """The lines of a label: few where they fit under a panel of the `width`; those too long are broken."""
        return [self._label_line(part) for line in self._filled(text.split("\n"), width) for part in self._broken(line)]

    def _filled(self, parts: Sequence[str], width: int) -> list[str]:
        """Lines, each with as many parts as fit under a panel of the `width`."""
        found = list(parts[:1])
        for part in parts[1:]:
            longer = found[-1] + phrase(self.lang, ", ") + part
            if self._label_line(longer).width <= self.overhang * width:
                found[-1] = longer
            else:
                found.append(part)
        return found

    def _label_line(self, text: str) -> TextLine:
        return self.typesetter.line(text, self.size(LABEL_SIZE))

    def _broken(self, line: str) -> list[str]:
        if not self.label_width or self._label_line(line).width <= self.px(self.label_width):
            return [line]
        found = [""]
        for word in _BREAKS.split(line):
            longer = found[-1] + word
            if found[-1] and self._label_line(longer.rstrip()).width > self.px(self.label_width):
                found.append(word)
            else:
                found[-1] = longer
        return [part.rstrip() for part in found]


def text_scales(most: float) -> list[float]:
    """How much larger texts may be, from `most` down to what is more than usual."""
    return [round(most - step / 10, 2) for step in range(math.ceil((most - 1) * 10 - 1e-9))]


class Extent(Record, kw_only=True):
    """The room that a panel's body needs, in pixels; with `stretch` > 0 it shares what is left, in that proportion."""

    width: int
    height: int
    stretch: float = 0.0


class Place(Record, kw_only=True):
    """Where a panel stands: its corner and size in pixels, the side of the stage's cells, its label and that
    one's baseline."""

    x: int
    y: int
    width: int
    height: int
    cell: int = 0
    label: str = ""
    label_baseline: int = 0


@dataclass
class Colors:
    """The colours that a figure needs: solid ones, and pairs between which edges are smoothed."""

    solid: list[Color] = field(default_factory=list)
    ramps: list[tuple[Color, Color]] = field(default_factory=list)

    def add(self, ground: Color, *inks: Color) -> None:
        """Inks on a ground, with edges between."""
        self.solid += inks
        self.ramps += [(ground, ink) for ink in inks]


class Painter:
    """Tells what stands in a panel's slots, in coordinates from the panel's corner, lowest first.

    `ground` holds what only steps that name it change, such as cells and axes; `floats` are above it, and looked
    through at each step.
    """

    def __init__(self, panel: Any, place: Place, look: Look, fit: Fit) -> None:
        self._panel, self.place, self.look, self.fit = panel, place, look, fit
        self.ground: dict[Slot, Item] = {}
        self.changed: dict[Slot, None] = {}
        self._label = place.label

    @classmethod
    def measure(cls, panel: Any, cell: int, fit: Fit) -> Extent:
        """The room for the panel's body, where the stage's cells have the side `cell`."""
        raise NotImplementedError

    @classmethod
    def label(cls, panel: Any, cell: int, fit: Fit) -> str:
        """The text under the panel."""
        return str(panel.label)

    @classmethod
    def details(cls, panel: Any, cell: int, fit: Fit) -> int:
        """How many kinds of what cells of that side may have no room for are shown."""
        return 0

    @classmethod
    def room_below(cls, panel: Any, cell: int, fit: Fit) -> int:
        """Pixels wanted under the label."""
        return 0

    @classmethod
    def colors(cls, panel: Any, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """The colours that the panel needs, those of roles that steps bring in included; the label's are known."""
        raise NotImplementedError

    def update(self, change: Any) -> None:
        """Bring one change in: `lay` on the ground, or state that `floats` tells of."""
        raise NotImplementedError

    def floats(self) -> dict[Slot, Item]:
        """What stands above the ground now."""
        return {}

    def ways(self, written: Sequence[Any]) -> list[Way]:
        """What moves within the panel, on the page, before these changes are brought in."""
        return []

    def take(self, change: Change) -> None:
        """Bring one change in, a new label's too."""
        if isinstance(change, Relabel):
            self._label = self.label(replace(self._panel, label=change.label), self.place.cell, self.fit)
        else:
            self.update(change)

    @property
    def label_now(self) -> str:
        """What stands under it, in lines."""
        return self._label

    def above(self) -> dict[Slot, Item]:
        """All that stands above the ground, the label last."""
        label = self.label_item()
        return self.floats() | ({("label",): label} if label else {})

    def lay(self, slot: Slot, item: Item | None) -> None:
        """Put an item on the ground, or take one away."""
        if item is not None:
            self.ground[slot] = item
        elif slot in self.ground:
            del self.ground[slot]
        self.changed[slot] = None

    @property
    def whole(self) -> Box:
        """All of the panel's body."""
        return Box(0, 0, self.place.width, self.place.height)

    def label_item(self) -> Item | None:
        """The label, if there is one."""
        if not self._label:
            return None
        place, color = self.place, self.look.theme.page["muted"]
        baselines = itertools.count(place.label_baseline - place.y, self.fit.tx(LABEL_LEADING))
        texts = zip(self.fit.label_lines(self._label, place.width), baselines, strict=False)
        lines = [(line, (place.width - line.width) // 2, baseline) for line, baseline in texts]

        def draw(pen: Pen) -> None:
            for line, x, baseline in lines:
                pen.text(line, x, baseline, color)

        return Item(self._label, around(lines), draw)


def around(lines: Sequence[tuple[TextLine, int, int]]) -> Box:
    """All pixels of lines at their places: letters may hang over a little."""
    boxes = [Box(x, base - line.ascent, x + line.width, base + line.descent).grown(2) for line, x, base in lines]
    return hull(boxes) or Box(0, 0, 0, 0)


def box_around(points: Points, more: float) -> Box:
    """All pixels of (n, 2) points, and so many on all sides."""
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return Box(
        math.floor(left - more), math.floor(top - more), math.ceil(right + more) + 1, math.ceil(bottom + more) + 1
    )


def stamps(outline: Points, stroke: float) -> tuple[Stamp, Stamp]:
    """What is within the outline through (n, 2) points, and the outline itself."""
    box, ring = box_around(outline, stroke + 1), np.concatenate([outline, outline[:2]])
    inside = Stamp(box, lambda pen, color: pen.polygon(outline, color))
    return inside, Stamp(box, lambda pen, color: pen.polyline(ring, color, stroke))
