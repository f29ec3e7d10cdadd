"""The input maps known by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from cnnviz.parameters import Size

    Grid = npt.NDArray[np.float64]

PICTURE = "picture"
MAP_NAMES = ("random", "small-random", "edge", "diagonal", "ramp", PICTURE, "arange", "ones", "zeros")
"""All maps known by name."""

_RANDOM_TAG = 0
_DIGITS, _BRIGHT = 10, 9
_SAMPLES = 4


def make_map(name: str, size: Size, seed: int) -> Grid:
    """Make the map of a name.

    An edge is 0 on the left and 9 from the middle column on, a diagonal one 0 above and 8 below; a ramp counts from 1,
    `arange` from 0; a picture has grey levels 0 to 255. Random digits, from `seed`, are each as frequent: none comes
    twice where there are up to ten cells. Small random ones are 0, 1 and 2.
    """
    rows, columns = size
    if name == "small-random":
        return np.random.default_rng([seed, _RANDOM_TAG]).integers(0, 3, size).astype(np.float64)
    if name == "random":
        generator = np.random.default_rng([seed, _RANDOM_TAG])
        # Which digits are left out, or come once more, is drawn too.
        digits = generator.permutation(_DIGITS)[np.arange(rows * columns) % _DIGITS]
        return generator.permutation(digits).reshape(size).astype(np.float64)
    if name == "edge":
        return np.tile(np.where(np.arange(columns) < columns // 2, 0.0, _BRIGHT), (rows, 1))
    if name == "diagonal":
        return np.where(np.indices(size).sum(axis=0) < (rows + columns) // 2 - 2, 0.0, 8.0)
    if name == PICTURE:
        return _picture(size)
    if name in ("ramp", "arange"):
        return np.arange(rows * columns, dtype=np.float64).reshape(size) + (name == "ramp")
    return np.full(size, 1.0 if name == "ones" else 0.0)


def _picture(size: Size) -> Grid:
    """The sun over two hills, in whole grey levels; each is the mean over a cell."""
    rows, columns = (side * _SAMPLES for side in size)
    y, x = ((np.arange(side) + 0.5 - side / 2) / min(rows, columns) for side in (rows, columns))
    y = y[:, None]
    levels = np.repeat(150 + 80 * y, columns, axis=1)
    levels[(x - 0.2) ** 2 + (y + 0.2) ** 2 < 0.15**2] = 255
    levels[y > 0.1 + 0.9 * np.abs(x - 0.2)] = 90
    levels[y > -0.1 + 0.8 * np.abs(x + 0.2)] = 40
    levels[y[:, 0] > 0.33] = 120
    cells: Grid = np.clip(levels, 0, 255).reshape(size[0], _SAMPLES, size[1], _SAMPLES).mean(axis=(1, 3))
    return np.round(cells)
