"""Numbers in the names of nodes, curves and channels; and the results that are told to those who do not see them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnnviz.check.claims._claim import Claim, told
from cnnviz.check.subject import Subject
from cnnviz.storyboard import Graph, Plot

_TOLD = {**dict.fromkeys(("conv", "pool", "transposed-conv"), "row by row: "), "fully-connected": " y is "}
"""The words before the output in an alternative text."""


def names(figure: Subject) -> Iterator[Claim]:
    """Every such number."""
    for panel in figure.board.panels():
        if isinstance(panel, Graph):
            for node in panel.nodes:
                place = re.fullmatch(r"[xy]([0-9]+)", node.name)
                yield told(f"the label of {node.name}", node.label, [int(place[1]) + 1] if place else [])
        elif isinstance(panel, Plot) and figure.board.scene in ("batch-norm", "activation"):
            for curve in panel.curves:
                own = re.fullmatch(r"line ([0-9]+)|p([0-9]+)", curve.name)
                if own:
                    place_ = int(own[1]) + 1 if own[1] else int(own[2])
                    yield told(f"the name of {curve.name}", curve.text, [place_])
    before = _TOLD.get(figure.board.scene, "")
    _, found, values = figure.board.alt.partition(before) if before else ("", "", "")
    if found:
        yield told("the alternative text", values, figure.result("output").ravel().tolist())
