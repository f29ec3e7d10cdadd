"""Values between the cells of an array."""

from __future__ import annotations

import numpy as np

from cnnviz.storyboard import Values


def interpolated(values: Values, rows: Values, columns: Values) -> Values:
    """The values at rows and columns that need not be whole, linear between two cells, (rows, columns)."""
    return _along(_along(values, rows).T, columns).T


def _along(values: Values, rows: Values) -> Values:
    return np.stack([np.interp(rows, np.arange(len(values)), column) for column in values.T], axis=1)
