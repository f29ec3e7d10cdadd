"""Where each gradient of a pooling's output goes: to the cell that won, or shared by its window."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnnviz.notation import exact_digits
from cnnviz.scenes._backward import Sums, received, stamp
from cnnviz.scenes._unpooling import place_of
from cnnviz.story import Cells, Place, Windows
from cnnviz.storyboard import Values
from cnnviz.words import Number, Text, Words, equation


def shared(windows: Windows, g: Values, best: Mapping[Place, Place]) -> list[dict[Place, float]]:
    """What each cell of the gradient adds to which cells of the input's; of a maximum to the `best` of its window."""
    found = []
    for at in windows.places():
        cells = windows.cells(at)
        shares = np.array([cell == best[at] if best else 1 / len(cells) for cell in cells])
        # A maximum touches its own cell alone.
        found.append({cell: more for cell, more in stamp(windows, at, g[at] * shares).items() if more})
    return found


def sent(windows: Windows, G: Cells, at: Place, by_x: Sums, best: Place | None) -> Words:
    """Where a cell of the gradient goes: to the `best` of its window, or to all of it."""
    value, count = received(G[at], at), len(windows.cells(at))
    if best is not None:
        return Text("{g} goes to the maximum at {place}", g=value, place=place_of(best))
    part = float(G.values[at]) / count
    share = Number(part, exact_digits(part, by_x.decimals))
    return Text("{g}: each cell of its window gets {share}", g=value, share=equation(None, G[at] / count, share))
