"""Windows over cells: bodies of fills and notes that move over cells with their own fill, and outlines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import product

from cnnviz.playback import GridState
from cnnviz.render.canvas import Box, hull
from cnnviz.render.panels._cell import CellFace
from cnnviz.render.panels._sheets import Sheets
from cnnviz.render.panels.base import Item, Shape, Slot
from cnnviz.render.pen import Pen
from cnnviz.render.theme import Color
from cnnviz.storyboard import Mark

# What a cell is under a window: the window's own fill, which moves with it, while the cell beneath stays what it is.
BODY = {"kernel": "kernel", "kernel_on_padding": "kernel", "neighbour": "neighbour"}
SINGLED_OUT = {"winner": "winner", "selected": "centre"}
"""A cell under a window with a fill of its own, and the mark around it."""

Spot = tuple[int, int]

# The arms of an outline's corners, as a share of a cell.
_ARM = 0.22


class WindowItems:
    """Makes the items of the windows and outlines of a panel, from its corner."""

    def __init__(self, face: CellFace, sheets: Sheets, state: GridState) -> None:
        self._face, self._sheets, self._state = face, sheets, state
        self._look, self.side = face.look, face.side

    def bodies(self, windows: Iterable[str]) -> Iterator[tuple[Slot, Item]]:
        """The fills and notes of windows, and the fill of a cell that is singled out."""
        for name in windows:
            if (mark := self._state.marks[name]).rows:
                yield from self._body(mark)
        for role, name in SINGLED_OUT.items():
            around = self._state.marks.get(name)
            if around is None or not around.rows:
                continue
            at = (around.channel or 0, int(around.row), int(around.column))[-self._state.roles.ndim :]
            if self._state.roles[at] == role:
                draw = partial(self._face.draw, (role, "", "", -1))
                item = Item(("fill", role), Box(0, 0, self.side, self.side), draw, self._sheets.cell_corner(at))
                # The centre of a window goes with it, its maximum is found anew.
                yield ("singled", name), item._replace(glides=name == "centre", pauses=name == "winner")

    def _body(self, mark: Mark) -> Iterator[tuple[Slot, Item]]:
        """A window's fill and its notes, counted from the window's corner."""
        row, column, shape = int(mark.row), int(mark.column), self._state.roles.shape
        sheets = range(self._sheets.count) if mark.channel is None else (mark.channel,)
        left, top = self._sheets.corner(sheets[0])
        left, top = left + column * self.side, top + row * self.side
        filled: list[Spot] = []
        notes: list[tuple[Spot, str]] = []
        fill = "kernel"
        rows, columns = (range(at, at + int(size)) for at, size in ((row, mark.rows), (column, mark.columns)))
        for place in (at[-len(shape) :] for at in product(sheets, rows, columns)):
            if not all(0 <= at < most for at, most in zip(place, shape, strict=True)):
                continue
            role, (x, y) = str(self._state.roles[place]), self._sheets.cell_corner(place)
            if role in (*BODY, "winner", "selected"):
                filled.append((x - left, y - top))
                fill = "neighbour" if role == "neighbour" else fill
            if (note := self._state.notes.get(place)) and self._face.fitted.numbers:
                notes.append(((x - left, y - top), note))
        if filled:
            hatched = self._face.style(fill, -1).hatch is not None
            whole = len(sheets) == 1 and len(filled) == mark.rows * mark.columns and not hatched
            size = mark.columns * self.side, mark.rows * self.side
            item = self._block(fill, size) if whole else self._fills(fill, tuple(filled))
            yield ("body", mark.name), item._replace(at=(left, top))
        if notes and (size_of_notes := self._face.note_size([note for _, note in notes])):
            yield ("notes", mark.name), self._notes(tuple(notes), size_of_notes)._replace(at=(left, top))

    def _block(self, role: str, size: Shape) -> Item:
        """The fill of a window without holes."""
        width, height, fill = round(size[0]), round(size[1]), self._face.style(role, -1).fill

        def draw(pen: Pen) -> None:
            pen.rect(0, 0, width, height, fill)

        reshaped = partial(self._block, role)
        return Item(("body", role), Box(0, 0, width, height), draw, shape=size, reshaped=reshaped, glides=True)

    def grid_lines(self) -> Item:
        """The gaps between cells, above windows: what moves below them changes less of the picture."""
        gap, near, ground = self._face.fitted.gap, self._face.fitted.gap // 2, self._look.theme.page["ground"]
        sheets, extent, side = self._sheets, self._sheets.extent, self.side
        corners = [sheets.corner(channel) for channel in range(sheets.count)]

        def draw(pen: Pen) -> None:
            for x, y in corners:
                for at in range(0, sheets.width + 1, side):
                    pen.rect(x + at - gap + near, y, gap, sheets.height, ground)
                for at in range(0, sheets.height + 1, side):
                    pen.rect(x, y + at - gap + near, sheets.width, gap, ground)

        return Item("lines", Box(0, 0, extent.width, extent.height).grown(gap), draw)

    def _fills(self, role: str, spots: tuple[Spot, ...]) -> Item:
        def draw(pen: Pen) -> None:
            for spot in spots:
                self._face.draw((role, "", "", -1), pen.at(*spot))

        return Item(("body", role, spots), self._around(spots), draw, glides=True)

    def _notes(self, notes: tuple[tuple[Spot, str], ...], size: float) -> Item:
        ink = self._face.style("kernel", -1).ink

        def draw(pen: Pen) -> None:
            for spot, note in notes:
                self._face.write_note(pen.at(*spot), note, size, ink)

        # Small texts that move cannot be read, and in a GIF they cost as much as all else that moves.
        return Item(("notes", notes), self._around([spot for spot, _ in notes]), draw, glides=True, pauses=True)

    def _around(self, spots: Sequence[Spot]) -> Box:
        return Box(0, 0, max(x for x, _ in spots) + self.side, max(y for _, y in spots) + self.side)

    def outline(self, name: str, mark: Mark) -> Item:
        """Around the cells of a mark."""
        x, y = self._sheets.corner(mark.channel or 0)
        at = x + round(mark.column * self.side), y + round(mark.row * self.side)
        size = mark.columns * self.side, mark.rows * self.side
        # Around a result there is nothing to move: it flies there.
        still = (name, mark.role) == ("current", "result") or name == "winner"
        # Without a channel it stands on every sheet.
        outline = self._outline(mark.role, mark.channel is None, mark.corners, size)
        return outline._replace(at=at, glides=not still, pauses=name == "winner")

    def _outline(self, role: str, everywhere: bool, corners: bool, size: Shape) -> Item:
        """Rings around cells, counted from those of the first sheet."""
        sheets = map(self._sheets.corner, range(self._sheets.count if everywhere else 1))
        x, y = self._sheets.corner(0)
        around = Box(0, 0, round(size[0]), round(size[1])).moved(-x, -y)
        spans = [around.moved(x, y) for x, y in sheets]
        rings = [ring for span in spans for ring in self._rings(role, span)]
        arm = round(_ARM * self.side) if corners else 0

        def draw(pen: Pen) -> None:
            for box, width, color in rings:
                if not arm:
                    pen.frame(*box[:2], box.width, box.height, color, width)
                for across, down in ((arm, width), (width, arm)) if arm else ():
                    for x, y in product((box.left, box.right - across), (box.top, box.bottom - down)):
                        pen.rect(x, y, across, down, color)

        box, reshaped = hull(box for box, *_ in rings) or around, partial(self._outline, role, everywhere, corners)
        return Item((role, everywhere), box, draw, shape=size, reshaped=reshaped, glides=True)

    def _rings(self, role: str, span: Box) -> Iterator[tuple[Box, int, Color]]:
        """What the outline of some cells consists of, lowest first."""
        width = self._look.px(2) if role == "boundary" else self._look.px(3)
        if self._face.fitted.shaded and role != "boundary":
            # On a picture, a dark line alone is lost in the dark: a light one beside it is not.
            yield span.grown(width // 2 + 1), width + 2, self._look.theme.halo
        yield span.grown(width // 2), width, self._look.theme.mark(role)
