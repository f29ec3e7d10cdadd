"""A picture that changes in several places, as blocks for one after the other: narrow rows are shorter in a GIF."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from cnnviz.export._patches import Patch, where
from cnnviz.render.canvas import Box, hull

MILLISECONDS = 20
"""How long a block stays before the next one of the same picture: the least that every browser keeps to."""

_TILE, _MOST_BLOCKS, _MOST_ISLANDS = 32, 5, 12
# Bytes of a block's head, and what unchanged pixels take: LZW needs about √(2n) codes for n that are alike.
_HEAD, _CODE = 19, 1.9

_Tiles = frozenset[tuple[int, int]]


def blocks(patch: Patch) -> Iterator[Patch]:
    """The patch in as many parts as its time allows, if that is shorter; no pixel changes in two of them."""
    height, width = patch.same.shape
    rows, columns = -(-height // _TILE), -(-width // _TILE)
    padded = np.zeros((rows * _TILE, columns * _TILE), np.bool_)
    padded[:height, :width] = ~patch.same
    tiles = padded.reshape(rows, _TILE, columns, _TILE).any(axis=(1, 3))
    islands = list(_islands({(int(row), int(column)) for row, column in np.argwhere(tiles)}))
    most = min(_MOST_BLOCKS, patch.milliseconds // MILLISECONDS)
    if len(islands) > _MOST_ISLANDS or most < 2:
        yield patch
        return
    islands = _joined(islands, most)
    # From the right: a result before its caption.
    for number, island in enumerate(sorted(islands, key=lambda island: -_box(island).left)):
        last = number == len(islands) - 1
        yield _part(patch, padded, island, patch.milliseconds - number * MILLISECONDS if last else MILLISECONDS)


def _islands(tiles: set[tuple[int, int]]) -> Iterator[_Tiles]:
    """Tiles that touch each other, at their corners at least."""
    while tiles:
        found = todo = {tiles.pop()}
        while todo:
            around = {(row + r, column + c) for row, column in todo for r in (-1, 0, 1) for c in (-1, 0, 1)}
            todo = around & tiles
            tiles -= todo
            found = found | todo
        yield frozenset(found)


def _joined(islands: list[_Tiles], most: int) -> list[_Tiles]:
    """At most so many islands, those made one that cost the least together."""
    while len(islands) > 1:
        more, a, b = min(
            ((_cost(a | b) - _cost(a) - _cost(b), a, b) for a, b in combinations(islands, 2)),
            key=lambda found: found[0],
        )
        if more > 0 and len(islands) <= most:
            break
        islands = [*(island for island in islands if island not in (a, b)), a | b]
    return islands


def _box(island: _Tiles) -> Box:
    return hull(Box(column, row, column + 1, row + 1) for row, column in island) or Box(0, 0, 0, 0)


def _cost(island: _Tiles) -> float:
    box = _box(island)
    return _HEAD + _CODE * math.sqrt(box.width * box.height) * _TILE


def _part(patch: Patch, changed: npt.NDArray[np.bool_], island: _Tiles, milliseconds: int) -> Patch:
    """What an island changes of the patch."""
    mine = np.zeros((changed.shape[0] // _TILE, changed.shape[1] // _TILE), np.bool_)
    mine[tuple(np.array(sorted(island)).T)] = True
    whole = np.repeat(np.repeat(mine, _TILE, axis=0), _TILE, axis=1) & changed
    height, width = patch.same.shape
    box = where(whole[:height, :width], Box(0, 0, width, height)) or Box(0, 0, 1, 1)
    return replace(
        patch,
        box=box.moved(patch.box.left, patch.box.top),
        pixels=patch.pixels[box.slices],
        same=~whole[box.slices],
        milliseconds=milliseconds,
        parts=(Box(0, 0, box.width, box.height),),
    )
