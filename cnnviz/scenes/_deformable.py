"""Where the weights of a deformable convolution sample the input, and what they find there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from cnnviz.data import MAP_NAMES, load_map
from cnnviz.errors import UsageError
from cnnviz.notation import digits_for, size_text
from cnnviz.ops.deformable import bilinear
from cnnviz.parameters import quote, suggest
from cnnviz.story import Cells, Place, Story, Windows, times
from cnnviz.storyboard import MoveMark, Step, Values
from cnnviz.words import Number, Text, equation, total

if TYPE_CHECKING:
    from cnnviz.parameters import Size
    from cnnviz.scenes.deformable_conv import DeformableConv

_RING, _NOW = 0.46, 0.75
"""The side of the mark around a sample, in cells, and of the one around the sample that is spoken of."""


class Samples:
    """`offset` is (2·weights, rows, columns), y before x; `mask` (weights, rows, columns) or None.

    Raises UsageError for offsets or a mask of another size.
    """

    def __init__(self, scene: DeformableConv, x: Values, windows: Windows) -> None:
        self.windows, self.k, out = windows, scene.k or (0, 0), (windows.out[0], windows.out[1])
        self.offset = _offsets(scene, self.k, out)
        self.mask = None if scene.mask is None else _given(scene, "mask", self.k, out)
        # Axes: rows and columns of the output, weights, y and x.
        self.by = self.offset.reshape(-1, 2, *out).transpose(2, 3, 0, 1)
        spans = [product(*(axis.spans[o] for axis, o in zip(windows.axes, at, strict=True))) for at in windows.places()]
        self.grid = np.array([list(span) for span in spans], np.float64).reshape(self.by.shape)
        rows, columns = np.moveaxis(self.grid + self.by, -1, 0)[:, None]
        self.samples = bilinear(x[None, None], rows, columns)[0, 0]

    def of(self, at: Place) -> Values:
        """What the weights find for an output."""
        return np.asarray(self.samples[at].reshape(self.k))

    def shares(self, at: Place) -> Values:
        """The mask of an output."""
        assert self.mask is not None
        return self.mask[:, at[0], at[1]].reshape(self.k)

    def ring(self, X: Cells, at: Place, n: int, *, moved: bool = True) -> MoveMark:
        """The mark of a sample goes where it is, or would be without its offset; beyond the map it is hidden."""
        mark = f"sample {n + 1}"
        if moved and not any(self._neighbours(at, n)):
            return X.hide(mark)
        return X.mark(mark, self._corner(at, n, _RING, moved), (_RING, _RING))

    def _corner(self, at: Place, n: int, side: float, moved: bool) -> list[float]:
        """The corner of a mark around a sample."""
        place = self.grid[at][n] + moved * self.by[at][n] + self.windows.padding + (1 - side) / 2
        return [float(each) for each in place]

    def rings(self, X: Cells, at: Place, *, moved: bool = True) -> Iterator[MoveMark]:
        """The marks of all samples of an output."""
        yield from (self.ring(X, at, n, moved=moved) for n in range(self.k[0] * self.k[1]))

    def read(self, story: Story, X: Cells, S: Cells, at: Place, n: int) -> Step:
        """A sample by itself: where its offset moves it, and the cells that it is a mean of."""
        found = dict(self._neighbours(at, n))
        cells, weights, tap = list(found), [_short(share) for share in found.values()], divmod(n, self.k[1])
        parts = [
            X[cell] if weight.value == 1 else weight * X[cell] for weight, cell in zip(weights, cells, strict=True)
        ]
        s = equation(S.symbol("s", tap), total(parts) if parts else S[tap], S[tap])
        down, across = map(_short, self.by[at][n].tolist())
        said = Text("Moved by ({down}, {across}): {s}", down=down, across=across, s=s)
        first, last = np.min(cells or [(1, 1)], axis=0).tolist(), np.max(cells or [(0, 0)], axis=0).tolist()
        window = X.mark("window", tuple(first), [b - a + 1 for a, b in zip(first, last, strict=True)])
        notes = times(weights) if len(cells) > 1 else ()
        now = X.mark("now", self._corner(at, n, _NOW, True), (_NOW, _NOW)) if cells else X.hide("now")
        return story.step(said, X.cover(cells, notes), window, self.ring(X, at, n), now, S.write(tap))

    def _neighbours(self, at: Place, n: int) -> Iterator[tuple[Place, float]]:
        """The drawn cells that a sample is a mean of, with their shares."""
        place = self.grid[at][n] + self.by[at][n] + self.windows.padding
        for step in np.ndindex(*(1 + (place % 1 > 0))):
            cell = np.floor(place).astype(int) + step
            if (cell >= 0).all() and (cell < self.windows.drawn).all():
                yield tuple(cell.tolist()), float(np.prod(1 - np.abs(place - cell)))


def _short(value: float) -> Number:
    return Number(value, digits_for(np.array([value]), most=2))


def _offsets(scene: DeformableConv, k: Size, out: Size) -> Values:
    """`turned` turns the window by 45° and makes it smaller by 1/√2, so that it stands along a diagonal edge."""
    weights, name = k[0] * k[1], scene.offset if isinstance(scene.offset, str) else ""
    if name == "random":
        # Quarters of a cell.
        return np.random.default_rng([scene.seed, 3]).integers(-3, 4, (2 * weights, *out)) / 4
    if name != "turned":
        return _given(scene, "offset", (weights, 2), out)
    middle = (np.array(k)[:, None, None] - 1) / 2
    down, across = (np.indices(k) - middle) * np.array(scene.d)[:, None, None]
    return _spread(np.stack([across - down, -down - across], axis=-1) / 2, out)


def _given(scene: DeformableConv, name: str, each: Size, out: Size) -> Values:
    """The same numbers at every place, a grid of the size `each`, or an array with those of each place."""
    spec, count = getattr(scene, name), each[0] * each[1]
    size = each if isinstance(spec, str) and spec in MAP_NAMES else None
    if name == "offset" and isinstance(spec, str) and spec.isidentifier() and size is None:
        hint = suggest(spec, ("turned", *MAP_NAMES), ", or give numbers")
        raise UsageError(f"--offset {quote(spec)} is not known: {hint}", name)
    values = load_map(spec, size, seed=scene.seed, what=name, option=f"--{name}", axes=3).values
    if values.shape == (count, *out):
        return values
    if values.shape != each:
        raise UsageError(
            f"--{name} is {'×'.join(map(str, values.shape))}: give {size_text(*each)} numbers, or an array of "
            f"{count}×{size_text(*out)}"
        )
    return _spread(values, out)


def _spread(values: Values, out: Size) -> Values:
    return np.repeat(values, out[0] * out[1]).reshape(-1, *out)
