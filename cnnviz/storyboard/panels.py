"""The panels that can be on the stage."""

from __future__ import annotations

from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from cnnviz.record import Record

Values = npt.NDArray[np.float64]

Words: TypeAlias = Any
"""A text: words as data (`cnnviz.words`) in a scene, a str with markup after formatting."""


class Shade(Record, kw_only=True):
    """A named colour scale (`gray`, `sequential`, `diverging`) for values from `lo` to `hi`.

    Cells are coloured if their numbers do not fit, or `always`, as for a picture.
    """

    scale: str
    lo: float
    hi: float
    always: bool = False


class Mark(Record, kw_only=True):
    """A named outline around `rows`×`columns` cells of a grid, its corner at (`row`, `column`); size zero hides it.

    With `corners` only the corners are drawn, under the numbers, for an outline that cuts through cells.
    """

    name: str
    role: str
    row: float = 0
    column: float = 0
    rows: float = 0
    columns: float = 0
    channel: int | None = None
    corners: bool = False


class Panel(Record, kw_only=True):
    """A panel on the stage, with a `label` below it; with `under` it goes below the previous panel of its row."""

    kind: ClassVar[str] = "panel"
    name: str
    label: Words = ""
    under: bool = False


class Grid(Panel, kw_only=True):
    """Square cells, each with a value and a role; NaN is a value that is not known yet.

    `padding` is the number of padding rows and columns on each side, included in `values`. Numbers are shown with
    `digits` decimals unless `numbers` is False; `shade` maps values to colours. `enlarge` allows cells larger than the
    other grids' if those are tiny. With `notes` the numbers leave room for notes in the cells. `bars` above a
    single row show its values. `indent` shifts the grid to the right by that many cells, under the end of a longer row.
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
    bars: bool = False
    indent: int = 0
    marks: tuple[Mark, ...] = ()

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape != self.roles.shape:
            shapes = f"{self.values.shape} values, {self.roles.shape} roles"
            raise ValueError(f"panel {self.name} has {shapes}: both take one 2-D shape")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.values.shape[0], self.values.shape[1]


class Operator(Panel, kw_only=True):
    """An operator or a few words between two panels, such as ∗ or =, in a font of this `size`."""

    kind: ClassVar[str] = "sign"
    text: Words
    size: float = 34.0


class Block(Panel, kw_only=True):
    """The channels of a map, each a grid of cells: `values` and `roles` have shape (channels, rows, columns).

    `captions` label the grids, by default "channel 1", "channel 2", …; `columns` is the number of grids side by side
    (None lets the renderer choose). `held` draws them close together at one height, without captions if all are "".
    `signs` are drawn between neighbours, such as + and =. `enlarge` is as for a grid. A mark without a channel is drawn
    on every channel.
    """

    kind: ClassVar[str] = "block"
    values: Values
    roles: npt.NDArray[np.str_]
    digits: int = 0
    numbers: bool = True
    shade: Shade | None = None
    captions: tuple[Words, ...] = ()
    columns: int | None = None
    held: bool = False
    signs: tuple[str, ...] = ()
    enlarge: bool = False
    marks: tuple[Mark, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels, rows and columns."""
        return self.values.shape


class Curve(Record, kw_only=True):
    """A line of a plot, or just its points, with `text` at its end.

    `style` is solid, dashed or dotted, or dots or rings for points. With `equal` a unit of y is as long as a unit of x,
    measured from the first point.
    """

    name: str
    role: str
    x: Values
    y: Values
    style: str = "solid"
    text: Words = ""
    equal: bool = False


class Dot(Record, kw_only=True):
    """A marker of a plot, with `text` on a `side`: beside, above or below; NaN hides it.

    `shape` is circle, square, diamond, triangle, pentagon or arrowhead, a triangle pointing down.
    """

    name: str
    role: str
    x: float
    y: float
    text: Words = ""
    side: str = "beside"
    shape: str = "circle"


class Plot(Panel, kw_only=True):
    """Curves and dots with axes; `span` is the plot's share of the width.

    `square` makes a unit of x as long as a unit of y.
    """

    kind: ClassVar[str] = "plot"
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    x_text: Words = ""
    y_text: Words = ""
    curves: tuple[Curve, ...] = ()
    dots: tuple[Dot, ...] = ()
    span: float = 1.0
    square: bool = False


class Surface(Plot, kw_only=True):
    """A plot over heights, (rows, columns) in order of rising y and x, drawn as bands between `levels`.

    `scale` names the colour scale of the bands.
    """

    kind: ClassVar[str] = "surface"
    heights: Values
    levels: Values
    scale: str = "terrain"


class Row(Record, kw_only=True):
    """A line of an equation panel, in the colour of its role; an empty one stays blank."""

    name: str
    text: Words
    role: str = "ink"


class Equation(Panel, kw_only=True):
    """Lines of text and formulas; `widest` are samples of the longest texts that steps will set."""

    kind: ClassVar[str] = "equation"
    lines: tuple[Row, ...]
    widest: tuple[Words, ...] = ()
    size: float = 18.0


class Table(Panel, kw_only=True):
    """A table of short texts; `roles` (rows × columns) are plain, strong, selected, refused or asked, a question mark.

    With `sketches` the last entry of each row is a small plot of its curves.
    """

    kind: ClassVar[str] = "table"
    header: tuple[Words, ...]
    entries: tuple[tuple[Words, ...], ...]
    roles: tuple[tuple[str, ...], ...] = ()
    sketches: tuple[tuple[Curve, ...], ...] = ()
    size: float = 18.0


class Node(Record, kw_only=True):
    """A node of a graph at (`x`, `y`), from 0 to 1 from left and top, with `text` inside and `label` beside it.

    `widest` is a sample of the longest text that steps will set.
    """

    name: str
    x: float
    y: float
    role: str
    text: Words = ""
    label: Words = ""
    widest: Words = ""


class Edge(Record, kw_only=True):
    """A line between two nodes with `text` on it; `style` is solid or dashed."""

    source: str
    target: str
    role: str = "edge"
    text: Words = ""
    style: str = "solid"


class Graph(Panel, kw_only=True):
    """Nodes and the edges between them."""

    kind: ClassVar[str] = "graph"
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


class LayerView(Record, kw_only=True):
    """The data at one stage of a network: maps (channels, rows, columns) or numbers (n,); NaN is not known yet.

    `form` is maps, numbers (one per line), bars (from 0 to 1) or total (one number). `title` and `size` are written
    below; a `note`, with room for `widest`, replaces the size. `lines` labels numbers or bars, and `marked` is the
    highlighted one. Maps are drawn as a tint over a grey `picture` (rows, columns, from 0 to 1), if there is one.
    Stations of the same `group` share a background. A skip connection with a + leads past a `residual` station; all but
    one of its `branches` lead past a station to where they are concatenated, ‖.
    """

    name: str
    title: Words
    size: Words
    values: Values
    role: str = "idle"
    form: str = "maps"
    shade: Shade | None = None
    group: Words = ""
    note: Words = ""
    widest: Words = ""
    lines: tuple[Words, ...] = ()
    marked: int | None = None
    digits: int = 2
    residual: bool = False
    branches: int = 0
    picture: Values | None = None


class Key(Record, kw_only=True):
    """A legend for a colour scale, with labels at its ends and, if there are three, in the middle."""

    scale: str
    text: Words
    ends: tuple[Words, ...]


class Maps(Panel, kw_only=True):
    """The stations of a network in forward order, with arrows between them and a `key` for their colour scales.

    A station's role is idle, active or done in the forward pass, gradient or returned in the backward pass, or updated.
    The arrow between two stations follows from their roles.
    """

    kind: ClassVar[str] = "maps"
    stations: tuple[LayerView, ...]
    key: tuple[Key, ...] = ()
