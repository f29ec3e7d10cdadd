"""Which cells of an array make each cell of a result, axis by axis: for all that slides, pools, groups or connects."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError

Index = tuple[int, ...]
"""A cell's index in an array as it is drawn, padding included."""

Ends = int | tuple[int, int]
"""Cells of padding: on both sides, or before and after."""

_MAP, _PADDING, _BEYOND = 0, 1, 2


@dataclass(frozen=True)
class Axis:
    """One axis of an array: how many cells it has, those of each window, and the cells of padding on both sides.

    Cells of windows count from the array's own first cell; they may lie in the padding, or beyond it.
    """

    size: int
    spans: tuple[tuple[int, ...], ...]
    before: int = 0
    after: int = 0

    @classmethod
    def sliding(cls, size: int, k: int, s: int = 1, p: Ends | None = 0, d: int = 1, *, ceil_mode: bool = False) -> Axis:
        """Windows of `k` cells that are `d` apart, one every `s` cells; raises UsageError where none fits.

        Padding is on both sides, or before and after. Dumoulin and Visin (2016), relationship 15; with `ceil_mode` a
        last window may hang over the edge, as in `torch.nn.functional.max_pool2d`.
        """
        span, ends = d * (k - 1) + 1, p
        p, after = p if isinstance(p, tuple) else (p or 0, p or 0)
        room = size + p + after - span
        count = (-(-room // s) if ceil_mode else room // s) + 1
        if ceil_mode and (count - 1) * s >= size + p:
            # The last window must begin within the array or the padding before it.
            count -= 1
        if count < 1:
            raise _does_not_fit(size, k, ends, d)
        return cls(size, tuple(tuple(range(o * s - p, o * s - p + span, d)) for o in range(count)), p, after)

    @classmethod
    def adaptive(cls, size: int, out: int) -> Axis:
        """As many windows as there are outputs, from ⌊r·i/o⌋ up to ⌈(r+1)·i/o⌉, as adaptive pooling has them."""
        return cls(size, tuple(tuple(range(r * size // out, -(-(r + 1) * size // out))) for r in range(out)))

    @classmethod
    def each(cls, size: int) -> Axis:
        """Every cell by itself: the channels of a depthwise convolution."""
        return cls(size, tuple((at,) for at in range(size)))

    @classmethod
    def all(cls, size: int, out: int = 1) -> Axis:
        """All cells in each of `out` windows: the channels of a full convolution, the keys of attention."""
        return cls(size, (tuple(range(size)),) * out)

    @classmethod
    def grouped(cls, size: int, out: int, groups: int = 1) -> Axis:
        """The channels that each of `out` filters sees, in `groups` of equal size; raises UsageError where none are.

        As in `torch.nn.functional.conv2d`; one group is a full convolution, as many as channels a depthwise one.
        """
        if size % groups or out % groups:
            # Where nobody says how many, there are as many filters as groups.
            both = f"channels, {size}" + f", and of filters, {out}" * (out != groups)
            fit = (str(n) for n in range(1, size + 1) if not size % n and (out == groups or not out % n))
            raise UsageError(f"--groups {groups} must divide the number of {both}: use --groups {' or '.join(fit)}")
        each = size // groups
        return cls(
            size, tuple(tuple(range(f * groups // out * each, (f * groups // out + 1) * each)) for f in range(out))
        )

    @classmethod
    def around(cls, size: int, n: int) -> Axis:
        """The `n` cells around every cell, cut off at the ends; of an even number one more before than after."""
        before, after = n // 2, (n - 1) // 2
        return cls(size, tuple(tuple(range(max(0, at - before), min(size, at + after + 1))) for at in range(size)))

    @classmethod
    def transposed(cls, i: int, k: int, s: int = 1, p: int = 0, a: int = 0, d: int = 1) -> Axis:
        """The output of a transposed convolution: each of `i` input cells stamps `k` of its cells that are `d` apart.

        Stamps are `s` apart. The `p` cells that are cut off at both ends are its padding, `a` is the output padding.
        Raises UsageError where there is no output.
        """
        stamps = (range(x * s - p, x * s - p + d * (k - 1) + 1, d) for x in range(i))
        return cls(transposed_size(i, k, s, p, a, d), tuple(map(tuple, stamps)), p, p)

    @classmethod
    def stretched(cls, i: int, k: int, s: int = 1, p: int = 0, a: int = 0, d: int = 1) -> Axis:
        """The input of a transposed convolution with s − 1 zeros between its cells, over which the kernel slides.

        d(k − 1) − p zeros go around it; where that is negative windows leave out as many cells at both ends instead.
        Dumoulin and Visin (2016), relationships 8 to 14.
        """
        frame = d * (k - 1) - p
        first = range(-frame, transposed_size(i, k, s, p, a, d) - frame)
        spans = tuple(tuple(range(start, start + d * (k - 1) + 1, d)) for start in first)
        return cls((i - 1) * s + 1, spans, max(0, frame), max(0, frame + a))

    @cached_property
    def drawn(self) -> int:
        """Cells of the axis as it is drawn: the array, its padding, and what windows cover beyond."""
        return self.before + max(self.size + self.after, max(map(max, self.spans)) + 1)

    @cached_property
    def kinds(self) -> npt.NDArray[np.int_]:
        """What every drawn cell is: of the array, padding, or beyond."""
        at = np.arange(self.drawn) - self.before
        inside = (at >= 0) & (at < self.size)
        return np.where(inside, _MAP, np.where(at < self.size + self.after, _PADDING, _BEYOND))

    @cached_property
    def reached(self) -> npt.NDArray[np.bool_]:
        """Which drawn cells some window covers."""
        at = np.arange(self.drawn) - self.before
        return np.isin(at, [cell for span in self.spans for cell in span])


@dataclass(frozen=True)
class Windows:
    """The windows of an array along all its axes."""

    axes: tuple[Axis, ...]

    @classmethod
    def sliding(
        cls,
        size: Sequence[int],
        k: Sequence[int],
        s: Sequence[int],
        p: Sequence[Ends | None] = (None, None),
        d: Sequence[int] = (1, 1),
        *,
        ceil_mode: bool = False,
    ) -> Windows:
        """Windows that slide along rows and columns; `p` is left out where there is no such option.

        Raises UsageError where none fits.
        """
        axes = zip(size, k, s, p, d, strict=True)
        return cls(tuple(Axis.sliding(*axis, ceil_mode=ceil_mode) for axis in axes))

    @classmethod
    def adaptive(cls, size: Sequence[int], out: Sequence[int]) -> Windows:
        """Windows chosen for an output of a size."""
        return cls(tuple(map(Axis.adaptive, size, out)))

    @property
    def out(self) -> tuple[int, ...]:
        """The shape of the result."""
        return tuple(len(axis.spans) for axis in self.axes)

    @property
    def count(self) -> int:
        """Cells of the result."""
        return int(np.prod(self.out))

    @property
    def drawn(self) -> tuple[int, ...]:
        """The shape of the array as it is drawn."""
        return tuple(axis.drawn for axis in self.axes)

    @property
    def padding(self) -> tuple[int, ...]:
        """Cells of padding before the array."""
        return tuple(axis.before for axis in self.axes)

    @property
    def is_padded(self) -> bool:
        """Whether there is padding."""
        return any(axis.before or axis.after for axis in self.axes)

    @property
    def covered(self) -> int:
        """Cells under all windows together."""
        return int(np.prod([sum(map(len, axis.spans)) for axis in self.axes]))

    def positions(self) -> Iterator[Index]:
        """Every cell of the result in reading order."""
        return itertools.product(*map(range, self.out))

    def cells(self, at: Index) -> list[Index]:
        """The drawn cells under a window; what hangs beyond the padding is left out."""
        spans = (
            [cell + axis.before for cell in axis.spans[o] if cell < axis.size + axis.after]
            for axis, o in zip(self.axes, at, strict=True)
        )
        return list(itertools.product(*spans))

    def inside(self, at: Index) -> list[Index]:
        """The drawn cells under a window that are the array's own."""
        return [cell for cell in self.cells(at) if self.is_inside(cell)]

    def is_inside(self, cell: Index) -> bool:
        """Whether a drawn cell is the array's own."""
        return all(0 <= at - axis.before < axis.size for at, axis in zip(cell, self.axes, strict=True))

    def outline(self, at: Index) -> tuple[Index, Index]:
        """The first drawn cell of a window, and its size in cells."""
        spans = [(axis.spans[o], axis.before) for axis, o in zip(self.axes, at, strict=True)]
        return tuple(span[0] + before for span, before in spans), tuple(span[-1] - span[0] + 1 for span, _ in spans)

    def outline_inside(self, at: Index) -> tuple[Index, Index]:
        """The part of a window's outline within the array, counted from its own first cell; none is of size 0."""
        first, size = self.outline(at)
        axes = [
            (max(0, start - axis.before), min(axis.size, start - axis.before + cells))
            for axis, start, cells in zip(self.axes, first, size, strict=True)
        ]
        if any(end <= start for start, end in axes):
            return (0,) * len(axes), (0,) * len(axes)
        return tuple(start for start, _ in axes), tuple(end - start for start, end in axes)

    @cached_property
    def kinds(self) -> npt.NDArray[np.int_]:
        """What every drawn cell is: of the array, padding, or beyond."""
        return reduce(np.maximum.outer, [axis.kinds for axis in self.axes])

    def roles(self) -> npt.NDArray[np.str_]:
        """What every drawn cell is: input or padding, unreached where no window covers it; empty beyond."""
        seen = reduce(np.logical_and.outer, [axis.reached for axis in self.axes])
        names = np.array([["unreached", "input"], ["padding_unreached", "padding"], ["empty", "empty"]])
        return np.asarray(names[self.kinds, seen.astype(int)])

    def padded(self, values: npt.NDArray[np.float64], fill: float | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The array as it is drawn: `fill`, maybe an array of that shape, in the padding, NaN beyond."""
        found = np.where(self.kinds == _PADDING, fill, np.nan)
        found[tuple(slice(axis.before, axis.before + axis.size) for axis in self.axes)] = values
        return found


def transposed_size(i: int, k: int, s: int, p: int, a: int, d: int) -> int:
    """The output size of a transposed convolution; raises UsageError where it has none."""
    if a >= max(s, d):
        dilation = f" and dilation {d}" if d > 1 else ""
        raise UsageError(
            f"output padding {a} must be less than stride {s}{dilation}: use --output-padding {max(s, d) - 1} or less"
        )
    full = (i - 1) * s + d * (k - 1) + 1 + a
    if full - 2 * p < 1:
        raise UsageError(
            f"padding {p} leaves no output: its two sides take {2 * p} of {full} cells: use --p {(full - 1) // 2} or "
            "less"
        )
    return full - 2 * p


def _does_not_fit(size: int, k: int, p: Ends | None, d: int) -> UsageError:
    """What to say of a kernel that is larger than the padded input, and what would work."""
    if p is None:
        message = f"kernel {k} does not fit the input {size}: use --k {size} or less, or --i {k} or more"
        return UsageError(message, "k", {"k": size, "i": k})
    before, after = p if isinstance(p, tuple) else (p, p)
    added = f"2·{after}" if before == after else f"{before} + {after}"
    span, padded = d * (k - 1) + 1, size + before + after
    fits, wanted = (padded - 1) // d + 1, -(-(span - size) // 2)
    spread = f" with dilation {d} spans {span}, which" if d > 1 else ""
    message = (
        f"kernel {k}{spread} does not fit the padded input {padded} (= {size} + {added}): use --p {wanted} or more, "
        f"or --k {fits} or less"
    )
    return UsageError(message, "k", {"k": fits, "p": wanted})
