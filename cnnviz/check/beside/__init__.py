"""What every figure shows beside its operation's results: settings, labels, decimals, marks, and where data comes from.

Sizes, windows and names are reckoned here anew, from a figure's parameters alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cnnviz.check.beside.cells import decimals
from cnnviz.check.beside.marks import marks
from cnnviz.check.beside.names import names
from cnnviz.check.beside.operands import operands
from cnnviz.check.beside.settings import labels, settings
from cnnviz.check.beside.words import reworded
from cnnviz.check.claims import Claim
from cnnviz.check.subject import Subject


def beside(figure: Subject) -> Iterator[Claim]:
    """All of that, for a figure in its own words."""
    for claims in (settings, labels, names, decimals, operands, marks):
        for claim in claims(figure):
            yield replace(claim, by="reckoning")


__all__ = ["beside", "reworded"]
