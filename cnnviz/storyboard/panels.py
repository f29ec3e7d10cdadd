"""What can stand on the stage."""

from __future__ import annotations

from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from cnnviz.record import Record

Values = npt.NDArray[np.float64]

Words: TypeAlias = Any
"""A text: words as data (`cnnviz.words`) while a scene tells them, a str with markup once they are printed."""


class Shade(Record, kw_only=True):
    """A named scale of colours (`gray`, `sequential`, `diverging`) for values from `lo` to `hi`.

    It colours the cells where their numbers do not fit, or `always`, as for a picture.
    """

    scale: str
    lo: float
    hi: float
    always: bool = False


class Mark(Record, kw_only=True):
    """A named outline around `rows`×`columns` cells of a grid, its corner at (`row`, `column`); zero cells hide it.

    Of one that lies between cells only the `corners` may be drawn, under the numbers.
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
    """A thing on the stage; `label` stands under it. With `under` it stands under the panel before it in its row."""

    kind: ClassVar[str] = "panel"
    name: str
    label: Words = ""
    under: bool = False


class Grid(Panel, kw_only=True):
    """Square cells with a value and a role each; NaN is a cell whose value is not known yet.

    `padding` rows above and below and columns on both sides of `values` are padding, the rest is the map itself.
    `digits` decimals are shown where `numbers` are; `shade` says how values become colours where they do; `enlarge`
    allows cells of its own size, larger than the other grids', where these are tiny; `notes` tells that cells will
    carry notes, for which their numbers leave room. Above a single row its values may stand as `bars` too. At its left
    as many cells as its `indent` are left out, so that it stands under the end of a longer row.
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
    """An operator between two panels, such as ∗ or =, or a few words, of a `size`."""

    kind: ClassVar[str] = "sign"
    text: Words
    size: float = 34.0


class Block(Panel, kw_only=True):
    """Channels of one map, each a grid of cells: `values` and `roles` are (channels, rows, columns).

    `captions` stand under the single grids, "channel 1", "channel 2", … where there are none; `columns` is the number
    of grids side by side, where the renderer shall not choose; where they are `held` together they stand close, at one
    height, without captions if all are "". `signs` stand between neighbours, as + and =. `enlarge` is as for a grid. A
    mark without a channel stands on every one.
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
    """A line of a plot, or its points alone; `text` names it at its end.

    `style` is solid, dashed or dotted, or for points dots or rings. Of an `equal` one a unit of y is as long as one of
    x, counted from its first point.
    """

    name: str
    role: str
    x: Values
    y: Values
    style: str = "solid"
    text: Words = ""
    equal: bool = False


class Dot(Record, kw_only=True):
    """A marker of a plot; NaN hides it. `text` stands on a `side` of it: beside, above or below.

    Its `shape` is circle, square, diamond, triangle, pentagon or arrowhead, which is a triangle upside down.
    """

    name: str
    role: str
    x: float
    y: float
    text: Words = ""
    side: str = "beside"
    shape: str = "circle"


class Plot(Panel, kw_only=True):
    """Axes at the left and below with curves and dots; `span` is the share of width.

    `square` makes a unit of x as long as one of y.
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
    """A plot over a field of heights, (rows, columns) from low to high y and x, shown as bands between `levels`.

    The bands' colours are of the scale `scale`.
    """

    kind: ClassVar[str] = "surface"
    heights: Values
    levels: Values
    scale: str = "terrain"


class Row(Record, kw_only=True):
    """A line of an equation panel, in the ink of its role; an empty text leaves its place blank."""

    name: str
    text: Words
    role: str = "ink"


class Equation(Panel, kw_only=True):
    """Lines of text and formulas, one under the other; `widest` holds samples of the longest texts that steps bring."""

    kind: ClassVar[str] = "equation"
    lines: tuple[Row, ...]
    widest: tuple[Words, ...] = ()
    size: float = 18.0


class Table(Panel, kw_only=True):
    """A table of short texts; `roles` (rows × columns) name how an entry looks: plain, strong, selected or refused; of
    one that is asked for a question mark is seen.

    Where there are `sketches`, the last entry of each row is a small plot of its curves.
    """

    kind: ClassVar[str] = "table"
    header: tuple[Words, ...]
    entries: tuple[tuple[Words, ...], ...]
    roles: tuple[tuple[str, ...], ...] = ()
    sketches: tuple[tuple[Curve, ...], ...] = ()
    size: float = 18.0


class Node(Record, kw_only=True):
    """A node of a graph at (`x`, `y`), 0 to 1 from left and top; `text` stands in it, `label` beside it.

    `widest` is a sample of the longest text that steps bring into it.
    """

    name: str
    x: float
    y: float
    role: str
    text: Words = ""
    label: Words = ""
    widest: Words = ""


class Edge(Record, kw_only=True):
    """A line between two nodes with a text on it; `style` is solid or dashed."""

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
    """A place that data passes: `values` are maps (channels, rows, columns) or numbers (n,); NaN is not known yet.

    `form` is maps, numbers (one a line), bars (from 0 to 1) or total (one number). `title` and `size` stand under it,
    a `note` in the size's place, in room for `widest`; `lines` names numbers or bars, `marked` is the one that counts.
    Maps over a grey `picture` (rows, columns, 0 to 1) are a tint of it, as strong as they are. Stations of one `group`
    share a ground. A line with a + leads past a `residual` one: its input is added to what it
    makes. Of one with `branches` all but one lead past it, to where they are put one behind the other, ‖.
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
    """What a scale of colours is for, with texts at its ends or, of three, in its middle too."""

    scale: str
    text: Words
    ends: tuple[Words, ...]


class Maps(Panel, kw_only=True):
    """Stations in the order in which data passes them, with arrows between; `key` tells of the scales that they use.

    A station's role is idle, active or done; gradient or returned while and after the way back leads through it;
    updated. The arrow between two stations follows from their roles.
    """

    kind: ClassVar[str] = "maps"
    stations: tuple[LayerView, ...]
    key: tuple[Key, ...] = ()
