"""The vocabulary of the tables of activation and loss functions: equations as mathtext, and their free parameter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Line(NamedTuple):
    """One line of an equation's right-hand side, in mathtext without dollar signs.

    `condition` says where the line holds (`r"x > 0"`), and is empty where it holds everywhere. A thin space (`\\,`)
    stands for a product, and for nothing else.
    """

    expression: str
    condition: str = ""


@dataclass(frozen=True)
class Parameter:
    """The one free parameter of a function: its argument's name, its symbol in mathtext, its default."""

    name: str
    symbol: str
    default: float
