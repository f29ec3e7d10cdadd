"""The changes that a step can make."""

from __future__ import annotations

from cnnviz.record import Record
from cnnviz.storyboard.panels import Shade, Values, Words


class Cell(Record, kw_only=True):
    """A cell of a grid or block changes; fields that are None stay the same.

    `note` is small text in the corner, or in the middle of a cell without a value; "" removes it. `origin` is the cell
    from which the value moves here, in the same panel or in the panel `source`.
    """

    panel: str
    row: int
    column: int
    channel: int | None = None
    role: str | None = None
    value: float | None = None
    note: Words | None = None
    origin: tuple[int, ...] | None = None
    source: str | None = None


class MoveMark(Record, kw_only=True):
    """A mark of a grid or block moves or changes its size."""

    panel: str
    mark: str
    row: float
    column: float
    rows: float
    columns: float
    channel: int | None = None


class Relabel(Record, kw_only=True):
    """The label under a panel changes."""

    panel: str
    label: Words


class MoveDot(Record, kw_only=True):
    """A dot of a plot moves; NaN hides it."""

    panel: str
    dot: str
    x: float
    y: float
    text: Words | None = None


class SetCurve(Record, kw_only=True):
    """A curve of a plot gets new points, or with `extend` more points."""

    panel: str
    curve: str
    x: Values
    y: Values
    extend: bool = False


class SetHeights(Record, kw_only=True):
    """A surface gets new heights, of the same shape."""

    panel: str
    heights: Values


class SetRow(Record, kw_only=True):
    """A line of an equation panel gets new text or a new role."""

    panel: str
    row: str
    text: Words | None = None
    role: str | None = None


class SetEntry(Record, kw_only=True):
    """An entry of a table gets new text or a new role.

    The text of the entry `origin`, a row and a column, moves here before the new text appears.
    """

    panel: str
    row: int
    column: int
    text: Words | None = None
    role: str | None = None
    origin: tuple[int, int] | None = None


class SetNode(Record, kw_only=True):
    """A node of a graph gets a new role or new text."""

    panel: str
    node: str
    role: str | None = None
    text: Words | None = None


class SetEdge(Record, kw_only=True):
    """An edge of a graph gets a new role or new text."""

    panel: str
    source: str
    target: str
    role: str | None = None
    text: Words | None = None


class SetLayerView(Record, kw_only=True):
    """A station of a maps panel gets a new role, new values with their shade, or a new note."""

    panel: str
    station: str
    role: str | None = None
    values: Values | None = None
    shade: Shade | None = None
    note: Words | None = None


Change = (
    Cell | MoveMark | Relabel | MoveDot | SetCurve | SetHeights | SetRow | SetEntry | SetNode | SetEdge | SetLayerView
)
