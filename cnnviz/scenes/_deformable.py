"""Where the weights of a deformable convolution sample the input, and what they find there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from cnnviz.data import MAP_NAMES, load_map
from cnnviz.notation import digits_for, size_text
from cnnviz.ops.deformable import bilinear
from cnnviz.story import Cells, Index, Story, Windows, raise_if, times
from cnnviz.storyboard import MoveMark, Step, Values
from cnnviz.words import Number, Text, total

if TYPE_CHECKING:
    from cnnviz.parameters import Size
    from cnnviz.scenes.deformable_conv import DeformableConv

_RING, _NOW = 0.46, 0.75
"""The side of the mark around a sample, in cells, and of the one around the sample that is spoken of."""


class Samples:
    """`values` are what the weights find for each output; `offset` is (2·weights, rows, columns), y before x."""

    def __init__(self, scene: DeformableConv, x: Values, windows: Windows) -> None:
        k, out = (scene.weights.values.shape[0], scene.weights.values.shape[1]), (windows.out[0], windows.out[1])
        self.offset, self.drawn = _offsets(scene, k, out), windows.drawn
        spans = [
            product(*(axis.spans[o] for axis, o in zip(windows.axes, at, strict=True))) for at in windows.positions()
        ]
        grid = np.array([list(span) for span in spans], np.float64).reshape(*out, -1, 2)
        self.by = self.offset.reshape(-1, 2, *out).transpose(2, 3, 0, 1)
        moved = grid + self.by
        rows, columns = np.moveaxis(moved, -1, 0)[:, None]
        self.values = bilinear(x[None, None], rows, columns)[0, 0].reshape(*out, *k)
        # As they are drawn, in the padded input.
        self.grid, self.moved = grid + windows.padding, moved + windows.padding

    def rings(self, X: Cells, at: Index, *, moved: bool = True) -> Iterator[MoveMark]:
        """The marks of an output's samples, where they are or would be without offsets; those beyond the map hide."""
        for n, middle in enumerate((self.moved if moved else self.grid)[at]):
            mark = f"sample {n + 1}"
            hidden = moved and not self._neighbours(at, n)
            yield X.hide(mark) if hidden else _ring(X, mark, middle, _RING)

    def read(self, story: Story, X: Cells, S: Cells, at: Index, n: int) -> Step:
        """A sample by itself: where its offset moves it, and the cells that it is a mean of."""
        found, tap = self._neighbours(at, n), divmod(n, S.values.shape[1])
        cells, weights = list(found), [_short(share) for share in found.values()]
        parts = [
            X[cell] if weight.value == 1 else weight * X[cell] for weight, cell in zip(weights, cells, strict=True)
        ]
        s = S.equals(tap, total(parts or [S[tap]]), letter="s")
        down, across = map(_short, self.by[at][n].tolist())
        changes = [*X.cover(cells, times(weights) if len(cells) > 1 else ()), [*self.rings(X, at)][n]]
        if cells:
            size = [last - first + 1 for first, last in zip(cells[0], cells[-1], strict=True)]
            changes += [X.mark("window", cells[0], size), _ring(X, "now", self.moved[at][n], _NOW)]
        else:
            changes += [X.hide("window"), X.hide("now")]
        return story.step(
            Text("Moved by ({down}, {across}): {s}", down=down, across=across, s=s), changes, S.write(tap)
        )

    def _neighbours(self, at: Index, n: int) -> dict[Index, float]:
        """The drawn cells that a sample is a mean of, with their shares."""
        place, found = self.moved[at][n], dict[Index, float]()
        for step in np.ndindex(*(1 + (place % 1 > 0))):
            cell = np.floor(place).astype(int) + step
            if (cell >= 0).all() and (cell < self.drawn).all():
                found[tuple(cell.tolist())] = float(np.prod(1 - np.abs(place - cell)))
        return found


def _ring(X: Cells, mark: str, middle: Values, side: float) -> MoveMark:
    return X.mark(mark, (middle + (1 - side) / 2).tolist(), (side, side))


def _short(value: float) -> Number:
    return Number(value, digits_for(np.array([value]), most=2))


def _offsets(scene: DeformableConv, k: Size, out: Size) -> Values:
    """`turned` turns the window by 45° and makes it smaller by 1/√2, so that it stands along a diagonal edge."""
    weights, name = k[0] * k[1], scene.offset if isinstance(scene.offset, str) else ""
    if name == "random":
        # Quarters of a cell.
        return np.random.default_rng([scene.seed, 3]).integers(-3, 4, (2 * weights, *out)) / 4
    if name != "turned":
        return given_each(scene, "offset", (weights, 2), out)
    middle = (np.array(k)[:, None, None] - 1) / 2
    down, across = (np.indices(k) - middle) * np.array(scene.d)[:, None, None]
    return _spread(np.stack([across - down, -down - across], axis=-1) / 2, out)


def given_each(scene: DeformableConv, name: str, each: tuple[int, ...], out: tuple[int, ...]) -> Values:
    """The same numbers at every place, a grid of the size `each`, or an array with those of each place."""
    spec, count = getattr(scene, name), each[0] * each[1]
    size = (each[0], each[1]) if isinstance(spec, str) and spec in MAP_NAMES else None
    values = load_map(spec, size, seed=scene.seed, what=name, option=f"--{name}", axes=3).values
    if values.shape == (count, *out):
        return values
    found, fits = "×".join(map(str, values.shape)), f"an array of {count}×{size_text(out[0], out[1])}"
    raise_if({f"--{name} is {found}: give {size_text(each[0], each[1])} numbers, or {fits}": values.shape != each})
    return _spread(values, out)


def _spread(values: Values, out: tuple[int, ...]) -> Values:
    return np.repeat(values, out[0] * out[1]).reshape(-1, *out)
