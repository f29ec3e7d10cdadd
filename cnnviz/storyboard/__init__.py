"""What a figure shows, as plain data: panels on a stage, and the steps that change them.

Texts may hold `$mathtext$` and `**strong**` parts; nothing here knows a colour or a pixel.
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
