"""Grids of cells, one for each channel: what a cell shows is told by its key, so that each look is drawn once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from cnnviz.notation import in_cell
from cnnviz.playback import GridState, place_of
from cnnviz.render.canvas import Box, Look, hull
from cnnviz.render.panels._cell import CellFace, as_color, ink_on
from cnnviz.render.panels._fitted import Fitted
from cnnviz.render.panels._scale_bar import SCALE_HEIGHT, scale_bar
from cnnviz.render.panels._sheets import HELD, Sheets, own_cell
from cnnviz.render.panels._windows import BODY, WindowItems
from cnnviz.render.panels.base import Colors, Extent, Fit, Item, Painter, Place, Shape, Slot, Way, around
from cnnviz.render.pen import Pen
from cnnviz.render.theme import SCALE_LEVELS, Theme
from cnnviz.storyboard import Block, Cell, Grid
from cnnviz.words.plain import phrase

# What is hatched under a window, and how: in a GIF few wide strokes cost less than many.
_HATCHED, _APART = ("padding", "zero"), 20


class CellsPainter(Painter):
    """Cells on the ground; above them windows, then numbers, and the outlines of marks.

    A window is one body of fills and notes that moves over cells with their own fill. Cells of padding have strokes of
    their fill above it.
    """

    def __init__(self, panel: Grid | Block, place: Place, look: Look, fit: Fit) -> None:
        super().__init__(panel, place, look, fit)
        self.state = GridState.of(panel)
        self._fitted = Fitted.of(panel, place.cell, fit)
        self.sheets = Sheets.of(panel, self._fitted.cell, fit)
        self._windows = [mark.name for mark in panel.marks if mark.name.startswith("window")]
        self._has_bodies = bool(self._windows) and not self._fitted.shaded and not (panel.roles == "pending").all()
        self._square = Box(0, 0, self.side, self.side)
        self._face = CellFace(panel, self._fitted, look, fit, bodied=self._has_bodies)
        self._items = WindowItems(self._face, self.sheets, self.state)
        self._own = panel.roles.astype(object)
        self._above: dict[Slot, Item] = {}
        self._lines: dict[Slot, Item] = {}
        if self._has_bodies and self._fitted.gap:
            self._lines["lines",] = self._items.grid_lines()
        if isinstance(panel, Block):
            width, height = self.sheets.extent.width, self.sheets.extent.height
            draw = partial(self.sheets.draw, panel=panel, look=look, framed=self._fitted.shaded)
            self.lay(("sheets",), Item("", Box(0, 0, width, height).grown(1), draw))
        for at in np.ndindex(panel.values.shape):
            self._lay(at)
        if self._face.scale is not None and not fit.bare:
            self.lay(("scale",), scale_bar(panel, self._face.scale, place, look, fit))

    @classmethod
    def measure(cls, panel: Grid | Block, cell: int, fit: Fit) -> Extent:
        """All sheets with their captions."""
        return Sheets.of(panel, own_cell(panel, cell, fit), fit).extent

    @classmethod
    def label(cls, panel: Grid | Block, cell: int, fit: Fit) -> str:
        """The panel's label; it says so where the cells are larger than the others."""
        larger = own_cell(panel, cell, fit) != cell
        return str(panel.label) + ("\n" + phrase(fit.lang, "enlarged") if larger else "")

    @classmethod
    def details(cls, panel: Grid | Block, cell: int, fit: Fit) -> int:
        """Numbers, and whole captions."""
        return Fitted.of(panel, cell, fit).numbers + Sheets.of(panel, cell, fit).captions_fit

    @classmethod
    def room_below(cls, panel: Grid | Block, cell: int, fit: Fit) -> int:
        """Room for the scale, where cells are coloured by value, and between a label and the frame of sheets below."""
        below = fit.px(3 * HELD) if getattr(panel, "held", False) else 0
        return below + (fit.tx(SCALE_HEIGHT) if Fitted.of(panel, cell, fit).shaded and not fit.bare else 0)

    @classmethod
    def colors(cls, panel: Grid | Block, cell: int, fit: Fit, theme: Theme, step_roles: Sequence[str]) -> Colors:
        """Fills, hatches and inks of every role, the scale where cells are coloured by value, outlines."""
        fitted = Fitted.of(panel, cell, fit)
        colors = Colors(solid=[theme.mark(mark.role) for mark in panel.marks])
        shade = panel.shade if fitted.shaded else None
        if shade:
            colors.solid.append(theme.halo)
            scale = [as_color(color) for color in theme.scale(shade.scale)]
            colors.solid += scale
            colors.ramps += [(color, ink_on(color)) for color in scale[:: SCALE_LEVELS // 3] if fitted.numbers]
        for role in dict.fromkeys([*panel.roles.ravel().tolist(), *step_roles]):
            style = theme.cells.get(role)
            if style is None or (shade and not style.flat):
                continue
            colors.solid.append(style.fill)
            if style.hatch and not fit.bare:
                colors.add(style.fill, style.hatch)
            if fitted.numbers:
                colors.ramps.append((style.fill, style.ink))
        if isinstance(panel, Block):
            colors.add(theme.page["ground"], theme.page["faint"])
        return colors

    @property
    def name(self) -> str:
        """The panel's name."""
        return str(self._panel.name)

    @property
    def side(self) -> int:
        """Pixels from one cell to the next."""
        return self._fitted.cell

    def update(self, change: Any) -> None:
        """Take a cell's new value, role or note, or a mark's new place."""
        self.state.apply(change)
        if isinstance(change, Cell):
            at = place_of(change)
            # Under a window a cell stays what it is.
            if change.role is not None and not (self._has_bodies and change.role in (*BODY, "selected", "winner")):
                self._own[at] = change.role
            self._lay(at)
        elif self._has_bodies and change.mark in self._windows:
            # What won its window keeps its colour where no window is any more.
            windows = [box for name in self._windows if (box := self.box_of(name))]
            for at in map(tuple, np.argwhere(self.state.roles == "winner").tolist()):
                if not any(box.meets(self.cell_box(at)) for box in windows):
                    self._own[at] = "winner"
                    self._lay(at)

    def floats(self) -> dict[Slot, Item]:
        """Windows, numbers, and the outlines of marks; zero cells hide one."""
        bodies = dict(self._items.bodies(self._windows)) if self._has_bodies else {}
        notes = {slot: bodies.pop(slot) for slot in list(bodies) if slot[0] == "notes"}
        # Corners stand under the numbers.
        under: dict[Slot, Item] = {}
        over: dict[Slot, Item] = {}
        for name, mark in self.state.marks.items():
            if mark.rows and mark.columns:
                (under if mark.corners else over)["mark", name] = self._items.outline(name, mark)
        return bodies | self._lines | under | self._above | notes | over

    def box_of(self, name: str) -> Box | None:
        """The cells in a mark, on the page; nothing where it is hidden or on all sheets."""
        mark = self.state.marks[name]
        if not mark.rows or not mark.columns or (mark.channel is None and self.sheets.count > 1):
            return None
        x, y = self.sheets.corner(mark.channel or 0)
        left, top = self.place.x + x + round(mark.column * self.side), self.place.y + y + round(mark.row * self.side)
        return Box(left, top, left + round(mark.columns * self.side), top + round(mark.rows * self.side))

    def cell_box(self, at: tuple[int, ...]) -> Box:
        """A cell on the page."""
        x, y = self.sheets.cell_corner(at)
        return self._square.moved(self.place.x + x, self.place.y + y)

    def padding(self) -> list[Cell]:
        """The cells of padding around what a window moves over, as they are."""
        # Elsewhere it may be a colour among others.
        padded = np.char.startswith(self.state.roles.astype(str), "padding") & self._bounded
        return [
            Cell(
                panel=self.name,
                row=at[-2],
                column=at[-1],
                channel=at[0] if len(at) == 3 else None,
                role=str(self.state.roles[at]),
                value=float(self.state.values[at]),
            )
            for at in map(tuple, np.argwhere(padded).tolist())
        ]

    @property
    def _bounded(self) -> bool:
        """Whether an outline tells a map from its padding."""
        return any(mark.role == "boundary" and mark.rows for mark in self.state.marks.values())

    def label_item(self) -> Item | None:
        """It stands close under the middle of what there is, out of sight where that grows."""
        shift = self.sheets.before // 2, 0
        if self._bounded and not self.sheets.captions:
            rows, columns = np.nonzero(self.state.roles != "empty")
            beside, below = (np.subtract(self.state.roles.shape, 1) - (rows.max(), columns.max())).tolist()[::-1]
            shift = (int(columns.min()) - beside) * self.side // 2, -below * self.side
        label = super().label_item()
        return label and label._replace(at=shift, pauses=any(shift))

    def ways(self, written: Sequence[Cell]) -> list[Way]:
        """Values on their way to other cells of the panel, on the page, and cells that grow where there were none."""
        moves = {place_of(cell): cell.origin for cell in written if cell.origin}
        new = {place_of(cell): cell.role for cell in written if cell.role and not cell.origin}
        hidden = [self.cell_box(start) for start in moves.values()]
        if (label := self.label_item()) and label.pauses:
            # Cells would grow over it.
            hidden.append(label.reach.moved(self.place.x, self.place.y))
        found = [self._hidden(hidden)] if hidden else []
        for at, role in new.items():
            if self._own[at] == "empty" and at not in moves.values():
                found.append(Way(self._grown(at, role, (0.0,)), self._grown(at, role, (1.0,))))
        middle = None
        if moves and all(moves.get(start) == end for end, start in moves.items()):
            x, y = np.mean([self.cell_box(end)[:2] for end in moves], axis=0).tolist()
            middle = x, y
        for end, start in moves.items():
            tile = self.tile(start)
            found.append(Way(tile, tile._replace(at=self.cell_box(end)[:2]), middle))
        return found

    def _hidden(self, boxes: Sequence[Box]) -> Way:
        """Places that are empty because what was in them is on its way."""
        ground = self.look.theme.page["ground"]

        def draw(pen: Pen) -> None:
            for box in boxes:
                pen.rect(*box[:2], box.width, box.height, ground)

        item = Item("", hull(boxes) or Box(0, 0, 0, 0), draw)
        return Way(item, item)

    def tile(self, at: tuple[int, ...]) -> Item:
        """A cell as it is, on the page."""
        parts = [part for part in (self.ground["cell", *at], self._above.get(("number", *at))) if part is not None]

        def draw(pen: Pen) -> None:
            for part in parts:
                part.draw(pen)

        return Item("tile", self._square, draw, self.cell_box(at)[:2])

    def _grown(self, at: tuple[int, ...], role: str, share: Shape) -> Item:
        """A cell of which a share of the width is there."""
        fill, near = self._face.style(role, -1).fill, round((1 - share[0]) * self.side / 2) + self._fitted.gap // 2
        box = self._square.grown(-near)

        def draw(pen: Pen) -> None:
            pen.rect(*box[:2], box.width, box.height, fill)

        return Item(("grown", role), box, draw, self.cell_box(at)[:2], share, partial(self._grown, at, role))

    def chip(self, at: tuple[int, ...]) -> Item:
        """A result on its way to its cell, on the page: its number appears when it has landed."""
        role, _, _, level = self._seen(at)
        fill, rim, quarter = self._face.style(role, level).fill, self.look.theme.page["result"], self.side // 4
        box = self._square.grown(-quarter)

        def draw(pen: Pen) -> None:
            pen.rect(*box[:2], box.width, box.height, fill)
            pen.frame(*box[:2], box.width, box.height, rim, 1)

        return Item("chip", box, draw, self.cell_box(at)[:2], glides=True)

    def question(self, at: tuple[int, ...]) -> Item:
        """A question mark in a cell, on the page."""
        style = self._face.style(str(self._own[at]), -1)
        draw = partial(self._face.write, text="?", note="", style=style)
        return Item("?", self._square, draw, self.cell_box(at)[:2])

    def in_front(self, end: Box) -> Iterator[Box]:
        """What a line to a cell or window of this panel passes behind, on the page: captions, sheets that it only
        crosses, and numbers that are not above it anyway.
        """
        x, y = self.place.x, self.place.y
        for channel in range(len(self.sheets.captions)):
            yield around([self.sheets.caption(channel)]).moved(x, y)
            if not (sheet := self.sheets.box(channel).moved(x, y)).meets(end):
                yield sheet.grown(self.look.px(2 * HELD))
        if self._fitted.numbers:
            boxes = (self.cell_box(tuple(at)) for at in np.argwhere(np.isfinite(self.state.values)).tolist())
            # Numbers above the line need no more than to be read.
            inner = -self.side // 4 if self._has_bodies else 0
            yield from (box.grown(inner) for box in boxes if box != end)

    def _lay(self, at: tuple[int, ...]) -> None:
        seen, corner, box = self._seen(at), self.sheets.cell_corner(at), self._square
        if self._has_bodies:
            if seen[1] or self._hatched(seen[0]):
                self._above["number", *at] = Item(seen, box, partial(self._draw_above, seen), corner)
            else:
                self._above.pop(("number", *at), None)
            seen = (seen[0], "", "", seen[3])
        self.lay(("cell", *at), Item(seen, box, partial(self._face.draw, seen), corner, covers=1, tile=True))
        if self.sheets.above:
            self._lay_bar(at)

    def _hatched(self, role: str) -> bool:
        return role in _HATCHED and not self.fit.bare

    def _draw_above(self, seen: tuple[str, str, str, int], pen: Pen) -> None:
        """What of a cell is above windows: its number, and the strokes of padding."""
        role, text, note, level = seen
        style = self._face.style(role, level)
        if self._hatched(role):
            # Seen only over a window: on the cell itself it has the cell's own colour, across its own strokes.
            self._face.hatch(pen, style.fill, self.side / _APART, _APART, "\\" if style.hatch else "/")
        if text:
            self._face.write(pen, text, note, style)

    def _lay_bar(self, at: tuple[int, ...]) -> None:
        """A cell's value as a bar from the line of 0, in the colour of what the cell is now."""
        shade, px = self._panel.shade, self.look.px
        value, role = float(self.state.values[at]), str(self.state.roles[at])
        scale = (self.sheets.above - 2 * px(3)) / (shade.hi - shade.lo)
        fill, muted = self._face.style(role, -1).fill, self.look.theme.page["muted"]
        zero, length = px(3) + round(scale * shade.hi), 0 if math.isnan(value) else round(scale * abs(value))
        # Padding that is still to come has no line.
        near, line = self.side // 5, px(1) if role != "empty" else 0

        def draw(pen: Pen) -> None:
            pen.rect(near, zero - length if value > 0 else zero, self.side - 2 * near, length, fill)
            pen.rect(0, zero, self.side, line, muted)

        box, corner = Box(0, 0, self.side, self.sheets.above), (self.sheets.cell_corner(at)[0], 0)
        self.lay(("bar", *at), Item(f"bar {fill} {length} {value < 0}", box, draw, corner))

    def _seen(self, at: tuple[int, ...]) -> tuple[str, str, str, int]:
        """What is seen of a cell: its role, number and note, and its level on the scale, −1 for none."""
        value, role = float(self.state.values[at]), str(self._own[at])
        note = self.state.notes.get(at, "") if self._fitted.numbers else ""
        # Where a note of a window does not fit, none is shown, and no number makes room for one.
        if note and self._has_bodies and not self._face.note_size(list(filter(None, self.state.notes.values()))):
            note = ""
        if math.isnan(value):
            text, note = note, ""
        else:
            text = in_cell(value, self._panel.digits) if self._fitted.numbers else ""
        return role, text, note, self._face.level(value) if self._face.scale is not None else -1


PAINTER = CellsPainter
