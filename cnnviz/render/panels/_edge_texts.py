"""Where the texts on a graph's edges go, so that none sits on another, on a node, or needlessly on a foreign edge."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Shares of an edge's length, the middle first: of two equally good places the more central one is taken.
_SHARES = 0.5 + np.array([0.0, *(sign * step for step in np.arange(1, 20) / 50 for sign in (-1, 1))])
_COLLISION, _CROSSING, _OFF_CENTRE = 1000.0, 4.0, 6.0
_ROUNDS = 4


def place_texts(lines: Floats, sizes: Floats, taken: Floats) -> Floats | None:
    """Find a place for each text on its own edge; None where they cannot all be clear of each other and what is taken.

    Parameters
    ----------
    lines : array (n, 4)
        Edges as x and y of both ends, in pixels.
    sizes : array (n, 2)
        Width and height of the texts, the white around them included.
    taken : array (m, 4)
        Left, top, right and bottom of what no text may cover.

    Returns
    -------
    array (n, 2) of centres, or None
    """
    spots, bare = _spots(lines, sizes, taken)
    alone = bare + _crossed(spots, sizes, lines) * _CROSSING
    chosen = _in_line(spots, sizes, alone)
    everyone = np.arange(len(lines))
    for _ in range(_ROUNDS):
        before = chosen.copy()
        for edge in everyone:
            others = everyone != edge
            rivals = _overlaps(spots[edge], sizes[edge], spots[everyone, chosen][others], sizes[others])
            chosen[edge] = np.argmin(alone[edge] + rivals * _COLLISION)
        if np.array_equal(before, chosen):
            break
    centres = spots[everyone, chosen]
    clear = _total(centres, sizes) == 0 and (bare[everyone, chosen] < _COLLISION).all()
    return centres if clear else None


def place_alone(lines: Floats, sizes: Floats, taken: Floats) -> Floats:
    """The centre of each text as if there were no other, near the middle of its edge: arguments as `place_texts`."""
    spots, bare = _spots(lines, sizes, taken)
    return np.asarray(spots[np.arange(len(lines)), bare.argmin(axis=1)])


def _spots(lines: Floats, sizes: Floats, taken: Floats) -> tuple[Floats, Floats]:
    """Places along each edge, (n, spots, 2), and what each costs by itself."""
    starts, spans = lines[:, None, :2], (lines[:, 2:] - lines[:, :2])[:, None, :]
    spots = starts + _SHARES[None, :, None] * spans
    return spots, _OFF_CENTRE * np.abs(_SHARES - 0.5)[None, :] + _covered(spots, sizes, taken) * _COLLISION


def _in_line(spots: Floats, sizes: Floats, alone: Floats) -> npt.NDArray[np.intp]:
    """The one share for all edges that costs least: texts in columns are easier to read than scattered ones."""
    costs = [alone[:, k].sum() + _total(spots[:, k], sizes) * _COLLISION for k in range(len(_SHARES))]
    return np.full(len(spots), int(np.argmin(costs)))


def _overlaps(spots: Floats, size: Floats, centres: Floats, sizes: Floats) -> Floats:
    """How many texts at `centres` a text of `size` would cover at each spot."""
    apart = np.abs(spots[:, None, :] - centres[None, :, :])
    return np.asarray((apart < (size + sizes)[None, :, :] / 2).all(axis=2).sum(axis=1), np.float64)


def _total(centres: Floats, sizes: Floats) -> int:
    """How many pairs of texts cover each other."""
    apart = np.abs(centres[:, None, :] - centres[None, :, :])
    both = (apart < (sizes[:, None, :] + sizes[None, :, :]) / 2).all(axis=2)
    return (int(both.sum()) - len(centres)) // 2


def _covered(spots: Floats, sizes: Floats, taken: Floats) -> Floats:
    """How much of what is taken a text at each spot of its edge would cover: (n, spots) counts."""
    half = sizes[:, None, None, :] / 2
    low, high = spots[:, :, None, :] - half, spots[:, :, None, :] + half
    meets = (low < taken[None, None, :, 2:]) & (high > taken[None, None, :, :2])
    return np.asarray(meets.all(axis=3).sum(axis=2), np.float64)


def _crossed(spots: Floats, sizes: Floats, lines: Floats) -> Floats:
    """How many other edges run under a text at each spot of its edge: (n, spots) counts."""
    along = lines[:, 2:] - lines[:, :2]
    length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)
    unit = along / length[:, None]
    normal = np.stack([-unit[:, 1], unit[:, 0]], axis=1)
    offset = spots[:, :, None, :] - lines[None, None, :, :2]
    half = sizes[:, None, :] / 2
    reach = (half * np.abs(normal)[None, :, :]).sum(axis=2)[:, None, :]
    slack = (half * np.abs(unit)[None, :, :]).sum(axis=2)[:, None, :]
    away = np.abs((offset * normal[None, None, :, :]).sum(axis=3))
    at = (offset * unit[None, None, :, :]).sum(axis=3)
    meets = (away < reach) & (at > -slack) & (at < length[None, None, :] + slack)
    own = np.eye(len(lines), dtype=bool)[:, None, :]
    return np.asarray((meets & ~own).sum(axis=2), np.float64)
