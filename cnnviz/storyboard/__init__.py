"""A figure as plain data: panels on a stage, and the steps that change them.

Texts may contain `$mathtext$` and `**strong**` parts; colours and pixels are left to the renderer.
"""

from cnnviz.storyboard.changes import (
    Cell,
    Change,
    MoveDot,
    MoveMark,
    Relabel,
    SetCurve,
    SetEdge,
    SetEntry,
    SetHeights,
    SetLayerView,
    SetNode,
    SetRow,
)
from cnnviz.storyboard.figure import (
    FORMAT_VERSION,
    Step,
    Storyboard,
)
from cnnviz.storyboard.panels import (
    Block,
    Curve,
    Dot,
    Edge,
    Equation,
    Graph,
    Grid,
    Key,
    LayerView,
    Maps,
    Mark,
    Node,
    Operator,
    Panel,
    Plot,
    Row,
    Shade,
    Surface,
    Table,
    Values,
)
