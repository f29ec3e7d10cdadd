"""What a step can change on the stage."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.storyboard.panels import Shade, Values, Words


@dataclass(frozen=True, kw_only=True)
class Cell:
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


@dataclass(frozen=True, kw_only=True)
class MoveMark:
    """A mark of a grid or block goes to another place, or changes its size."""

    panel: str
    mark: str
    row: float
    column: float
    rows: float
    columns: float
    channel: int | None = None


@dataclass(frozen=True, kw_only=True)
class Relabel:
    """The label under a panel changes."""

    panel: str
    label: Words


@dataclass(frozen=True, kw_only=True)
class MoveDot:
    """A dot of a plot goes to another place; NaN hides it."""

    panel: str
    dot: str
    x: float
    y: float
    text: Words | None = None


@dataclass(frozen=True, kw_only=True)
class SetCurve:
    """A curve of a plot gets other points; with `extend` they continue it."""

    panel: str
    curve: str
    x: Values
    y: Values
    extend: bool = False


@dataclass(frozen=True, kw_only=True)
class SetHeights:
    """A surface gets another field of as many heights."""

    panel: str
    heights: Values


@dataclass(frozen=True, kw_only=True)
class SetRow:
    """A line of an equation panel gets another text or role."""

    panel: str
    row: str
    text: Words | None = None
    role: str | None = None


@dataclass(frozen=True, kw_only=True)
class SetEntry:
    """An entry of a table gets another text or role. What stands in the entry `origin`, a row and a column, moves here
    before the text appears.
    """

    panel: str
    row: int
    column: int
    text: Words | None = None
    role: str | None = None
    origin: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class SetNode:
    """A node of a graph gets another role or text."""

    panel: str
    node: str
    role: str | None = None
    text: Words | None = None


@dataclass(frozen=True, kw_only=True)
class SetEdge:
    """An edge of a graph gets another role or text."""

    panel: str
    source: str
    target: str
    role: str | None = None
    text: Words | None = None


@dataclass(frozen=True, kw_only=True)
class SetLayerView:
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
