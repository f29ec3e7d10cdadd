"""What pooling and unpooling share: the arithmetic of a window, its maximum, and the input that it slides over."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnviz.data import Data
from cnnviz.parameters import param
from cnnviz.story import Cells, Story, Tensor, Windows, lost_of
from cnnviz.storyboard import Mark
from cnnviz.words import Expression, call, total

Place = tuple[int, ...]


def pooling_kind(help: str) -> Any:
    """Declare the kind of a pooling."""
    return param("max", choices=("max", "avg"), positional=True, always_named=True, help=help)


def input_panel(story: Story, data: Data, windows: Windows, kind: str) -> Cells:
    """The input with its padding: zeros for an average, blank for a maximum, which has an outline of its own."""
    fill, marks = (np.nan, (Mark(name="winner", role="result"),)) if kind == "max" else (0.0, ())
    return story.cells("input", "Input {size}", data.values, windows=windows, fill=fill, data=data, marks=marks)


def winner(kind: str, X: Cells, windows: Windows, at: Place) -> Place | None:
    """The cell whose value a maximum keeps, the first of equal ones; None for an average."""
    return max(windows.inside(at), key=lambda cell: X.values[cell]) if kind == "max" else None


def kept(kind: str, X: Cells, Y: Cells, windows: Windows, at: Place, *, counts_padding: bool = True) -> Expression:
    """The maximum or the mean of a window, with its numbers."""
    cells = windows.cells(at) if kind == "avg" and counts_padding else windows.inside(at)
    terms = [X.number(cell, _decimals(X, Y)) for cell in cells]
    return call("max", *terms) if kind == "max" else total(terms) / len(terms)


def _decimals(X: Cells, Y: Cells) -> int:
    """Decimals with which the numbers of `X` can make up those of `Y`."""
    values = X.values[np.isfinite(X.values)]
    exact = np.array_equal(np.round(values, X.decimals), values)
    return X.decimals if exact else max(X.decimals, Y.decimals)


def output_panel(story: Story, X: Cells, name: str, label: str, values: Tensor, **more: Any) -> Cells:
    """What comes out, in the input's greys where that is a picture."""
    shared = {"shade": X.panel.shade} if story.is_picture else {}
    lost = lost_of(X.values[np.isfinite(X.values)])
    return story.cells(name, label, values, pending=True, lost=lost, **{**shared, **more})
