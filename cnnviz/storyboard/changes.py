"""What a step can change on the stage."""

from __future__ import annotations

from cnnviz.record import Record
from cnnviz.storyboard.panels import Shade, Values, Words


class Cell(Record, kw_only=True):
    """One cell of a grid or block changes; what is None stays. `note` is the small text in its corner, "" for none; of
    a cell whose value is not known it stands in the middle.

    `origin` is the row and column of the panel from which its value moves here, or its place in the panel `source`.
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
    """A mark of a grid or block goes to another place, or changes its size."""

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
    """A dot of a plot goes to another place; NaN hides it."""

    panel: str
    dot: str
    x: float
    y: float
    text: Words | None = None


class SetCurve(Record, kw_only=True):
    """A curve of a plot gets other points; with `extend` they continue it."""

    panel: str
    curve: str
    x: Values
    y: Values
    extend: bool = False


class SetHeights(Record, kw_only=True):
    """A surface gets another field of as many heights."""

    panel: str
    heights: Values


class SetRow(Record, kw_only=True):
    """A line of an equation panel gets another text or role."""

    panel: str
    row: str
    text: Words | None = None
    role: str | None = None


class SetEntry(Record, kw_only=True):
    """An entry of a table gets another text or role. What stands in the entry `origin`, a row and a column, moves here
    before the text appears.
    """

    panel: str
    row: int
    column: int
    text: Words | None = None
    role: str | None = None
    origin: tuple[int, int] | None = None


class SetNode(Record, kw_only=True):
    """A node of a graph gets another role or text."""

    panel: str
    node: str
    role: str | None = None
    text: Words | None = None


class SetEdge(Record, kw_only=True):
    """An edge of a graph gets another role or text."""

    panel: str
    source: str
    target: str
    role: str | None = None
    text: Words | None = None


class SetLayerView(Record, kw_only=True):
    """A station of a maps panel gets another role, other values with their shade, or another note."""

    panel: str
    station: str
    role: str | None = None
    values: Values | None = None
    shade: Shade | None = None
    note: Words | None = None


Change = (
    Cell | MoveMark | Relabel | MoveDot | SetCurve | SetHeights | SetRow | SetEntry | SetNode | SetEdge | SetLayerView
)
