"""What a figure shows, as plain data: panels on a stage, and the steps that change them.

Texts may hold `$mathtext$` and `**strong**` parts; nothing here knows a colour or a pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

FORMAT_VERSION = 1

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Shade:
    """A named scale of colours (`gray`, `sequential`, `diverging`) for values from `lo` to `hi`.

    It colours the cells where their numbers do not fit, or `always`, as for a picture.
    """

    scale: str
    lo: float
    hi: float
    always: bool = False


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A named outline around `rows`×`columns` cells of a grid, its corner at (`row`, `column`); zero cells hide it."""

    name: str
    role: str
    row: float = 0
    column: float = 0
    rows: int = 0
    columns: int = 0
    channel: int | None = None


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A thing on the stage; `label` stands under it."""

    kind: ClassVar[str] = "panel"
    name: str
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Grid(Panel):
    """Square cells with a value and a role each; NaN is a cell whose value is not known yet.

    `padding` rows above and below and columns on both sides of `values` are padding, the rest is the map itself.
    `digits` decimals are shown where `numbers` are; `shade` says how values become colours where they do; `enlarge`
    allows cells of its own size, larger than the other grids', where these are tiny; `notes` tells that cells will
    carry notes, for which their numbers leave room.
    """

    kind: ClassVar[str] = "grid"
    values: Values
    roles: npt.NDArray[np.str_]
    padding: tuple[int, int] = (0, 0)
    digits: int = 0
    numbers: bool = True
    shade: Shade | None = None
    enlarge: bool = False
    notes: bool = False
    marks: tuple[Mark, ...] = ()

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape != self.roles.shape:
            shapes = f"{self.values.shape} values, {self.roles.shape} roles"
            raise ValueError(f"panel {self.name} has {shapes}: both take one 2-D shape")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.values.shape[0], self.values.shape[1]


@dataclass(frozen=True, kw_only=True)
class Sign(Panel):
    """An operator between two panels, such as ∗ or =."""

    kind: ClassVar[str] = "sign"
    text: str


@dataclass(frozen=True, kw_only=True)
class Block(Panel):
    """Channels of one map, each a grid of cells: `values` and `roles` are (channels, rows, columns).

    `captions` stand under the single grids, "channel 1", "channel 2", … where there are none; `columns` is the number
    of grids side by side, where the renderer shall not choose. A mark without a channel stands on every one.
    """

    kind: ClassVar[str] = "block"
    values: Values
    roles: npt.NDArray[np.str_]
    digits: int = 0
    numbers: bool = True
    shade: Shade | None = None
    captions: tuple[str, ...] = ()
    columns: int | None = None
    marks: tuple[Mark, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels, rows and columns."""
        return self.values.shape


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A line of a plot; `style` is solid, dashed or dotted. `text` names it at its end."""

    name: str
    role: str
    x: Values
    y: Values
    style: str = "solid"
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A round marker of a plot; NaN hides it. `text` stands beside it."""

    name: str
    role: str
    x: float
    y: float
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Plot(Panel):
    """Axes with curves and dots. `axes` is "zero" (lines through the origin) or "frame"; `span` is the share of width.

    `square` makes a unit of x as long as one of y.
    """

    kind: ClassVar[str] = "plot"
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    x_text: str = ""
    y_text: str = ""
    curves: tuple[Curve, ...] = ()
    dots: tuple[Dot, ...] = ()
    axes: str = "zero"
    span: float = 1.0
    square: bool = False


@dataclass(frozen=True, kw_only=True)
class Surface(Plot):
    """A plot over a field of heights, (rows, columns) from low to high y and x, shown as bands between `levels`."""

    kind: ClassVar[str] = "surface"
    heights: Values
    levels: Values


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of an equation panel, in the ink of its role; an empty text leaves its place blank."""

    name: str
    text: str
    role: str = "ink"


@dataclass(frozen=True, kw_only=True)
class Equation(Panel):
    """Lines of text and formulas, one under the other; `widest` holds samples of the longest texts that steps bring."""

    kind: ClassVar[str] = "equation"
    lines: tuple[Row, ...]
    widest: tuple[str, ...] = ()
    size: float = 18.0


@dataclass(frozen=True, kw_only=True)
class Table(Panel):
    """A table of short texts; `roles` (rows × columns) name how an entry looks: plain, strong or selected."""

    kind: ClassVar[str] = "table"
    header: tuple[str, ...]
    entries: tuple[tuple[str, ...], ...]
    roles: tuple[tuple[str, ...], ...] = ()
    size: float = 15.0


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node of a graph at (`x`, `y`), 0 to 1 from left and top; `text` stands in it, `label` beside it.

    `widest` is a sample of the longest text that steps bring into it.
    """

    name: str
    x: float
    y: float
    role: str
    text: str = ""
    label: str = ""
    widest: str = ""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A line between two nodes with a text on it."""

    source: str
    target: str
    role: str = "edge"
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Graph(Panel):
    """Nodes and the edges between them."""

    kind: ClassVar[str] = "graph"
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    span: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Station:
    """A place that data passes: `values` are maps (channels, rows, columns) or numbers (n,); NaN is not known yet.

    `form` is maps, numbers (one a line), bars (from 0 to 1) or total (one number). `title` and `size` stand under it,
    `note` below them, in room for `widest`; `lines` names numbers or bars, `marked` is the one that counts. Stations
    of one `group` share a ground.
    """

    name: str
    title: str
    size: str
    values: Values
    role: str = "idle"
    form: str = "maps"
    shade: Shade | None = None
    group: str = ""
    note: str = ""
    widest: str = ""
    lines: tuple[str, ...] = ()
    marked: int | None = None
    digits: int = 2


@dataclass(frozen=True, kw_only=True)
class Maps(Panel):
    """Stations in the order in which data passes them, with arrows between; `scales` are those that steps bring in.

    A station's role is idle, active or done; gradient or returned while and after the way back leads through it;
    updated. The arrow between two stations follows from their roles.
    """

    kind: ClassVar[str] = "maps"
    stations: tuple[Station, ...]
    scales: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of a grid or block changes; what is None stays. `note` is the small text in its corner, "" for none."""

    panel: str
    row: int
    column: int
    channel: int | None = None
    role: str | None = None
    value: float | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class MoveMark:
    """A mark of a grid or block goes to another place, or changes its size."""

    panel: str
    mark: str
    row: float
    column: float
    rows: int
    columns: int
    channel: int | None = None


@dataclass(frozen=True, kw_only=True)
class Relabel:
    """The label under a panel changes."""

    panel: str
    label: str


@dataclass(frozen=True, kw_only=True)
class MoveDot:
    """A dot of a plot goes to another place; NaN hides it."""

    panel: str
    dot: str
    x: float
    y: float
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class SetCurve:
    """A curve of a plot gets other points; with `extend` they continue it."""

    panel: str
    curve: str
    x: Values
    y: Values
    extend: bool = False


@dataclass(frozen=True, kw_only=True)
class SetRow:
    """A line of an equation panel gets another text or role."""

    panel: str
    row: str
    text: str | None = None
    role: str | None = None


@dataclass(frozen=True, kw_only=True)
class SetEntry:
    """An entry of a table gets another text or role."""

    panel: str
    row: int
    column: int
    text: str | None = None
    role: str | None = None


@dataclass(frozen=True, kw_only=True)
class SetNode:
    """A node of a graph gets another role or text."""

    panel: str
    node: str
    role: str | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class SetEdge:
    """An edge of a graph gets another role or text."""

    panel: str
    source: str
    target: str
    role: str | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class SetStation:
    """A station of a maps panel gets another role, other values with their shade, or another note."""

    panel: str
    station: str
    role: str | None = None
    values: Values | None = None
    shade: Shade | None = None
    note: str | None = None


Change = Cell | MoveMark | Relabel | MoveDot | SetCurve | SetRow | SetEntry | SetNode | SetEdge | SetStation


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one step changes and says; it is held for `beats` times the usual time."""

    caption: str = ""
    changes: tuple[Change, ...] = ()
    beats: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Storyboard:
    """A whole figure: what stands on the stage (`rows` of panels) and the steps, made anew by each call of `steps`.

    `count` is the number of steps. `step_roles` names the roles that steps bring in, so that a renderer knows every
    colour before the first frame.
    """

    scene: str
    parameters: Mapping[str, Any]
    title: str
    settings: str
    formula: str
    alt: str
    rows: tuple[tuple[Panel, ...], ...]
    steps: Callable[[], Iterator[Step]]
    count: int
    step_roles: tuple[str, ...] = ()
    convention: str = ""

    def panels(self) -> Iterator[Panel]:
        """All panels in reading order."""
        for row in self.rows:
            yield from row

    def panel(self, name: str) -> Panel:
        """The panel of that name; KeyError where there is none."""
        for panel in self.panels():
            if panel.name == name:
                return panel
        raise KeyError(name)
