"""Which cells of an array contribute to each cell of a result, axis by axis."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError

Index = tuple[int, ...]
"""The index of a cell in an array as drawn, padding included."""

Ends = int | tuple[int, int]
"""Padding: cells on both sides, or before and after."""

_MAP, _PADDING, _BEYOND = 0, 1, 2


@dataclass(frozen=True)
class Axis:
    """One axis of an array: its size, the cells of each window, and the padding before and after.

    Cells of windows are numbered from the array's first cell; they may lie in the padding or beyond.
    """

    size: int
    spans: tuple[tuple[int, ...], ...]
    before: int = 0
    after: int = 0

    @classmethod
    def sliding(cls, size: int, k: int, s: int = 1, p: Ends | None = 0, d: int = 1, *, ceil_mode: bool = False) -> Axis:
        """Windows of `k` cells with stride `s`, padding `p` and dilation `d`; raises UsageError if none fits.

        Dumoulin and Visin (2016), relationship 15; with `ceil_mode` the last window may extend past the edge, as in
        `torch.nn.functional.max_pool2d`.
        """
        span, ends = d * (k - 1) + 1, p
        p, after = p if isinstance(p, tuple) else (p or 0, p or 0)
        slack = size + p + after - span
        count = (-(-slack // s) if ceil_mode else slack // s) + 1
        if ceil_mode and (count - 1) * s >= size + p:
            # The last window must start in the array or the padding before it.
            count -= 1
        if count < 1:
            raise _does_not_fit(size, k, ends, d)
        return cls(size, tuple(tuple(range(o * s - p, o * s - p + span, d)) for o in range(count)), p, after)

    @classmethod
    def adaptive(cls, size: int, out: int) -> Axis:
        """The windows of adaptive pooling: from ⌊r·i/o⌋ up to ⌈(r+1)·i/o⌉ for output r."""
        return cls(size, tuple(tuple(range(r * size // out, -(-(r + 1) * size // out))) for r in range(out)))

    @classmethod
    def each(cls, size: int) -> Axis:
        """A window for each cell: the channels of a depthwise convolution."""
        return cls(size, tuple((at,) for at in range(size)))

    @classmethod
    def all(cls, size: int, out: int = 1) -> Axis:
        """All cells in each of `out` windows: the channels of a full convolution, the keys of attention."""
        return cls(size, (tuple(range(size)),) * out)

    @classmethod
    def grouped(cls, size: int, out: int, groups: int = 1) -> Axis:
        """The channels that each of `out` filters sees, in `groups` as in `torch.nn.functional.conv2d`.

        One group is a full convolution, a group for each channel a depthwise one. Raises UsageError.
        """
        if size % groups or out % groups:
            # By default there are as many filters as groups.
            both = f"channels, {size}" + f", and of filters, {out}" * (out != groups)
            fit = (str(n) for n in range(1, size + 1) if not size % n and (out == groups or not out % n))
            raise UsageError(f"--groups {groups} must divide the number of {both}: use --groups {' or '.join(fit)}")
        each = size // groups
        return cls(
            size, tuple(tuple(range(f * groups // out * each, (f * groups // out + 1) * each)) for f in range(out))
        )

    @classmethod
    def around(cls, size: int, n: int) -> Axis:
        """The `n` cells around each cell, cut off at the ends; if `n` is even, with one more before than after."""
        before, after = n // 2, (n - 1) // 2
        return cls(size, tuple(tuple(range(max(0, at - before), min(size, at + after + 1))) for at in range(size)))

    @classmethod
    def transposed(cls, i: int, k: int, s: int = 1, p: int = 0, a: int = 0, d: int = 1) -> Axis:
        """The output of a transposed convolution: each of `i` input cells is stamped onto `k` cells.

        Stamps are `s` apart, their cells `d`; `p` cells are cut off at both ends, and `a` is the output padding. Raises
        UsageError if there is no output.
        """
        stamps = (range(x * s - p, x * s - p + d * (k - 1) + 1, d) for x in range(i))
        return cls(transposed_size(i, k, s, p, a, d), tuple(map(tuple, stamps)), p, p)

    @classmethod
    def stretched(cls, i: int, k: int, s: int = 1, p: int = 0, a: int = 0, d: int = 1) -> Axis:
        """The input of a transposed convolution, with s − 1 zeros between cells and a padding.

        The padding is d(k − 1) − p zeros; if that is negative, windows leave out as many cells at both ends.
        Dumoulin and Visin (2016), relationships 8 to 14.
        """
        frame = d * (k - 1) - p
        first = range(-frame, transposed_size(i, k, s, p, a, d) - frame)
        spans = tuple(tuple(range(start, start + d * (k - 1) + 1, d)) for start in first)
        return cls((i - 1) * s + 1, spans, max(0, frame), max(0, frame + a))

    @cached_property
    def drawn(self) -> int:
        """The number of drawn cells: the array, its padding, and cells that windows cover beyond."""
        return self.before + max(self.size + self.after, max(map(max, self.spans)) + 1)

    @cached_property
    def kinds(self) -> npt.NDArray[np.int_]:
        """For each drawn cell whether it is in the array, in the padding, or beyond."""
        at = np.arange(self.drawn) - self.before
        inside = (at >= 0) & (at < self.size)
        return np.where(inside, _MAP, np.where(at < self.size + self.after, _PADDING, _BEYOND))

    @cached_property
    def reached(self) -> npt.NDArray[np.bool_]:
        """Which drawn cells are covered by any window."""
        at = np.arange(self.drawn) - self.before
        return np.isin(at, [cell for span in self.spans for cell in span])


@dataclass(frozen=True)
class Windows:
    """Windows of an array, as the product of its axes."""

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
        """Windows that slide along rows and columns; `p` is None for scenes without padding.

        Raises UsageError if none fits.
        """
        axes = zip(size, k, s, p, d, strict=True)
        return cls(tuple(Axis.sliding(*axis, ceil_mode=ceil_mode) for axis in axes))

    @classmethod
    def adaptive(cls, size: Sequence[int], out: Sequence[int]) -> Windows:
        """The windows of adaptive pooling to an output size."""
        return cls(tuple(map(Axis.adaptive, size, out)))

    @property
    def out(self) -> tuple[int, ...]:
        """The shape of the result."""
        return tuple(len(axis.spans) for axis in self.axes)

    @property
    def count(self) -> int:
        """The number of cells of the result."""
        return int(np.prod(self.out))

    @property
    def drawn(self) -> tuple[int, ...]:
        """The shape of the array as drawn."""
        return tuple(axis.drawn for axis in self.axes)

    @property
    def padding(self) -> tuple[int, ...]:
        """The padding before the array along each axis."""
        return tuple(axis.before for axis in self.axes)

    @property
    def is_padded(self) -> bool:
        """Whether there is padding."""
        return any(axis.before or axis.after for axis in self.axes)

    @property
    def covered(self) -> int:
        """The number of covered cells, summed over all windows."""
        return int(np.prod([sum(map(len, axis.spans)) for axis in self.axes]))

    def positions(self) -> Iterator[Index]:
        """The indices of the result in reading order."""
        return itertools.product(*map(range, self.out))

    def cells(self, at: Index) -> list[Index]:
        """The drawn cells under a window, without those beyond the padding."""
        spans = (
            [cell + axis.before for cell in axis.spans[o] if cell < axis.size + axis.after]
            for axis, o in zip(self.axes, at, strict=True)
        )
        return list(itertools.product(*spans))

    def inside(self, at: Index) -> list[Index]:
        """The drawn cells under a window that are not padding."""
        return [cell for cell in self.cells(at) if self.is_inside(cell)]

    def is_inside(self, cell: Index) -> bool:
        """Whether a drawn cell is in the array itself, not in its padding."""
        return all(0 <= at - axis.before < axis.size for at, axis in zip(cell, self.axes, strict=True))

    def outline(self, at: Index) -> tuple[Index, Index]:
        """The first drawn cell of a window, and the window's size."""
        spans = [(axis.spans[o], axis.before) for axis, o in zip(self.axes, at, strict=True)]
        return tuple(span[0] + before for span, before in spans), tuple(span[-1] - span[0] + 1 for span, _ in spans)

    def outline_inside(self, at: Index) -> tuple[Index, Index]:
        """The part of a window's outline inside the array, in the array's indices; of size 0 if there is none."""
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
        """For each drawn cell whether it is in the array, in the padding, or beyond."""
        return reduce(np.maximum.outer, [axis.kinds for axis in self.axes])

    def roles(self) -> npt.NDArray[np.str_]:
        """The role of each drawn cell: input or padding, either of them maybe unreached, or empty."""
        seen = reduce(np.logical_and.outer, [axis.reached for axis in self.axes])
        names = np.array([["unreached", "input"], ["padding_unreached", "padding"], ["empty", "empty"]])
        return np.asarray(names[self.kinds, seen.astype(int)])

    def padded(self, values: npt.NDArray[np.float64], fill: float | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The array as drawn, with `fill` (a number or an array) in the padding and NaN beyond."""
        drawn = np.where(self.kinds == _PADDING, fill, np.nan)
        drawn[tuple(slice(axis.before, axis.before + axis.size) for axis in self.axes)] = values
        return drawn


def transposed_size(i: int, k: int, s: int, p: int, a: int, d: int) -> int:
    """The output size of a transposed convolution; raises UsageError if there is no output."""
    if a >= max(s, d):
        dilation = f" and dilation {d}" if d > 1 else ""
        raise UsageError(
            f"output padding {a} must be less than stride {s}{dilation}: use --output-padding {max(s, d) - 1} or less"
        )
    full = (i - 1) * s + d * (k - 1) + 1 + a
    if full - 2 * p < 1:
        raise UsageError(
            f"padding {p} leaves no output: it cuts off {2 * p} of {full} cells: use --p {(full - 1) // 2} or less"
        )
    return full - 2 * p


def _does_not_fit(size: int, k: int, p: Ends | None, d: int) -> UsageError:
    """The error for a kernel that is larger than the padded input, with sizes that would work."""
    if p is None:
        message = f"kernel {k} does not fit the input {size}: use --k {size} or less, or --i {k} or more"
        return UsageError(message, "k", {"k": size, "i": k})
    before, after = p if isinstance(p, tuple) else (p, p)
    added = f"2·{after}" if before == after else f"{before} + {after}"
    span, padded = d * (k - 1) + 1, size + before + after
    fits, wanted = (padded - 1) // d + 1, -(-(span - size) // 2)
    spread = f" with dilation {d} spans {span}, which" if d > 1 else ""
    # A row that was meant for a map of several.
    rows = ", or give more rows, with ; between them" if size == 1 else ""
    message = (
        f"kernel {k}{spread} does not fit the padded input {padded} (= {size} + {added}): use --p {wanted} or more, "
        f"or --k {fits} or less{rows}"
    )
    return UsageError(message, "k", {"k": fits, "p": wanted})
