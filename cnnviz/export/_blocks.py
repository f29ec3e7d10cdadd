"""A picture that changes in several places, as blocks for one after the other: narrow rows are shorter in a GIF."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from cnnviz.export._patches import where
from cnnviz.render.canvas import Box
from cnnviz.render.palette import Pixels

# The bytes of a block, fitted to many: of its head, by the root of its pixels, and by the changes of colour along its
# rows, where they are as in the row above and where they are not.
_HEAD, _SIDE, _AGAIN, _NEW = 19, 1.06, 2.0, 0.84
_TRIED = 64
_WORTH = 24
"""Bytes that are worth another block."""

_Marks = npt.NDArray[np.bool_]
_Numbers = npt.NDArray[np.int64]
_Cut = tuple[float, Box, Box]


def blocks(pixels: Pixels, unchanged: int, most: int) -> list[Box]:
    """At most so many boxes that hold all that changes, no more than make it shorter; the rightmost first."""
    changed = pixels != unchanged
    whole = where(changed, Box(0, 0, pixels.shape[1], pixels.shape[0])) or Box(0, 0, 1, 1)
    if most < 2:
        return [whole]
    cutter = _Cutter(pixels, changed)
    cuts = {whole: cutter.best(whole)}
    while len(cuts) < most:
        saved, *halves = max(cuts.values(), key=lambda cut: cut[0])
        if saved < _WORTH:
            break
        cuts = {box: cut for box, cut in cuts.items() if cut[1:] != tuple(halves)}
        cuts |= {half: cutter.best(half) for half in halves}
    # A result before its caption.
    return sorted(cuts, key=lambda box: -box.left)


class _Cutter:
    """Finds where a picture is best cut in two."""

    def __init__(self, pixels: Pixels, changed: _Marks) -> None:
        self._changed = changed
        turns = np.zeros(pixels.shape, np.bool_)
        np.not_equal(pixels[:, 1:], pixels[:, :-1], out=turns[:, 1:])
        new = turns.copy()
        below = pixels[1:] != pixels[:-1]
        new[1:, 1:] &= below[:, 1:] | below[:, :-1]
        self._turns, self._new = _sums(turns), _sums(new)

    def best(self, box: Box) -> _Cut:
        """How many bytes the best cut of a box saves, and its two parts."""
        return max((cut for across in (False, True) for cut in self._cut(box, across)), default=(0.0, box, box))

    def _cut(self, box: Box, across: bool) -> Iterator[_Cut]:
        """The best of all cuts between columns, or rows `across`."""
        seen = self._changed[box.slices]
        seen = seen.T if across else seen
        lines = np.flatnonzero(seen.any(axis=0))
        if len(lines) < 2:
            return
        seen = seen[:, lines]
        # From where to where something changes in all lines up to each, and in all that come after it.
        starts, ends = seen.argmax(axis=0), len(seen) - seen[::-1].argmax(axis=0)
        until = np.full(len(lines) - 1, lines[0]), np.minimum.accumulate(starts)[:-1], lines[:-1] + 1
        after = lines[1:], np.minimum.accumulate(starts[::-1])[-2::-1], np.full(len(lines) - 1, lines[-1] + 1)
        sides = (
            np.stack([*until, np.maximum.accumulate(ends)[:-1]]),
            np.stack([*after, np.maximum.accumulate(ends[::-1])[-2::-1]]),
        )
        order = [1, 0, 3, 2] if across else [0, 1, 2, 3]
        corner = np.array([box.left, box.top] * 2)[:, None]
        # A few of many cuts are enough.
        one, other = (side[order, :: 1 + len(lines) // _TRIED] + corner for side in sides)
        costs = self._costs(one) + self._costs(other)
        place = int(costs.argmin())
        saved = float(self._costs(np.array([box]).T)[0] - costs[place])
        yield saved, Box(*one[:, place].tolist()), Box(*other[:, place].tolist())

    def _costs(self, boxes: _Numbers) -> npt.NDArray[np.float64]:
        left, top, right, bottom = boxes
        side = np.sqrt((right - left) * (bottom - top))
        turns, new = (
            sums[bottom, right] - sums[top, right] - sums[bottom, left + 1] + sums[top, left + 1]
            for sums in (self._turns, self._new)
        )
        found: npt.NDArray[np.float64] = _HEAD + _SIDE * side + _AGAIN * np.sqrt((turns - new) * side) + _NEW * new
        return found


def _sums(marks: _Marks) -> npt.NDArray[np.int32]:
    """How many are marked above and to the left of each place."""
    found = np.zeros((marks.shape[0] + 1, marks.shape[1] + 1), np.int32)
    np.cumsum(np.cumsum(marks, axis=0, dtype=np.int32), axis=1, out=found[1:, 1:])
    return found
